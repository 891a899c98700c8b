#include "mdloom/sources/memory.hpp"

#include <fmt/format.h>

#include <cstring>

#include "mdloom/sources/wanted_atoms.hpp"

namespace mdloom::sources {
namespace {

class MemorySource final : public Source {
public:
    explicit MemorySource(std::shared_ptr<const MemoryArray> array) : array_(std::move(array)) {}

    Index n_atoms() const override { return array_->n_atoms; }
    Index n_frames() const override { return array_->n_frames; }
    std::string name() const override { return "memory"; }
    Bytes describe() const override { return {}; }
    void require_unchanged() const override {}
    std::shared_ptr<const Source> refresh() const override { return std::make_shared<const MemorySource>(array_); }
    std::unique_ptr<Reader> open_reader() const override;

    const MemoryArray& array() const { return *array_; }

private:
    std::shared_ptr<const MemoryArray> array_;
};

class MemoryReader final : public Reader {
public:
    explicit MemoryReader(const MemorySource& source) : source_(source) {}

    void read(Index frame_index, std::span<const Index> wanted, Frame& frame) override {
        require_readable(source_, frame_index, wanted);
        const MemoryArray& array = source_.array();
        const auto k = usize(frame_index);
        frame.index = frame_index;
        frame.time = array.times[k];
        frame.box = array.boxes.empty() ? Box{} : array.boxes[k];
        frame.stored = {};
        frame.positions.resize(wanted.size());
        const auto* start = static_cast<const std::byte*>(array.first) + frame_index * array.strides[0];
        for (std::size_t i = 0; i < wanted.size(); ++i)
            for (std::size_t d = 0; d < 3; ++d)
                std::memcpy(&frame.positions[i][d],
                            start + wanted[i] * array.strides[1] + index_of(d) * array.strides[2], sizeof(float));
    }

private:
    const MemorySource& source_;
};

std::unique_ptr<Reader> MemorySource::open_reader() const {
    return std::make_unique<MemoryReader>(*this);
}

}  // namespace

std::shared_ptr<const Source> memory(MemoryArray array) {
    const auto n = usize(array.n_frames);
    if (array.n_frames < 0 || array.n_atoms < 0)
        throw ArgumentError(fmt::format("an array of {} frames of {} atoms cannot be", array.n_frames, array.n_atoms));
    if (array.times.size() != n)
        throw ArgumentError(fmt::format("times has {} values, expected {}: one for each frame", array.times.size(), n));
    if (!array.boxes.empty() && array.boxes.size() != n)
        throw ArgumentError(
            fmt::format("boxes has {} entries, expected {} (one for each frame) or none", array.boxes.size(), n));
    return std::make_shared<const MemorySource>(std::make_shared<const MemoryArray>(std::move(array)));
}

}  // namespace mdloom::sources

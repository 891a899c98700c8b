#include "mdloom/sources/sent_frames.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mdloom::sources {
namespace {

struct SentFrame {
    Index index = 0;
    double time = 0;
    Box box{};
    Stored stored;
};

struct SentFrames {
    std::string name;
    Index n_atoms = 0, n_frames = 0, n_wanted = 0;
    std::vector<SentFrame> frames;  // ascending, unique indices
    std::vector<float> positions;   // [frame][wanted][3]
};

class SentSource final : public Source {
public:
    explicit SentSource(std::shared_ptr<const SentFrames> sent) : sent_(std::move(sent)) {}

    Index n_atoms() const override { return sent_->n_atoms; }
    Index n_frames() const override { return sent_->n_frames; }
    std::string name() const override { return sent_->name; }
    Bytes describe() const override { return {}; }
    void require_unchanged() const override {}
    std::shared_ptr<const Source> refresh() const override { return std::make_shared<const SentSource>(sent_); }
    std::unique_ptr<Reader> open_reader() const override;

    const SentFrames& sent() const { return *sent_; }

private:
    std::shared_ptr<const SentFrames> sent_;
};

class SentReader final : public Reader {
public:
    explicit SentReader(const SentSource& source) : sent_(source.sent()) {}

    void read(Index frame_index, std::span<const Index> wanted, Frame& frame) override {
        const auto found = std::ranges::lower_bound(sent_.frames, frame_index, {}, &SentFrame::index);
        if (found == sent_.frames.end() || found->index != frame_index)
            throw ArgumentError(fmt::format("frame {} of {} was not sent", frame_index, sent_.name));
        if (index_of(wanted.size()) != sent_.n_wanted)
            throw ArgumentError(fmt::format("{} atoms of {} are asked for, but {} were sent", wanted.size(), sent_.name,
                                            sent_.n_wanted));
        frame.index = frame_index;
        frame.time = found->time;
        frame.box = found->box;
        frame.stored = found->stored;
        frame.positions.resize(wanted.size());
        const auto first = usize(found - sent_.frames.begin()) * 3 * wanted.size();
        if (!wanted.empty())
            std::memcpy(frame.positions.data(), sent_.positions.data() + first, 3 * wanted.size() * sizeof(float));
    }

private:
    const SentFrames& sent_;
};

std::unique_ptr<Reader> SentSource::open_reader() const {
    return std::make_unique<SentReader>(*this);
}

}  // namespace

Bytes pack_frames(const Source& source, Reader& reader, std::span<const Index> frame_indices,
                  std::span<const Index> wanted) {
    std::vector<Index> indices(frame_indices.begin(), frame_indices.end());
    std::ranges::sort(indices);
    indices.erase(std::unique(indices.begin(), indices.end()), indices.end());
    SentFrames sent{source.name(), source.n_atoms(), source.n_frames(), index_of(wanted.size()), {}, {}};
    sent.positions.reserve(indices.size() * 3 * wanted.size());
    Frame frame;
    for (Index index : indices) {
        reader.read(index, wanted, frame);
        sent.frames.push_back({index, frame.time, frame.box, frame.stored});
        for (const Vec3& position : frame.positions)
            sent.positions.insert(sent.positions.end(), position.begin(), position.end());
    }
    ByteWriter writer;
    writer.write(sent);
    return writer.take();
}

std::shared_ptr<const Source> sent_frames(std::span<const std::byte> packed) {
    ByteReader reader(packed);
    auto sent = std::make_shared<SentFrames>();
    reader.read(*sent);
    const auto n_floats = UInt128{sent->frames.size()} * 3 * usize(sent->n_wanted);
    if (!reader.at_end() || sent->n_wanted < 0 || n_floats != sent->positions.size() ||
        !std::ranges::is_sorted(sent->frames, std::less<>(), &SentFrame::index))
        throw StateError("sent frames are damaged: send them again");
    return std::make_shared<const SentSource>(std::move(sent));
}

}  // namespace mdloom::sources

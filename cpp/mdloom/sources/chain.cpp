#include "mdloom/sources/chain.hpp"

#include <fmt/format.h>

#include "mdloom/sources/wanted_atoms.hpp"

namespace mdloom::sources {
namespace {

const std::string chain_kind = "chain";

struct ChainDescription {
    std::string kind;
    std::vector<Bytes> parts;
};

class ChainSource final : public Source {
public:
    explicit ChainSource(std::vector<std::shared_ptr<const Source>> parts) : parts_(std::move(parts)) {
        for (const auto& part : parts_) firsts_.push_back(firsts_.back() + part->n_frames());
    }
    Index n_atoms() const override { return parts_.front()->n_atoms(); }
    Index n_frames() const override { return firsts_.back(); }
    std::string name() const override {
        return fmt::format("{} and {} more", parts_.front()->name(), parts_.size() - 1);
    }
    Bytes describe() const override {
        ChainDescription description{chain_kind, {}};
        for (const auto& part : parts_) {
            description.parts.push_back(part->describe());
            if (description.parts.back().empty()) return {};
        }
        ByteWriter writer;
        writer.write(description);
        return writer.take();
    }
    void require_unchanged() const override {
        for (const auto& part : parts_) part->require_unchanged();
    }

    /// Only the last part may grow: frames appended to another one would change the numbers of those behind.
    std::shared_ptr<const Source> refresh() const override {
        require_unchanged();
        auto parts = parts_;
        parts.back() = parts.back()->refresh();
        return std::make_shared<const ChainSource>(std::move(parts));
    }
    std::unique_ptr<Reader> open_reader() const override;

    struct Place {
        std::size_t part;
        Index frame_index;
    };
    Place find(Index frame_index) const {
        const auto next = std::ranges::upper_bound(firsts_, frame_index);
        return {usize(next - firsts_.begin() - 1), frame_index - *std::prev(next)};
    }
    const std::vector<std::shared_ptr<const Source>>& parts() const { return parts_; }

private:
    std::vector<std::shared_ptr<const Source>> parts_;
    std::vector<Index> firsts_ = {0};  // frame indices at which parts start, and the end
};

class ChainReader final : public Reader {
public:
    explicit ChainReader(const ChainSource& source) : source_(source), readers_(source.parts().size()) {}

    void read(Index frame_index, std::span<const Index> wanted, Frame& frame) override {
        require_readable(source_, frame_index, wanted);
        const auto [part, index_in_part] = source_.find(frame_index);
        auto& reader = readers_[part];
        if (!reader) reader = source_.parts()[part]->open_reader();
        reader->read(index_in_part, wanted, frame);
        frame.index = frame_index;
    }

    /// Every open part is told what is its own, also that it is nothing.
    void expect(const Upcoming& upcoming) override {
        for (const auto& reader : readers_)
            if (reader) reader->expect({});
        const auto& [first, step, n_frames, wanted] = upcoming;
        if (!are_readable(source_, upcoming)) return;
        for (Index i = 0; i < n_frames;) {
            const auto [part, index_in_part] = source_.find(first + i * step);
            Index stop = i + 1;
            while (stop < n_frames && source_.find(first + stop * step).part == part) ++stop;
            if (readers_[part]) readers_[part]->expect({index_in_part, step, stop - i, wanted});
            i = stop;
        }
    }

private:
    const ChainSource& source_;
    std::vector<std::unique_ptr<Reader>> readers_;
};

std::unique_ptr<Reader> ChainSource::open_reader() const {
    return std::make_unique<ChainReader>(*this);
}

}  // namespace

std::shared_ptr<const Source> chain(std::vector<std::shared_ptr<const Source>> parts) {
    if (parts.empty()) throw ArgumentError("a chain of no sources cannot be: give at least one");
    const auto& first = *parts.front();
    for (const auto& part : parts)
        if (part->n_atoms() != first.n_atoms())
            throw TopologyError(
                fmt::format("{} has {} atoms, but {} has {}: files read as one trajectory must be of the same "
                            "system",
                            part->name(), part->n_atoms(), first.name(), first.n_atoms()));
    if (parts.size() == 1) return parts.front();
    return std::make_shared<const ChainSource>(std::move(parts));
}

std::vector<Bytes> chained_descriptions(std::span<const std::byte> description) {
    ByteReader reader(description);
    if (reader.read<std::string>() != chain_kind) return {};
    return reader.read<std::vector<Bytes>>();
}

}  // namespace mdloom::sources

#include "mdloom/transforms/transformed_source.hpp"

#include <fmt/format.h>

#include "mdloom/transforms/atom_places.hpp"
#include "mdloom/transforms/catalog.hpp"

namespace mdloom::transforms {
namespace {

const std::string transformed_kind = "transformed";

struct Described {
    std::string name;
    Bytes spec;
};

struct Description {
    std::string kind;
    Bytes source;
    std::vector<Described> transforms;
};

class TransformedReader final : public Reader {
public:
    TransformedReader(const Source& source, const Transforms& transforms)
        : source_(source), reader_(source.open_reader()), transforms_(transforms) {}

    void read(Index frame_index, std::span<const Index> wanted, Frame& frame) override {
        if (!is_settled_ || !std::ranges::equal(wanted, wanted_)) settle(wanted);
        Frame& moved = needs_more_ ? inside_ : frame;
        reader_->read(frame_index, needed_, moved);
        try {
            for (const auto& mover : movers_) mover->move(moved);
        } catch (const Error& error) {
            throw FormatError(fmt::format("{}, frame {}: {}", source_.name(), frame_index, error.what()));
        }
        if (needs_more_) pick(frame);
    }

    void expect(const Upcoming& upcoming) override {
        const bool known = is_settled_ && std::ranges::equal(upcoming.wanted, wanted_);
        reader_->expect(known ? Upcoming{upcoming.first, upcoming.step, upcoming.n_frames, needed_} : Upcoming{});
    }

private:
    /// Which atoms are read seldom changes from one frame to the next.
    void settle(std::span<const Index> wanted) {
        is_settled_ = false;
        wanted_.assign(wanted.begin(), wanted.end());
        needed_ = wanted_;
        movers_.clear();
        if (!wanted.empty())
            for (auto transform = transforms_.rbegin(); transform != transforms_.rend(); ++transform)
                (*transform)->add_needed(needed_);
        for (const auto& transform : transforms_)
            if (!wanted.empty() || transform->changes_box()) movers_.push_back(transform->mover(needed_));
        places_ = places_of(wanted_, needed_);
        needs_more_ = needed_.size() > wanted_.size();
        is_settled_ = true;
    }
    void pick(Frame& frame) const {
        frame.index = inside_.index;
        frame.time = inside_.time;
        frame.box = inside_.box;
        frame.stored = inside_.stored;
        frame.origin = inside_.origin;
        frame.positions.resize(places_.size());
        for (std::size_t i = 0; i < places_.size(); ++i) frame.positions[i] = inside_.positions[usize(places_[i])];
    }

    const Source& source_;
    std::unique_ptr<Reader> reader_;
    const Transforms& transforms_;
    bool is_settled_ = false, needs_more_ = false;
    std::vector<Index> wanted_, needed_, places_;
    std::vector<std::unique_ptr<Mover>> movers_;
    Frame inside_;
};

class TransformedSource final : public Source {
public:
    TransformedSource(std::shared_ptr<const Source> source, Transforms transforms)
        : source_(std::move(source)), transforms_(std::move(transforms)) {}

    Index n_atoms() const override { return source_->n_atoms(); }
    Index n_frames() const override { return source_->n_frames(); }
    std::string name() const override { return source_->name(); }
    Bytes describe() const override {
        Description description{transformed_kind, source_->describe(), {}};
        if (description.source.empty()) return {};
        for (const auto& transform : transforms_) {
            ByteWriter spec;
            transform->write_spec(spec);
            description.transforms.push_back({std::string(transform->name()), spec.take()});
        }
        ByteWriter writer;
        writer.write(description);
        return writer.take();
    }
    void require_unchanged() const override { source_->require_unchanged(); }
    std::shared_ptr<const Source> refresh() const override { return transformed(source_->refresh(), transforms_); }
    std::unique_ptr<Reader> open_reader() const override {
        return std::make_unique<TransformedReader>(*source_, transforms_);
    }

private:
    std::shared_ptr<const Source> source_;
    Transforms transforms_;
};

}  // namespace

std::shared_ptr<const Source> transformed(std::shared_ptr<const Source> source, Transforms transforms) {
    if (transforms.empty()) return source;
    for (const auto& transform : transforms) transform->require_atoms_below(source->n_atoms());
    return std::make_shared<TransformedSource>(std::move(source), std::move(transforms));
}

std::shared_ptr<const Source> open_transformed(
    std::span<const std::byte> description,
    const std::function<std::shared_ptr<const Source>(std::span<const std::byte>)>& open) {
    ByteReader reader(description);
    if (reader.read<std::string>() != transformed_kind) return nullptr;
    const auto source = reader.read<Bytes>();
    Transforms transforms;
    for (const auto& described : reader.read<std::vector<Described>>()) {
        ByteReader spec(described.spec);
        transforms.push_back(rebuild(described.name, spec));
        if (!spec.at_end()) throw StateError("description of a source is damaged: a transform is longer than expected");
    }
    if (!reader.at_end()) throw StateError("description of a source is longer than expected");
    return transformed(open(source), std::move(transforms));
}

}  // namespace mdloom::transforms

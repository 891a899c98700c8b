#include "mdloom/analyses/fitted.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mdloom/analyses/analysis_of.hpp"
#include "mdloom/analyses/catalog.hpp"
#include "mdloom/analyses/group_positions.hpp"
#include "mdloom/kernels/superposition.hpp"
#include "mdloom/partials/rows.hpp"

namespace mdloom::analyses {
namespace {

constexpr Index state_version = 1;

void require_usable(const FitSpec& spec) {
    if (spec.on_first_frame && spec.fitted.reference.empty()) {
        FitSpec later = spec;  // what prepare() will put there is as long as the group
        later.fitted.reference.assign(3 * spec.fitted.mobile.size(), 0.0);
        return require_usable(later.fitted, "the fitted group");
    }
    require_usable(spec.fitted, "the fitted group");
}

struct FittedState final : State {
    FittedState(std::unique_ptr<State> state, Rows rows) : inner(std::move(state)), rmsd(std::move(rows)) {}
    void merge(State&& other) override {
        auto& theirs = static_cast<FittedState&>(other);
        inner->merge(std::move(*theirs.inner));
        rmsd.merge(std::move(theirs.rmsd));
    }
    void write(ByteWriter& writer) const override {
        write_state_header(writer, fitted_name, state_version);
        writer.write(rmsd);
        inner->write(writer);
    }
    std::unique_ptr<State> inner;
    Rows rmsd;  ///< of the fitted atoms, Å
};

/// Moves frames, as the analysis inside shall see them.
class Mover {
public:
    /// groups: those of fitted() as places in the frames to come.
    Mover(const MatchedGroup& fitted, const std::vector<Group>& groups)
        : reference_(kernels::make_fit_reference(fitted.reference, fitted.weights)), mobile_(groups[0]) {
        for (std::size_t i = 1; i < groups.size(); ++i) moved_.insert(moved_.end(), groups[i].begin(), groups[i].end());
        std::ranges::sort(moved_);
        const auto repeats = std::ranges::unique(moved_);
        moved_.erase(repeats.begin(), repeats.end());
        for (std::size_t i = 1; i < groups.size(); ++i) inner_groups.push_back(places_of(groups[i]));
        mobile_positions_.look_at(mobile_);
        moved_positions_.look_at(moved_);
    }

    /// Gives the RMSD, Å. Throws ArgumentError for an atom that would stand too far away.
    double move(const Frame& from) {
        const float* mobile = mobile_positions_.of(from, mobile_).data();
        const auto best = kernels::superpose(mobile, reference_, true, level_);
        frame.ordinal = from.ordinal, frame.index = from.index, frame.time = from.time;
        frame.box = from.box, frame.stored = from.stored, frame.origin = from.origin;
        frame.positions.resize(moved_.size());
        const std::span to(frame.positions.empty() ? nullptr : frame.positions[0].data(), 3 * moved_.size());
        kernels::move_positions(moved_positions_.of(from, moved_), best.motion, to);
        require_near(to);
        return best.rmsd;
    }

    Frame frame;                      ///< after move()
    std::vector<Group> inner_groups;  ///< places in it

private:
    Group places_of(const Group& group) const {
        Group places;
        for (Index place : group) places.push_back(std::ranges::lower_bound(moved_, place) - moved_.begin());
        return places;
    }
    static void require_near(std::span<const float> coordinates) {
        bool near = true;  // no early exit, so that the loop runs in vectors
        for (float x : coordinates) near &= std::abs(x) < 0x1p22f;
        if (!near)
            throw ArgumentError(
                "the superposition moves an atom beyond 2^22 Å, which is the limit: move the reference to the origin");
    }

    Simd level_ = chosen_simd();
    kernels::FitReference reference_;
    Group mobile_, moved_;  ///< places in the frames that come; `moved_` ascending, unique
    GroupPositions mobile_positions_, moved_positions_;
};

struct FittedScratch final : Scratch {
    std::unique_ptr<Mover> mover;
    std::unique_ptr<Scratch> inner;
};

class Fitted final : public Analysis {
public:
    Fitted(FitSpec spec, std::unique_ptr<Analysis> inner) : spec_(std::move(spec)), inner_(std::move(inner)) {}

    std::string_view name() const override { return fitted_name; }
    std::vector<Group> groups() const override {
        std::vector<Group> groups{spec_.fitted.mobile};
        for (Group& group : inner_->groups()) groups.push_back(std::move(group));
        return groups;
    }

    void prepare(const System& system) override {
        const Frame* first = system.first_frame;
        if (first == nullptr) return inner_->prepare({system.topology, nullptr, inner_->groups()});
        if (spec_.on_first_frame) {
            spec_.fitted.reference.clear();
            for (Index place : system.groups[0])
                for (float x : first->positions[usize(place)]) spec_.fitted.reference.push_back(double{x});
        }
        Mover mover(spec_.fitted, system.groups);
        mover.move(*first);
        inner_->prepare({system.topology, &mover.frame, mover.inner_groups});
    }
    void write_spec(ByteWriter& writer) const override {
        writer.write(spec_), writer.write(inner_->name());
        inner_->write_spec(writer);
    }
    std::unique_ptr<Analysis> rebuild(ByteReader& spec) const override {
        return rebuild_fitted(spec, analyses::rebuild);
    }

    std::unique_ptr<State> empty_state() const override {
        return std::make_unique<FittedState>(inner_->empty_state(), Rows::of_width(1));
    }
    std::unique_ptr<State> read_state(ByteReader& reader) const override {
        read_state_header(reader, fitted_name, state_version);
        auto rmsd = reader.read<Rows>();
        return std::make_unique<FittedState>(inner_->read_state(reader), std::move(rmsd));
    }
    std::unique_ptr<Scratch> make_scratch() const override {
        auto scratch = std::make_unique<FittedScratch>();
        scratch->inner = inner_->make_scratch();
        return scratch;
    }

    void single_frame(const Frame& frame, const std::vector<Group>& groups, Scratch& scratch,
                      State& state) const override {
        auto& [mover, inner] = static_cast<FittedScratch&>(scratch);
        auto& mine = static_cast<FittedState&>(state);
        if (!mover) mover = std::make_unique<Mover>(spec_.fitted, groups);
        const double rmsd = mover->move(frame);
        inner_->single_frame(mover->frame, mover->inner_groups, *inner, *mine.inner);
        mine.rmsd.put(frame.ordinal, std::span(&rmsd, 1));
    }
    void finish_chunk(Scratch& scratch, State& state) const override {
        inner_->finish_chunk(*static_cast<FittedScratch&>(scratch).inner, *static_cast<FittedState&>(state).inner);
    }
    Result conclude(const State& state) const override {
        const auto& mine = static_cast<const FittedState&>(state);
        return with_rmsd(inner_->conclude(*mine.inner), mine);
    }
    Result conclude_last(State&& state) const override {
        auto& mine = static_cast<FittedState&>(state);
        return with_rmsd(inner_->conclude_last(std::move(*mine.inner)), mine);
    }

private:
    static Result with_rmsd(Result result, const FittedState& mine) {
        Column& rmsd = result.emplace_back("fit_rmsd", "Å", std::vector<Index>{mine.rmsd.n_rows()});
        mine.rmsd.for_each(
            [&](Index, std::span<const double> row) { rmsd.values.insert(rmsd.values.end(), row.begin(), row.end()); });
        return result;
    }

    FitSpec spec_;
    std::unique_ptr<Analysis> inner_;
};

}  // namespace

std::unique_ptr<Analysis> fitted(FitSpec spec, std::unique_ptr<Analysis> inner) {
    require_usable(spec);
    return std::make_unique<Fitted>(std::move(spec), std::move(inner));
}

std::unique_ptr<Analysis> rebuild_fitted(ByteReader& reader, const RebuildInner& rebuild) {
    auto spec = reader.read<FitSpec>();
    try {
        require_usable(spec);
    } catch (const ArgumentError& error) {
        throw StateError("spec is damaged: " + std::string(error.what()));
    }
    const auto name = reader.read<std::string>();
    return std::make_unique<Fitted>(std::move(spec), rebuild(name, reader));
}

std::unique_ptr<Analysis> blank_fitted() {
    return std::make_unique<Fitted>(FitSpec{}, nullptr);  // all it can do is rebuild() one
}

}  // namespace mdloom::analyses

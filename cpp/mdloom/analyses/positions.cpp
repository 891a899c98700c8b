#include "mdloom/analyses/positions.hpp"

#include <algorithm>

#include "mdloom/analyses/analysis_of.hpp"
#include "mdloom/analyses/group_positions.hpp"
#include "mdloom/partials/rows.hpp"

namespace mdloom::analyses {
namespace {

struct GatheredPositions {
    static constexpr std::string_view name = "positions";
    static constexpr Index state_version = 1;

    Group atoms;

    void settle() const {
        if (atoms.empty()) throw ArgumentError("there are no positions of an empty group: give at least one atom");
    }

    struct State {
        FloatRows positions;  ///< Å, one row of all atoms for each frame
        Rows moments;         ///< frame index, time (ps), box vectors (Å)
    };
    struct Scratch {
        bool ready = false;
        GroupPositions positions;
    };

    std::vector<Group> groups() const { return {atoms}; }
    void prepare(const System&) {}
    State empty_state() const { return {FloatRows::of_width(3 * n_atoms()), Rows::of_width(11)}; }

    void single_frame(const Frame& frame, const std::vector<Group>& groups, Scratch& scratch, State& state) const {
        if (!scratch.ready) scratch.positions.look_at(groups[0]);
        scratch.ready = true;
        state.positions.put(frame.ordinal, scratch.positions.of(frame, groups[0]));
        std::array<double, 11> moment{static_cast<double>(frame.index), frame.time};
        std::ranges::copy(frame.box, moment.begin() + 2);
        state.moments.put(frame.ordinal, moment);
    }
    void finish_chunk(Scratch&, State& state) const { state.positions.drop_spare_room(); }

    template <class AnyState>
    Result conclude(AnyState&& state) const {
        const Index n_frames = state.moments.n_rows();
        Column positions{"positions", "Å", {n_frames, n_atoms(), 3}, {}, std::vector<float>{}};
        std::forward<AnyState>(state).positions.append_to(*positions.floats);
        Column frames{"frame", "", {n_frames}, {}}, times{"time", "ps", {n_frames}, {}};
        Column boxes{"box", "Å", {n_frames, 3, 3}, {}};
        state.moments.for_each([&](Index, std::span<const double> moment) {
            frames.values.push_back(moment[0]);
            times.values.push_back(moment[1]);
            boxes.values.insert(boxes.values.end(), moment.begin() + 2, moment.end());
        });
        return result_of(std::move(positions), std::move(frames), std::move(times), std::move(boxes));
    }

private:
    Index n_atoms() const { return index_of(atoms.size()); }
};

}  // namespace

std::unique_ptr<Analysis> positions(Group atoms) {
    return make_analysis(GatheredPositions{std::move(atoms)});
}

std::unique_ptr<Analysis> blank_positions() {
    return blank_analysis<GatheredPositions>();
}

}  // namespace mdloom::analyses

#include "mdloom/analyses/rmsf.hpp"

#include <fmt/format.h>

#include <cmath>

#include "mdloom/analyses/analysis_of.hpp"
#include "mdloom/analyses/group_positions.hpp"
#include "mdloom/partials/exact_moments.hpp"

namespace mdloom::analyses {
namespace {

void require_atoms(const Group& group) {
    if (group.empty()) throw ArgumentError("the group holds no atom: select at least one");
}

struct Rmsf {
    static constexpr std::string_view name = "rmsf";
    static constexpr Index state_version = 1;

    Group group;

    void write(ByteWriter& writer) const { writer.write(group); }
    void read(ByteReader& reader) {
        reader.read(group);
        try {
            require_atoms(group);
        } catch (const ArgumentError& error) {
            throw StateError(fmt::format("spec is damaged: {}", error.what()));
        }
    }

    struct State {
        ExactMoments moments;  ///< of x, y, z of each atom
    };
    struct Scratch {
        bool ready = false;
        GroupPositions positions;
        std::vector<double> values;
    };

    std::vector<Group> groups() const { return {group}; }
    void prepare(const System&) {}
    State empty_state() const { return {ExactMoments::zeros(n_values(), Grid{-40})}; }

    void single_frame(const Frame& frame, const std::vector<Group>& groups, Scratch& scratch, State& state) const {
        if (!scratch.ready) scratch.positions.look_at(groups[0]);
        scratch.ready = true;
        const kernels::Positions positions = scratch.positions.of(frame, groups[0]);
        scratch.values.assign(positions.begin(), positions.end());
        state.moments.add_frame(scratch.values);
    }
    void finish_chunk(Scratch&, State&) const {}  // the scratch gathers nothing

    Result conclude(const State& state) const {
        const ExactMoments& moments = state.moments;
        require_whole(moments);
        const Index n_atoms = index_of(group.size());
        const auto n_frames = static_cast<double>(moments.n_frames);
        Column rmsf{"rmsf", "Å", {n_atoms}, {}}, mean{"mean", "Å", {n_atoms, 3}, {}},
            sumsquares{"sumsquares", "Å^2", {n_atoms, 3}, {}};
        for (std::size_t atom = 0; atom < group.size(); ++atom) {
            double sum = 0;
            for (std::size_t i = 3 * atom; i < 3 * atom + 3; ++i) {
                mean.values.push_back(moments.mean(i));
                sumsquares.values.push_back(sum_of_squares(moments, i));
                sum += sumsquares.values.back();
            }
            rmsf.values.push_back(std::sqrt(sum / n_frames));
        }
        return {rmsf, mean, sumsquares};
    }

private:
    Index n_values() const { return 3 * index_of(group.size()); }

    void require_whole(const ExactMoments& moments) const {
        const std::size_t n = usize(n_values());
        if (moments.sums.size() != n || moments.squares.size() != n || moments.n_frames < 0)
            throw StateError(fmt::format("state is damaged: {} sums and {} squares of {} frames for {} atoms",
                                         moments.sums.size(), moments.squares.size(), moments.n_frames, group.size()));
    }

    double sum_of_squares(const ExactMoments& moments, std::size_t i) const try {
        return moments.sum_of_squares(i);
    } catch (const StateError&) {
        throw StateError(
            fmt::format("the squares of the coordinates of atom {} over {} frames are too large to sum exactly: move "
                        "the system to the origin",
                        group[i / 3], moments.n_frames));
    }
};

}  // namespace

std::unique_ptr<Analysis> rmsf(Group group) {
    require_atoms(group);
    return make_analysis(Rmsf{std::move(group)});
}

std::unique_ptr<Analysis> blank_rmsf() {
    return make_analysis(Rmsf{});
}

}  // namespace mdloom::analyses

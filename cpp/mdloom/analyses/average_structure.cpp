#include "mdloom/analyses/average_structure.hpp"

#include <fmt/format.h>

#include <cmath>

#include "mdloom/analyses/analysis_of.hpp"
#include "mdloom/analyses/group_positions.hpp"
#include "mdloom/kernels/superposition.hpp"
#include "mdloom/partials/counts.hpp"
#include "mdloom/partials/exact_sum.hpp"

namespace mdloom::analyses {
namespace {

void require_usable(const AverageStructureSpec& spec) {
    require_usable(spec.fitted, "the mobile group");
    if (spec.averaged.empty()) throw ArgumentError("there is no atom to average: select at least one");
}

struct AverageStructure {
    static constexpr std::string_view name = "average_structure";
    static constexpr Index state_version = 1;

    AverageStructureSpec spec;

    void settle() const { require_usable(spec); }

    struct State {
        ExactSum positions;  ///< of x, y, z of each atom
        ExactSum rmsd;       ///< [1]
        Counts n_frames;     ///< [1]
    };
    struct Scratch {
        bool ready = false;
        Simd level{};
        kernels::FitReference reference;
        GroupPositions fitted, averaged;
        std::vector<double> moved;
    };

    std::vector<Group> groups() const { return {spec.fitted.mobile, spec.averaged}; }
    void prepare(const System&) {}
    State empty_state() const {
        return {ExactSum::zeros(n_values(), Grid{-40}), ExactSum::zeros(1, Grid{-40}), Counts::zeros(1)};
    }

    void single_frame(const Frame& frame, const std::vector<Group>& groups, Scratch& scratch, State& state) const {
        if (!scratch.ready) make_ready(scratch, groups);
        const float* fitted = scratch.fitted.of(frame, groups[0]).data();
        const auto best = kernels::superpose(fitted, scratch.reference, true, scratch.level);
        kernels::move_positions(scratch.averaged.of(frame, groups[1]), best.motion, scratch.moved);
        require_near(scratch.moved);
        for (std::size_t i = 0; i < scratch.moved.size(); ++i) state.positions.add(i, scratch.moved[i]);
        state.rmsd.add(0, best.rmsd);
        ++state.n_frames.values[0];
    }
    void finish_chunk(Scratch&, State&) const {}  // the scratch gathers nothing

    Result conclude(const State& state) const {
        require_whole(state);
        const auto n_frames = static_cast<double>(state.n_frames.values[0]);
        const auto mean = [&](const ExactSum& sum, std::size_t i) {
            return static_cast<double>(sum.sums[i]) / n_frames * sum.grid.spacing();
        };
        Column positions{"positions", "Å", {index_of(spec.averaged.size()), 3}, {}};
        positions.values.reserve(usize(n_values()));
        for (std::size_t i = 0; i < usize(n_values()); ++i) positions.values.push_back(mean(state.positions, i));
        return result_of(std::move(positions), Column{"rmsd", "Å", {1}, {mean(state.rmsd, 0)}});
    }

private:
    Index n_values() const { return 3 * index_of(spec.averaged.size()); }

    void make_ready(Scratch& scratch, const std::vector<Group>& groups) const {
        scratch.level = chosen_simd();
        scratch.reference = kernels::make_fit_reference(spec.fitted.reference, spec.fitted.weights);
        scratch.fitted.look_at(groups[0]);
        scratch.averaged.look_at(groups[1]);
        scratch.moved.resize(usize(n_values()));
        scratch.ready = true;
    }

    /// Before anything is added: a frame counts whole or not at all.
    void require_near(const std::vector<double>& moved) const {
        for (std::size_t i = 0; i < moved.size(); ++i)
            if (!(std::abs(moved[i]) < 0x1p22))
                throw ArgumentError(
                    fmt::format("the superposition moves atom {} to a coordinate of {:.7g} Å, and 2^22 Å is the "
                                "limit: move the reference to the origin",
                                spec.averaged[i / 3], moved[i]));
    }

    void require_whole(const State& state) const {
        const std::size_t n = usize(n_values());
        if (state.positions.sums.size() != n || state.rmsd.sums.size() != 1 || state.n_frames.values.size() != 1 ||
            state.n_frames.values[0] < 0)
            throw StateError(fmt::format("state is damaged: {} sums of coordinates for {} atoms",
                                         state.positions.sums.size(), spec.averaged.size()));
    }
};

}  // namespace

std::unique_ptr<Analysis> average_structure(AverageStructureSpec spec) {
    return make_analysis(AverageStructure{std::move(spec)});
}

std::unique_ptr<Analysis> blank_average_structure() {
    return blank_analysis<AverageStructure>();
}

}  // namespace mdloom::analyses

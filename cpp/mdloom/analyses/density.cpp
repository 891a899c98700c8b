#include "mdloom/analyses/density.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "mdloom/analyses/analysis_of.hpp"
#include "mdloom/analyses/group_positions.hpp"
#include "mdloom/kernels/grid_cells.hpp"
#include "mdloom/partials/counts.hpp"

namespace mdloom::analyses {
namespace {

using kernels::GridCells;

void require_usable(const DensitySpec& spec) {
    if (spec.atoms.empty()) throw ArgumentError("the group holds no atom: select at least one");
    Index n_cells = 1;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        const std::vector<double>& edges = spec.edges[axis];
        const char name = "xyz"[axis];
        if (edges.size() < 2)
            throw ArgumentError(fmt::format("{} has {} edges: two are the least", name, edges.size()));
        for (std::size_t i = 0; i < edges.size(); ++i)
            if (!std::isfinite(edges[i]) || (i > 0 && !(edges[i] > edges[i - 1])))
                throw ArgumentError(fmt::format(
                    "edge {} along {} is {}: edges must be finite, each above the one before it", i, name, edges[i]));
        if (__builtin_mul_overflow(n_cells, index_of(edges.size()) - 1, &n_cells) || n_cells > GridCells::most_cells)
            throw ArgumentError(
                fmt::format("the grid has more than {} cells: choose larger ones", GridCells::most_cells));
    }
}

struct Density {
    static constexpr std::string_view name = "density";
    static constexpr Index state_version = 1;

    /// Grids are larger than the cache: counts are fetched so many atoms before they are raised (10 ns/atom -> 3).
    static constexpr std::size_t ahead = 32;

    DensitySpec spec;

    void settle() const { require_usable(spec); }

    struct State {
        Counts cells;   ///< [n_x * n_y * n_z]
        Counts totals;  ///< frames, atoms outside
    };
    /// Half as wide as the state, so that twice as much of it stays in the cache.
    struct Scratch {
        bool ready = false;
        Simd level = chosen_simd();
        GridCells grid;
        GroupPositions positions;
        std::vector<std::uint32_t> of_atoms;  ///< the cell of each
        std::vector<std::uint32_t> counts;    ///< of each cell, and of atoms outside
        std::uint64_t n_atoms = 0;            ///< since the counts were zero: none of them can be larger
        Index n_frames = 0;
    };

    std::vector<Group> groups() const { return {spec.atoms}; }
    void prepare(const System&) {}
    State empty_state() const { return {Counts::zeros(n_cells()), Counts::zeros(2)}; }

    void single_frame(const Frame& frame, const std::vector<Group>& groups, Scratch& scratch, State& state) const {
        if (!scratch.ready) make_ready(scratch);
        const std::size_t n = groups[0].size();
        if (scratch.n_atoms + n > std::numeric_limits<std::uint32_t>::max()) move_counts(scratch, state);
        scratch.n_atoms += n;
        ++scratch.n_frames;
        scratch.of_atoms.resize(n + ahead);
        scratch.positions.look_at(groups[0]);  // it may have changed
        scratch.grid.find(scratch.positions.of(frame, groups[0]), scratch.of_atoms.data(), scratch.level);
        const std::uint32_t* const of_atoms = scratch.of_atoms.data();
        std::uint32_t* const counts = scratch.counts.data();
        for (std::size_t i = 0; i < n; ++i) {
            __builtin_prefetch(counts + of_atoms[i + ahead], 1);
            ++counts[of_atoms[i]];
        }
    }
    void finish_chunk(Scratch& scratch, State& state) const {
        if (scratch.n_atoms > 0) move_counts(scratch, state);
        state.totals.values[0] += scratch.n_frames;
        scratch.n_frames = 0;
    }

    Result conclude(const State& state) const {
        std::vector<Index> shape;
        for (const auto& edges : spec.edges) shape.push_back(index_of(edges.size()) - 1);
        const std::vector<Index>& cells = state.cells.values;
        return result_of(Column{"counts", "1", shape, std::vector<double>(cells.begin(), cells.end())},
                         Column{"n_frames", "1", {1}, {static_cast<double>(state.totals.values[0])}},
                         Column{"outside", "1", {1}, {static_cast<double>(state.totals.values[1])}});
    }

private:
    Index n_cells() const {
        Index n = 1;
        for (const auto& edges : spec.edges) n *= std::max<Index>(0, index_of(edges.size()) - 1);  // 0 in a blank one
        return n;
    }
    void make_ready(Scratch& scratch) const {
        scratch.grid = GridCells(spec.edges);
        scratch.counts.resize(usize(n_cells()) + 1);
        scratch.ready = true;
    }
    static void move_counts(Scratch& scratch, State& state) {
        for (std::size_t i = 0; i < state.cells.values.size(); ++i) state.cells.values[i] += scratch.counts[i];
        state.totals.values[1] += scratch.counts.back();
        std::ranges::fill(scratch.counts, 0);
        scratch.n_atoms = 0;
    }
};

}  // namespace

std::unique_ptr<Analysis> density(DensitySpec spec) {
    return make_analysis(Density{std::move(spec)});
}

std::unique_ptr<Analysis> blank_density() {
    return blank_analysis<Density>();
}

}  // namespace mdloom::analyses

#include "mdloom/analyses/density.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <limits>

#include "mdloom/analyses/analysis_of.hpp"
#include "mdloom/kernels/axis_bins.hpp"
#include "mdloom/partials/counts.hpp"

namespace mdloom::analyses {
namespace {

using kernels::AxisBins;

constexpr Index most_cells = Index{1} << 40;

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
        if (__builtin_mul_overflow(n_cells, index_of(edges.size()) - 1, &n_cells) || n_cells > most_cells)
            throw ArgumentError("the grid has more than 2^40 cells: choose larger ones");
    }
}

struct Density {
    static constexpr std::string_view name = "density";
    static constexpr Index state_version = 1;

    DensitySpec spec;

    void settle() const { require_usable(spec); }

    struct State {
        Counts cells;   ///< [n_x * n_y * n_z]
        Counts totals;  ///< frames, atoms outside
    };
    /// Half as wide as the state, so that twice as much of it stays in the cache.
    struct Scratch {
        std::array<AxisBins, 3> bins;
        std::vector<std::uint32_t> cells;
        std::uint64_t n_atoms = 0;  ///< since the cells were zero: none of them can hold more
        Index n_frames = 0, n_outside = 0;
    };

    std::vector<Group> groups() const { return {spec.atoms}; }
    void prepare(const System&) {}
    State empty_state() const { return {Counts::zeros(n_cells()), Counts::zeros(2)}; }

    void single_frame(const Frame& frame, const std::vector<Group>& groups, Scratch& scratch, State& state) const {
        if (scratch.cells.empty()) make_ready(scratch);
        const Group& group = groups[0];
        if (scratch.n_atoms + group.size() > std::numeric_limits<std::uint32_t>::max()) move_cells(scratch, state);
        scratch.n_atoms += group.size();
        ++scratch.n_frames;
        const AxisBins &x = scratch.bins[0], &y = scratch.bins[1], &z = scratch.bins[2];
        for (Index atom : group) {
            const Vec3& at = frame.positions[usize(atom)];
            const Index i = x(double{at[0]}), j = y(double{at[1]}), k = z(double{at[2]});
            if ((i | j | k) < 0)  // one of them is AxisBins::outside
                ++scratch.n_outside;
            else
                ++scratch.cells[usize((i * y.size() + j) * z.size() + k)];
        }
    }
    void finish_chunk(Scratch& scratch, State& state) const {
        if (scratch.n_atoms > 0) move_cells(scratch, state);
        state.totals.values[0] += scratch.n_frames;
        state.totals.values[1] += scratch.n_outside;
        scratch.n_frames = scratch.n_outside = 0;
    }

    Result conclude(const State& state) const {
        std::vector<Index> shape;
        for (const auto& edges : spec.edges) shape.push_back(index_of(edges.size()) - 1);
        const std::vector<Index>& cells = state.cells.values;
        return {{"counts", "1", shape, std::vector<double>(cells.begin(), cells.end())},
                {"n_frames", "1", {1}, {static_cast<double>(state.totals.values[0])}},
                {"outside", "1", {1}, {static_cast<double>(state.totals.values[1])}}};
    }

private:
    Index n_cells() const {
        Index n = 1;
        for (const auto& edges : spec.edges) n *= std::max<Index>(0, index_of(edges.size()) - 1);  // 0 in a blank one
        return n;
    }
    void make_ready(Scratch& scratch) const {
        for (std::size_t axis = 0; axis < 3; ++axis) scratch.bins[axis] = AxisBins(spec.edges[axis]);
        scratch.cells.resize(usize(n_cells()));
    }
    static void move_cells(Scratch& scratch, State& state) {
        for (std::size_t i = 0; i < scratch.cells.size(); ++i) {
            state.cells.values[i] += scratch.cells[i];
            scratch.cells[i] = 0;
        }
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

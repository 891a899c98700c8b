#include "mdloom/analyses/projection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mdloom/analyses/analysis_of.hpp"
#include "mdloom/analyses/group_positions.hpp"
#include "mdloom/kernels/projections.hpp"
#include "mdloom/partials/rows.hpp"

namespace mdloom::analyses {
namespace {

constexpr std::size_t most_waiting = 16;
static_assert(most_waiting % kernels::projected_together == 0);

void require_usable(const ProjectionSpec& spec) {
    const std::size_t n = 3 * spec.group.size();
    if (n == 0) throw ArgumentError("the group holds no atom: select at least one");
    if (spec.mean.size() != n)
        throw ArgumentError(
            fmt::format("the group has {} atoms, its mean {} coordinates: {} are needed", n / 3, spec.mean.size(), n));
    if (spec.vectors.empty() || spec.vectors.size() % n != 0)
        throw ArgumentError(
            fmt::format("{} numbers are no vectors to project {} coordinates on: {} are needed for each",
                        spec.vectors.size(), n, n));
    const auto is_finite = [](double x) { return std::isfinite(x); };
    if (!std::ranges::all_of(spec.mean, is_finite) || !std::ranges::all_of(spec.vectors, is_finite))
        throw ArgumentError("the mean and the vectors to project on must be finite numbers");
}

struct Projection {
    static constexpr std::string_view name = "projection";
    static constexpr Index state_version = 1;

    ProjectionSpec spec;

    void settle() const { require_usable(spec); }

    struct Waiting {
        Index ordinal, index;
        double time;
    };
    struct State {
        Rows rows;  ///< frame index, time (ps), projections (Å)
    };
    /// The vectors, laid out for the kernel, and frames that wait to be projected together.
    struct Scratch {
        bool ready = false;
        Simd level{};
        GroupPositions positions;
        kernels::PackedVectors vectors;
        std::vector<double> displacements, projections, row;
        std::vector<Waiting> waiting;
    };

    std::vector<Group> groups() const { return {spec.group}; }
    void prepare(const System&) {}
    State empty_state() const { return {Rows::of_width(width())}; }

    void single_frame(const Frame& frame, const std::vector<Group>& groups, Scratch& scratch, State& state) const {
        if (!scratch.ready) make_ready(scratch, groups);
        const kernels::Positions coordinates = scratch.positions.of(frame, groups[0]);
        double* displacements = scratch.displacements.data() + scratch.waiting.size() * scratch.vectors.length();
        for (std::size_t i = 0; i < coordinates.size(); ++i) displacements[i] = double{coordinates[i]} - spec.mean[i];
        scratch.waiting.push_back({frame.ordinal, frame.index, frame.time});
        if (scratch.waiting.size() == most_waiting) finish_chunk(scratch, state);
    }
    void finish_chunk(Scratch& scratch, State& state) const {
        constexpr std::size_t n_together = kernels::projected_together;
        const std::size_t n = scratch.vectors.n_vectors(),
                          n_frames = (scratch.waiting.size() + n_together - 1) / n_together * n_together;
        kernels::project(scratch.displacements.data(), n_frames, scratch.vectors, scratch.projections.data(),
                         scratch.level);
        const double* found = scratch.projections.data();
        for (const Waiting& frame : scratch.waiting) {
            scratch.row = {static_cast<double>(frame.index), frame.time};
            scratch.row.insert(scratch.row.end(), found, found + n);
            state.rows.put(frame.ordinal, scratch.row);
            found += n;
        }
        scratch.waiting.clear();
    }

    Result conclude(const State& state) const {
        Column column{"projections", "frame, ps, Å", {state.rows.n_rows(), width()}, {}};
        column.values.reserve(usize(state.rows.n_rows() * width()));
        state.rows.for_each([&](Index, std::span<const double> row) {
            column.values.insert(column.values.end(), row.begin(), row.end());
        });
        return result_of(std::move(column));
    }

private:
    Index width() const {
        const std::size_t n = 3 * spec.group.size();
        return n == 0 ? 2 : 2 + index_of(spec.vectors.size() / n);  // a blank one has no group
    }

    void make_ready(Scratch& scratch, const std::vector<Group>& groups) const {
        scratch.level = chosen_simd();
        scratch.positions.look_at(groups[0]);
        scratch.vectors = kernels::PackedVectors(spec.vectors, 3 * spec.group.size());
        scratch.displacements.assign(most_waiting * scratch.vectors.length(), 0);
        scratch.projections.resize(most_waiting * scratch.vectors.n_vectors());
        scratch.ready = true;
    }
};

}  // namespace

std::unique_ptr<Analysis> projection(ProjectionSpec spec) {
    return make_analysis(Projection{std::move(spec)});
}

std::unique_ptr<Analysis> blank_projection() {
    return blank_analysis<Projection>();
}

}  // namespace mdloom::analyses

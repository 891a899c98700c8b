#include "mdloom/analyses/covariance.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "mdloom/analyses/analysis_of.hpp"
#include "mdloom/analyses/group_positions.hpp"
#include "mdloom/kernels/coordinate_products.hpp"
#include "mdloom/partials/counts.hpp"
#include "mdloom/partials/exact_sum.hpp"

namespace mdloom::analyses {
namespace {

using kernels::place_in_triangle;

constexpr Index most_frames = Index{1} << 36;  // products are below 2^90, and their sums must be below 2^127
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

void require_usable(const CovarianceSpec& spec) {
    const std::size_t n = spec.group.size();
    if (n == 0) throw ArgumentError("the group holds no atom: select at least one");
    if (!spec.mean.empty() && spec.mean.size() != 3 * n)
        throw ArgumentError(
            fmt::format("the group has {} atoms, its mean {} coordinates: {} are needed", n, spec.mean.size(), 3 * n));
    for (std::size_t i = 0; i < spec.mean.size(); ++i)
        if (!(std::abs(spec.mean[i]) <= kernels::farthest_multiplied))
            throw ArgumentError(
                fmt::format("the mean position of atom {} has the coordinate {:.7g}: it must be finite, "
                            "and 2^14 Å is the limit",
                            spec.group[i / 3], spec.mean[i]));
}

struct Covariance {
    static constexpr std::string_view name = "covariance";
    static constexpr Index state_version = 1;

    CovarianceSpec spec;

    void settle() const { require_usable(spec); }

    struct State {
        ExactSum sums;      ///< of x, y, z of each atom
        ExactSum products;  ///< of all pairs of them, the upper triangle
        Counts n_frames;    ///< [1]
    };
    /// Frames wait here, so that the state, much larger, is gone through once for many of them.
    struct Scratch {
        bool ready = false;
        Simd level{};
        GroupPositions positions;
        kernels::SplitFrames waiting;
    };

    std::vector<Group> groups() const { return {spec.group}; }
    void prepare(const System&) {}
    State empty_state() const {
        const Index n = n_values();
        return {ExactSum::zeros(n, Grid{kernels::multiplied_grid}),
                ExactSum::zeros(n * (n + 1) / 2, Grid{2 * kernels::multiplied_grid}), Counts::zeros(1)};
    }

    void single_frame(const Frame& frame, const std::vector<Group>& groups, Scratch& scratch, State& state) const {
        if (!scratch.ready) {
            scratch.level = chosen_simd();
            scratch.positions.look_at(groups[0]);
            scratch.waiting.resize(usize(n_values()));
            scratch.ready = true;
        }
        const kernels::Positions coordinates = scratch.positions.of(frame, groups[0]);
        require_near(coordinates);
        scratch.waiting.add(coordinates);
        if (scratch.waiting.is_full()) finish_chunk(scratch, state);
    }
    void finish_chunk(Scratch& scratch, State& state) const {
        if (scratch.waiting.n_frames() == 0) return;
        add_sums(scratch.waiting, state.sums.sums);
        add_products(scratch.waiting, state.products.sums, scratch.level);
        state.n_frames.values[0] += index_of(scratch.waiting.n_frames());
        scratch.waiting.clear();
    }

    Result conclude(const State& state) const {
        require_whole(state);
        const std::size_t n = usize(n_values());
        const Index n_frames = state.n_frames.values[0];
        std::vector<double> mean = spec.mean;
        if (mean.empty())
            for (const Int128 sum : state.sums.sums) mean.push_back(n_frames == 0 ? nan : mean_of(sum, n_frames));
        std::vector<double> covariance(n * n, nan);
        if (n_frames > 1) fill(covariance, state);
        return result_of(Column{"covariance", "Å^2", {index_of(n), index_of(n)}, std::move(covariance)},
                         Column{"mean", "Å", {index_of(spec.group.size()), 3}, std::move(mean)},
                         Column{"n_frames", "1", {1}, {static_cast<double>(n_frames)}});
    }

private:
    Index n_values() const { return 3 * index_of(spec.group.size()); }

    static double mean_of(Int128 sum, Index n_frames) {
        return static_cast<double>(sum) / static_cast<double>(n_frames) * Grid{kernels::multiplied_grid}.spacing();
    }

    /// Before anything is kept: a frame counts whole or not at all.
    void require_near(kernels::Positions coordinates) const {
        bool near = true;  // no early exit, so that the loop runs in vectors
        for (const float x : coordinates) near &= std::abs(x) <= static_cast<float>(kernels::farthest_multiplied);
        if (near) return;
        for (std::size_t i = 0; i < coordinates.size(); ++i)
            if (!(std::abs(coordinates[i]) <= static_cast<float>(kernels::farthest_multiplied)))
                throw ArgumentError(
                    fmt::format("atom {} has the coordinate {:.7g}, and 2^14 Å is the limit for "
                                "covariances: move the system to the origin",
                                spec.group[i / 3], coordinates[i]));
    }

    void require_whole(const State& state) const {
        const std::size_t n = usize(n_values()), n_sums = state.sums.sums.size(), n_pairs = state.products.sums.size();
        const std::size_t n_counts = state.n_frames.values.size();
        const Index n_frames = n_counts == 1 ? state.n_frames.values[0] : -1;
        if (n_sums != n || n_pairs != n * (n + 1) / 2 || n_frames < 0)
            throw StateError(fmt::format("state is damaged: {} sums and {} products of {} frames for {} atoms", n_sums,
                                         n_pairs, n_frames, spec.group.size()));
        if (n_frames > most_frames)
            throw StateError(
                fmt::format("products of {} frames are too many to sum exactly: take at most 2^36 frames", n_frames));
    }

    /// About the integers next to the means, where 128 bits hold what is left: modulo 2^128 the difference is exact.
    void fill(std::vector<double>& covariance, const State& state) const {
        const std::size_t n = usize(n_values());
        const Index n_frames = state.n_frames.values[0];
        const auto frames = static_cast<UInt128>(n_frames);
        const double n_double = static_cast<double>(n_frames), spacing = state.products.grid.spacing();
        std::vector<UInt128> means(n), rests(n);
        std::vector<double> rest(n), shift(n);  // shift: from the mean that is given, Å
        for (std::size_t i = 0; i < n; ++i) {
            const Int128 sum = state.sums.sums[i], mean = sum / n_frames;
            means[i] = static_cast<UInt128>(mean);
            rests[i] = static_cast<UInt128>(sum) - means[i] * frames;
            rest[i] = static_cast<double>(static_cast<Int128>(rests[i]));
            if (!spec.mean.empty()) shift[i] = mean_of(sum, n_frames) - spec.mean[i];
        }
        for (std::size_t i = 0; i < n; ++i) {
            const UInt128 mean = means[i], row_rest = rests[i], mean_and_rest = mean * frames + row_rest;
            const Int128* product = state.products.sums.data() + place_in_triangle(i, i, n);
            for (std::size_t j = i; j < n; ++j, ++product) {
                const UInt128 about = static_cast<UInt128>(*product) - mean_and_rest * means[j] - mean * rests[j];
                const double centred =
                    (static_cast<double>(static_cast<Int128>(about)) - rest[i] * rest[j] / n_double) * spacing;
                const double value = (centred + n_double * shift[i] * shift[j]) / (n_double - 1);
                covariance[i * n + j] = covariance[j * n + i] = value;
            }
        }
    }
};

}  // namespace

std::unique_ptr<Analysis> covariance(CovarianceSpec spec) {
    return make_analysis(Covariance{std::move(spec)});
}

std::unique_ptr<Analysis> blank_covariance() {
    return blank_analysis<Covariance>();
}

}  // namespace mdloom::analyses

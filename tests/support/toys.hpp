// Small analyses, one per kind of partial, so that exact merging is proved before any science stands on it.
#pragma once
#include <cmath>

#include "mdloom/analyses/analysis_of.hpp"
#include "mdloom/partials/counts.hpp"
#include "mdloom/partials/exact_moments.hpp"
#include "mdloom/partials/exact_sum.hpp"
#include "mdloom/partials/rows.hpp"

namespace mdloom::laws {

/// Sum of all coordinates per axis.
struct Total {
    Group group;
    struct State {
        ExactSum sum;
    };
    static constexpr std::string_view name = "toy_total";
    static constexpr Index state_version = 3;

    std::vector<Group> groups() const { return {group}; }
    void prepare(const System&) {}
    State empty_state() const { return {ExactSum::zeros(3, Grid{-40})}; }
    void single_frame(const Frame& frame, const std::vector<Group>& groups, State& state) const {
        for (Index atom : groups[0])
            for (std::size_t k = 0; k < 3; ++k) state.sum.add(k, double{frame.positions[usize(atom)][k]});
    }
    Result conclude(const State& state) const {
        return {{"total", "Å", {3}, {state.sum.sum(0), state.sum.sum(1), state.sum.sum(2)}}};
    }
};

/// Root mean square fluctuation of each atom of the group.
struct Fluctuation {
    Group group;
    struct State {
        ExactMoments moments;
    };
    static constexpr std::string_view name = "toy_fluctuation";
    static constexpr Index state_version = 1;

    std::vector<Group> groups() const { return {group}; }
    void prepare(const System&) {}
    State empty_state() const { return {ExactMoments::zeros(3 * index_of(group.size()), Grid{-40})}; }
    void single_frame(const Frame& frame, const std::vector<Group>& groups, State& state) const {
        std::vector<double> values;
        for (Index atom : groups[0])
            for (float x : frame.positions[usize(atom)]) values.push_back(double{x});
        state.moments.add_frame(values);
    }
    Result conclude(const State& state) const {
        Column column{"rmsf", "Å", {index_of(group.size())}, {}};
        for (std::size_t i = 0; i < group.size(); ++i) {
            double squares = 0;
            for (std::size_t k = 0; k < 3; ++k) squares += state.moments.sum_of_squares(3 * i + k);
            column.values.push_back(std::sqrt(squares / static_cast<double>(state.moments.n_frames)));
        }
        return {column};
    }
};

/// Distances between two groups, gathered in the worker's scratch.
struct Distances {
    Group first, second;
    Index n_bins = 16;
    struct State {
        Counts counts;
        Counts n_frames;
    };
    struct Scratch {
        std::vector<Index> bins;
        Index n_frames = 0;
    };
    static constexpr std::string_view name = "toy_distances";
    static constexpr Index state_version = 1;

    std::vector<Group> groups() const { return {first, second}; }
    void prepare(const System&) {}
    State empty_state() const { return {Counts::zeros(n_bins), Counts::zeros(1)}; }
    void single_frame(const Frame& frame, const std::vector<Group>& groups, Scratch& scratch, State&) const {
        scratch.bins.resize(usize(n_bins));
        ++scratch.n_frames;
        for (Index i : groups[0])
            for (Index j : groups[1]) {
                double squared = 0;
                for (std::size_t k = 0; k < 3; ++k) {
                    const double d = double{frame.positions[usize(i)][k]} - double{frame.positions[usize(j)][k]};
                    squared += d * d;
                }
                if (const double bin = std::sqrt(squared) / 4; bin < static_cast<double>(n_bins))
                    ++scratch.bins[static_cast<std::size_t>(bin)];
            }
    }
    void finish_chunk(Scratch& scratch, State& state) const {
        for (std::size_t i = 0; i < scratch.bins.size(); ++i) state.counts.values[i] += scratch.bins[i];
        state.n_frames.values[0] += scratch.n_frames;
        scratch = {};
    }
    Result conclude(const State& state) const {
        std::vector<double> counts(state.counts.values.begin(), state.counts.values.end());
        return {{"counts", "1", {n_bins}, counts},
                {"n_frames", "1", {1}, {static_cast<double>(state.n_frames.values[0])}}};
    }
};

/// Atoms that moved far from where they stood in the first frame: any number of rows per frame, often none.
struct Wanderers {
    Group group;
    double cutoff = 20;
    std::vector<double> reference = {};  ///< [3 * n]; settled by prepare()
    struct State {
        Rows rows;
    };
    static constexpr std::string_view name = "toy_wanderers";
    static constexpr Index state_version = 1;

    std::vector<Group> groups() const { return {group}; }
    void prepare(const System& system) {
        reference.clear();
        if (!system.first_frame) return;
        for (Index atom : system.groups[0])
            for (float x : system.first_frame->positions[usize(atom)]) reference.push_back(double{x});
    }
    State empty_state() const { return {Rows::of_width(2)}; }
    void single_frame(const Frame& frame, const std::vector<Group>& groups, State& state) const {
        std::vector<double> rows;
        for (std::size_t i = 0; i < groups[0].size(); ++i) {
            double squared = 0;
            for (std::size_t k = 0; k < 3; ++k) {
                const double d = double{frame.positions[usize(groups[0][i])][k]} - reference[3 * i + k];
                squared += d * d;
            }
            if (squared > cutoff * cutoff) rows.insert(rows.end(), {static_cast<double>(i), std::sqrt(squared)});
        }
        if (!rows.empty()) state.rows.put(frame.ordinal, rows);
    }
    Result conclude(const State& state) const {
        Column column{"rows", "1", {state.rows.n_rows(), 3}, {}};
        state.rows.for_each([&](Index ordinal, std::span<const double> values) {
            for (std::size_t i = 0; i < values.size(); i += 2)
                column.values.insert(column.values.end(), {static_cast<double>(ordinal), values[i], values[i + 1]});
        });
        return {column};
    }
};

}  // namespace mdloom::laws

// Means and sums of squared deviations of n quantities over frames, the same bits for any cut of the frames. [n]
#pragma once
#include <span>

#include "mdloom/partials/grid.hpp"
#include "mdloom/partials/partial.hpp"

namespace mdloom {

/// Squares saturate: 2^22 Å on the 2^-40 Å grid fills 128 bits in 16 frames. Saturating addition is as associative as
/// addition, so the refusal comes in sum_of_squares(), with the same text for any cut. Sums cannot overflow before 2^65
/// frames.
struct ExactMoments {
    Grid grid;
    Index n_frames = 0;
    std::vector<Int128> sums;
    std::vector<UInt128> squares;

    static constexpr UInt128 full = ~UInt128{0};
    static UInt128 add_squares(UInt128 a, UInt128 b) { return a + b < a ? full : a + b; }

    static ExactMoments zeros(Index n, Grid grid) {
        return {grid, 0, std::vector<Int128>(usize(n)), std::vector<UInt128>(usize(n))};
    }
    void add_frame(std::span<const double> values) {
        ++n_frames;
        for (std::size_t i = 0; i < values.size(); ++i) add_value(i, values[i]);
    }

    /// Parts of add_frame(), for those who add several frames at once: n_frames is theirs to count. Integers are in
    /// steps of the grid, and of its square.
    void add_value(std::size_t i, double value) {
        const Int128 q = grid.round(value);
        add_integers(i, q, static_cast<UInt128>(q * q));
    }
    void add_integers(std::size_t i, Int128 sum, UInt128 sum_of_squares) {
        sums[i] += sum;
        squares[i] = add_squares(squares[i], sum_of_squares);
    }
    void merge(ExactMoments&& other) {
        grid.require_same(other.grid);
        if (other.n_frames < 0) throw StateError("state is damaged: " + std::to_string(other.n_frames) + " frames");
        n_frames += other.n_frames;
        detail::merge_each(sums, other.sums, std::plus<>{});
        detail::merge_each(squares, other.squares, add_squares);
    }
    double mean(std::size_t i) const {
        return static_cast<double>(sums[i]) / static_cast<double>(n_frames) * grid.spacing();
    }

    /// Sum over frames of (value - mean)^2, 0 without frames. Subtracts integers, so nothing cancels far from the
    /// origin.
    double sum_of_squares(std::size_t i) const {
        if (n_frames == 0) return 0;  // an integer division by zero would end the process
        if (squares[i] == full)
            throw StateError("value " + std::to_string(i) +
                             " is too large to square exactly: move the system to the origin");
        const Int128 mean = sums[i] / n_frames, rest = sums[i] - mean * n_frames;
        const auto m = static_cast<UInt128>(mean);  // products modulo 2^128, where the difference is exact
        const UInt128 about_mean =
            squares[i] - m * m * static_cast<UInt128>(n_frames) - 2 * m * static_cast<UInt128>(rest);
        const double r = static_cast<double>(rest);
        return (static_cast<double>(about_mean) - r * r / static_cast<double>(n_frames)) * grid.spacing() *
               grid.spacing();
    }
};

}  // namespace mdloom

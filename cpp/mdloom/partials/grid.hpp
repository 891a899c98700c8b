// The grid that addends are rounded to before they are summed exactly.
#pragma once
#include <bit>
#include <cmath>

#include "mdloom/base/bytes.hpp"

namespace mdloom {

/// Spacing 2^exponent in the quantity's unit; -40 is meant for coordinates in Å. A value must stay below
/// 2^(62 + exponent): round() throws StateError beyond, so a sum is exact or refused, never wrapped.
struct Grid {
    int exponent = -40;

    double spacing() const { return power_of_two(exponent); }

    std::int64_t round(double value) const {
        const double steps = value * power_of_two(-exponent);
        if (!(std::abs(steps) < 0x1p62)) refuse(value);
        return std::llrint(steps);
    }
    void require_same(Grid other) const {
        if (exponent != other.exponent)
            throw StateError("cannot merge sums on different grids: both runs must be prepared alike");
    }

private:
    /// std::ldexp is a call, and this is asked for every value.
    static double power_of_two(int n) {
        if (-1022 <= n && n <= 1023) return std::bit_cast<double>(static_cast<std::uint64_t>(n + 1023) << 52);
        return std::ldexp(1.0, n);
    }
    [[noreturn]] void refuse(double value) const {
        throw StateError("value " + std::to_string(value) + " does not fit a grid of spacing 2^" +
                         std::to_string(exponent) + ": choose a coarser grid for this quantity");
    }
};

}  // namespace mdloom

// Sums of floating-point values that do not depend on order: exact after rounding each addend once. [n]
#pragma once
#include "mdloom/partials/grid.hpp"
#include "mdloom/partials/partial.hpp"

namespace mdloom {

struct ExactSum {
    Grid grid;
    std::vector<Int128> sums;

    static ExactSum zeros(Index n, Grid grid) { return {grid, std::vector<Int128>(usize(n))}; }
    void add(std::size_t i, double value) { sums[i] += grid.round(value); }
    double sum(std::size_t i) const { return static_cast<double>(sums[i]) * grid.spacing(); }

    void merge(ExactSum&& other) {
        grid.require_same(other.grid);
        detail::merge_each(sums, other.sums, std::plus<>{});
    }
};

}  // namespace mdloom

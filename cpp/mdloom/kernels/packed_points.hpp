// Points laid out as the kernels read them: eight to a block, one component after the other, the last block filled with
// zeros.
#pragma once
#include <array>
#include <span>
#include <vector>

#include "mdloom/base/index.hpp"

namespace mdloom::kernels {

using Point = std::array<double, 3>;

struct PackedPoints {
    struct alignas(64) Block {
        double x[8], y[8], z[8];
    };
    struct alignas(64) Weights {
        double values[8];
    };
    Index n_points = 0;
    std::vector<Block> blocks;
    std::vector<Weights> weights;  ///< empty: all are 1
};

/// points: [n * 3]; weights: [n], or empty.
PackedPoints pack_points(std::span<const double> points, std::span<const double> weights);

}  // namespace mdloom::kernels

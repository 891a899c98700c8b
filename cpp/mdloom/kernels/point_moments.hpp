// Where weighted points are on average, and how far from there along each axis: centres and radii of gyration.
#pragma once
#include "mdloom/base/simd.hpp"
#include "mdloom/kernels/distances.hpp"
#include "mdloom/kernels/packed_points.hpp"

namespace mdloom::kernels {

/// What points weigh, as the kernel reads it.
struct PointWeights {
    std::vector<PackedPoints::Weights> blocks;  ///< zeros fill the last one
    double total = 0;

    PointWeights() = default;
    /// weights: [n], or empty: each is 1.
    PointWeights(std::span<const double> weights, std::size_t n);
};

struct PointMoments {
    Point mean;     ///< sum w_i x_i / total, Å
    Point squares;  ///< sum w_i (x_i - mean)^2 / total along x, y and z, Å^2
};

/// positions: as many as were weighed, at least one. noexcept: call from any thread. All levels give the same bits.
PointMoments point_moments(Positions positions, const PointWeights& weights, Simd level) noexcept;

}  // namespace mdloom::kernels

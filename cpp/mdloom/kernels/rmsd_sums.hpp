// What an RMSD needs of a frame, gathered in one pass over its float32 positions; products and sums in double.
//
// Positions are [n][3], Å, interleaved; n is the reference's. Const and noexcept: call from any thread. All levels give
// the same bits.
#pragma once
#include "mdloom/base/simd.hpp"
#include "mdloom/kernels/packed_points.hpp"

namespace mdloom::kernels {

using Matrix3 = std::array<double, 9>;  ///< row-major

/// A reference made ready for fitting: about its own centre, so that a frame's mean needs no second pass.
struct FitReference {
    PackedPoints weighted;    ///< w_i (r_i - centre), Å
    Point centre{};           ///< sum w_i r_i / total_weight, Å
    double total_weight = 0;  ///< n without weights
    double squares = 0;       ///< sum w_i |r_i - centre|^2
};

/// Below, products of weights and squares vanish, and with them what a fit is found from.
inline constexpr double least_total_weight = 1e-30;

/// points: [n * 3], Å; weights: [n] or empty; their sum is above least_total_weight.
FitReference make_fit_reference(std::span<const double> points, std::span<const double> weights);

/// Sums over atoms, with d_i = x_i - origin.
struct FitSums {
    Point sum{};         ///< sum w_i d_i
    double squares = 0;  ///< sum w_i |d_i|^2
    Matrix3 products{};  ///< [a][b] = sum w_i d_i[a] (r_i - centre)[b]
};

FitSums fit_sums(const float* positions, const FitReference& reference, const Point& origin, Simd level) noexcept;

/// x' = rotation (x - from) + to. As made: nothing moves.
struct Motion {
    Matrix3 rotation{1, 0, 0, 0, 1, 0, 0, 0, 1};
    Point from{}, to{};
};

/// Sum w_i |x'_i - r_i|^2, Å^2.
double moved_squares(const float* positions, const PackedPoints& reference, const Motion& motion, Simd level) noexcept;

}  // namespace mdloom::kernels

#include "mdloom/kernels/point_moments.hpp"

#include "mdloom/kernels/lanes.hpp"

namespace mdloom::kernels {
namespace {

/// sums: [3][n_lanes], of w_i d_i or w_i d_i^2 with d_i = x_i - origin.
template <int W, bool squared>
MDLOOM_INLINE void sum_points(Positions positions, const PointWeights& weights, const Point& origin, double* sums) {
    const std::size_t n = positions.size() / 3, n_full = n / n_lanes;
    const Tail tail(positions.data() + 3 * n_lanes * n_full, n % n_lanes);
    for (int first = 0; first < n_lanes; first += W) {
        Lanes<W> x{}, y{}, z{};
        for (std::size_t b = 0; b < weights.blocks.size(); ++b) {
            Points<W> d;
            load_points<W>((b < n_full ? positions.data() + 3 * n_lanes * b : tail.positions) + 3 * first, d);
            d.x -= origin[0], d.y -= origin[1], d.z -= origin[2];
            if constexpr (squared) d.x *= d.x, d.y *= d.y, d.z *= d.z;
            const Lanes<W> w = load<W>(weights.blocks[b].values + first);
            x += w * d.x, y += w * d.y, z += w * d.z;
        }
        store<W>(x, sums + first), store<W>(y, sums + n_lanes + first), store<W>(z, sums + 2 * n_lanes + first);
    }
}

template <int W, bool squared>
MDLOOM_INLINE Point mean_about(Positions positions, const PointWeights& weights, const Point& origin) {
    alignas(64) double sums[3 * n_lanes];
    sum_points<W, squared>(positions, weights, origin, sums);
    Point mean;
    for (std::size_t k = 0; k < 3; ++k) mean[k] = sum_of_lanes(sums + n_lanes * k) / weights.total;
    return mean;
}

/// The first point is the origin: far from (0, 0, 0), sums keep their last digits.
template <int W>
MDLOOM_INLINE PointMoments moments(Positions positions, const PointWeights& weights) {
    const Point first{positions[0], positions[1], positions[2]};
    Point mean = mean_about<W, false>(positions, weights, first);
    for (std::size_t k = 0; k < 3; ++k) mean[k] += first[k];
    return {mean, mean_about<W, true>(positions, weights, mean)};
}

#if defined(__x86_64__)
MDLOOM_TARGET_AVX512 PointMoments moments_avx512(Positions positions, const PointWeights& weights) {
    return moments<8>(positions, weights);
}
MDLOOM_TARGET_AVX2 PointMoments moments_avx2(Positions positions, const PointWeights& weights) {
    return moments<4>(positions, weights);
}
#endif

}  // namespace

PointWeights::PointWeights(std::span<const double> weights, std::size_t n) : blocks((n + n_lanes - 1) / n_lanes) {
    for (std::size_t i = 0; i < n; ++i) {
        const double weight = weights.empty() ? 1 : weights[i];
        blocks[i / n_lanes].values[i % n_lanes] = weight;
        total += weight;
    }
}

PointMoments point_moments(Positions positions, const PointWeights& weights, Simd level) noexcept {
    switch (level) {
#if defined(__x86_64__)
        case Simd::avx512:
            return moments_avx512(positions, weights);
        case Simd::avx2:
            return moments_avx2(positions, weights);
#endif
        default:
            return moments<2>(positions, weights);
    }
}

}  // namespace mdloom::kernels

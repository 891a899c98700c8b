#include "mdloom/kernels/point_moments.hpp"

#include "mdloom/kernels/lanes.hpp"

namespace mdloom::kernels {
namespace {

/// Positions stay interleaved, x y z x y z, in three registers of W lanes for W atoms: sums along the axes do not meet,
/// so each lane sees what it would see of one axis alone, and nothing is sorted. In register r, lane i belongs to atom
/// (r W + i) / 3 and to axis (r W + i) % 3.
template <int W>
struct Interleaved {
    Lanes<W> registers[3];
};

template <int W, int r, int... i>
MDLOOM_INLINE Lanes<W> of_atoms(const Lanes<W>& atoms, std::integer_sequence<int, i...>) {
    return __builtin_shufflevector(atoms, atoms, ((r * W + i) / 3)...);
}

template <int W>
MDLOOM_INLINE Interleaved<W> of_axes(const Point& point) {
    Interleaved<W> axes;
    for (std::size_t i = 0; i < 3 * W; ++i) axes.registers[i / W][i % W] = point[i % 3];
    return axes;
}

template <int W>
struct InterleavedSums {
    Lanes<W> a{}, b{}, c{};

    template <bool squared>
    MDLOOM_INLINE void add(const float* from, const double* weights, const Interleaved<W>& origin) {
        constexpr auto lanes = std::make_integer_sequence<int, W>{};
        Lanes<W> x = detail::widen<W>(from) - origin.registers[0], y = detail::widen<W>(from + W) - origin.registers[1],
                 z = detail::widen<W>(from + 2 * W) - origin.registers[2];
        if constexpr (squared) x *= x, y *= y, z *= z;
        const Lanes<W> w = load<W>(weights);
        a += of_atoms<W, 0>(w, lanes) * x;
        b += of_atoms<W, 1>(w, lanes) * y;
        c += of_atoms<W, 2>(w, lanes) * z;
    }
    MDLOOM_INLINE void put(double* to) const { store<W>(a, to), store<W>(b, to + W), store<W>(c, to + 2 * W); }
};

/// sums: [n_lanes][3], of w_i d_i or w_i d_i^2 with d_i = x_i - origin. Two times W lanes at a time: one walk with
/// AVX2.
template <int W, bool squared>
MDLOOM_INLINE void sum_points(Positions positions, const PointWeights& weights, const Point& origin, double* sums) {
    const std::size_t n = positions.size() / 3, n_full = n / n_lanes;
    const Tail tail(positions.data() + 3 * n_lanes * n_full, n % n_lanes);
    const Interleaved<W> o = of_axes<W>(origin);
    for (int first = 0; first < n_lanes; first += 2 * W) {
        InterleavedSums<W> one, other;
        for (std::size_t block = 0; block < weights.blocks.size(); ++block) {
            const float* at = (block < n_full ? positions.data() + 3 * n_lanes * block : tail.positions) + 3 * first;
            const double* w = weights.blocks[block].values + first;
            one.template add<squared>(at, w, o);
            other.template add<squared>(at + 3 * W, w + W, o);
        }
        one.put(sums + 3 * first);
        other.put(sums + 3 * (first + W));
    }
}

/// AVX-512 would take 0.89 ns an atom instead of 0.76: there, to convert and to permute takes more than half of the
/// time. A function of its own: in one with what follows, GCC 12 keeps sums in memory.
#if defined(__x86_64__)
template <bool squared>
MDLOOM_TARGET_AVX2 void sum_avx2(Positions positions, const PointWeights& weights, const Point& origin, double* sums) {
    sum_points<4, squared>(positions, weights, origin, sums);
}
#endif

template <bool squared>
void sum_at(Simd level, Positions positions, const PointWeights& weights, const Point& origin, double* sums) {
#if defined(__x86_64__)
    if (level >= Simd::avx2) return sum_avx2<squared>(positions, weights, origin, sums);
#endif
    static_cast<void>(level);
    sum_points<2, squared>(positions, weights, origin, sums);
}

template <bool squared>
Point mean_about(const Point& origin, Positions positions, const PointWeights& weights, Simd level) {
    alignas(64) double sums[3 * n_lanes];
    sum_at<squared>(level, positions, weights, origin, sums);
    Point mean;
    for (std::size_t axis = 0; axis < 3; ++axis) {
        double lanes[n_lanes];
        for (std::size_t i = 0; i < n_lanes; ++i) lanes[i] = sums[3 * i + axis];
        mean[axis] = sum_of_lanes(lanes) / weights.total;
    }
    return mean;
}

}  // namespace

PointWeights::PointWeights(std::span<const double> weights, std::size_t n) : blocks((n + n_lanes - 1) / n_lanes) {
    for (std::size_t i = 0; i < n; ++i) {
        const double weight = weights.empty() ? 1 : weights[i];
        blocks[i / n_lanes].values[i % n_lanes] = weight;
        total += weight;
    }
}

/// The first point is the origin: far from (0, 0, 0), sums keep their last digits.
PointMoments point_moments(Positions positions, const PointWeights& weights, Simd level) noexcept {
    const Point first{positions[0], positions[1], positions[2]};
    Point mean = mean_about<false>(first, positions, weights, level);
    for (std::size_t k = 0; k < 3; ++k) mean[k] += first[k];
    return {mean, mean_about<true>(mean, positions, weights, level)};
}

}  // namespace mdloom::kernels

// The virtual lanes of the kernels: eight doubles, whatever the machine has.
//
// A kernel is an always_inline template over its width W (lanes held in one register: 8, 4 or 2) and is compiled once
// per level under that level's function target. With W < 8 it walks its data 8 / W times, so that its accumulators stay
// in registers; lane k sees the same operations in the same order for every W, hence the same bits.
#pragma once
#include <cstddef>
#include <cstring>
#include <utility>

// Vectors are passed between always_inline functions only: no call, no calling convention to warn about.
#pragma GCC diagnostic ignored "-Wpsabi"

#define MDLOOM_INLINE inline __attribute__((always_inline))
#if defined(__x86_64__)
#define MDLOOM_TARGET_AVX2 __attribute__((target("avx2,fma")))
#if defined(__clang__)
#define MDLOOM_TARGET_AVX512 __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")))
#else
#define MDLOOM_TARGET_AVX512 \
    __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma,prefer-vector-width=512")))
#endif
#endif

namespace mdloom::kernels {

inline constexpr int n_lanes = 8;

template <int W>
struct LanesOf {
    typedef double type __attribute__((vector_size(8 * W)));
};
template <int W>
using Lanes = typename LanesOf<W>::type;

template <int W>
MDLOOM_INLINE Lanes<W> load(const double* from) {
    Lanes<W> lanes;
    std::memcpy(&lanes, from, sizeof lanes);
    return lanes;
}

template <int W>
MDLOOM_INLINE void store(const Lanes<W>& lanes, double* to) {
    std::memcpy(to, &lanes, sizeof lanes);
}

/// sum += a * b, rounded once. The loop becomes one instruction (checked with GCC 12).
template <int W>
MDLOOM_INLINE void add_product(const Lanes<W>& a, const Lanes<W>& b, Lanes<W>& sum) {
    for (int lane = 0; lane < W; ++lane) sum[lane] = __builtin_fma(a[lane], b[lane], sum[lane]);
}

namespace detail {

template <int W>
MDLOOM_INLINE Lanes<W> widen(const float* from) {
    Lanes<W> lanes;
    for (int lane = 0; lane < W; ++lane) lanes[lane] = static_cast<double>(from[lane]);
    return lanes;
}

/// Of 3 W interleaved values, component k of atom i stands at 3 i + k. gcd(3, W) = 1, so the components k of W atoms
/// stand in W different lanes: two blends gather them and one permutation sorts them.
template <int W>
constexpr int register_of(int component, int lane) {
    for (int atom = 0; atom < W; ++atom)
        if ((3 * atom + component) % W == lane) return (3 * atom + component) / W;
    return -1;
}

template <int W, int component, int... lane>
MDLOOM_INLINE Lanes<W> gather_component(const Lanes<W>& a, const Lanes<W>& b, const Lanes<W>& c,
                                        std::integer_sequence<int, lane...>) {
    const Lanes<W> ab = __builtin_shufflevector(a, b, (register_of<W>(component, lane) == 1 ? W + lane : lane)...);
    const Lanes<W> abc = __builtin_shufflevector(ab, c, (register_of<W>(component, lane) == 2 ? W + lane : lane)...);
    return __builtin_shufflevector(abc, abc, ((3 * lane + component) % W)...);
}

#if defined(__x86_64__)
typedef float Floats8 __attribute__((vector_size(32)));
typedef float Floats16 __attribute__((vector_size(64)));

/// Of 24 interleaved values, number 3 lane + component, where values 8 to 23 stand behind values 0 to 15.
constexpr int place_of(int component, int lane) {
    const int at = 3 * lane + component;
    return at < 16 ? at : at + 8;
}

/// GCC 12 makes four instructions of __builtin_convertvector, and reads a loop's values from memory one by one.
MDLOOM_INLINE Lanes<8> widen8(const Floats8& floats) {
    Lanes<8> lanes;
    asm("vcvtps2pd %1, %0" : "=v"(lanes) : "v"(floats));
    return lanes;
}

template <int... lane>
MDLOOM_INLINE void widen_points8(const float* from, Lanes<8>& x, Lanes<8>& y, Lanes<8>& z,
                                 std::integer_sequence<int, lane...>) {
    Floats16 a, b;
    std::memcpy(&a, from, sizeof a), std::memcpy(&b, from + 8, sizeof b);
    const Floats16 xy = __builtin_shufflevector(a, b, place_of(0, lane)..., place_of(1, lane)...),
                   zz = __builtin_shufflevector(a, b, place_of(2, lane)..., place_of(2, lane)...);
    x = widen8(__builtin_shufflevector(xy, xy, lane...));
    y = widen8(__builtin_shufflevector(xy, xy, (8 + lane)...));
    z = widen8(__builtin_shufflevector(zz, zz, lane...));
}
#endif

}  // namespace detail

/// Positions of W atoms, one component per register.
template <int W>
struct Points {
    Lanes<W> x, y, z;
};

/// From interleaved float32 positions [W][3].
template <int W>
MDLOOM_INLINE void load_points(const float* from, Points<W>& points) {
    static_assert(W == 2 || W == 4 || W == 8);
    constexpr auto lanes = std::make_integer_sequence<int, W>{};
#if defined(__x86_64__)
    if constexpr (W == 8) return detail::widen_points8(from, points.x, points.y, points.z, lanes);
#endif
    const Lanes<W> a = detail::widen<W>(from), b = detail::widen<W>(from + W), c = detail::widen<W>(from + 2 * W);
    points.x = detail::gather_component<W, 0>(a, b, c, lanes);
    points.y = detail::gather_component<W, 1>(a, b, c, lanes);
    points.z = detail::gather_component<W, 2>(a, b, c, lanes);
}

/// The last, partly filled block: its atoms followed by zeros, and 1 or 0 for each lane.
struct Tail {
    alignas(64) float positions[3 * n_lanes] = {};
    alignas(64) double present[n_lanes] = {};

    Tail(const float* positions_of_rest, std::size_t n_rest) {
        if (n_rest > 0) std::memcpy(positions, positions_of_rest, 3 * sizeof(float) * n_rest);
        for (std::size_t i = 0; i < n_rest; ++i) present[i] = 1;
    }
};

/// ((v0 + v1) + (v2 + v3)) + ((v4 + v5) + (v6 + v7)): the one order in which lanes are added.
MDLOOM_INLINE double sum_of_lanes(const double* v) {
    return ((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7]));
}

}  // namespace mdloom::kernels

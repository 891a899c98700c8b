// The arithmetic of the arc tangent, for one double or lanes of them: the same operations, hence the same bits.
#pragma once
#include "mdloom/kernels/lanes.hpp"

namespace mdloom::kernels {
namespace detail {

/// Numbers as the sum of doubles and what these leave.
template <class T>
struct TwoPart {
    T high, low;
};

/// atan(k / 8)
inline constexpr TwoPart<double> atan_of_eighths[9] = {
    {0, 0},
    {0x1.fd5ba9aac2f6ep-4, -0x1.cd37686760c17p-59},
    {0x1.f5b75f92c80ddp-3, 0x1.8ab6e3cf7afbdp-57},
    {0x1.6f61941e4def1p-2, -0x1.c63aae6f6e918p-56},
    {0x1.dac670561bb4fp-2, 0x1.a2b7f222f65e2p-56},
    {0x1.1e00babdefeb4p-1, -0x1.928df287a668fp-58},
    {0x1.4978fa3269ee1p-1, 0x1.2419a87f2a458p-56},
    {0x1.700a7c5784634p-1, -0x1.8c34d25aadef6p-56},
    {0x1.921fb54442d18p-1, 0x1.1a62633145c07p-55},
};
inline constexpr TwoPart<double> half_pi{0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54};
inline constexpr TwoPart<double> pi{0x1.921fb54442d18p+1, 0x1.1a62633145c07p-53};

MDLOOM_INLINE double fused(double a, double b, double c) {
    return __builtin_fma(a, b, c);
}
template <class T>
MDLOOM_INLINE T fused(const T& a, const T& b, const T& c) {
    T sum = c;
    for (std::size_t lane = 0; lane < sizeof(T) / sizeof(double); ++lane)
        sum[lane] = __builtin_fma(a[lane], b[lane], sum[lane]);
    return sum;
}

MDLOOM_INLINE TwoPart<double> atan_of_eighth(double k) {
    return atan_of_eighths[static_cast<int>(k)];
}
template <class T>
MDLOOM_INLINE TwoPart<T> atan_of_eighth(const T& k) {
    TwoPart<T> angle{k - k, k - k};
    for (int i = 1; i <= 8; ++i) {
        const TwoPart<double>& one = atan_of_eighths[i];
        angle.high = k >= i ? one.high + (k - k) : angle.high;
        angle.low = k >= i ? one.low + (k - k) : angle.low;
    }
    return angle;
}

/// from - angle, where from.high >= angle.high: what the difference of the first parts loses is exact.
template <class T>
MDLOOM_INLINE TwoPart<T> difference(const TwoPart<double>& from, const TwoPart<T>& angle) {
    const T high = from.high - angle.high;
    const T lost = (from.high - high) - angle.high;
    return {high, lost + (from.low - angle.low)};
}

/// rest / (8 large + k small), and what rounding left: next to an eighth it would be two units of the result.
template <class T>
MDLOOM_INLINE TwoPart<T> quotient(const T& rest, const T& large, const T& k, const T& small) {
    const T part = k * small, part_lost = fused(k, small, -part);
    const T below = 8 * large + part, below_lost = (8 * large - below) + part + part_lost;
    const T r = rest / below;
    return {r, (fused(-r, below, rest) - r * below_lost) / below};
}

/// atan(small / large), 0 <= small <= large. With k / 8 the nearest eighth, r = tan(angle - atan(k / 8)) is at most
/// 1 / 16: eight terms of the series are enough for 2^-60.
template <class T>
MDLOOM_INLINE TwoPart<T> angle_in_octant(const T& small, const T& large) {
    constexpr double whole_numbers = 0x1.8p52;
    const T eighths = 8 * (small / large) + 0.5, nearest = (eighths + whole_numbers) - whole_numbers;
    const T k = nearest > eighths ? nearest - 1 : nearest;
    T rest = 8 * small, left = k;
    for (double bit : {8., 4., 2., 1.}) {  // exact: what is taken is within a factor 2 of what is there
        const T taken = rest - bit * large, others = left - bit;
        rest = left >= bit ? taken : rest;
        left = left >= bit ? others : left;
    }
    const TwoPart<T> ratio = quotient(rest, large, k, small);
    const T r = ratio.high, z = r * r;
    const T series =
        z * (-1. / 3 + z * (1. / 5 + z * (-1. / 7 + z * (1. / 9 + z * (-1. / 11 + z * (1. / 13 - z / 15))))));
    const TwoPart<T> eighth = atan_of_eighth(k);
    const T high = eighth.high + r;
    const T lost = r - (high - eighth.high);
    return {high, lost + (eighth.low + (r * series + ratio.low))};
}

}  // namespace detail
}  // namespace mdloom::kernels

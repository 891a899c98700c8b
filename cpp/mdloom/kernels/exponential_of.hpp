// The arithmetic of the exponential function, for one double or lanes of them: the same operations, hence the same
// bits.
#pragma once
#include "mdloom/kernels/lanes.hpp"

namespace mdloom::kernels {
namespace detail {

/// A double on whose grid there are whole numbers only: adding it drops the fraction, and leaves the number in the low
/// bits.
inline constexpr double whole_numbers = 0x1.8p52;

/// e^x = mantissa 2^n, n whole; T: double, or Lanes; |x| < 1e6. Powers of two are taken out in two parts, the first
/// with 21 zeros at its end, so that its products with n are exact.
template <class T>
MDLOOM_INLINE T exponential_mantissa(const T& x, T& n) {
    constexpr double per_log_two = 0x1.71547652b82fep+0;
    constexpr double log_two_high = 0x1.62e42fee00000p-1, log_two_low = 0x1.a39ef35793c76p-33;
    n = (x * per_log_two + whole_numbers) - whole_numbers;
    const T high = x - n * log_two_high, low = n * log_two_low;
    const T r = high - low, lost = (high - r) - low;
    // (e^r - 1 - r) / r^2 for |r| <= log(2) / 2: twelve terms of the series are enough for 2^-60.
    T series = r * (1. / 6227020800) + 1. / 479001600;
    series = series * r + 1. / 39916800;
    series = series * r + 1. / 3628800;
    series = series * r + 1. / 362880;
    series = series * r + 1. / 40320;
    series = series * r + 1. / 5040;
    series = series * r + 1. / 720;
    series = series * r + 1. / 120;
    series = series * r + 1. / 24;
    series = series * r + 1. / 6;
    series = series * r + 1. / 2;
    const T above_one = r * r * series + lost;  // what is neither 1 nor r
    const T sum = 1 + r, rest = (1 - sum) + r;
    return sum + (rest + above_one);
}

}  // namespace detail
}  // namespace mdloom::kernels

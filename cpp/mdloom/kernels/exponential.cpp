#include "mdloom/kernels/exponential.hpp"

#include <bit>
#include <cstdint>
#include <limits>

#include "mdloom/kernels/minimum_image.hpp"

namespace mdloom::kernels {
namespace {

constexpr double per_log_two = 0x1.71547652b82fep+0;
/// log 2 in two parts: the first has 21 zeros at its end, so its products with whole numbers below 2^11 are exact.
constexpr double log_two_high = 0x1.62e42fee00000p-1, log_two_low = 0x1.a39ef35793c76p-33;

/// 2^n, -1022 <= n <= 1023
double power_of_two(int n) {
    return std::bit_cast<double>(static_cast<std::uint64_t>(n + 1023) << 52);
}

/// (e^r - 1 - r) / r^2 for |r| <= log(2) / 2: eleven more terms of the series are enough for 2^-60.
double series(double r) {
    double sum = 1. / 6227020800;
    for (double factor : {1. / 479001600, 1. / 39916800, 1. / 3628800, 1. / 362880, 1. / 40320, 1. / 5040, 1. / 720,
                          1. / 120, 1. / 24, 1. / 6, 1. / 2})
        sum = sum * r + factor;
    return sum;
}

}  // namespace

double exponential(double x) noexcept {
    if (!(x < 709.79)) return x * std::numeric_limits<double>::infinity();  // NaN stays one
    if (x < -745.2) return 0;
    const double n = whole(x * per_log_two);
    const double high = x - n * log_two_high, low = n * log_two_low;
    const double r = high - low, lost = (high - r) - low;
    const double above_one = r * r * series(r) + lost;  // what is neither 1 nor r
    const double sum = 1 + r, rest = (1 - sum) + r;
    const double mantissa = sum + (rest + above_one);
    const int half = static_cast<int>(n) / 2;  // 2^n itself may be too large or too small for a double
    return mantissa * power_of_two(half) * power_of_two(static_cast<int>(n) - half);
}

}  // namespace mdloom::kernels

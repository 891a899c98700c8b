#include "mdloom/kernels/exponential.hpp"

#include <bit>
#include <cstdint>
#include <limits>

#include "mdloom/kernels/exponential_of.hpp"

namespace mdloom::kernels {
namespace {

/// 2^n, -1022 <= n <= 1023
double power_of_two(int n) {
    return std::bit_cast<double>(static_cast<std::uint64_t>(n + 1023) << 52);
}

}  // namespace

double exponential(double x) noexcept {
    if (!(x < 709.79)) return x * std::numeric_limits<double>::infinity();  // NaN stays one
    if (x < -745.2) return 0;
    double n = 0;
    const double mantissa = detail::exponential_mantissa(x, n);
    const int half = static_cast<int>(n) / 2;  // 2^n itself may be too large or too small for a double
    return mantissa * power_of_two(half) * power_of_two(static_cast<int>(n) - half);
}

}  // namespace mdloom::kernels

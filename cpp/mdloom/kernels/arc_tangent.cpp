#include "mdloom/kernels/arc_tangent.hpp"

#include <cmath>
#include <initializer_list>
#include <limits>

namespace mdloom::kernels {
namespace {

/// A number as the sum of a double and what it leaves.
struct TwoPart {
    double high, low;
};

/// atan(k / 8)
constexpr TwoPart atan_of_eighths[9] = {
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
constexpr TwoPart half_pi{0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54};
constexpr TwoPart pi{0x1.921fb54442d18p+1, 0x1.1a62633145c07p-53};

/// from - angle, where from.high >= angle.high: what the difference of the first parts loses is exact.
TwoPart difference(const TwoPart& from, const TwoPart& angle) {
    const double high = from.high - angle.high;
    const double lost = (from.high - high) - angle.high;
    return {high, lost + (from.low - angle.low)};
}

/// rest / (8 large + k small), and what rounding left: next to an eighth it would be two units of the result.
TwoPart quotient(double rest, double large, int k, double small) {
    const double part = k * small, part_lost = std::fma(k, small, -part);
    const double below = 8 * large + part, below_lost = (8 * large - below) + part + part_lost;
    const double r = rest / below;
    return {r, (std::fma(-r, below, rest) - r * below_lost) / below};
}

/// atan(small / large), 0 <= small <= large. With k / 8 the nearest eighth, r = tan(angle - atan(k / 8)) is at most
/// 1 / 16: eight terms of the series are enough for 2^-60.
TwoPart angle_in_octant(double small, double large) {
    const int k = static_cast<int>(8 * (small / large) + 0.5);
    double rest = 8 * small;
    for (int bit : {8, 4, 2, 1})
        if ((k & bit) != 0) rest -= bit * large;  // exact: what is taken is within a factor 2 of what is there
    const TwoPart ratio = quotient(rest, large, k, small);
    const double r = ratio.high, z = r * r;
    const double series =
        z * (-1. / 3 + z * (1. / 5 + z * (-1. / 7 + z * (1. / 9 + z * (-1. / 11 + z * (1. / 13 - z / 15))))));
    const double high = atan_of_eighths[k].high + r;
    const double lost = r - (high - atan_of_eighths[k].high);
    return {high, lost + (atan_of_eighths[k].low + (r * series + ratio.low))};
}

}  // namespace

double arc_tangent(double y, double x) noexcept {
    const double width = std::abs(x), height = std::abs(y);
    if (!(width <= std::numeric_limits<double>::max() && height <= std::numeric_limits<double>::max()))
        return std::numeric_limits<double>::quiet_NaN();
    TwoPart angle{0, 0};
    if (height > width)
        angle = difference(half_pi, angle_in_octant(width, height));
    else if (width > 0)
        angle = angle_in_octant(height, width);
    if (std::signbit(x)) angle = difference(pi, angle);
    return std::copysign(angle.high + angle.low, y);
}

}  // namespace mdloom::kernels

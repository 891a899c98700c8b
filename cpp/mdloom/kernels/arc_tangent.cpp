#include "mdloom/kernels/arc_tangent.hpp"

#include <cmath>
#include <limits>

#include "mdloom/kernels/arc_tangent_of.hpp"

namespace mdloom::kernels {

double arc_tangent(double y, double x) noexcept {
    const double width = std::abs(x), height = std::abs(y);
    if (!(width <= std::numeric_limits<double>::max() && height <= std::numeric_limits<double>::max()))
        return std::numeric_limits<double>::quiet_NaN();
    detail::TwoPart<double> angle{0, 0};
    if (height > width)
        angle = detail::difference(detail::half_pi, detail::angle_in_octant(width, height));
    else if (width > 0)
        angle = detail::angle_in_octant(height, width);
    if (std::signbit(x)) angle = detail::difference(detail::pi, angle);
    return std::copysign(angle.high + angle.low, y);
}

}  // namespace mdloom::kernels

// The angle of a point in the plane from additions, products, quotients alone: libm's atan2 differs between CPUs in its
// last bit, this one does not. Own design: argument reduced to eighths, a series for the rest, sums in two parts.
#pragma once

namespace mdloom::kernels {

/// Angle of (x, y) in radians, in [-pi, pi], as std::atan2(y, x): within one unit in the last place. NaN unless both
/// are finite; meant for |x|, |y| that are 0 or within [1e-300, 1e300].
double arc_tangent(double y, double x) noexcept;

inline constexpr double degrees_per_radian = 57.295779513082323;  // as the double nearest to 180 / pi

}  // namespace mdloom::kernels

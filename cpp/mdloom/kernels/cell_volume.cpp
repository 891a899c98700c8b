#include "mdloom/kernels/cell_volume.hpp"

#include <cmath>

#include "mdloom/kernels/arc_tangent.hpp"

namespace mdloom::kernels {
namespace {

double narrowed(double value) {
    return static_cast<double>(static_cast<float>(value));
}

double length_of(const Point& v) {
    return std::sqrt(dot(v, v));
}

/// Degrees, from their cosine's vectors; 90 exactly where these are perpendicular.
double angle_between(const Point& u, const Point& v) {
    const Point normal = cross(u, v);
    return narrowed(arc_tangent(length_of(normal), dot(u, v)) * degrees_per_radian);
}

/// Sine of degrees in [-90, 90]: the next term of the series is below 1e-18.
double sine(double degrees) {
    const double x = degrees / degrees_per_radian, z = x * x;
    double series = 0;
    for (int k = 23; k > 1; k -= 2) series = -z / (k * (k - 1)) * (1 + series);
    return x * (1 + series);
}

}  // namespace

double cell_volume(std::span<const float, 9> vectors, float unit) noexcept {
    const Point a = point_at(vectors, 0), b = point_at(vectors, 1), c = point_at(vectors, 2);
    const auto length = [&](const Point& v) { return narrowed(narrowed(length_of(v)) * static_cast<double>(unit)); };
    const double la = length(a), lb = length(b), lc = length(c);
    const double alpha = angle_between(b, c), beta = angle_between(a, c), gamma = angle_between(a, b);
    if (alpha == 90 && beta == 90 && gamma == 90) return la * lb * lc;
    const double cos_alpha = sine(90 - alpha), cos_beta = sine(90 - beta), cos_gamma = sine(90 - gamma);
    const double sin_gamma = gamma <= 90 ? sine(gamma) : sine(180 - gamma);
    const double cx = lc * cos_beta, cy = lc * (cos_alpha - cos_beta * cos_gamma) / sin_gamma;
    const double height_square = lc * lc - cx * cx - cy * cy;
    if (height_square > 0) return la * (lb * sin_gamma) * std::sqrt(height_square);
    const double cube = static_cast<double>(unit) * static_cast<double>(unit) * static_cast<double>(unit);
    return std::abs(dot(a, cross(b, c))) * cube;
}

}  // namespace mdloom::kernels

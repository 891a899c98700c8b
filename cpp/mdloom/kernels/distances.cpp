#include "mdloom/kernels/distances.hpp"

#include <cmath>
#include <limits>

#include "mdloom/kernels/arc_tangent.hpp"
#include "mdloom/kernels/minimum_image.hpp"

namespace mdloom::kernels {
namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

template <class Images>
Point nearest(Positions from, Positions to, std::size_t i, const Images& images) {
    return images(between(point_at(from, i), point_at(to, i)));
}

/// Sine and cosine of one angle, both multiplied by |before| |after|: right at 0 and 180 too (as Blondel & Karplus
/// 1996, J. Comput. Chem. 17, 1132).
double torsion(const Point& first, const Point& middle, const Point& last) {
    const Point before = cross(first, middle), after = cross(middle, last);
    if (dot(before, before) == 0 || dot(after, after) == 0) return undefined;
    const double sine = std::sqrt(dot(middle, middle)) * dot(first, after);
    const double angle = arc_tangent(sine, dot(before, after)) * degrees_per_radian;
    return angle <= -180 ? 180 : angle;
}

}  // namespace

void distances(Positions a, Positions b, const PeriodicBox& box, std::span<double> out) noexcept {
    with_images(box, [&](const auto& images) {
        for (std::size_t i = 0; i < out.size(); ++i) {
            const Point d = nearest(a, b, i, images);
            out[i] = std::sqrt(dot(d, d));
        }
    });
}

void distance_matrix(Positions a, Positions b, const PeriodicBox& box, std::span<double> out) noexcept {
    const std::size_t n_a = a.size() / 3, n_b = b.size() / 3;
    with_images(box, [&](const auto& images) {
        for (std::size_t i = 0; i < n_a; ++i) {
            const Point from = point_at(a, i);
            for (std::size_t j = 0; j < n_b; ++j) {
                const Point d = images(between(from, point_at(b, j)));
                out[i * n_b + j] = std::sqrt(dot(d, d));
            }
        }
    });
}

double angle_between(const Point& u, const Point& v) noexcept {
    if (dot(u, u) == 0 || dot(v, v) == 0) return undefined;
    const Point normal = cross(u, v);
    return arc_tangent(std::sqrt(dot(normal, normal)), dot(u, v)) * degrees_per_radian;
}

void angles(Positions a, Positions b, Positions c, const PeriodicBox& box, std::span<double> out) noexcept {
    with_images(box, [&](const auto& images) {
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i] = angle_between(nearest(b, a, i, images), nearest(b, c, i, images));
    });
}

void dihedrals(Positions a, Positions b, Positions c, Positions d, const PeriodicBox& box,
               std::span<double> out) noexcept {
    with_images(box, [&](const auto& images) {
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i] = torsion(nearest(a, b, i, images), nearest(b, c, i, images), nearest(c, d, i, images));
    });
}

}  // namespace mdloom::kernels

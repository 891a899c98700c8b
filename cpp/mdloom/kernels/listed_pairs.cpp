#include "mdloom/kernels/listed_pairs.hpp"

#include <cmath>
#include <limits>

#include "mdloom/kernels/minimum_image.hpp"

namespace mdloom::kernels {

void listed_squares(Positions a, Positions b, std::span<const ListedPair> pairs, const PeriodicBox& box,
                    std::span<double> out) noexcept {
    with_images(box, [&](const auto& images) {
        for (std::size_t k = 0; k < pairs.size(); ++k) {
            const Point d = images(between(point_at(a, pairs[k].i), point_at(b, pairs[k].j)));
            out[k] = dot(d, d);
        }
    });
}

double largest_square_within(double distance) noexcept {
    constexpr double infinite = std::numeric_limits<double>::infinity();
    double square = distance * distance;
    while (std::sqrt(square) > distance) square = std::nextafter(square, 0);
    for (double next = square; std::sqrt(next) <= distance; next = std::nextafter(next, infinite)) {
        square = next;
        if (square == infinite) break;
    }
    return square;
}

}  // namespace mdloom::kernels

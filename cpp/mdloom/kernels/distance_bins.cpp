#include "mdloom/kernels/distance_bins.hpp"

#include <fmt/format.h>

#include <limits>

#include "mdloom/base/error.hpp"

namespace mdloom::kernels {
namespace {

constexpr double least_width = 1e-9;  // Å; doubles leave 1e-13 of a distance of 1000 Å
constexpr double infinite = std::numeric_limits<double>::infinity();

/// The least square whose root, rounded, is not below the edge. Roots are rounded correctly, so they ascend.
double least_square(double edge) {
    double square = edge * edge;
    while (std::sqrt(square) < edge) square = std::nextafter(square, infinite);
    while (square > 0 && std::sqrt(std::nextafter(square, 0)) >= edge) square = std::nextafter(square, 0);
    return square;
}

}  // namespace

DistanceBins::DistanceBins(Index n, double first, double last) {
    if (!(n > 0)) throw ArgumentError(fmt::format("there are {} bins: at least one is needed", n));
    if (!(first >= 0 && first < last && last < infinite))
        throw ArgumentError(
            fmt::format("the range of distances is ({}, {}): 0 <= first < last is needed, in Å", first, last));
    const double width = (last - first) / static_cast<double>(n);
    if (!(width >= least_width))
        throw ArgumentError(fmt::format("{} bins from {} to {} are each {} Å wide: at least {} Å are needed", n, first,
                                        last, width, least_width));
    for (Index k = 0; k < n; ++k) edges_.push_back(static_cast<double>(k) * width + first);
    edges_.push_back(last);
    for (double edge : edges_) squares_.push_back(least_square(edge));
    squares_.back() = least_square(std::nextafter(last, infinite));
    per_length_ = static_cast<double>(n) / (last - first);
}

}  // namespace mdloom::kernels

#include "mdloom/sources/formats/unit_cell.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace mdloom::sources {
namespace {

using Doubles3 = std::array<double, 3>;

constexpr double degree = std::numbers::pi / 180;

double dot(const Doubles3& u, const Doubles3& v) {
    return u[0] * v[0] + u[1] * v[1] + u[2] * v[2];
}

double cosine(double angle) {
    return angle == 90 ? 0.0 : std::cos(angle * degree);
}

float angle_between(const Doubles3& u, const Doubles3& v) {
    return static_cast<float>(std::acos(dot(u, v) / (std::sqrt(dot(u, u)) * std::sqrt(dot(v, v)))) / degree);
}

float length(const Doubles3& u) {
    return static_cast<float>(std::sqrt(dot(u, u)));
}

}  // namespace

Box box_of_lengths_and_angles(const std::array<float, 6>& cell) {
    const bool possible = std::ranges::all_of(cell, [](float value) { return value > 0; }) &&  // false for NaN
                          cell[3] < 180 && cell[4] < 180 && cell[5] < 180;
    if (!possible) return {};
    const double b = cell[1], c = cell[2];
    const double cos_alpha = cosine(cell[3]), cos_beta = cosine(cell[4]), cos_gamma = cosine(cell[5]);
    const double sin_gamma = cell[5] == 90 ? 1.0 : std::sin(cell[5] * degree);
    const double cx = c * cos_beta, cy = c * (cos_alpha - cos_beta * cos_gamma) / sin_gamma;
    const double cz = std::sqrt(c * c - cx * cx - cy * cy);
    if (!(cz > 0)) return {};
    const auto narrow = [](double value) { return static_cast<float>(value); };
    return {cell[0], 0, 0, narrow(b * cos_gamma), narrow(b * sin_gamma), 0, narrow(cx), narrow(cy), narrow(cz)};
}

Box box_of_dcd_cell(const std::array<double, 6>& cell) {
    const Doubles3 lengths = {cell[0], cell[2], cell[5]};
    Doubles3 angles = {cell[4], cell[3], cell[1]};
    const auto is_cosine = [](double value) { return -1 <= value && value <= 1; };
    const auto is_negative = [](double value) { return value < 0; };
    if (std::ranges::all_of(angles, is_cosine)) {
        for (double& angle : angles) angle = 90 - std::asin(angle) / degree;  // exactly 90 for 0
    } else if (std::ranges::any_of(cell, is_negative) ||
               std::ranges::any_of(angles, [](double a) { return a > 180; })) {
        const Doubles3 x = {cell[0], cell[1], cell[3]}, y = {cell[1], cell[2], cell[4]},
                       z = {cell[3], cell[4], cell[5]};
        return box_of_lengths_and_angles(
            {length(x), length(y), length(z), angle_between(y, z), angle_between(x, z), angle_between(x, y)});
    }
    std::array<float, 6> narrowed;
    for (std::size_t d = 0; d < 3; ++d) {
        narrowed[d] = static_cast<float>(lengths[d]);
        narrowed[d + 3] = static_cast<float>(angles[d]);
    }
    return box_of_lengths_and_angles(narrowed);
}

}  // namespace mdloom::sources

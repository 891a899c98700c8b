#include "mdloom/kernels/wrap.hpp"

#include <algorithm>
#include <cmath>

namespace mdloom::kernels {
namespace {

using Narrow = std::array<float, 3>;

Narrow narrow(const Point& x) {
    return {static_cast<float>(x[0]), static_cast<float>(x[1]), static_cast<float>(x[2])};
}

float wrapped(double x, float length) {
    const double l = static_cast<double>(length);
    const auto moved = static_cast<float>(x - l * std::floor(x / l));
    return 0 <= moved && moved < length ? moved : 0;
}

void add(Point& to, double times, const Point& v) {
    for (std::size_t k = 0; k < 3; ++k) to[k] += times * v[k];
}

/// Whether all fractions are in [0, 1); else `x` is moved across the face it is beyond, or back on it and `push` (a
/// fraction of the largest component, growing) inside.
bool is_inside(const Narrow& candidate, const CellVectors& cell, double push, Point& x) {
    const Point f = cell.fractions(
        {static_cast<double>(candidate[0]), static_cast<double>(candidate[1]), static_cast<double>(candidate[2])});
    bool inside = true;
    for (std::size_t k = 0; k < 3; ++k) {
        if (0 <= f[k] && f[k] < 1) continue;
        inside = false;
        const Point& v = cell.vectors[k];
        const double size = std::max({std::abs(x[0]), std::abs(x[1]), std::abs(x[2])});
        add(x, f[k] >= 1 ? -1 : -f[k] + push * size / std::sqrt(dot(v, v)), v);
    }
    return inside;
}

Narrow wrapped(Point x, const CellVectors& cell) {
    constexpr double spacing = 0x1p-24;  // of float32, half of it, relative
    const Point f = cell.fractions(x);
    for (std::size_t k = 0; k < 3; ++k) add(x, -std::floor(f[k]), cell.vectors[k]);
    Narrow moved = narrow(x);
    for (double push = 0; push < 64 * spacing; push += spacing) {
        if (is_inside(moved, cell, push, x)) break;
        moved = narrow(x);
    }
    return moved;
}

}  // namespace

void wrap(Positions positions, const PeriodicBox& box, std::span<float> out) noexcept {
    if (box.shape == PeriodicBox::Shape::none) {
        std::ranges::copy(positions, out.begin());
        return;
    }
    for (std::size_t atom = 0; atom < positions.size() / 3; ++atom) {
        const Point x = point_at(positions, atom);
        Narrow moved;
        if (box.shape == PeriodicBox::Shape::orthorhombic)
            for (std::size_t k = 0; k < 3; ++k) moved[k] = wrapped(x[k], static_cast<float>(box.given.vectors[k][k]));
        else
            moved = wrapped(x, box.given);
        std::ranges::copy(moved, out.begin() + index_of(3 * atom));
    }
}

}  // namespace mdloom::kernels

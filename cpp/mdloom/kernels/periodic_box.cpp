#include "mdloom/kernels/periodic_box.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "mdloom/base/error.hpp"

namespace mdloom::kernels {
namespace {

constexpr double least_volume = 1e-9;   // of the product of the lengths; doubles leave 1e-15 of it
constexpr double most_boxes = 1 << 20;  // away; doubles then leave 1e-9 of a box
constexpr int most_steps = 10000;       // reductions of boxes that have a volume take a few tens

double length(const Point& v) {
    return std::sqrt(dot(v, v));
}

void subtract(Point& from, double times, const Point& v) {
    for (std::size_t k = 0; k < 3; ++k) from[k] -= times * v[k];
}

Point sum(const Point& u, const Point& v) {
    return {u[0] + v[0], u[1] + v[1], u[2] + v[2]};
}

Point opposite(const Point& v) {
    return {-v[0], -v[1], -v[2]};
}

CellVectors with_reciprocal(const std::array<Point, 3>& v) {
    CellVectors cell{v, {cross(v[1], v[2]), cross(v[2], v[0]), cross(v[0], v[1])}};
    const double volume = dot(v[0], cell.reciprocal[0]);  // negative for left-handed vectors
    for (Point& row : cell.reciprocal)
        for (double& value : row) value /= volume;
    return cell;
}

bool is_orthorhombic(std::span<const float> m) {
    return m[0] > 0 && m[4] > 0 && m[8] > 0 && m[1] == 0 && m[2] == 0 && m[3] == 0 && m[5] == 0 && m[6] == 0 &&
           m[7] == 0;
}

[[noreturn]] void refuse(std::span<const float> vectors, const char* reason) {
    throw ArgumentError(fmt::format("box vectors [{}] {}: give three independent vectors in Å, or None for no box",
                                    fmt::join(vectors, ", "), reason));
}

/// Takes from each vector the whole multiples of the others, as Euclid does, until none is left.
bool shorten(std::array<Point, 3>& v) {
    for (int step = 0; step < most_steps; ++step) {
        bool changed = false;
        for (std::size_t i = 0; i < 3; ++i)
            for (std::size_t j = 0; j < 3; ++j) {
                const double times = i == j ? 0 : dot(v[i], v[j]) / dot(v[j], v[j]);
                if (std::abs(times) <= 0.5 + 1e-9) continue;
                subtract(v[i], std::round(times), v[j]);
                changed = true;
            }
        if (!changed) return true;
    }
    return false;
}

/// Selling's reduction: of four vectors with the sum 0, no two form an acute angle. Each step lowers the sum of
/// squares.
bool make_obtuse(std::array<Point, 4>& v) {
    for (int step = 0; step < most_steps; ++step) {
        bool changed = false;
        for (std::size_t i = 0; i < 4 && !changed; ++i)
            for (std::size_t j = i + 1; j < 4 && !changed; ++j) {
                if (dot(v[i], v[j]) <= 1e-12 * length(v[i]) * length(v[j])) continue;
                const Point turned = v[i];
                for (std::size_t k = 0; k < 4; ++k)
                    if (k != i && k != j) v[k] = sum(v[k], turned);
                v[i] = opposite(turned);
                changed = true;
            }
        if (!changed) return true;
    }
    return false;
}

void find_faces(PeriodicBox& box, const std::array<Point, 4>& v) {
    box.faces = {v[0], v[1], v[2], v[3], sum(v[0], v[1]), sum(v[0], v[2]), sum(v[1], v[2])};
    box.least_square = dot(box.faces[0], box.faces[0]);
    for (std::size_t f = 0; f < box.faces.size(); ++f) {
        const double square = dot(box.faces[f], box.faces[f]);
        for (std::size_t k = 0; k < 3; ++k) box.faces_scaled[f][k] = box.faces[f][k] / square;
        box.least_square = std::min(box.least_square, square);
    }
    box.least_square *= 0.25 * (1 - 1e-12);
}

/// The shortest vectors that span the lattice (Minkowski's reduced basis): they are among those across the faces.
std::array<Point, 3> shortest_basis(std::array<Point, 7> faces, double volume) {
    std::ranges::sort(faces, {}, [](const Point& v) { return dot(v, v); });
    const Point normal = cross(faces[0], faces[1]);
    const auto third = std::find_if(faces.begin() + 2, faces.end() - 1,
                                    [&](const Point& v) { return std::abs(dot(v, normal)) > volume / 2; });
    return {faces[0], faces[1], *third};
}

}  // namespace

PeriodicBox make_periodic_box(std::span<const float> vectors) {
    PeriodicBox box;
    if (vectors.empty()) return box;
    if (vectors.size() != 9) refuse(vectors, "are not nine numbers");
    if (!std::ranges::all_of(vectors, [](float value) { return std::isfinite(value); }))
        refuse(vectors, "are not finite");
    std::array<Point, 3> v;
    for (std::size_t row = 0; row < 3; ++row) v[row] = point_at(vectors, row);
    if (!(std::abs(dot(v[0], cross(v[1], v[2]))) > least_volume * length(v[0]) * length(v[1]) * length(v[2])))
        refuse(vectors, "span no volume");
    box.given = box.reduced = with_reciprocal(v);
    if (is_orthorhombic(vectors)) {
        box.shape = PeriodicBox::Shape::orthorhombic;
    } else {
        box.shape = PeriodicBox::Shape::triclinic;
        bool is_reduced = shorten(v);
        std::array<Point, 4> base{v[0], v[1], v[2], opposite(sum(sum(v[0], v[1]), v[2]))};
        is_reduced = is_reduced && make_obtuse(base);
        if (!is_reduced) refuse(vectors, "are too skewed to be reduced");
        find_faces(box, base);
        box.reduced = with_reciprocal(shortest_basis(box.faces, std::abs(dot(v[0], cross(v[1], v[2])))));
    }
    for (std::size_t k = 0; k < 3; ++k) box.widths[k] = 1 / length(box.reduced.reciprocal[k]);
    return box;
}

double half_shortest(const PeriodicBox& box) noexcept {
    switch (box.shape) {
        case PeriodicBox::Shape::orthorhombic: {
            const auto& v = box.given.vectors;
            return std::min({v[0][0], v[1][1], v[2][2]}) / 2;
        }
        case PeriodicBox::Shape::triclinic:
            return std::sqrt(box.least_square) * (1 + 1e-12);
        case PeriodicBox::Shape::none:
            break;
    }
    return std::numeric_limits<double>::infinity();
}

void require_usable(std::string_view name, Positions positions, const PeriodicBox& box) {
    for (std::size_t atom = 0; atom < positions.size() / 3; ++atom) {
        const Point x = point_at(positions, atom);
        if (!(std::isfinite(x[0]) && std::isfinite(x[1]) && std::isfinite(x[2])))
            throw ArgumentError(
                fmt::format("{}: position {} is ({}, {}, {}): coordinates must be finite; leave such "
                            "atoms out",
                            name, atom, x[0], x[1], x[2]));
        if (box.shape == PeriodicBox::Shape::none) continue;
        for (const CellVectors* cell : {&box.given, &box.reduced}) {
            const Point f = cell->fractions(x);
            if (std::max({std::abs(f[0]), std::abs(f[1]), std::abs(f[2])}) > most_boxes)
                throw ArgumentError(
                    fmt::format("{}: position {} is ({}, {}, {}), more than a million boxes away: check "
                                "the units of positions and box",
                                name, atom, x[0], x[1], x[2]));
        }
    }
}

}  // namespace mdloom::kernels

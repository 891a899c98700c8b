// A periodic box made ready for arithmetic: fractions, and the same lattice in short vectors, so that the nearest image
// is found whatever the box looks like.
//
// The short vectors are an obtuse superbase (Selling's reduction): seven sums of them, and their opposites, are the
// only lattice vectors that can bound the Voronoi cell (Conway & Sloane 1992, Proc. R. Soc. A 436, 55,
// doi:10.1098/rspa.1992.0004).
#pragma once
#include <array>
#include <span>
#include <string_view>

#include "mdloom/base/index.hpp"
#include "mdloom/kernels/packed_points.hpp"

namespace mdloom::kernels {

/// [n * 3], Å, interleaved.
using Positions = std::span<const float>;

inline double dot(const Point& u, const Point& v) {
    return u[0] * v[0] + u[1] * v[1] + u[2] * v[2];
}

inline Point cross(const Point& u, const Point& v) {
    return {u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]};
}

inline Point point_at(Positions positions, std::size_t atom) {
    return {static_cast<double>(positions[3 * atom]), static_cast<double>(positions[3 * atom + 1]),
            static_cast<double>(positions[3 * atom + 2])};
}

/// x = sum fraction[k] vectors[k], fraction[k] = dot(x, reciprocal[k]).
struct CellVectors {
    std::array<Point, 3> vectors{}, reciprocal{};

    Point fractions(const Point& x) const {
        return {dot(x, reciprocal[0]), dot(x, reciprocal[1]), dot(x, reciprocal[2])};
    }
};

struct PeriodicBox {
    enum class Shape { none, orthorhombic, triclinic };

    Shape shape = Shape::none;
    CellVectors given;             ///< as the user has them
    CellVectors reduced;           ///< the same lattice in short vectors; the given ones where those are orthorhombic
    Point widths{};                ///< distance between opposite faces of the reduced cell
    std::array<Point, 7> faces{};  ///< lattice vectors across the faces of the Voronoi cell, and their opposites
    std::array<Point, 7> faces_scaled{};  ///< each divided by its square
    double least_square = 0;              ///< (half the shortest lattice vector)^2: nothing nearer has a nearer image
};

/// vectors: rows a, b, c, Å, in any orientation; empty: no box. Throws ArgumentError for vectors that are not finite or
/// span no volume (less than 1e-9 of the product of their lengths).
PeriodicBox make_periodic_box(std::span<const float> vectors);

/// Half of the shortest way from an atom to its own image, Å: within it, an image that is seen is the nearest.
double half_shortest(const PeriodicBox& box) noexcept;

/// Throws ArgumentError, naming array and atom, for a coordinate that is not finite, or so many boxes away that nothing
/// is left of its fraction (2^20).
void require_usable(std::string_view name, Positions positions, const PeriodicBox& box);

}  // namespace mdloom::kernels

// Where many points are in a division of space: the first of three steps of every search in cells.
#pragma once
#include <vector>

#include "mdloom/base/simd.hpp"
#include "mdloom/kernels/cell_grid.hpp"

namespace mdloom::kernels {

/// One array for each number, as lanes read them.
struct PlacedPoints {
    std::size_t n = 0;
    std::vector<float> x, y, z;                    ///< of the image in the first cell, about its origin, Å
    std::vector<float> along_x, along_y, along_z;  ///< in cells along each direction, from 0 to division.n

    void resize(std::size_t n_points);  ///< with room for whole blocks of lanes
};

/// Computed in double, as place_of does, then rounded to float32. Usable points (require_usable); the same bits from
/// every level.
void place_points(Positions points, const Division& division, Simd level, PlacedPoints& placed) noexcept;

}  // namespace mdloom::kernels

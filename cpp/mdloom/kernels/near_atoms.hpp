// The atoms of a group near a point, one point after the other: for loops that look at each pair once and list none.
// Cells as in cell_grid.hpp, with the images across the box's faces copied into a layer of cells around it, so that
// nothing has to be wrapped while looking.
#pragma once
#include <cstdint>

#include "mdloom/kernels/cell_grid.hpp"

namespace mdloom::kernels {

/// Reuses its memory. One thread's.
class NearAtoms {
public:
    /// Ready for points of `from` (usable, as `atoms`: require_usable). False where cells cannot help, because the
    /// atoms are few or the box is small for the cut-off (Å, finite, not negative): `pairs` then does as well.
    bool prepare(Positions from, Positions atoms, const PeriodicBox& box, double cutoff);

    /// Numbers of all atoms within the cut-off of x, between nearest images, each once and in any order; some may be
    /// further by a rounding error, so measure them. Good until the next call.
    std::span<const std::uint32_t> around(const Point& x);

private:
    struct Image {
        std::size_t cell;
        std::uint32_t atom;
        Point at;
    };
    void copy_into_cells(std::uint32_t atom, const Place& place);
    void sort_into(std::size_t n_cells);

    Division division_;
    std::array<Index, 3> strides_{};  ///< cells from one to the next along each direction, with the layers around
    double limit_square_ = 0;
    std::vector<Image> images_;
    std::vector<std::uint32_t> start_, atom_, found_;
    std::vector<double> x_, y_, z_;
};

}  // namespace mdloom::kernels

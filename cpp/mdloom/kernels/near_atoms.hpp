// The atoms of a group near each point of another, one point after the other: for loops that look at each pair once and
// list none.
//
// Atoms are sorted into cells as in cell_grid.hpp, but wider ones, with the images across the box's faces copied into a
// layer of cells around it, so that nothing has to be wrapped while looking. They are twice as wide as the cut-off
// along the second direction and as wide along the third, or wider where atoms are few: from a point, six rows of cells
// are within reach, and of each a run in memory that holds about half as many atoms as registers hold numbers.
#pragma once
#include <cstdint>

#include "mdloom/kernels/placed_points.hpp"
#include "mdloom/kernels/straight_scan.hpp"

namespace mdloom::kernels {

/// Reuses its memory. One thread's.
class NearAtoms {
public:
    /// Ready for points of `from` (usable, as `atoms`: require_usable). False where cells cannot help, because the
    /// atoms are few or the box is small for the cut-off (Å, finite, not negative): `pairs` then does as well.
    bool prepare(Positions from, Positions atoms, const PeriodicBox& box, double cutoff, Simd level);

    /// All atoms within the cut-off of from[i], between nearest images, each once and in any order; some may be further
    /// by error() twice, so measure them. Good until the next call.
    const NearList& around(std::size_t i);

    /// Of all points, where these are the atoms, too: see find_straight. Good until the next call.
    const StraightList& straight(const std::uint32_t* first_leg, std::span<const Leg> legs, const Angles& angles);

    /// How much where an atom is seen may be wrong, Å.
    double error() const { return error_; }

private:
    /// Of an atom, across a face.
    struct Image {
        std::uint32_t cell, atom;
        std::array<float, 3> at;
    };
    bool divide_space(Positions from, Positions atoms, const PeriodicBox& box, double cutoff);
    void set_cells(const Point& widths, double limit, double narrowest, double n_atoms);
    void copy_into_cells();
    void copy_across(Image image, float where, std::size_t k);
    void sort_images();
    void make_room(std::size_t n);
    CellStarts cells() const;

    Simd level_{};
    Division division_;
    double error_ = 0;
    float limit_square_ = 0;
    std::array<float, 3> reach_{};                ///< the cut-off, in cells along each direction
    std::array<std::int32_t, 3> n_{}, around_{};  ///< cells along each direction, and in the layer around them
    std::array<std::int32_t, 3> strides_{};       ///< cells from one to the next along each direction
    std::int32_t reached_ = 0;                    ///< cells along the first direction, from the one where an atom is
    std::size_t n_cells_ = 0;                     ///< with the layer
    bool is_same_ = false;                        ///< points and atoms are one group
    PlacedPoints from_, placed_;
    std::vector<std::uint32_t> cells_, corners_;  ///< of each atom; see SortedAtoms
    std::vector<std::uint32_t> near_face_;
    std::vector<Image> images_;
    std::vector<std::uint32_t> start_;
    SortedAtoms sorted_;
    NearList near_;
    StraightList straight_;
};

}  // namespace mdloom::kernels

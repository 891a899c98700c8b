// Atoms sorted into a grid of cells, so that only near ones are looked at: linked-cell method with a counting sort
// (Allen & Tildesley, Computer Simulation of Liquids, 5.3.2). O(n) time and memory, for any box or none.
#pragma once
#include <cstdint>
#include <vector>

#include "mdloom/kernels/periodic_box.hpp"

namespace mdloom::kernels {

/// How space is cut: along the vectors of the reduced cell, or along x, y, z of what the atoms fill.
struct Division {
    bool periodic = false;
    CellVectors cell;              ///< with a box; fractions of it are in [0, 1)
    Point origin{}, inverse{};     ///< without: fraction k = (x[k] - origin[k]) inverse[k]
    std::array<Index, 3> n{};      ///< cells along each direction, at least 1
    std::array<Index, 3> reach{};  ///< a pair within the cut-off is at most so many cells apart

    /// Along direction k every cell is within reach of every other, perhaps on both sides.
    bool reaches_all(std::size_t k) const { return periodic && 2 * reach[k] + 1 > n[k]; }
    /// No direction is so short: of all images of an atom, one at most is within reach.
    bool one_image() const { return !reaches_all(0) && !reaches_all(1) && !reaches_all(2); }
    /// How much of space is within reach of a cell, about.
    double share() const;
    /// The longest distance in a cell, Å.
    double diameter() const;
};

/// Without a box: what the atoms fill, from where and along each direction (the result, Å).
Point set_extent(Positions a, Positions b, Division& division);

/// About as many cells as atoms at the most. Positions of both groups are needed without a box only. Usable positions
/// (require_usable) and at least one of them; cutoff: Å, finite, not negative.
Division divide(Positions a, Positions b, const PeriodicBox& box, double cutoff);

/// Cells as wide as cutoff / parts or a little wider, however many.
Division divide(Positions a, Positions b, const PeriodicBox& box, double cutoff, double parts);

inline double n_cells(const Division& division) {
    return static_cast<double>(division.n[0]) * static_cast<double>(division.n[1]) * static_cast<double>(division.n[2]);
}

inline constexpr std::size_t few_pairs = 10000;  ///< cells cost more than they save
inline constexpr double most_of_space = 0.7;     ///< within reach: measuring all pairs is as fast

/// How much a distance of about the cut-off, as it is seen in a grid, may differ from what `distances` computes, Å.
double rounding_in_grid(const Division& division, double cutoff) noexcept;

/// Where an atom is: its cell, and its image in that cell.
struct Place {
    std::array<Index, 3> cell;
    Point at;
};

Place place_of(const Point& x, const Division& division) noexcept;

/// A run of atoms in a grid that lie next to each other in memory, and how far their images are from where they are
/// seen.
struct Run {
    std::size_t first, stop;
    Point shift;
};

struct CellGrid {
    Division division;
    std::vector<std::uint32_t> start;  ///< of each cell in the arrays below; [n_cells + 1]
    std::vector<std::uint32_t> atom;
    std::vector<double> x, y, z;  ///< of the image in the first cell, Å

    /// The runs of all atoms within reach of a cell, each atom once. `runs` is emptied first.
    void runs_around(const std::array<Index, 3>& cell, std::vector<Run>& runs) const;
};

CellGrid make_cell_grid(Positions positions, const Division& division);

}  // namespace mdloom::kernels

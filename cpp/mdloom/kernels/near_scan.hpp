// The inner loops of the search for near atoms, in float32: which atoms in some runs of memory are near a point, and
// which of these make a straight angle. All that they find is right to within a bound that the caller knows, and what
// they leave out is surely out: he measures the rest. So levels may round differently.
//
// Const and noexcept: call from any thread.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "mdloom/base/simd.hpp"

namespace mdloom::kernels {

inline constexpr std::size_t scan_padding = 16;  ///< what may be read or written behind the last of an array

/// In the order of their cells, one array for each number, and the padding.
struct SortedAtoms {
    std::vector<float> x, y, z;  ///< Å
    std::vector<std::uint32_t> atom;
    std::vector<std::uint32_t> corner;  ///< of the atoms themselves: the first cell of those within reach
};

/// Of places of sorted atoms.
struct PlaceRun {
    std::uint32_t first, stop;
};

inline constexpr std::size_t n_runs = 6;  ///< what is within reach of an atom: two rows of cells, and in three layers
using Runs = std::array<PlaceRun, n_runs>;

/// Where a cell's atoms are, and which cells are within reach of one.
struct CellStarts {
    const std::uint32_t* start;     ///< by cell; ends where the next one's begins
    std::size_t along, row, layer;  ///< cells of a run, and from one to the next

    Runs runs_from(std::size_t corner, std::size_t n_along) const {
        const std::uint32_t *const first = start + corner, *const stop = first + n_along;
        const std::size_t y = row, z = layer;
        return {{{first[0], stop[0]},
                 {first[y], stop[y]},
                 {first[z], stop[z]},
                 {first[y + z], stop[y + z]},
                 {first[2 * z], stop[2 * z]},
                 {first[y + 2 * z], stop[y + 2 * z]}}};
    }
};

/// Atoms near a point: where they are seen from it, and which they are; and the padding.
struct NearList {
    std::size_t n = 0;
    std::vector<float> x, y, z;  ///< Å
    std::vector<std::uint32_t> atom;
};

/// The atoms of some runs whose squared distance from `at` is at most `limit`, Å^2. `near`: room for all atoms of the
/// runs, and the padding.
void scan_runs(const SortedAtoms& atoms, const Runs& runs, const float* at, float limit, NearList& near,
               Simd level) noexcept;

/// From a point to something bound to it, at whose end an angle is asked for: a direction, and the length times
/// 1 + slope (see Angles). Of the length 0 in no direction: any atom will do.
struct Leg {
    float x, y, z, length;

    static constexpr Leg any() { return {0, 0, 0, -1e15F}; }
};

/// Which atoms are meant. At the end of a leg of length L they make at least an angle whose cosine c is not positive:
/// with v from the point to the atom and along = leg v - L, along^2 >= c^2 (v - leg L)^2. With slope = -c^2 this is
/// (along - slope L)^2 + slope v^2 + rest >= 0, rest = -slope (1 + slope) L^2 or more.
struct Angles {
    float least, most;  ///< of v^2, Å^2
    float close;        ///< of v^2 to a close atom, at the most, Å^2; below 0: not asked
    float slope;
    float rest;  ///< with how much the comparison may be wrong, Å^2
};

/// The atoms that perhaps make an angle with a leg.
struct StraightAtoms {
    static constexpr std::uint32_t usual = 3;
    std::uint32_t n;
    std::array<std::uint32_t, usual> atom;  ///< ascending; of more than these: where they begin in `more`
};

/// Reuses its memory.
struct StraightList {
    std::vector<StraightAtoms> of_leg;
    std::vector<std::uint32_t> more;     ///< ascending for each leg
    std::vector<std::uint32_t> crowded;  ///< atoms with a close one; in any order
};

/// For some sorted atoms, which are in `own`, and each of their legs, those of atom i legs[first_leg[i]] to
/// legs[first_leg[i + 1]]: the atoms within reach that perhaps make such an angle. And the
/// atoms that perhaps have a close one besides themselves. `found.of_leg`: room for all legs.
void find_straight(const SortedAtoms& atoms, const CellStarts& cells, PlaceRun own, const std::uint32_t* first_leg,
                   std::span<const Leg> legs, const Angles& angles, StraightList& found, Simd level);

}  // namespace mdloom::kernels

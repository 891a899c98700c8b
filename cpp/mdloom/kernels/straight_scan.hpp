// The inner loop of the search for straight angles, in float32: with the end of which legs, and which near atoms, a
// point makes one. What it finds is right to within a bound that the caller knows, and what it leaves out is surely
// out: he measures the rest. So levels may round differently.
//
// Const: call from any thread. Throws only for want of memory.
#pragma once
#include "mdloom/kernels/near_scan.hpp"

namespace mdloom::kernels {

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

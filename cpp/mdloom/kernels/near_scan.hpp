// The inner loops of the search for near atoms, in float32: which atoms in some runs of memory are near a point, and
// which of these make a straight angle. All that they find is right to within a bound that the caller knows, and what
// they leave out is surely out: he measures the rest. So levels may round differently.
//
// Const and noexcept: call from any thread.
#pragma once
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
};

/// Of places of sorted atoms.
struct PlaceRun {
    std::uint32_t first, stop;
};

/// Atoms near a point: where they are seen from it, and which they are; and the padding.
struct NearList {
    std::size_t n = 0;
    std::vector<float> x, y, z;  ///< Å
    std::vector<std::uint32_t> atom;

    std::size_t n_close = 0;
    std::vector<std::uint32_t> close;  ///< numbers in this list of those that are close, one perhaps the point itself
};

/// The atoms of four runs whose squared distance from `at` is at most `limit`, Å^2. `near`: room for all atoms of the
/// runs, and the padding.
void scan_runs(const SortedAtoms& atoms, std::span<const PlaceRun, 4> runs, const float* at, float limit,
               NearList& near, Simd level) noexcept;

/// From a point to something bound to it, at whose end an angle is asked for.
struct Leg {
    float x, y, z;  ///< Å
    float square;   ///< of its length
    float cosine;   ///< the largest of the angle, times its size and the leg's square
    float margin;   ///< how much the comparison may be wrong, Å^4
};

/// Squares of distances from a point, Å^2.
struct Distances {
    float least, most;  ///< of an atom in an angle
    float close;        ///< of a close atom, at the most
};

/// An atom that perhaps makes an angle with a leg.
struct Straight {
    std::uint32_t leg, atom;
};

/// Lists the atoms that are close. And writes which are at such a distance and perhaps make at least that angle at the
/// end of a leg, s |s| <= cosine d^2 + margin with d from the end to the atom and s = -leg d, to `found`, room for all
/// with all legs, in any order. Returns how many.
std::size_t find_straight(NearList& near, std::span<const Leg> legs, const Distances& distances, Straight* found,
                          Simd level) noexcept;

}  // namespace mdloom::kernels

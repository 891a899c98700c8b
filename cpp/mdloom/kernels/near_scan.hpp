// The inner loop of the search for near atoms, in float32: which atoms in some runs of memory are near a point. What it
// finds is right to within a bound that the caller knows, and what it leaves out is surely out: he measures the rest.
// So levels may round differently.
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

}  // namespace mdloom::kernels

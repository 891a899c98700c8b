// Density: how many atoms there are in each cell of a grid that stands still, counted over frames.
//
// Atoms outside of the grid are left out; there are no periodic images. Counts are exact: those of numpy's histogramdd
// for the same edges.
#pragma once
#include <array>
#include <memory>
#include <vector>

#include "mdloom/contracts/analysis.hpp"

namespace mdloom::analyses {

struct DensitySpec {
    Group atoms;  ///< atom indices in any order, duplicates count twice; of a group that changes, all that may come
    std::array<std::vector<double>, 3> edges;  ///< of the cells along x, y, z, Å, rising; the last cell is closed
};

/// Result: "counts", float64 [n_x, n_y, n_z], summed over frames; "n_frames" [1]; "outside" [1], how many atoms were
/// outside of the grid, summed over frames. Throws ArgumentError for an empty group, and edges that do not rise or make
/// more than 2^32 - 2 cells. Memory: 12 bytes a cell and worker, 8 for what is merged.
std::unique_ptr<Analysis> density(DensitySpec spec);

/// To rebuild one from its spec.
std::unique_ptr<Analysis> blank_density();

}  // namespace mdloom::analyses

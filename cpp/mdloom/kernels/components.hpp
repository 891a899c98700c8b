// Connected components of the graph in which atoms within a cut-off of each other are joined, between nearest images:
// union-find over the near pairs of a cell grid, which are never listed. Where atoms are dense, cells are made so small
// that each is of one component, and of two cells one near pair is enough. As exact as `pairs`, for every box and
// cut-off.
#pragma once
#include <vector>

#include "mdloom/kernels/periodic_box.hpp"

namespace mdloom::kernels {

/// The component of each atom, [n]; components are numbered from 0 in order of their first atom. Atoms are joined where
/// their distance is <= cutoff (Å). Throws ArgumentError for a cut-off that is negative or not finite, for positions
/// that are not usable (require_usable), and for more than 2^32 - 1 atoms. Call from any thread.
std::vector<Index> components(Positions positions, const PeriodicBox& box, double cutoff);

}  // namespace mdloom::kernels

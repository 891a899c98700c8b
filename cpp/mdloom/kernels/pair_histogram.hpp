// How many pairs of atoms are how far apart: a histogram of the distances between nearest images, without a list of
// pairs.
//
// Exact for every box and every cut-off: each pair is counted where the distance that `distances` computes belongs, on
// every CPU. Usable positions only (require_usable), at most 2^32 - 1 atoms; call from any thread.
#pragma once
#include "mdloom/base/simd.hpp"
#include "mdloom/kernels/distance_bins.hpp"
#include "mdloom/kernels/near_squares.hpp"

namespace mdloom::kernels {

/// Adds 1 to counts[bin] for each pair (i, j), within one group i < j. counts: [bins.size()].
void count_pairs(const GroupPair& groups, const PeriodicBox& box, const DistanceBins& bins, Simd level,
                 std::span<Index> counts);

}  // namespace mdloom::kernels

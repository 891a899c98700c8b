// Pairs of atoms within a cut-off, between nearest images: a pair is listed once, at its least distance.
//
// Exact for every box and every cut-off, also beyond half the box: cells only choose which pairs are looked at, each is
// then measured as `distances` measures it. O(n) with cells; where these cannot help (few atoms, or a cut-off about as
// large as the box) every pair is measured.
#pragma once
#include <vector>

#include "mdloom/kernels/periodic_box.hpp"

namespace mdloom::kernels {

struct Pairs {
    std::vector<Index> atoms;       ///< [n][2]: i in a, j in b, sorted by (i, j)
    std::vector<double> distances;  ///< [n], Å
};

/// Pairs (i, j) with |b_j - a_i| <= cutoff (Å). Throws ArgumentError for a cut-off that is negative or not finite, for
/// positions that are not usable (require_usable), and for more than 2^32 - 1 atoms.
Pairs pairs(Positions a, Positions b, const PeriodicBox& box, double cutoff);

/// Pairs (i, j) with i < j within one group.
Pairs pairs_within(Positions a, const PeriodicBox& box, double cutoff);

}  // namespace mdloom::kernels

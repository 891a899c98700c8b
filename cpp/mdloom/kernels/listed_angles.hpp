// Distance and angle of triples that are known beforehand, hydrogen bonds for instance: eight at a time.
#pragma once
#include <cstdint>

#include "mdloom/base/simd.hpp"
#include "mdloom/kernels/periodic_box.hpp"

namespace mdloom::kernels {

/// Atom i of one group, j of another, k of the first one again.
struct ListedTriple {
    std::uint32_t i, j, k;
};

/// |a_k - a_i|, Å, and the angle at b_j between a_i and a_k, degrees in [0, 180], of each triple; NaN where b_j
/// coincides with one. What `distances` and `angles` give, bit for bit, at every level. `distances`, `angles`: room for
/// whole blocks of n_lanes. Usable positions and boxes only (require_usable, make_periodic_box); noexcept: call from
/// any thread.
void listed_angles(Positions a, Positions b, std::span<const ListedTriple> triples, const PeriodicBox& box,
                   double* distances, double* angles, Simd level) noexcept;

}  // namespace mdloom::kernels

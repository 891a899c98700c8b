// Distances of pairs of atoms that are known beforehand, contacts for instance: as many steps as pairs, however large
// the groups are.
#pragma once
#include <cstdint>
#include <vector>

#include "mdloom/kernels/periodic_box.hpp"

namespace mdloom::kernels {

/// Atom i of one group and atom j of another.
struct ListedPair {
    std::uint32_t i, j;
};

/// |b_j - a_i|^2 between nearest images, Å^2, [n_pairs]; its square root is what `distances` gives, bit for bit. Usable
/// positions and boxes only (require_usable, make_periodic_box). noexcept: call from any thread.
void listed_squares(Positions a, Positions b, std::span<const ListedPair> pairs, const PeriodicBox& box,
                    std::span<double> out) noexcept;

/// The largest square whose root is not above `distance` (>= 0): comparing squares with it says exactly what comparing
/// distances would.
double largest_square_within(double distance) noexcept;

}  // namespace mdloom::kernels

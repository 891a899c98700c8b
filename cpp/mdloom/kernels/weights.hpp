// Weights of a group's atoms, as users give them.
#pragma once
#include <span>
#include <string>

namespace mdloom::kernels {

/// Throws ArgumentError, in which the group is called `what`, unless there are none, or n_atoms that are finite and not
/// negative, with a sum above least_total_weight.
void require_usable_weights(std::span<const double> weights, std::size_t n_atoms, const std::string& what);

}  // namespace mdloom::kernels

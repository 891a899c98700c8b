// How much of known contacts is there, where they fade out with distance (Best, Hummer & Eaton 2013,
// doi:10.1073/pnas.1311599110).
#pragma once
#include <span>

#include "mdloom/base/simd.hpp"

namespace mdloom::kernels {

/// Sum over contacts of 1 / (1 + exp(beta (r - limit))). squares: r^2, Å^2, not negative; limits: lambda r0, Å; both
/// [n]; beta: 1/Å. noexcept: call from any thread. All levels give the same bits: no libm.
double soft_contact_sum(std::span<const double> squares, std::span<const double> limits, double beta,
                        Simd level) noexcept;

}  // namespace mdloom::kernels

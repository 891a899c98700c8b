#include "mdloom/kernels/weights.hpp"

#include <fmt/format.h>

#include <cmath>

#include "mdloom/base/error.hpp"
#include "mdloom/kernels/rmsd_sums.hpp"

namespace mdloom::kernels {

void require_usable_weights(std::span<const double> weights, std::size_t n_atoms, const std::string& what) {
    if (weights.empty()) return;
    if (weights.size() != n_atoms)
        throw ArgumentError(
            fmt::format("{} has {} atoms and {} weights: one for each is needed", what, n_atoms, weights.size()));
    double total = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        if (!std::isfinite(weights[i]) || weights[i] < 0)
            throw ArgumentError(
                fmt::format("{}: weight {} is {}: weights must be finite and not negative", what, i, weights[i]));
        total += weights[i];
    }
    if (!(total > least_total_weight && std::isfinite(total)))
        throw ArgumentError(fmt::format("{}: the sum of the weights is {}: it must be above {} and finite", what, total,
                                        least_total_weight));
}

}  // namespace mdloom::kernels

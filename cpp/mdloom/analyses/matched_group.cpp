#include "mdloom/analyses/matched_group.hpp"

#include <fmt/format.h>

#include <cmath>

#include "mdloom/base/error.hpp"
#include "mdloom/kernels/rmsd_sums.hpp"

namespace mdloom::analyses {

void require_usable(const MatchedGroup& group, const std::string& what) {
    const std::size_t n = group.mobile.size();
    if (n == 0) throw ArgumentError(fmt::format("{} holds no atom: select at least one", what));
    if (group.reference.size() != 3 * n)
        throw ArgumentError(fmt::format("{} has {} atoms, its reference {} coordinates: {} are needed", what, n,
                                        group.reference.size(), 3 * n));
    for (std::size_t i = 0; i < group.reference.size(); ++i)
        if (!std::isfinite(group.reference[i]))
            throw ArgumentError(fmt::format("{}: the reference position of atom {} is not finite", what, i / 3));
    if (!group.weights.empty() && group.weights.size() != n)
        throw ArgumentError(
            fmt::format("{} has {} atoms and {} weights: one for each is needed", what, n, group.weights.size()));
    double total = 0;
    for (std::size_t i = 0; i < group.weights.size(); ++i) {
        if (!std::isfinite(group.weights[i]) || group.weights[i] < 0)
            throw ArgumentError(
                fmt::format("{}: weight {} is {}: weights must be finite and not negative", what, i, group.weights[i]));
        total += group.weights[i];
    }
    if (!group.weights.empty() && !(total > kernels::least_total_weight && std::isfinite(total)))
        throw ArgumentError(fmt::format("{}: the sum of the weights is {}: it must be above {} and finite", what, total,
                                        kernels::least_total_weight));
}

}  // namespace mdloom::analyses

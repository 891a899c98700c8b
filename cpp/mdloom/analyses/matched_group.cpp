#include "mdloom/analyses/matched_group.hpp"

#include <fmt/format.h>

#include <cmath>

#include "mdloom/base/error.hpp"
#include "mdloom/kernels/weights.hpp"

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
    kernels::require_usable_weights(group.weights, n, what);
}

}  // namespace mdloom::analyses

#include "mdloom/transforms/atom_places.hpp"

#include <fmt/format.h>

#include "mdloom/base/error.hpp"

namespace mdloom::transforms {

void require_below(Index n_atoms, const Group& group, std::string_view name) {
    for (Index atom : group)
        if (atom < 0 || atom >= n_atoms)
            throw ArgumentError(fmt::format("{} names atom {}, but there are {} atoms", name, atom, n_atoms));
}

}  // namespace mdloom::transforms

// Where atoms stand among those that a reader reads.
#pragma once
#include <algorithm>
#include <string_view>
#include <vector>

#include "mdloom/frame/frame.hpp"

namespace mdloom::transforms {

/// -1: it is not read.
inline Index place_of(Index atom, const std::vector<Index>& atoms) {
    const auto at = std::ranges::lower_bound(atoms, atom);
    return at != atoms.end() && *at == atom ? at - atoms.begin() : -1;
}

inline std::vector<Index> places_of(const Group& group, const std::vector<Index>& atoms) {
    std::vector<Index> places;
    for (Index atom : group) places.push_back(place_of(atom, atoms));
    return places;
}

inline void add_sorted(std::vector<Index>& atoms, const Group& more) {
    atoms.insert(atoms.end(), more.begin(), more.end());
    std::ranges::sort(atoms);
    const auto repeats = std::ranges::unique(atoms);
    atoms.erase(repeats.begin(), repeats.end());
}

/// Throws ArgumentError for an atom that is not there.
void require_below(Index n_atoms, const Group& group, std::string_view name);

}  // namespace mdloom::transforms

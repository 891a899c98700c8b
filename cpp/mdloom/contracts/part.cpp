#include <iterator>

#include "mdloom/contracts/backend.hpp"

namespace mdloom {

void Part::merge(Part&& other) {
    ordinals.add(other.ordinals);
    for (std::size_t i = 0; i < states.size(); ++i) states[i]->merge(std::move(*other.states[i]));
    records.insert(records.end(), std::make_move_iterator(other.records.begin()),
                   std::make_move_iterator(other.records.end()));
}

}  // namespace mdloom

// Several sources read as one, one after another.
#pragma once
#include <memory>

#include "mdloom/contracts/source.hpp"

namespace mdloom::sources {

/// Throws TopologyError when they do not all have the same number of atoms, ArgumentError when there are none.
std::shared_ptr<const Source> chain(std::vector<std::shared_ptr<const Source>> parts);

/// The descriptions of the parts, when `description` is that of a chain; else nothing.
std::vector<Bytes> chained_descriptions(std::span<const std::byte> description);

}  // namespace mdloom::sources

// A source whose frames are transformed on their way out; to whoever reads it, a source like any other.
#pragma once
#include <functional>

#include "mdloom/contracts/source.hpp"
#include "mdloom/transforms/transform.hpp"

namespace mdloom::transforms {

/// The transforms work in their order, on no more atoms than they need for those that are read. Throws ArgumentError
/// for a transform that names an atom that is not there.
std::shared_ptr<const Source> transformed(std::shared_ptr<const Source> source, Transforms transforms);

/// What describe() of such a source gave; nullptr for descriptions of other sources. open(description) opens the one
/// inside. Throws StateError when the bytes are damaged, and what open()
/// and transformed() throw.
std::shared_ptr<const Source> open_transformed(
    std::span<const std::byte> description,
    const std::function<std::shared_ptr<const Source>(std::span<const std::byte>)>& open);

}  // namespace mdloom::transforms

// Every transform by its name, to make it again where its source is opened again.
#pragma once
#include <span>

#include "mdloom/transforms/transform.hpp"

namespace mdloom::transforms {

struct Info {
    std::string_view name;
    std::shared_ptr<const Transform> (*read)(ByteReader& spec);
};

/// In alphabetical order. Being listed here means being tested against the source laws (tests/laws).
std::span<const Info> catalog();

/// The transform whose write_spec() wrote these bytes. Throws StateError when the name is not listed or the bytes are
/// damaged.
std::shared_ptr<const Transform> rebuild(std::string_view name, ByteReader& spec);

}  // namespace mdloom::transforms

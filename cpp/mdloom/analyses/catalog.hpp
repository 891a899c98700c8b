// Every analysis by its name. Being listed here means being tested against the laws (tests/laws).
#pragma once
#include <memory>
#include <span>
#include <string_view>

#include "mdloom/contracts/analysis.hpp"

namespace mdloom::analyses {

struct Info {
    std::string_view name;
    std::string_view summary;              ///< one line, for tables and help
    std::unique_ptr<Analysis> (*blank)();  ///< knows only how to rebuild(); never run
};

/// In alphabetical order.
std::span<const Info> catalog();

/// The analysis whose write_spec() wrote these bytes. Throws StateError when the name is not listed or the bytes are
/// damaged.
std::unique_ptr<Analysis> rebuild(std::string_view name, ByteReader& spec);

}  // namespace mdloom::analyses

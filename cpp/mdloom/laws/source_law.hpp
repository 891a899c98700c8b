// The source law: frame k read first, last, twice, partly or by a second reader has the same bytes as read in sequence.
#pragma once
#include <string>

#include "mdloom/contracts/source.hpp"

namespace mdloom::laws {

/// How the source breaks its law, or nothing. Reads every frame some forty times. Throws what its readers throw.
std::string broken_source_law(const Source& source);

}  // namespace mdloom::laws

// Analyses that came in shared libraries of other projects, and how any analysis is made again by its name.
#pragma once
#include "bindings.hpp"

namespace mdloom::bindings {

/// The analysis whose write_spec() wrote these bytes: of the catalog, or of a plug-in that this process has loaded.
/// Takes the GIL where it must. Throws StateError when nobody here knows the name.
std::unique_ptr<Analysis> rebuild_analysis(const std::string& name, ByteReader& spec);

}  // namespace mdloom::bindings

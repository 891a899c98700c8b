// CHARMM, NAMD and X-PLOR DCD: Fortran records of float32 positions, all x, then all y, then all z.
// Spec: https://www.ks.uiuc.edu/Research/vmd/plugins/molfile/dcdplugin.html
#pragma once
#include "mdloom/sources/file_source.hpp"

namespace mdloom::sources {

/// Whether a file that starts with these bytes claims to be one.
bool is_dcd(std::span<const std::byte> head);

/// Throws FileError, FormatError.
std::shared_ptr<const Source> open_dcd(std::shared_ptr<const File> file, const OpenOptions& options,
                                       const std::optional<Snapshot>& expected);

}  // namespace mdloom::sources

// GROMACS XTC: compressed positions, one lossy integer grid per frame.
// Spec: https://manual.gromacs.org/current/reference-manual/file-formats.html#xtc
#pragma once
#include "mdloom/sources/file_source.hpp"

namespace mdloom::sources {

/// Whether a file that starts with these bytes claims to be one.
bool is_xtc(std::span<const std::byte> head);

/// Throws FileError, FormatError.
std::shared_ptr<const Source> open_xtc(std::shared_ptr<const File> file, const OpenOptions& options,
                                       const std::optional<Snapshot>& expected);

}  // namespace mdloom::sources

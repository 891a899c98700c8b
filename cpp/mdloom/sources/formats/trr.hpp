// GROMACS TRR: positions, velocities and forces as they were computed, each in some frames or in all.
// Spec: https://manual.gromacs.org/current/reference-manual/file-formats.html#trr
#pragma once
#include "mdloom/sources/file_source.hpp"

namespace mdloom::sources {

/// Whether a file that starts with these bytes claims to be one.
bool is_trr(std::span<const std::byte> head);

/// Throws FileError, FormatError. Its readers refuse frames without positions when atoms are wanted of them.
std::shared_ptr<const Source> open_trr(std::shared_ptr<const File> file, const OpenOptions& options,
                                       const std::optional<Snapshot>& expected);

}  // namespace mdloom::sources

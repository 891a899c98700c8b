// AMBER trajectories in NetCDF classic files (CDF-1, CDF-2, CDF-5), read by arithmetic, without a library.
// Spec: https://ambermd.org/netcdf/nctraj.xhtml
#pragma once
#include "mdloom/sources/file_source.hpp"

namespace mdloom::sources {

/// Throws FileError, FormatError, and ArgumentError for what is right, but has to be read by others: restart files,
/// integers. Frames are the records that the header counts and the file holds.
std::shared_ptr<const Source> open_amber_netcdf(std::shared_ptr<const File> file, const OpenOptions& options,
                                                const std::optional<Snapshot>& expected);

}  // namespace mdloom::sources

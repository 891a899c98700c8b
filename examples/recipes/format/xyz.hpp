// XYZ trajectories: text; per frame the number of atoms, a comment, and a line "name x y z" (Å) for each atom.
// Spec: https://en.wikipedia.org/wiki/XYZ_file_format
#pragma once
#include <mdloom/sources/open_options.hpp>

#include <mdloom/contracts/source.hpp>

/// Time is the frame's index in ps, as the format knows none. A frame whose last line has no end is not there yet: its
/// last number may be cut. Throws FileError, FormatError.
std::shared_ptr<const mdloom::Source> open_xyz(const std::string& path,
                                               const mdloom::sources::OpenOptions& options = {});

// Finds the frames of a file by visiting the head of each. A long file is searched in pieces, several at a time.
#pragma once
#include "mdloom/sources/frame_index.hpp"

namespace mdloom::sources {

/// When a file is cut into pieces, and how many frames one has at least and at most.
struct Cutting {
    double worth_seconds = 0.01;  ///< visiting all its heads in turn takes longer
    Range piece_frames{64, 1024};
};

/// `known` and the whole frames behind it. Throws FileError, FormatError for a damaged head or another number of atoms.
/// Whatever for_each does, this gives and throws what one head after the other gives and throws, also where coordinates
/// look like heads: a piece counts from where the frames before it lead to one that it has found, too.
FrameIndex scan_frames(const File& file, const HeadFormat& format, const ForEach& for_each, FrameIndex known = {},
                       const Cutting& cutting = {});

}  // namespace mdloom::sources

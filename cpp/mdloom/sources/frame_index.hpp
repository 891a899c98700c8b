// Where each frame of a trajectory file starts, for formats whose frames differ in length. Found by visiting every
// frame's header once and kept in a file, which is never trusted: see find_frame_index().
#pragma once
#include <memory>
#include <vector>

#include "mdloom/base/for_each.hpp"
#include "mdloom/base/warnings.hpp"
#include "mdloom/sources/frame_heads.hpp"

namespace mdloom::sources {

struct FrameIndex {
    Index n_atoms = 0;
    std::vector<Index> offsets = {0};  ///< [n_frames + 1]; the last one is where the whole frames end
    std::vector<Index> steps;          ///< [n_frames]
    std::vector<double> times;         ///< [n_frames], ps

    Index n_frames() const { return index_of(steps.size()); }
    Index end() const { return offsets.back(); }
    FrameHead head(Index frame_index) const;
    friend bool operator==(const FrameIndex&, const FrameIndex&) = default;
};

/// The kept index when it fits the file, else a new one, which is then kept. Kept beside the file as
/// `.<name>.mdloom-index`, or, where that cannot be written, in $XDG_CACHE_HOME/mdloom (~/.cache/mdloom); the
/// environment variable MDLOOM_INDEX is `off` or the folder to use instead. An index of an older state of the file is
/// renewed silently; one that is damaged or contradicts the file is renewed with a warning. Readers still compare every
/// frame they read with head().
FrameIndex find_frame_index(const File& file, const HeadFormat& format, const ForEach& for_each, const Warn& warn);

/// For readers that met a frame which is not what the index `known` says: either of the two is wrong, and scanning
/// tells which. Keeps the result, warns. Throws FormatError when there is another number of frames.
std::shared_ptr<const FrameIndex> renew_frame_index(const File& file, const HeadFormat& format, const Warn& warn,
                                                    const FrameIndex& known);

}  // namespace mdloom::sources

// Where each frame of a trajectory file starts, for formats whose frames differ in length. Found by visiting every
// frame's header once and kept in a file, which is never trusted: see find_frame_index().
#pragma once
#include <bit>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "mdloom/base/warnings.hpp"
#include "mdloom/sources/files/file.hpp"

namespace mdloom::sources {

/// What a frame's header says.
struct FrameHead {
    Index n_bytes = 0;  ///< of the whole frame
    Index n_atoms = 0;
    Index step = 0;
    double time = 0;                                                  ///< ps
    friend bool operator==(const FrameHead& a, const FrameHead& b) {  // NaN is a time, too, and equals itself
        return a.n_bytes == b.n_bytes && a.n_atoms == b.n_atoms && a.step == b.step &&
               std::bit_cast<std::uint64_t>(a.time) == std::bit_cast<std::uint64_t>(b.time);
    }
};

/// The head of the frame that starts at `offset`; nothing when the file ends inside it. Throws FormatError when there
/// is no frame of this format.
using FindHead = std::function<std::optional<FrameHead>(Index offset, Index frame_index)>;

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

/// `known` and the whole frames behind it. Throws FormatError for a damaged header or another number of atoms.
FrameIndex scan_frames(const File& file, const FindHead& find_head, FrameIndex known = {});

/// The kept index when it fits the file, else a new one, which is then kept. Kept beside the file as
/// `.<name>.mdloom-index`, or, where that cannot be written, in $XDG_CACHE_HOME/mdloom (~/.cache/mdloom); the
/// environment variable MDLOOM_INDEX is `off` or the folder to use instead. An index of an older state of the file is
/// renewed silently; one that is damaged or contradicts the file is renewed with a warning. Readers still compare every
/// frame they read with head().
FrameIndex find_frame_index(const File& file, const FindHead& find_head, const Warn& warn);

/// For readers that met a frame which is not what the index `known` says: either of the two is wrong, and scanning
/// tells which. Keeps the result, warns. Throws FormatError when there is another number of frames.
std::shared_ptr<const FrameIndex> renew_frame_index(const File& file, const FindHead& find_head, const Warn& warn,
                                                    const FrameIndex& known);

}  // namespace mdloom::sources

// Frames as a trajectory file: each worker encodes what it sees and leaves the bytes in parts (part_file.hpp);
// what this analysis knows of them is enough to join the parts and to prove that they are whole.
#pragma once
#include <memory>

#include "mdloom/contracts/analysis.hpp"
#include "mdloom/writers/frame_encoder.hpp"
#include "mdloom/writers/part_file.hpp"

namespace mdloom::writers {

inline constexpr std::string_view written_trajectory_name = "written_trajectory";

struct WrittenTrajectorySpec {
    Group group;  ///< in the order in which they are written, duplicates kept
    EncoderSpec encoder;
    std::string folder;  ///< for the parts; every worker must see it
};

/// Result: "written", [n_frames, 6]: ordinal, frame index, time (ps), bytes, upper and lower half of their checksum; in
/// order of ordinals. Throws ArgumentError when there is no atom, or the encoder cannot be made. A frame that the
/// format cannot hold is refused.
std::unique_ptr<Analysis> written_trajectory(WrittenTrajectorySpec spec);

/// What a row of "written" says. Throws ArgumentError when it is none.
FrameRecord record_of(std::span<const double> row);

/// From its spec. Throws StateError.
std::unique_ptr<Analysis> rebuild_written_trajectory(ByteReader& spec);

}  // namespace mdloom::writers

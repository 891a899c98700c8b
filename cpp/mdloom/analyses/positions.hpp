// Positions of a group in every frame, Å, with time and box: for what looks at all frames together.
//
// 12 bytes for each atom and frame in the State, and as many again in the Result; 88 more for each frame.
#pragma once
#include <memory>

#include "mdloom/contracts/analysis.hpp"

namespace mdloom::analyses {

/// atoms: in any order, with repeats.
///
/// Result, in order of ordinals: "positions", float32 [n_frames, n_atoms, 3], Å; "frame", index in the trajectory
/// [n_frames]; "time" [n_frames], ps; "box" [n_frames, 3, 3], cell vectors in rows, Å, zeros where there is none.
/// Throws ArgumentError when the group is empty.
std::unique_ptr<Analysis> positions(Group atoms);

/// To rebuild one from its spec.
std::unique_ptr<Analysis> blank_positions();

}  // namespace mdloom::analyses

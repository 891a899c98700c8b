// Dihedral angles in each frame, degrees, each between nearest images where the frame has a box.
//
// The angle a-b-c-d: 0 is cis; seen along b -> c, positive when d stands clockwise of a (IUPAC-IUB 1970,
// doi:10.1021/bi00820a001).
#pragma once
#include <array>
#include <memory>

#include "mdloom/contracts/analysis.hpp"

namespace mdloom::analyses {

/// atoms: a, b, c, d of each angle, [n] each.
///
/// Result: "angles", float64 [n_frames, n], degrees in (-180, 180]; NaN where three atoms in a row are collinear;
/// "times", [n_frames], ps. Throws ArgumentError when there is no angle or the four sizes differ; a frame whose box
/// spans no volume is refused.
std::unique_ptr<Analysis> dihedrals(std::array<Group, 4> atoms);

/// To rebuild one from its spec.
std::unique_ptr<Analysis> blank_dihedrals();

}  // namespace mdloom::analyses

// RMSD of each frame from a reference, Å: superposed on it or as it stands, weighted or not; further groups are moved
// by the same superposition and measured without a fit of their own.
//
// rmsd = sqrt(sum_i w_i |x'_i - r_i|^2 / sum_i w_i), x' the frame after the rotation and translation that make it least
// (Theobald 2005, doi:10.1107/S0108767305015266; Liu, Agrafiotis & Theobald 2010, doi:10.1002/jcc.21439), or x itself.
#pragma once
#include <memory>
#include <vector>

#include "mdloom/analyses/matched_group.hpp"
#include "mdloom/contracts/analysis.hpp"

namespace mdloom::analyses {

struct RmsdSpec {
    MatchedGroup fitted;
    bool superposition = true;
    std::vector<MatchedGroup> groups;  ///< measured after the fitted group's superposition
};

/// Result: "rmsd", float64 [n_frames, 3 + n_groups]: frame index, time (ps), RMSD of the fitted group (Å), of each
/// group (Å). Throws ArgumentError when sizes do not match, a group is empty, or weights or references are no usable
/// numbers.
std::unique_ptr<Analysis> rmsd(RmsdSpec spec);

/// To rebuild one from its spec.
std::unique_ptr<Analysis> blank_rmsd();

}  // namespace mdloom::analyses

// Mean position of each atom after every frame was superposed on a reference, Å, and how far frames were from it.
//
// <R (x_i - c) + r_c> over frames: rotation R and centre c are those that make the fitted atoms' RMSD least (Theobald
// 2005, doi:10.1107/S0108767305015266; Liu, Agrafiotis & Theobald 2010, doi:10.1002/jcc.21439). Moved positions are
// summed as integers of 2^-40 Å, so that the mean is that of all frames at once, however they were cut.
#pragma once
#include <memory>

#include "mdloom/analyses/matched_group.hpp"
#include "mdloom/contracts/analysis.hpp"

namespace mdloom::analyses {

struct AverageStructureSpec {
    MatchedGroup fitted;
    Group averaged;  ///< atom indices in any order, duplicates are atoms of their own; moved as the fitted ones are
};

/// Result: "positions", float64 [n, 3] (Å); "rmsd", [1], mean over frames of the fitted atoms' RMSD (Å). Without frames
/// both are NaN. Throws ArgumentError for groups that are empty, or where sizes or numbers do not fit; a frame that
/// the fit moves beyond 2^22 Å is refused.
std::unique_ptr<Analysis> average_structure(AverageStructureSpec spec);

/// To rebuild one from its spec.
std::unique_ptr<Analysis> blank_average_structure();

}  // namespace mdloom::analyses

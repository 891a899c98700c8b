// RMSF of each atom about its mean position, Å, as the frames stand: nothing is fitted, nothing is weighted.
//
// rmsf_i = sqrt(<|x_i - <x_i>|^2>), <> the mean over frames. Positions are summed as integers of 2^-40 Å, so that mean
// and squares are those of all frames at once, however they were cut.
#pragma once
#include <memory>

#include "mdloom/contracts/analysis.hpp"

namespace mdloom::analyses {

/// group: atom indices in any order, duplicates count as atoms of their own.
///
/// Result: "rmsf", float64 [n] (Å); "mean", [n, 3], mean position (Å); "sumsquares", [n, 3], sum over frames of
/// (x - mean)^2 (Å^2). Without frames rmsf and mean are NaN. Throws ArgumentError for an empty group; conclude() throws
/// StateError where so many frames are so far from the origin that their squares do not fit 128 bits.
std::unique_ptr<Analysis> rmsf(Group group);

/// To rebuild one from its spec.
std::unique_ptr<Analysis> blank_rmsf();

}  // namespace mdloom::analyses

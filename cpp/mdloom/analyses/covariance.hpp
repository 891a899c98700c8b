// Covariances of the coordinates of a group over frames, Å^2: what principal components are found from. Frames are
// taken as they stand.
//
// C_ij = sum over frames of (x_i - m_i) (x_j - m_j) / (n_frames - 1), m the mean over the same frames or a given one.
// Coordinates are rounded to 2^-31 Å, and what is added for each frame are exact integers, so nothing cancels far from
// the origin. Why this grid: float32 coordinates of 2^-8 Å or more from 0 are on it, so C is that of the coordinates as
// they are; those nearer to 0 move by 2^-32 Å at most, 1e-9 of a fluctuation of 0.25 Å. And 45 bits up to 2^14 Å are
// what two numbers hold whose products add up exactly in doubles. (MDAnalysis multiplies deviations in float32: 6e-8.)
#pragma once
#include <memory>
#include <vector>

#include "mdloom/contracts/analysis.hpp"

namespace mdloom::analyses {

struct CovarianceSpec {
    Group group;               ///< in any order, duplicates count twice
    std::vector<double> mean;  ///< Å, [n * 3]: instead of the mean over frames; empty: that one
};

/// Result: "covariance", Å^2, [3 n, 3 n], symmetric, NaN for less than two frames; "mean", Å, [n, 3], over the frames
/// or as given, NaN without frames; "n_frames", [1]. A state takes 72 n^2 bytes. Throws ArgumentError for an empty
/// group and a mean that does not fit it; a frame with a coordinate beyond 2^14 Å is refused with one, too.
std::unique_ptr<Analysis> covariance(CovarianceSpec spec);

/// To rebuild one from its spec.
std::unique_ptr<Analysis> blank_covariance();

}  // namespace mdloom::analyses

// Projections of each frame on given vectors, Å: p_k = sum_i v_ki (x_i - m_i), x the coordinates of a group as they
// stand, m a mean, v for instance principal components of unit length.
#pragma once
#include <memory>
#include <vector>

#include "mdloom/contracts/analysis.hpp"

namespace mdloom::analyses {

struct ProjectionSpec {
    Group group;                  ///< in any order, duplicates count twice
    std::vector<double> mean;     ///< Å, [3 n]
    std::vector<double> vectors;  ///< [n_vectors * 3 n], one after the other
};

/// Result: "projections", [n_frames, 2 + n_vectors]: frame index, time (ps), p_1, p_2, ... (Å). Throws ArgumentError
/// for an empty group, no vector, sizes that do not fit, and numbers that are not finite.
std::unique_ptr<Analysis> projection(ProjectionSpec spec);

/// To rebuild one from its spec.
std::unique_ptr<Analysis> blank_projection();

}  // namespace mdloom::analyses

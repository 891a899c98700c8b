// Centre and radii of gyration of a group in each frame, Å, as the frame stands: nothing is made whole.
//
// c = sum_i w_i x_i / W, r_g = sqrt(sum_i w_i |x_i - c|^2 / W), W = sum_i w_i; about an axis through c only the
// distance from that axis counts, so r_x^2 + r_y^2 + r_z^2 = 2 r_g^2.
#pragma once
#include <memory>
#include <vector>

#include "mdloom/contracts/analysis.hpp"

namespace mdloom::analyses {

struct GyrationSpec {
    Group group;                  ///< atom indices in any order, duplicates count twice
    std::vector<double> weights;  ///< [n], not negative, their sum above 0; empty: all are 1
};

/// Result: "gyration", float64 [n_frames, 9]: frame index, time (ps), centre x, y, z, radius of gyration, radii about
/// the axes x, y, z (Å). Throws ArgumentError for an empty group or weights that are no usable numbers.
std::unique_ptr<Analysis> gyration(GyrationSpec spec);

/// To rebuild one from its spec.
std::unique_ptr<Analysis> blank_gyration();

}  // namespace mdloom::analyses

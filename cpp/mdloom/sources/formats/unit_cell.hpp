// Unit cells as files describe them -> the three cell vectors.
#pragma once
#include <array>

#include "mdloom/frame/frame.hpp"

namespace mdloom::sources {

/// Lengths a, b, c in Å and the angles alpha (b, c), beta (a, c), gamma (a, b) in degrees, in single precision. a lies
/// along x, b in the xy plane. All zero (no box) unless every length is positive and the angles span a volume.
Box box_of_lengths_and_angles(const std::array<float, 6>& cell);

/// The six doubles of a DCD frame: A, gamma, B, beta, alpha, C with angles in degrees (NAMD 2.5) or as cosines (X-PLOR,
/// CHARMM, NAMD since 2.6; taken when all three are in [-1, 1]), or, when a number is negative or an angle above 180,
/// the lower triangle of CHARMM's symmetric box matrix (since version 22).
Box box_of_dcd_cell(const std::array<double, 6>& cell);

}  // namespace mdloom::sources

// Distances, angles and dihedral angles of atoms, each between nearest images.
//
// Positions are float32 [n * 3], Å; differences and everything after them are double. Usable positions and boxes only
// (require_usable, make_periodic_box); const and noexcept: call from any thread. Same bits on every CPU: no libm but
// sqrt.
#pragma once
#include "mdloom/kernels/periodic_box.hpp"

namespace mdloom::kernels {

/// |b_i - a_i|, Å, [n].
void distances(Positions a, Positions b, const PeriodicBox& box, std::span<double> out) noexcept;

/// |b_j - a_i|, Å, [n_a * n_b], one row for each a_i.
void distance_matrix(Positions a, Positions b, const PeriodicBox& box, std::span<double> out) noexcept;

/// The angle between two vectors, degrees in [0, 180]: atan2(|u x v|, u . v), right near 0 and 180 too. NaN where one
/// has no length.
double angle_between(const Point& u, const Point& v) noexcept;

/// The angle at b_i between a_i and c_i, degrees in [0, 180], [n]. NaN where b_i coincides with a_i or c_i.
void angles(Positions a, Positions b, Positions c, const PeriodicBox& box, std::span<double> out) noexcept;

/// The dihedral angle a-b-c-d, degrees in (-180, 180], [n]: 0 is cis; seen along b -> c, positive when d stands
/// clockwise of a (IUPAC-IUB 1970, doi:10.1021/bi00820a001). NaN where three atoms in a row are collinear.
void dihedrals(Positions a, Positions b, Positions c, Positions d, const PeriodicBox& box,
               std::span<double> out) noexcept;

}  // namespace mdloom::kernels

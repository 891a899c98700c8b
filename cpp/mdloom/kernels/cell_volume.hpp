// The volume of a box, as densities are normalised by.
#pragma once
#include "mdloom/kernels/periodic_box.hpp"

namespace mdloom::kernels {

/// Å^3, of the cell with the float32 lengths and angles (degrees) that these vectors have: what MDAnalysis' Timestep
/// shows, and what files other than GROMACS' hold. Within 1e-7 of the determinant, and that itself where rounded angles
/// span no volume. vectors: as make_periodic_box takes them, but in units of `unit` Å: lengths are rounded before they
/// are multiplied, and again. noexcept; same bits on every CPU: no libm but sqrt.
double cell_volume(std::span<const float, 9> vectors, float unit = 1) noexcept;

}  // namespace mdloom::kernels

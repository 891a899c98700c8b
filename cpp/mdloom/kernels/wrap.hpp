// Moving atoms into the cell by whole cell vectors.
#pragma once
#include "mdloom/kernels/periodic_box.hpp"

namespace mdloom::kernels {

/// Each position moved so that its fractions of the given cell vectors are in [0, 1), also after rounding to float32:
/// what float32 can only place on the far face is placed on the near one, about a float32 spacing of
/// the cell vectors away, times their length over the distance of their faces where the cell is skewed.
/// Without a box nothing moves. Usable positions and boxes only (require_usable). noexcept.
void wrap(Positions positions, const PeriodicBox& box, std::span<float> out) noexcept;

}  // namespace mdloom::kernels

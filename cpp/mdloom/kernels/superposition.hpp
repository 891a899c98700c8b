// Optimal superposition of a frame on a reference from nothing but their sums: quaternion characteristic polynomial, no
// eigenvector needed for the RMSD. Theobald 2005, doi:10.1107/S0108767305015266; the rotation from the adjoint: Liu,
// Agrafiotis & Theobald 2010, doi:10.1002/jcc.21439. Rotations are proper: a mirror image is not fitted.
#pragma once
#include "mdloom/kernels/rmsd_sums.hpp"

namespace mdloom::kernels {

struct Superposition {
    double rmsd = 0;  ///< sqrt(sum w_i |x'_i - r_i|^2 / sum w_i) at its least, Å
    Motion motion;    ///< what moves the frame on the reference; rotation only when asked for
};

/// positions: [n][3], Å. When several rotations are equally good (collinear points), one of them.
Superposition superpose(const float* positions, const FitReference& reference, bool want_rotation, Simd level) noexcept;

/// x' of each position, rounded to float32, [n][3], Å.
void move_positions(std::span<const float> positions, const Motion& motion, std::span<float> out) noexcept;

/// The same without rounding, for those who sum them.
void move_positions(std::span<const float> positions, const Motion& motion, std::span<double> out) noexcept;

}  // namespace mdloom::kernels

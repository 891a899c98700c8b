// Sums and sums of squares of coordinates over some frames, as exact integers: every coordinate rounded to 2^-40 Å
// (ties to even), then added and squared without rounding, in less than half of the time that 128-bit arithmetic on
// each one takes.
//
// Differences d from the first frame are split in h, a multiple of 2^-15 Å, and the rest l, so that all terms of
// d^2 = h^2 + 2 h l + l^2 are multiples of powers of two whose sums over 32 frames fit a double's 53 bits.
#pragma once
#include <span>

#include "mdloom/base/bytes.hpp"
#include "mdloom/base/simd.hpp"

namespace mdloom::kernels {

inline constexpr std::size_t most_summed_frames = 32;
inline constexpr std::size_t summed_width = 64;  ///< coordinates summed at a time

struct CoordinateSums {
    std::array<std::int64_t, summed_width> sums;  ///< steps of 2^-40 Å
    std::array<UInt128, summed_width> squares;    ///< steps of 2^-80 Å^2
    std::array<bool, summed_width> is_exact;  ///< false: too far from the origin (2^10 Å) or from the first frame (the
                                              ///< squares add up to 2^20 Å^2), not summed
};

/// frames: Å, summed_width of each of 1 to most_summed_frames frames, which stand `stride` apart. noexcept: call from
/// any thread. All levels give the same.
void coordinate_sums(const float* frames, std::size_t n_frames, std::size_t stride, CoordinateSums& out,
                     Simd level) noexcept;

}  // namespace mdloom::kernels

// Sums and sums of squares of coordinates over frames, as exact integers: every coordinate rounded to 2^-40 Å (ties to
// even), then added and squared without rounding.
//
// The last 52 bits of the double x + 1.5 * 2^12 are m = 2^51 + x in steps of 2^-40 Å, for |x| < 2^11 Å. Sums of all its
// bits and of m^2 = 2^52 high + low are three 64-bit integers a coordinate, which pass through the cache once for some
// frames; arithmetic in 128 bits waits until the end.
#pragma once
#include <span>

#include "mdloom/base/bytes.hpp"
#include "mdloom/base/simd.hpp"

namespace mdloom::kernels {

inline constexpr std::size_t summed_width = 8;  ///< coordinates summed at a time
/// Of a pass over 47,681 atoms, 2 take 272 µs a frame, 4 take 264, 8 take 307: copies of more leave the cache.
inline constexpr std::size_t most_frames_at_once = 4;
inline constexpr std::size_t most_summed_frames = 2048;  ///< `low` grows by less than 2^53 with each

/// Of summed_width coordinates. As made: of no frames.
struct RunningSums {
    alignas(64) std::array<std::uint64_t, summed_width> bits{};  ///< modulo 2^64
    alignas(64) std::array<std::uint64_t, summed_width> low{};
    alignas(64) std::array<std::uint64_t, summed_width> high{};
};

/// Adds n coordinates of 1 to most_frames_at_once frames, Å, from those of sums[first] on. Stops where one is no number
/// or not below 2^11 Å, of either sign (at -2^11 itself, levels differ), and gives the place in sums: there, zeros were
/// added for all of the frames. Else gives how many sums there are, n / summed_width rounded up. noexcept: call from
/// any thread. All levels come to the same exact_sums().
std::size_t add_coordinates(std::span<const float* const> frames, std::size_t n, std::size_t first, RunningSums* sums,
                            Simd level) noexcept;

struct ExactSums {
    std::int64_t sum;  ///< steps of 2^-40 Å
    UInt128 squares;   ///< steps of 2^-80 Å^2
};

/// After n_frames frames.
std::array<ExactSums, summed_width> exact_sums(const RunningSums& sums, std::size_t n_frames) noexcept;

}  // namespace mdloom::kernels

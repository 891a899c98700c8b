// Sums over frames of the products of all pairs of coordinates, as exact integers: each coordinate rounded to 2^-31 Å
// (ties to even; float32 from 2^-8 Å on are multiples of that anyway), then multiplied and added without rounding, in a
// quarter of the time that 128-bit arithmetic on each pair takes (AVX2, 214 atoms: 48 and 176 us a frame).
//
// A coordinate is 2^-8 h + 2^-31 l, |h| and |l| at most 2^22. Sums of h h', l l' and (h + l) (h' + l') over 64 frames
// fit a double's 53 bits, so that multiplications and additions in doubles are exact in any order; h l' + l h' is the
// third sum without the first two.
#pragma once
#include <span>
#include <vector>

#include "mdloom/base/bytes.hpp"
#include "mdloom/base/simd.hpp"

namespace mdloom::kernels {

inline constexpr std::size_t most_multiplied_frames = 64;
inline constexpr double farthest_multiplied = 0x1p14;  ///< Å; no |coordinate| may be larger
inline constexpr int multiplied_grid = -31;            ///< coordinates are multiples of 2^-31 Å
inline constexpr std::size_t multiplied_width = 8;     ///< coordinates side by side in a panel

/// Coordinates of up to most_multiplied_frames frames, split and laid out for add_products(): 1536 bytes for each.
class SplitFrames {
public:
    void resize(std::size_t n_coordinates);
    std::size_t n_coordinates() const { return n_coordinates_; }
    std::size_t n_frames() const { return n_frames_; }
    bool is_full() const { return n_frames_ == most_multiplied_frames; }
    void clear() { n_frames_ = 0; }

    /// coordinates: Å, [n_coordinates], none beyond farthest_multiplied; not when it is full.
    void add(std::span<const float> coordinates);

    enum Part : std::size_t { high, low, both, n_parts };
    /// [n_frames][multiplied_width] of coordinates 8 panel, 8 panel + 1, ...; zeros behind the last. As doubles, in
    /// steps of 2^-8 Å (high), of 2^-31 Å (low), and the sum of these two numbers.
    const double* panel(std::size_t panel, Part part) const {
        return values_.data() + (panel * n_parts + part) * most_multiplied_frames * multiplied_width;
    }

private:
    std::size_t n_coordinates_ = 0, n_frames_ = 0;
    std::vector<double> values_;
};

/// Adds to sums[i], in steps of 2^-31 Å, the sum of coordinate i over the frames. noexcept: call from any thread.
void add_sums(const SplitFrames& frames, std::span<Int128> sums) noexcept;

/// Where the pair i <= j of n coordinates stands when the rows of the upper triangle follow each other.
constexpr std::size_t place_in_triangle(std::size_t i, std::size_t j, std::size_t n) {
    return i * (2 * n - i - 1) / 2 + j;
}

/// Adds to products[place_in_triangle(i, j, n)] for all i <= j the sum over frames of coordinate i times coordinate j,
/// in steps of 2^-62 Å^2. All levels give the same.
void add_products(const SplitFrames& frames, std::span<Int128> products, Simd level) noexcept;

}  // namespace mdloom::kernels

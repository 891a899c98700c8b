// The inner loops of the pair histogram in float32: which of many candidates are near an atom, and in which bins they
// are. All that they find is right to within a bound that the caller knows; what is nearer to an edge than that, he
// measures. So levels may round differently and still give the same counts.
//
// Const and noexcept: call from any thread.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "mdloom/base/simd.hpp"

namespace mdloom::kernels {

/// Atoms that may be near those of one cell, about a point of that cell, Å.
struct Candidates {
    static constexpr std::size_t padding = 16;  ///< behind the last one: far away, and never found
    static constexpr float far_away = 1e15F;    ///< its square is finite

    std::vector<float> x, y, z;
    std::vector<std::uint32_t> atom;
    std::size_t n = 0;
};

/// Appends n atoms at x + shift, y + shift, z + shift; reads and writes up to `padding` beyond them.
void append_shifted(const std::array<const double*, 3>& from, std::size_t n, const std::array<double, 3>& shift,
                    const std::uint32_t* atoms, Candidates& to, Simd level) noexcept;

/// Pairs that were found: squared distances, Å^2, and places among the candidates.
struct Hits {
    std::vector<float> squares;
    std::vector<std::uint32_t> places;
    std::size_t n = 0;
};

/// Appends the candidates from `first` on whose squared distance from (x, y, z) is at most `limit`. There must be room
/// for all candidates and the padding.
void scan(const Candidates& candidates, std::size_t first, const float* at, float limit, Hits& hits,
          Simd level) noexcept;

/// How a squared distance becomes a bin: sqrt(square) * per_length + offset, whole part; 0 is below all of them.
struct BinRule {
    float per_length, offset;
    float last;            ///< what is beyond counts there
    float doubt;           ///< nearer to a whole number than this: the bin is not certain
    std::int32_t doubted;  ///< the number of such a bin
};

/// [hits.n]. True when at least one is in doubt.
bool find_bins(const Hits& hits, const BinRule& rule, std::int32_t* bins, Simd level) noexcept;

}  // namespace mdloom::kernels

#include "mdloom/kernels/coordinate_sums.hpp"

#include <cmath>

#include "mdloom/kernels/lanes.hpp"

namespace mdloom::kernels {
namespace {

constexpr double farthest = 0x1p10;      // of the first frame; others are then below 2^11
constexpr double most_squares = 0x1p20;  // no |d| reaches 2^10, and no sum of d or h l passes 53 bits
constexpr double to_grid = 0x1.8p12;     // x + to_grid is a multiple of 2^-40 where |x| < 2^11
constexpr double to_halves = 0x1.8p37;   // (d + to_halves) - to_halves is a multiple of 2^-15

/// Of each coordinate, what doubles hold exactly.
struct Terms {
    alignas(64) double first[summed_width];  ///< x in the first frame + to_grid
    alignas(64) double d[summed_width], hh[summed_width], hl[summed_width], ll[summed_width];
};

/// Products are exact, so it does not matter whether they are rounded before they are added.
template <int W>
MDLOOM_INLINE void add_exact_product(const Lanes<W>& a, const Lanes<W>& b, Lanes<W>& sum) {
    if constexpr (W > 2)
        add_product<W>(a, b, sum);
    else
        sum += a * b;  // a fused one is a call there
}

template <int W>
MDLOOM_INLINE void sum_terms(const float* frames, std::size_t n_frames, std::size_t stride, Terms& terms) {
    for (std::size_t at = 0; at < summed_width; at += W) {
        const Lanes<W> first = detail::widen<W>(frames + at) + to_grid;
        Lanes<W> sum_d{}, sum_hh{}, sum_hl{}, sum_ll{};
        for (std::size_t frame = 0; frame < n_frames; ++frame) {
            const Lanes<W> d = (detail::widen<W>(frames + frame * stride + at) + to_grid) - first;
            const Lanes<W> h = (d + to_halves) - to_halves, l = d - h;
            sum_d += d;
            add_exact_product<W>(h, h, sum_hh);
            add_exact_product<W>(h, l, sum_hl);
            add_exact_product<W>(l, l, sum_ll);
        }
        store<W>(first, terms.first + at);
        store<W>(sum_d, terms.d + at);
        store<W>(sum_hh, terms.hh + at);
        store<W>(sum_hl, terms.hl + at);
        store<W>(sum_ll, terms.ll + at);
    }
}

#if defined(__x86_64__)
MDLOOM_TARGET_AVX512 void sum_terms_avx512(const float* frames, std::size_t n_frames, std::size_t stride,
                                           Terms& terms) {
    sum_terms<8>(frames, n_frames, stride, terms);
}
MDLOOM_TARGET_AVX2 void sum_terms_avx2(const float* frames, std::size_t n_frames, std::size_t stride, Terms& terms) {
    sum_terms<4>(frames, n_frames, stride, terms);
}
#endif

void sum_terms_at(Simd level, const float* frames, std::size_t n_frames, std::size_t stride, Terms& terms) {
    switch (level) {
#if defined(__x86_64__)
        case Simd::avx512:
            return sum_terms_avx512(frames, n_frames, stride, terms);
        case Simd::avx2:
            return sum_terms_avx2(frames, n_frames, stride, terms);
#endif
        default:
            sum_terms<2>(frames, n_frames, stride, terms);
    }
}

std::int64_t whole_steps(double value, double steps) {
    return static_cast<std::int64_t>(value * steps);  // exact, as both are
}

}  // namespace

void coordinate_sums(const float* frames, std::size_t n_frames, std::size_t stride, CoordinateSums& out,
                     Simd level) noexcept {
    Terms terms;
    sum_terms_at(level, frames, n_frames, stride, terms);
    for (std::size_t i = 0; i < summed_width; ++i) {
        const double first = terms.first[i] - to_grid;
        out.is_exact[i] = std::abs(first) < farthest && terms.hh[i] < most_squares;
        if (!out.is_exact[i]) continue;
        // sum (q + d)^2 = q (n q + 2 sum d) + sum d^2
        const std::int64_t q = whole_steps(first, 0x1p40), d = whole_steps(terms.d[i], 0x1p40),
                           n_q = static_cast<std::int64_t>(n_frames) * q;
        const Int128 hl = whole_steps(terms.hl[i], 0x1p55);
        const UInt128 d_squares = (static_cast<UInt128>(whole_steps(terms.hh[i], 0x1p30)) << 50) +
                                  static_cast<UInt128>(hl * (Int128{1} << 26)) +
                                  static_cast<UInt128>(whole_steps(terms.ll[i], 0x1p80));
        out.sums[i] = n_q + d;
        out.squares[i] = static_cast<UInt128>(Int128{q} * (n_q + 2 * d)) + d_squares;
    }
}

}  // namespace mdloom::kernels

#include "mdloom/kernels/pair_scan.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "mdloom/kernels/lanes.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

#include "mdloom/kernels/lanes_of_mask.hpp"
#endif

namespace mdloom::kernels {
namespace {

constexpr std::size_t block = 8;
typedef float Floats4 __attribute__((vector_size(16)));

/// Whole blocks: a run of atoms is not much longer than one.
MDLOOM_INLINE void append_any(const std::array<const double*, 3>& from, std::size_t n,
                              const std::array<double, 3>& shift, const std::uint32_t* atoms, Candidates& to) {
    float* const rows[3] = {to.x.data() + to.n, to.y.data() + to.n, to.z.data() + to.n};
    for (std::size_t k = 0; k < 3; ++k) {
        const double* const in = from[k];
        float* const out = rows[k];
        const double by = shift[k];
        for (std::size_t i = 0; i < n; i += block)
            for (std::size_t half = 0; half < block; half += 4) {
                const Lanes<4> moved = load<4>(in + i + half) + by;
                const Floats4 narrow = __builtin_convertvector(moved, Floats4);
                std::memcpy(out + i + half, &narrow, sizeof narrow);
            }
    }
    std::uint32_t* const out = to.atom.data() + to.n;
    for (std::size_t i = 0; i < n; i += block) std::memcpy(out + i, atoms + i, block * sizeof *out);
    to.n += n;
}

/// Every candidate is written, and kept only when it counts: no branch that the CPU must guess.
void scan_portable(const Candidates& from, std::size_t first, const float* at, float limit, Hits& hits) {
    constexpr std::size_t many = 64;
    alignas(64) float squares[many];
    for (std::size_t k = first; k < from.n; k += many) {
        const std::size_t n = std::min(many, from.n - k);
        const float* const x = from.x.data() + k;
        const float* const y = from.y.data() + k;
        const float* const z = from.z.data() + k;
        for (std::size_t i = 0; i < n; ++i) {
            const float dx = x[i] - at[0], dy = y[i] - at[1], dz = z[i] - at[2];
            squares[i] = dx * dx + dy * dy + dz * dz;
        }
        float* const to = hits.squares.data();
        std::uint32_t* const places = hits.places.data();
        std::size_t found = hits.n;
        for (std::size_t i = 0; i < n; ++i) {
            to[found] = squares[i];
            places[found] = static_cast<std::uint32_t>(k + i);
            found += static_cast<std::size_t>(squares[i] <= limit);
        }
        hits.n = found;
    }
}

/// The rule is a copy: bins might overwrite it, for all that the compiler knows.
MDLOOM_INLINE bool find_bins_any(const float* squares, std::size_t n, const BinRule rule, std::int32_t* bins) {
    const float least = rule.doubt, most = 1 - rule.doubt;
    std::int32_t doubts = 0;
    for (std::size_t k = 0; k < n; ++k) {
        const float place = __builtin_sqrtf(squares[k]) * rule.per_length + rule.offset;
        const float above = place < 0.5F ? 0.5F : place, clamped = above > rule.last ? rule.last : above;
        const auto bin = static_cast<std::int32_t>(clamped);
        const float part = clamped - static_cast<float>(bin);
        const std::int32_t in_doubt = static_cast<std::int32_t>(part < least) | static_cast<std::int32_t>(part > most);
        bins[k] = in_doubt != 0 ? rule.doubted : bin;
        doubts |= in_doubt;
    }
    return doubts != 0;
}

#if defined(__x86_64__)

MDLOOM_TARGET_AVX2 void scan_avx2(const Candidates& from, std::size_t first, const float* at, float limit, Hits& hits) {
    const __m256 x = _mm256_set1_ps(at[0]), y = _mm256_set1_ps(at[1]), z = _mm256_set1_ps(at[2]);
    const __m256 limits = _mm256_set1_ps(limit);
    const float* const xs = from.x.data();
    const float* const ys = from.y.data();
    const float* const zs = from.z.data();
    float* const squares = hits.squares.data();
    std::uint32_t* const places = hits.places.data();
    std::size_t n = hits.n;
    for (std::size_t k = first; k < from.n; k += 8) {
        const __m256 dx = _mm256_sub_ps(_mm256_loadu_ps(xs + k), x), dy = _mm256_sub_ps(_mm256_loadu_ps(ys + k), y),
                     dz = _mm256_sub_ps(_mm256_loadu_ps(zs + k), z);
        const __m256 square = _mm256_fmadd_ps(dz, dz, _mm256_fmadd_ps(dy, dy, _mm256_mul_ps(dx, dx)));
        const auto mask = static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(square, limits, _CMP_LE_OQ)));
        const __m256i lanes = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(static_cast<long long>(lanes_of_mask[mask])));
        _mm256_storeu_ps(squares + n, _mm256_permutevar8x32_ps(square, lanes));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(places + n),
                            _mm256_add_epi32(lanes, _mm256_set1_epi32(static_cast<int>(k))));
        n += static_cast<std::size_t>(__builtin_popcount(mask));
    }
    hits.n = n;
}

MDLOOM_TARGET_AVX512 void scan_avx512(const Candidates& from, std::size_t first, const float* at, float limit,
                                      Hits& hits) {
    const __m512 x = _mm512_set1_ps(at[0]), y = _mm512_set1_ps(at[1]), z = _mm512_set1_ps(at[2]);
    const __m512 limits = _mm512_set1_ps(limit);
    const __m512i count = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const float* const xs = from.x.data();
    const float* const ys = from.y.data();
    const float* const zs = from.z.data();
    float* const squares = hits.squares.data();
    std::uint32_t* const places = hits.places.data();
    std::size_t n = hits.n;
    for (std::size_t k = first; k < from.n; k += 16) {
        const __m512 dx = _mm512_sub_ps(_mm512_loadu_ps(xs + k), x), dy = _mm512_sub_ps(_mm512_loadu_ps(ys + k), y),
                     dz = _mm512_sub_ps(_mm512_loadu_ps(zs + k), z);
        const __m512 square = _mm512_fmadd_ps(dz, dz, _mm512_fmadd_ps(dy, dy, _mm512_mul_ps(dx, dx)));
        const __mmask16 mask = _mm512_cmp_ps_mask(square, limits, _CMP_LE_OQ);
        const __m512i here = _mm512_add_epi32(count, _mm512_set1_epi32(static_cast<int>(k)));
        _mm512_storeu_ps(squares + n, _mm512_maskz_compress_ps(mask, square));
        _mm512_storeu_si512(places + n, _mm512_maskz_compress_epi32(mask, here));
        n += static_cast<std::size_t>(__builtin_popcount(mask));
    }
    hits.n = n;
}

MDLOOM_TARGET_AVX2 void append_avx2(const std::array<const double*, 3>& from, std::size_t n,
                                    const std::array<double, 3>& shift, const std::uint32_t* atoms, Candidates& to) {
    append_any(from, n, shift, atoms, to);
}
MDLOOM_TARGET_AVX512 void append_avx512(const std::array<const double*, 3>& from, std::size_t n,
                                        const std::array<double, 3>& shift, const std::uint32_t* atoms,
                                        Candidates& to) {
    append_any(from, n, shift, atoms, to);
}
MDLOOM_TARGET_AVX2 bool find_bins_avx2(const float* squares, std::size_t n, const BinRule& rule, std::int32_t* bins) {
    return find_bins_any(squares, n, rule, bins);
}
MDLOOM_TARGET_AVX512 bool find_bins_avx512(const float* squares, std::size_t n, const BinRule& rule,
                                           std::int32_t* bins) {
    return find_bins_any(squares, n, rule, bins);
}

#endif

}  // namespace

void append_shifted(const std::array<const double*, 3>& from, std::size_t n, const std::array<double, 3>& shift,
                    const std::uint32_t* atoms, Candidates& to, Simd level) noexcept {
    switch (level) {
#if defined(__x86_64__)
        case Simd::avx512:
            return append_avx512(from, n, shift, atoms, to);
        case Simd::avx2:
            return append_avx2(from, n, shift, atoms, to);
#endif
        default:
            return append_any(from, n, shift, atoms, to);
    }
}

void scan(const Candidates& candidates, std::size_t first, const float* at, float limit, Hits& hits,
          Simd level) noexcept {
    switch (level) {
#if defined(__x86_64__)
        case Simd::avx512:
            return scan_avx512(candidates, first, at, limit, hits);
        case Simd::avx2:
            return scan_avx2(candidates, first, at, limit, hits);
#endif
        default:
            return scan_portable(candidates, first, at, limit, hits);
    }
}

bool find_bins(const Hits& hits, const BinRule& rule, std::int32_t* bins, Simd level) noexcept {
    switch (level) {
#if defined(__x86_64__)
        case Simd::avx512:
            return find_bins_avx512(hits.squares.data(), hits.n, rule, bins);
        case Simd::avx2:
            return find_bins_avx2(hits.squares.data(), hits.n, rule, bins);
#endif
        default:
            return find_bins_any(hits.squares.data(), hits.n, rule, bins);
    }
}

}  // namespace mdloom::kernels

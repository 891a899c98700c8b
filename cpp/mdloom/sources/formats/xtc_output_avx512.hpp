// Where positions of the AVX-512 decoder of XTC go, and the check that all are inside. A part of xtc_decode_avx512.cpp,
// which alone includes it.
#pragma once
#include "mdloom/sources/formats/xtc_fields_avx512.hpp"

namespace mdloom::sources {
namespace {

/// From numbers to positions in Å or nm. By value in the loop: what it holds then stays in registers.
struct Output {
    __m512 scale, unit;
    __m512i lowest = _mm512_set1_epi32(INT32_MAX), highest = _mm512_set1_epi32(INT32_MIN);  // of all, [x y z] x 5
    __m256i lowest_half = _mm256_set1_epi32(INT32_MAX), highest_half = _mm256_set1_epi32(INT32_MIN);  // [x y z] x 3
    __m256i lowest_rest = _mm256_set1_epi32(INT32_MAX), highest_rest = _mm256_set1_epi32(INT32_MIN);  // [y z x] x 3

    MDLOOM_TARGET_XTC explicit Output(const XtcCoding& coding)
        : scale(_mm512_set1_ps(coding.inverse_precision)), unit(_mm512_set1_ps(coding.unit)) {}

    /// 16 numbers, the first one of x.
    MDLOOM_INLINE_XTC void put(float* out, __m512i at) {
        lowest = _mm512_min_epi32(lowest, at), highest = _mm512_max_epi32(highest, at);
        _mm512_storeu_ps(out, _mm512_mul_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(at), scale), unit));
    }
    /// The 17th to 24th number of a pair.
    MDLOOM_INLINE_XTC void put_rest(float* out, __m256i at) {
        lowest_rest = _mm256_min_epi32(lowest_rest, at), highest_rest = _mm256_max_epi32(highest_rest, at);
        store_half(out, at);
    }
    /// 8 numbers, the first one of x.
    MDLOOM_INLINE_XTC void put_half(float* out, __m256i at) {
        lowest_half = _mm256_min_epi32(lowest_half, at), highest_half = _mm256_max_epi32(highest_half, at);
        store_half(out, at);
    }
    MDLOOM_TARGET_XTC bool is_inside(const XtcCoding& coding) const {
        alignas(64) std::int32_t low[16], high[16];
        const auto inside = [&](std::size_t n, std::size_t first_axis) {
            for (std::size_t i = 0; i < n; ++i) {
                const std::size_t d = (first_axis + i) % 3;
                if (low[i] < coding.lowest[d] || high[i] >= coding.lowest[d] + Index{coding.sizes[d]}) return false;
            }
            return true;
        };
        _mm256_store_si256(reinterpret_cast<__m256i*>(low), lowest_half);
        _mm256_store_si256(reinterpret_cast<__m256i*>(high), highest_half);
        if (!inside(8, 0)) return false;
        _mm256_store_si256(reinterpret_cast<__m256i*>(low), lowest_rest);
        _mm256_store_si256(reinterpret_cast<__m256i*>(high), highest_rest);
        if (!inside(8, 1)) return false;
        _mm512_store_si512(low, lowest), _mm512_store_si512(high, highest);
        return inside(16, 0);
    }

private:
    MDLOOM_INLINE_XTC void store_half(float* out, __m256i at) const {
        const __m256 nm = _mm256_mul_ps(_mm256_cvtepi32_ps(at), _mm512_castps512_ps256(scale));
        _mm256_storeu_ps(out, _mm256_mul_ps(nm, _mm512_castps512_ps256(unit)));
    }
};

}  // namespace
}  // namespace mdloom::sources

// Where positions of the AVX-512 decoder of XTC go, and the check that all are inside. A part of xtc_decode_avx512.cpp,
// which alone includes it.
#pragma once
#include "mdloom/sources/formats/xtc_fields_avx512.hpp"

namespace mdloom::sources {
namespace {

/// From numbers, counted from the lowest corner, to positions in Å or nm. By value in the loop: what it holds then
/// stays in registers. Numbers below the corner are large ones without their sign.
struct Output {
    __m512 scale, unit;
    __m512i lowest;       // [x y z] x 5
    __m256i lowest_rest;  // [y z x] x 3
    __m512i farthest = _mm512_setzero_si512();
    __m256i farthest_half = _mm256_setzero_si256(), farthest_rest = _mm256_setzero_si256();

    MDLOOM_TARGET_XTC explicit Output(const XtcCoding& coding)
        : scale(_mm512_set1_ps(coding.inverse_precision)), unit(_mm512_set1_ps(coding.unit)) {
        alignas(64) std::int32_t corner[17];
        for (std::size_t i = 0; i < 17; ++i) corner[i] = coding.lowest[i % 3];
        lowest = load8(corner);
        lowest_rest = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(corner + 1));
    }

    /// 16 numbers, the first one of x.
    MDLOOM_INLINE_XTC void put(float* out, __m512i at) {
        farthest = _mm512_max_epu32(farthest, at);
        const __m512 nm = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_add_epi32(at, lowest)), scale);
        _mm512_storeu_ps(out, _mm512_mul_ps(nm, unit));
    }
    /// 8 numbers, the first one of x.
    MDLOOM_INLINE_XTC void put_half(float* out, __m256i at) {
        farthest_half = _mm256_max_epu32(farthest_half, at);
        store(out, _mm256_add_epi32(at, _mm512_castsi512_si256(lowest)));
    }
    /// 8 numbers, the first one of y: the 17th and those that follow.
    MDLOOM_INLINE_XTC void put_rest(float* out, __m256i at) {
        farthest_rest = _mm256_max_epu32(farthest_rest, at);
        store(out, _mm256_add_epi32(at, lowest_rest));
    }
    MDLOOM_TARGET_XTC bool is_inside(const XtcCoding& coding) const {
        alignas(64) std::uint32_t number[16];
        const auto are_inside = [&](std::size_t n, std::size_t first_axis) {
            for (std::size_t i = 0; i < n; ++i)
                if (number[i] >= coding.sizes[(first_axis + i) % 3]) return false;
            return true;
        };
        _mm512_store_si512(number, farthest);
        if (!are_inside(16, 0)) return false;
        _mm256_store_si256(reinterpret_cast<__m256i*>(number), farthest_half);
        if (!are_inside(8, 0)) return false;
        _mm256_store_si256(reinterpret_cast<__m256i*>(number), farthest_rest);
        return are_inside(8, 1);
    }

private:
    MDLOOM_INLINE_XTC void store(float* out, __m256i at) const {
        const __m256 nm = _mm256_mul_ps(_mm256_cvtepi32_ps(at), _mm512_castps512_ps256(scale));
        _mm256_storeu_ps(out, _mm256_mul_ps(nm, _mm512_castps512_ps256(unit)));
    }
};

}  // namespace
}  // namespace mdloom::sources

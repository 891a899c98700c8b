// Fields of an XTC stream in the AVX-512 decoder: where they stand, what they are divided by, and their three numbers.
// A part of xtc_decode_avx512.cpp, which alone includes it.
#pragma once
#include <immintrin.h>

#include <algorithm>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wpsabi"                // vectors are passed between inlined functions only
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC 12: _mm512_undefined_epi32 in its own headers
#pragma GCC diagnostic ignored "-Wuninitialized"        // the same
#endif

#define MDLOOM_TARGET_XTC \
    __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx512vbmi,avx512ifma,avx2,fma,bmi,bmi2")))
#define MDLOOM_INLINE_XTC MDLOOM_TARGET_XTC inline __attribute__((always_inline))

#include "mdloom/sources/formats/xtc_packing.hpp"

namespace mdloom::sources {
namespace {

constexpr int most_bits = 51;  ///< of a field: its quotients come from products of 52 bits

MDLOOM_INLINE_XTC __m256i load4(const void* from) {
    return _mm256_load_si256(static_cast<const __m256i*>(from));
}
MDLOOM_INLINE_XTC __m512i load8(const void* from) {
    return _mm512_load_si512(from);
}

/// v / d == (v * multiplier >> 52) >> shift for all v of n_bits. With the multiplier rounded up, the error of the
/// quotient is below v / 2^(52 + shift), which the choice of the shift keeps below 1 / d.
struct Divisor52 {
    std::uint64_t multiplier = 0, shift = 0;
    bool exact = false;

    Divisor52(std::uint64_t d, int n_bits) {
        const int n_more = std::max(n_bits + static_cast<int>(std::bit_width(d)) - 52, 0);
        if (n_more >= static_cast<int>(std::bit_width(d))) return;
        const UInt128 wanted = ((UInt128{1} << (52 + n_more)) + d - 1) / d;
        if (wanted >> 52) return;
        multiplier = static_cast<std::uint64_t>(wanted), shift = static_cast<std::uint64_t>(n_more), exact = true;
    }
};

/// What is the same for all fields of one kind.
struct Field {
    int n_bits;
    Triple sizes;
    Triple least;  ///< added to the numbers: nothing, or minus half the size of a step
    Divisor52 by_yz, by_z;

    Field(int bits, Triple s, Triple least_numbers)
        : n_bits(bits), sizes(s), least(least_numbers), by_yz(std::uint64_t{s.y} * s.z, bits), by_z(s.z, bits) {}
    bool exact() const { return by_yz.exact && by_z.exact; }
    std::uint64_t mask() const { return (std::uint64_t{1} << n_bits) - 1; }

    /// Byte j of the number is these bits of the 8 bytes that hold the field at bit 0, as a multishift counts them.
    std::uint64_t byte_places() const {
        const int n_whole = 8 * (n_bits / 8);
        std::uint64_t places = 0x0008'1018'2028'3038 & ((std::uint64_t{1} << n_whole) - 1);
        if (n_bits > n_whole) places |= static_cast<std::uint64_t>(64 - n_bits) << n_whole;
        return places;
    }
};

/// Four fields side by side: an absolute position and three steps.
struct alignas(32) FourFields {
    std::uint64_t mask[4], by_yz[4], yz_shift[4], by_z[4], z_shift[4];
    std::uint64_t minus_y[4], minus_z[4];  // sizes, modulo 2^52: a remainder is one multiplication that adds
    std::uint64_t least_xy[4], least_z[4];

    void set(std::size_t lane, const Field& field) {
        mask[lane] = field.mask();
        by_yz[lane] = field.by_yz.multiplier, yz_shift[lane] = field.by_yz.shift;
        by_z[lane] = field.by_z.multiplier, z_shift[lane] = field.by_z.shift;
        minus_y[lane] = (std::uint64_t{1} << 52) - field.sizes.y,
        minus_z[lane] = (std::uint64_t{1} << 52) - field.sizes.z;
        least_xy[lane] = std::uint64_t{field.least.y} << 32 | field.least.x;
        least_z[lane] = field.least.z;
    }
};

/// For one bit in a byte where fields start: which bytes hold each of them, and which bits of those are its bytes.
struct alignas(64) EightPlaces {
    std::byte bytes[64], bits[64];
};

MDLOOM_INLINE_XTC __m512i fields_at(const std::byte* bytes, const EightPlaces& places) {
    return _mm512_multishift_epi64_epi8(load8(places.bits),
                                        _mm512_permutexvar_epi8(load8(places.bytes), _mm512_loadu_si512(bytes)));
}
/// The first four.
MDLOOM_INLINE_XTC __m256i four_fields_at(const std::byte* bytes, const EightPlaces& places) {
    const __m256i near = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
    return _mm256_multishift_epi64_epi8(load4(places.bits), _mm256_permutexvar_epi8(load4(places.bytes), near));
}

/// x, y and z as the low halves of 64 bits; above them is anything.
struct Numbers4 {
    __m256i xy, z;  // x and y share their 64 bits
};

MDLOOM_INLINE_XTC Numbers4 numbers_of(__m256i fields, const FourFields& of) {
    const __m256i none = _mm256_setzero_si256(), v = _mm256_and_si256(fields, load4(of.mask));
    const __m256i x = _mm256_srlv_epi64(_mm256_madd52hi_epu64(none, v, load4(of.by_yz)), load4(of.yz_shift));
    const __m256i xy = _mm256_srlv_epi64(_mm256_madd52hi_epu64(none, v, load4(of.by_z)), load4(of.z_shift));
    const __m256i y = _mm256_madd52lo_epu64(xy, x, load4(of.minus_y));
    const __m256i z = _mm256_madd52lo_epu64(v, xy, load4(of.minus_z));
    const __m256i x_and_y = _mm256_blend_epi32(x, _mm256_slli_epi64(y, 32), 0xaa);
    return {_mm256_add_epi32(x_and_y, load4(of.least_xy)), _mm256_add_epi32(z, load4(of.least_z))};
}

/// The same for eight fields.
struct EightFields {
    __m512i mask, by_yz, yz_shift, by_z, z_shift, minus_y, minus_z, least_xy, least_z;
};
MDLOOM_INLINE_XTC EightFields eight_steps(const FourFields& of) {
    const auto all = [](const std::uint64_t* four)
                         MDLOOM_TARGET_XTC { return _mm512_set1_epi64(static_cast<long long>(four[1])); };
    return {all(of.mask),    all(of.by_yz),   all(of.yz_shift), all(of.by_z),   all(of.z_shift),
            all(of.minus_y), all(of.minus_z), all(of.least_xy), all(of.least_z)};
}
struct Numbers8 {
    __m512i xy, z;
};

MDLOOM_INLINE_XTC Numbers8 numbers_of(__m512i fields, const EightFields& of) {
    const __m512i none = _mm512_setzero_si512(), v = _mm512_and_si512(fields, of.mask);
    const __m512i x = _mm512_srlv_epi64(_mm512_madd52hi_epu64(none, v, of.by_yz), of.yz_shift);
    const __m512i xy = _mm512_srlv_epi64(_mm512_madd52hi_epu64(none, v, of.by_z), of.z_shift);
    const __m512i y = _mm512_madd52lo_epu64(xy, x, of.minus_y), z = _mm512_madd52lo_epu64(v, xy, of.minus_z);
    const __m512i x_and_y = _mm512_mask_shuffle_epi32(x, 0xaaaa, y, _MM_PERM_CCAA);
    return {_mm512_add_epi32(x_and_y, of.least_xy), _mm512_add_epi32(z, of.least_z)};
}

}  // namespace
}  // namespace mdloom::sources

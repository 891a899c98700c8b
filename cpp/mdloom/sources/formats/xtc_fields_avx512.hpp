// What the AVX-512 decoder of XTC has ready before it meets a group: where fields stand, and what they are divided by.
// A part of xtc_decode_avx512.cpp, which alone includes it.
#pragma once
#include <immintrin.h>

#include <algorithm>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wpsabi"                // vectors are passed between inlined functions only
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC 12: _mm512_undefined_epi32 in its own headers
#endif

#define MDLOOM_TARGET_XTC \
    __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx512vbmi,avx512ifma,avx2,fma,bmi,bmi2")))
#define MDLOOM_INLINE_XTC MDLOOM_TARGET_XTC inline __attribute__((always_inline))

#include "mdloom/sources/formats/xtc_packing.hpp"

namespace mdloom::sources {
namespace {

constexpr int most_bits = 51;     ///< of a field: its quotients come from products of 52 bits
constexpr int most_pair_run = 3;  ///< of groups that come in pairs

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
    Triple least;  ///< added to the numbers: the lowest corner, or minus half the size of a step
    Divisor52 by_yz, by_z;

    Field(int bits, Triple s, Triple least_numbers)
        : n_bits(bits), sizes(s), least(least_numbers), by_yz(std::uint64_t{s.y} * s.z, bits), by_z(s.z, bits) {}
    bool exact() const { return by_yz.exact && by_z.exact; }
    std::uint64_t mask() const { return (std::uint64_t{1} << n_bits) - 1; }

    /// Byte j of the number is these bits of the 8 bytes that hold the field at bit 0, as a multishift counts them.
    std::uint64_t byte_places() const {
        std::uint64_t places = 0;
        for (int j = 0; j < n_bits / 8; ++j) places |= static_cast<std::uint64_t>(56 - 8 * j) << (8 * j);
        if (n_bits % 8) places |= static_cast<std::uint64_t>(64 - n_bits) << (8 * (n_bits / 8));
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
struct alignas(32) FourPlaces {
    std::byte bytes[32], bits[32];
};
struct alignas(64) EightPlaces {
    std::byte bytes[64], bits[64];
};

/// All that depends on the small index.
struct alignas(64) SmallClass {
    int small_index = 0;  // none
    FourFields fields;
    FourPlaces group[2][8];  // [flagged][bit]
    EightPlaces steps[8];    // [bit]: the 4th step and those that follow
};

/// Two groups of one class without flags, the second one behind the first. Apart from what most groups need.
struct alignas(64) Pairs {
    int small_index[most_pair_run] = {};   // [run - 1]; none
    EightPlaces places[most_pair_run][8];  // [run - 1][bit]
};

/// Classes as they are needed. Streams change among a few that follow each other: an encoder uses at most 9.
class SmallClasses {
public:
    explicit SmallClasses(const Field& absolute) : absolute_(absolute) {}

    MDLOOM_TARGET_XTC const SmallClass& of(int small_index) {
        SmallClass& found = classes_[static_cast<std::size_t>(small_index) % classes_.size()];
        if (found.small_index != small_index) prepare(found, small_index);
        return found;
    }

    /// [bit]
    MDLOOM_TARGET_XTC const EightPlaces* pairs(int small_index, int run) {
        Pairs& found = pairs_[static_cast<std::size_t>(small_index) % pairs_.size()];
        if (found.small_index[run - 1] != small_index) prepare_pairs(found, small_index, run);
        return found.places[run - 1];
    }

private:
    MDLOOM_TARGET_XTC void prepare(SmallClass& made, int small_index) const;
    MDLOOM_TARGET_XTC void prepare_pairs(Pairs& made, int small_index, int run) const;

    const Field absolute_;
    std::array<SmallClass, 16> classes_;
    std::array<Pairs, 16> pairs_;
};

// Places are sums of a few numbers: 40 ns for a class, which frames of a few thousand atoms notice.

/// The lowest byte of each 64 bits for all of them.
MDLOOM_INLINE_XTC __m512i everywhere(__m512i numbers) {
    return _mm512_shuffle_epi8(numbers, _mm512_set4_epi32(0x08080808, 0x08080808, 0, 0));
}
MDLOOM_INLINE_XTC __m512i which_bytes(__m512i starts) {
    return _mm512_add_epi8(everywhere(_mm512_srli_epi64(starts, 3)), _mm512_set1_epi64(0x0001020304050607));
}
MDLOOM_INLINE_XTC __m512i which_bits(__m512i starts, __m512i byte_places) {
    return _mm512_sub_epi8(byte_places, everywhere(_mm512_and_si512(starts, _mm512_set1_epi64(7))));
}
MDLOOM_INLINE_XTC void set_places(EightPlaces& places, __m512i starts, __m512i byte_places) {
    _mm512_store_si512(places.bytes, which_bytes(starts));
    _mm512_store_si512(places.bits, which_bits(starts, byte_places));
}

/// Of the lanes in `absolute` positions, of all others steps.
MDLOOM_INLINE_XTC __m512i byte_places(const Field& position, const Field& step, __mmask8 absolute) {
    return _mm512_mask_mov_epi64(_mm512_set1_epi64(static_cast<long long>(step.byte_places())), absolute,
                                 _mm512_set1_epi64(static_cast<long long>(position.byte_places())));
}

inline Field step_field(int small_index) {
    const Triple sizes = small_packings[static_cast<std::size_t>(small_index)].sizes;
    const std::uint32_t minus = -(sizes.x / 2);
    return {small_index, sizes, {minus, minus, minus}};
}

inline void SmallClasses::prepare(SmallClass& made, int small_index) const {
    const Field small = step_field(small_index);
    made.small_index = small_index;
    made.fields.set(0, absolute_);
    for (std::size_t lane = 1; lane < 4; ++lane) made.fields.set(lane, small);
    const __m512i of_group = byte_places(absolute_, small, 0x01), of_steps = byte_places(absolute_, small, 0);
    const auto n = static_cast<long long>(small_index);
    for (int bit = 0; bit < 8; ++bit) {
        for (int flagged = 0; flagged < 2; ++flagged) {
            const long long step = bit + absolute_.n_bits + (flagged ? 6 : 1);
            const __m512i starts = _mm512_setr_epi64(bit, step, step + n, step + 2 * n, 0, 0, 0, 0);
            FourPlaces& four = made.group[flagged][bit];
            _mm256_store_si256(reinterpret_cast<__m256i*>(four.bytes), _mm512_castsi512_si256(which_bytes(starts)));
            _mm256_store_si256(reinterpret_cast<__m256i*>(four.bits),
                               _mm512_castsi512_si256(which_bits(starts, of_group)));
        }
        const __m512i starts = _mm512_setr_epi64(0, n, 2 * n, 3 * n, 4 * n, 5 * n, 6 * n, 7 * n);
        set_places(made.steps[bit], _mm512_add_epi64(starts, _mm512_set1_epi64(bit)), of_steps);
    }
}

/// Two groups take 7 + 2 * (51 + 1 + 3 * 51) bits at most: they are in 64 bytes.
inline void SmallClasses::prepare_pairs(Pairs& made, int small_index, int run) const {
    const __m512i of_pair = byte_places(absolute_, step_field(small_index), 0x11);
    const long long n = small_index, step = absolute_.n_bits + 1, next = step + run * n;
    const __m512i starts =
        _mm512_setr_epi64(0, step, step + n, step + 2 * n, next, next + step, next + step + n, next + step + 2 * n);
    for (int bit = 0; bit < 8; ++bit)
        set_places(made.places[run - 1][bit], _mm512_add_epi64(starts, _mm512_set1_epi64(bit)), of_pair);
    made.small_index[run - 1] = small_index;
}

}  // namespace
}  // namespace mdloom::sources

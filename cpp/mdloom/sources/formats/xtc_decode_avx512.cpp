// One group of an XTC stream at a time, in registers: what takes the portable decoder 16 to 20 instructions for each
// number takes about 75 for the first four atoms of a group together, and some 40 for up to seven more.
//
//   fields     the bytes of up to 8 fields, each in 64 bits of its own: a byte permutation brings the 8 bytes that hold
//   a
//              field, most significant first; a multishift takes the bits out of them and turns their bytes around
//   numbers    three from each field, by multiplications with 52 bits (IFMA) instead of divisions
//   positions  sums along the group, then the exchanged order, without gaps
//
// Where a field stands depends on little: the bit in a byte where the group starts, whether it is flagged, and the
// small index. All that is ready in a SmallClass; streams change among a few of them.
//
// Everything rare is left to the portable decoder: absolute positions of more than 51 bits, larger small indices, the
// last groups of a frame, and damage, for which it starts again where this call started.
#include "mdloom/sources/formats/xtc_decoders.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

#include <algorithm>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wpsabi"                // vectors are passed between inlined functions only
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // GCC 12: _mm512_undefined_epi32 in its own headers
#endif

#define MDLOOM_TARGET_XTC \
    __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx512vbmi,avx512ifma,avx2,fma,bmi,bmi2")))
#define MDLOOM_INLINE_XTC MDLOOM_TARGET_XTC inline __attribute__((always_inline))

namespace mdloom::sources {
namespace {

constexpr int most_bits = 51;  ///< of a field: its quotients come from products of 52 bits
constexpr int most_run = 10;   ///< 31 / 3

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
    std::uint32_t half;  ///< subtracted from each number
    Divisor52 by_yz, by_z;

    Field(int bits, Triple s, std::uint32_t h)
        : n_bits(bits), sizes(s), half(h), by_yz(std::uint64_t{s.y} * s.z, bits), by_z(s.z, bits) {}
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
    std::uint64_t mask[4], by_yz[4], yz_shift[4], by_z[4], z_shift[4], size_y[4], size_z[4], minus_half_xy[4],
        minus_half_z[4];

    void set(std::size_t lane, const Field& field) {
        const std::uint32_t minus_half = -field.half;
        mask[lane] = field.mask();
        by_yz[lane] = field.by_yz.multiplier, yz_shift[lane] = field.by_yz.shift;
        by_z[lane] = field.by_z.multiplier, z_shift[lane] = field.by_z.shift;
        size_y[lane] = field.sizes.y, size_z[lane] = field.sizes.z;
        minus_half_xy[lane] = std::uint64_t{minus_half} << 32 | minus_half;
        minus_half_z[lane] = minus_half;
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

/// Which numbers of [x y z _] x 4 make the first, second, ... position without gaps. Lanes that hold nothing repeat
/// what is there, so that no check sees them.
struct alignas(64) Order {
    std::int32_t from[16];

    constexpr Order(int a, int b, int c, int d) : from{} {
        const int atoms[4] = {a, b, c, d};
        for (int i = 0; i < 16; ++i) from[i] = i < 12 ? 4 * atoms[i / 3] + i % 3 : 4 * a + i % 3;
    }
};
constexpr Order first_order[4] = {{0, 0, 0, 0}, {1, 0, 0, 0}, {1, 0, 2, 0}, {1, 0, 2, 3}};  // [min(run, 3)]
constexpr Order later_order[5] = {{0, 0, 0, 0}, {0, 0, 0, 0}, {0, 1, 0, 0}, {0, 1, 2, 0}, {0, 1, 2, 3}};  // [atoms]

// Two halves of four numbers each to [x y z _] of the first and last four fields.
alignas(64) constexpr std::uint64_t first_four[8] = {0, 8, 1, 9, 2, 10, 3, 11};
alignas(64) constexpr std::uint64_t last_four[8] = {4, 12, 5, 13, 6, 14, 7, 15};

MDLOOM_INLINE_XTC __m256i load4(const void* from) {
    return _mm256_load_si256(static_cast<const __m256i*>(from));
}
MDLOOM_INLINE_XTC __m512i load8(const void* from) {
    return _mm512_load_si512(from);
}

/// x, y and z as the low halves of 64 bits; above them is anything.
struct Numbers4 {
    __m256i xy, z;  // x and y share their 64 bits
};

MDLOOM_INLINE_XTC Numbers4 numbers_of(__m256i fields, const FourFields& of) {
    const __m256i none = _mm256_setzero_si256(), v = _mm256_and_si256(fields, load4(of.mask));
    const __m256i x = _mm256_srlv_epi64(_mm256_madd52hi_epu64(none, v, load4(of.by_yz)), load4(of.yz_shift));
    const __m256i xy = _mm256_srlv_epi64(_mm256_madd52hi_epu64(none, v, load4(of.by_z)), load4(of.z_shift));
    const __m256i y = _mm256_sub_epi32(xy, _mm256_mul_epu32(x, load4(of.size_y)));
    const __m256i z = _mm256_sub_epi32(v, _mm256_mul_epu32(xy, load4(of.size_z)));
    const __m256i x_and_y = _mm256_blend_epi32(x, _mm256_slli_epi64(y, 32), 0xaa);
    return {_mm256_add_epi32(x_and_y, load4(of.minus_half_xy)), _mm256_add_epi32(z, load4(of.minus_half_z))};
}

/// The same for eight steps.
struct Numbers8 {
    __m512i xy, z;
};

MDLOOM_INLINE_XTC Numbers8 steps_of(__m512i fields, const FourFields& of) {
    const auto all = [](const std::uint64_t* four)
                         MDLOOM_TARGET_XTC { return _mm512_set1_epi64(static_cast<long long>(four[1])); };
    const __m512i none = _mm512_setzero_si512(), v = _mm512_and_si512(fields, all(of.mask));
    const __m512i x = _mm512_srlv_epi64(_mm512_madd52hi_epu64(none, v, all(of.by_yz)), all(of.yz_shift));
    const __m512i xy = _mm512_srlv_epi64(_mm512_madd52hi_epu64(none, v, all(of.by_z)), all(of.z_shift));
    const __m512i y = _mm512_sub_epi32(xy, _mm512_mul_epu32(x, all(of.size_y)));
    const __m512i z = _mm512_sub_epi32(v, _mm512_mul_epu32(xy, all(of.size_z)));
    const __m512i x_and_y = _mm512_mask_shuffle_epi32(x, 0xaaaa, y, _MM_PERM_CCAA);
    return {_mm512_add_epi32(x_and_y, all(of.minus_half_xy)), _mm512_add_epi32(z, all(of.minus_half_z))};
}

/// [a b c d] -> [a, a + b, a + b + c, a + b + c + d]
MDLOOM_INLINE_XTC __m512i sums_of(__m512i steps) {
    const __m512i none = _mm512_setzero_si512();
    steps = _mm512_add_epi32(steps, _mm512_alignr_epi64(steps, none, 6));
    return _mm512_add_epi32(steps, _mm512_alignr_epi64(steps, none, 4));
}

/// From numbers to positions in Å or nm. By value in the loop: what it holds then stays in registers.
struct Output {
    __m512i last, lowest;  // [x y z] x 4
    __m512 scale, unit;
    __m512i outside = _mm512_setzero_si512();  // a sign bit: some number was not in 0..last

    MDLOOM_TARGET_XTC explicit Output(const XtcCoding& coding)
        : scale(_mm512_set1_ps(coding.inverse_precision)), unit(_mm512_set1_ps(coding.unit)) {
        alignas(64) std::uint32_t of_last[16], of_lowest[16];
        for (std::size_t i = 0; i < 16; ++i) {
            of_last[i] = coding.sizes[i % 3] - 1;
            of_lowest[i] = static_cast<std::uint32_t>(coding.lowest[i % 3]);
        }
        last = load8(of_last), lowest = load8(of_lowest);
    }
    /// Four positions from their distances to the lowest corner; 16 numbers are written.
    MDLOOM_INLINE_XTC void put(float* out, __m512i four, const Order& order) {
        const __m512i at = _mm512_permutexvar_epi32(load8(order.from), four);
        outside = _mm512_ternarylogic_epi32(outside, at, _mm512_sub_epi32(last, at), 0xfe);  // a | b | c
        const __m512 nm = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_add_epi32(at, lowest)), scale);
        _mm512_storeu_ps(out, _mm512_mul_ps(nm, unit));
    }
};

class Decoder {
public:
    MDLOOM_TARGET_XTC explicit Decoder(const Field& absolute) : absolute_(absolute) {}

    /// Decodes until `stop` atoms, or up to what only the portable decoder does. False: some position is outside.
    MDLOOM_TARGET_XTC bool decode(const XtcCoding& coding, const XtcStream& stream, Index stop, XtcCursor& cursor,
                                  float* out);

private:
    MDLOOM_TARGET_XTC const SmallClass& small_class(int small_index) {
        SmallClass& found = classes_[static_cast<std::size_t>(small_index) % classes_.size()];
        if (found.small_index != small_index) prepare(found, small_index);
        return found;
    }
    MDLOOM_TARGET_XTC void prepare(SmallClass& made, int small_index) const;

    const Field absolute_;
    std::array<SmallClass, 16> classes_;  // an encoder uses at most 9 that follow each other
};

/// Places are sums of a few numbers: 40 ns, which frames of a few thousand atoms notice.
void Decoder::prepare(SmallClass& made, int small_index) const {
    const auto i = static_cast<std::size_t>(small_index);
    const Field small(small_index, small_packings[i].sizes, small_packings[i].sizes.x / 2);
    made.small_index = small_index;
    made.fields.set(0, absolute_);
    for (std::size_t lane = 1; lane < 4; ++lane) made.fields.set(lane, small);
    // 0 0 0 0 0 0 0 0 8 8 ...: the lowest byte of each 64 bits for all of them
    const __m512i everywhere = _mm512_set4_epi32(0x08080808, 0x08080808, 0, 0);
    const __m512i backwards = _mm512_set1_epi64(0x0001020304050607);
    const __m512i places = _mm512_mask_mov_epi64(_mm512_set1_epi64(static_cast<long long>(small.byte_places())), 0x01,
                                                 _mm512_set1_epi64(static_cast<long long>(absolute_.byte_places())));
    const auto which_bytes = [&](__m512i starts) MDLOOM_TARGET_XTC {
        return _mm512_add_epi8(_mm512_shuffle_epi8(_mm512_srli_epi64(starts, 3), everywhere), backwards);
    };
    const auto which_bits = [&](__m512i starts, __m512i of) MDLOOM_TARGET_XTC {
        return _mm512_sub_epi8(of, _mm512_shuffle_epi8(_mm512_and_si512(starts, _mm512_set1_epi64(7)), everywhere));
    };
    const auto n = static_cast<long long>(small_index);
    for (int bit = 0; bit < 8; ++bit) {
        for (int flagged = 0; flagged < 2; ++flagged) {
            const long long step = bit + absolute_.n_bits + (flagged ? 6 : 1);
            const __m512i starts = _mm512_setr_epi64(bit, step, step + n, step + 2 * n, 0, 0, 0, 0);
            FourPlaces& four = made.group[flagged][bit];
            _mm256_store_si256(reinterpret_cast<__m256i*>(four.bytes), _mm512_castsi512_si256(which_bytes(starts)));
            _mm256_store_si256(reinterpret_cast<__m256i*>(four.bits),
                               _mm512_castsi512_si256(which_bits(starts, places)));
        }
        const __m512i starts =
            _mm512_add_epi64(_mm512_setr_epi64(0, n, 2 * n, 3 * n, 4 * n, 5 * n, 6 * n, 7 * n), _mm512_set1_epi64(bit));
        _mm512_store_si512(made.steps[bit].bytes, which_bytes(starts));
        _mm512_store_si512(made.steps[bit].bits,
                           which_bits(starts, _mm512_set1_epi64(static_cast<long long>(small.byte_places()))));
    }
}

bool Decoder::decode(const XtcCoding& coding, const XtcStream& part, Index stop, XtcCursor& cursor, float* out) {
    const std::byte* const stream = part.bytes;
    const Index last_start = part.last_start();
    Output output(coding);
    const __m512i to_first = load8(first_four), to_last = load8(last_four);
    const int n_bits = absolute_.n_bits;
    XtcCursor at = cursor;
    const SmallClass* now = &small_class(at.small_index);
    out += 3 * at.atom;
    while (at.atom < stop && at.bit < last_start) {
        const std::byte* start = stream + (at.bit >> 3);
        const FourPlaces* places = now->group[0] + (at.bit & 7);
        int run = at.run, next = at.small_index;
        Index bit = at.bit + n_bits + 1;  // of the first step
        if (const auto flags = static_cast<int>(bits_at(stream, at.bit + n_bits) >> 58); flags & 32) {
            run = (flags & 31) / 3;
            next += (flags & 31) % 3 - 1;
            bit += 5;
            places += 8;  // group[1]
        }
        const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(start));
        const __m256i fields =
            _mm256_multishift_epi64_epi8(load4(places->bits), _mm256_permutexvar_epi8(load4(places->bytes), bytes));
        const Numbers4 numbers = numbers_of(fields, now->fields);
        const __m512i four = sums_of(
            _mm512_permutex2var_epi64(_mm512_castsi256_si512(numbers.xy), to_first, _mm512_castsi256_si512(numbers.z)));
        output.put(out, four, first_order[std::min(run, 3)]);
        if (run > 3) {
            const Index fourth = bit + 3 * at.small_index;
            const EightPlaces& eight = now->steps[fourth & 7];
            const __m512i more = _mm512_loadu_si512(stream + (fourth >> 3));
            const Numbers8 steps = steps_of(
                _mm512_multishift_epi64_epi8(load8(eight.bits), _mm512_permutexvar_epi8(load8(eight.bytes), more)),
                now->fields);
            const __m512i before = _mm512_shuffle_i64x2(four, four, 0xff);
            const __m512i fifth =
                _mm512_add_epi32(sums_of(_mm512_permutex2var_epi64(steps.xy, to_first, steps.z)), before);
            output.put(out + 12, fifth, later_order[std::min(run - 3, 4)]);
            if (run > 7) {
                const __m512i before_ninth = _mm512_shuffle_i64x2(fifth, fifth, 0xff);
                const __m512i ninth =
                    _mm512_add_epi32(sums_of(_mm512_permutex2var_epi64(steps.xy, to_last, steps.z)), before_ninth);
                output.put(out + 24, ninth, later_order[run - 7]);
            }
        }
        if (next != at.small_index) {
            if (next < least_small_index || next > most_bits) break;
            now = &small_class(next);
        }
        out += 3 * (run + 1);
        at = {bit + run * Index{at.small_index}, at.atom + run + 1, next, run};
    }
    cursor = at;
    return _mm512_movepi32_mask(output.outside) == 0;
}

}  // namespace

bool has_avx512_decoder() noexcept {
    return __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512ifma") &&
           __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}

MDLOOM_TARGET_XTC XtcOutcome decode_avx512(const XtcCoding& coding, const XtcStream& stream, Index stop_atom,
                                           XtcCursor& cursor, float* out) noexcept {
    const Absolute absolute(coding.sizes);
    if (absolute.packing.fast && absolute.n_bits <= most_bits && cursor.small_index <= most_bits) {
        const Field field(absolute.n_bits, absolute.packing.sizes, 0);
        XtcCursor at = cursor;
        // Groups that start further on may claim more atoms than there are.
        const Index stop = std::min(stop_atom, coding.n_atoms - most_run);
        if (field.exact() && at.atom < stop && Decoder(field).decode(coding, stream, stop, at, out)) cursor = at;
    }
    return decode_rest(absolute, coding, stream, stop_atom, cursor, out);
}

}  // namespace mdloom::sources
#endif

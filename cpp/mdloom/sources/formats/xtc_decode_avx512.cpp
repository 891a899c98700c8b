// One or two groups of an XTC stream at a time, in registers: 0.9 ns/atom for a protein in water and 1.7 for lipids,
// where the portable decoder takes 4.1 and 3.8, the one with AVX2 1.9 and 2.6 (one busy core of an AMD Zen 4).
//
//   fields     the bytes of 4 or 8 fields, 64 bits for each: a byte permutation brings the 8 bytes that hold a field,
//              most significant first; a multishift takes the bits out of them and turns their bytes around
//   numbers    three from each field, by multiplications with 52 bits (IFMA) instead of divisions
//   positions  sums along the group, then the exchanged order, without gaps
//
// The first four fields are the absolute position and three steps: all that most groups have in water. Up to seven more
// steps come together. In water 96 % of the groups have no flag, and two of those are eight fields at known places: 0.9
// ns/atom instead of 1.5. Where a field stands depends on little, the bit in a byte where the group starts, whether it
// is flagged, and the small index: all that is ready in a SmallClass.
//
// Everything rare is left to the portable decoder: absolute positions of more than 51 bits, larger small indices, the
// last groups of a frame, and damage, for which it starts again where this call started.
#include "mdloom/sources/formats/xtc_decoders.hpp"

#if defined(__x86_64__)
#include <algorithm>

#include "mdloom/sources/formats/xtc_fields_avx512.hpp"

namespace mdloom::sources {
namespace {

constexpr int most_run = 10;  // 31 / 3

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

/// The same for both groups of a pair, whose x and y share 64 bits and whose z are the low halves of others: sixteen
/// numbers from `first` on. What is behind the last one repeats the first ones.
struct alignas(64) PairOrder {
    std::int32_t from[16];

    constexpr PairOrder(int run, int first) : from{} {
        for (int i = 0; i < 16; ++i) {
            const int number = (first + i) % (6 * (run + 1)), atom = number / 3, axis = number % 3;
            const int field = first_order[run].from[3 * (atom % (run + 1))] / 4;
            const int lane = 2 * (4 * (atom / (run + 1)) + field);
            from[i] = axis == 2 ? 16 + lane : lane + axis;
        }
    }
};
constexpr PairOrder pair_order[4][2] = {
    {{0, 0}, {0, 16}}, {{1, 0}, {1, 16}}, {{2, 0}, {2, 16}}, {{3, 0}, {3, 16}}};  // [run]

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
MDLOOM_INLINE_XTC EightFields two_groups(const FourFields& of) {
    const auto twice = [](const std::uint64_t* four) MDLOOM_TARGET_XTC { return _mm512_broadcast_i64x4(load4(four)); };
    return {twice(of.mask),    twice(of.by_yz),   twice(of.yz_shift), twice(of.by_z),   twice(of.z_shift),
            twice(of.minus_y), twice(of.minus_z), twice(of.least_xy), twice(of.least_z)};
}

struct Numbers8 {
    __m512i xy, z;
};

MDLOOM_INLINE_XTC Numbers8 numbers_of(const std::byte* bytes, const EightPlaces& places, const EightFields& of) {
    const __m512i none = _mm512_setzero_si512(), near = _mm512_loadu_si512(bytes);
    const __m512i fields =
        _mm512_multishift_epi64_epi8(load8(places.bits), _mm512_permutexvar_epi8(load8(places.bytes), near));
    const __m512i v = _mm512_and_si512(fields, of.mask);
    const __m512i x = _mm512_srlv_epi64(_mm512_madd52hi_epu64(none, v, of.by_yz), of.yz_shift);
    const __m512i xy = _mm512_srlv_epi64(_mm512_madd52hi_epu64(none, v, of.by_z), of.z_shift);
    const __m512i y = _mm512_madd52lo_epu64(xy, x, of.minus_y), z = _mm512_madd52lo_epu64(v, xy, of.minus_z);
    const __m512i x_and_y = _mm512_mask_shuffle_epi32(x, 0xaaaa, y, _MM_PERM_CCAA);
    return {_mm512_add_epi32(x_and_y, of.least_xy), _mm512_add_epi32(z, of.least_z)};
}

/// [a b c d] -> [a, a + b, a + b + c, a + b + c + d]
MDLOOM_INLINE_XTC __m512i sums_of(__m512i steps) {
    const __m512i none = _mm512_setzero_si512();
    steps = _mm512_add_epi32(steps, _mm512_alignr_epi64(steps, none, 6));
    return _mm512_add_epi32(steps, _mm512_alignr_epi64(steps, none, 4));
}

/// From numbers to positions in Å or nm. By value in the loop: what it holds then stays in registers.
struct Output {
    __m512 scale, unit;
    __m512i lowest = _mm512_set1_epi32(INT32_MAX), highest = _mm512_set1_epi32(INT32_MIN);    // of all, [x y z] x 5
    __m128i lowest_one = _mm_set1_epi32(INT32_MAX), highest_one = _mm_set1_epi32(INT32_MIN);  // [x y z]
    __m256i lowest_rest = _mm256_set1_epi32(INT32_MAX), highest_rest = _mm256_set1_epi32(INT32_MIN);  // [y z x] x 3

    MDLOOM_TARGET_XTC explicit Output(const XtcCoding& coding)
        : scale(_mm512_set1_ps(coding.inverse_precision)), unit(_mm512_set1_ps(coding.unit)) {}

    /// Four positions; 16 numbers are written.
    MDLOOM_INLINE_XTC void put(float* out, __m512i four, const Order& order) {
        put(out, _mm512_permutexvar_epi32(load8(order.from), four));
    }
    MDLOOM_INLINE_XTC void put(float* out, __m512i at) {
        lowest = _mm512_min_epi32(lowest, at), highest = _mm512_max_epi32(highest, at);
        _mm512_storeu_ps(out, _mm512_mul_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(at), scale), unit));
    }
    /// The 17th to 24th number of a pair.
    MDLOOM_INLINE_XTC void put_rest(float* out, __m256i at) {
        lowest_rest = _mm256_min_epi32(lowest_rest, at), highest_rest = _mm256_max_epi32(highest_rest, at);
        const __m256 nm = _mm256_mul_ps(_mm256_cvtepi32_ps(at), _mm512_castps512_ps256(scale));
        _mm256_storeu_ps(out, _mm256_mul_ps(nm, _mm512_castps512_ps256(unit)));
    }
    /// One position; four numbers are written.
    MDLOOM_INLINE_XTC void put_one(float* out, __m128i at) {
        lowest_one = _mm_min_epi32(lowest_one, at), highest_one = _mm_max_epi32(highest_one, at);
        const __m128 nm = _mm_mul_ps(_mm_cvtepi32_ps(at), _mm512_castps512_ps128(scale));
        _mm_storeu_ps(out, _mm_mul_ps(nm, _mm512_castps512_ps128(unit)));
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
        _mm_store_si128(reinterpret_cast<__m128i*>(low), lowest_one);
        _mm_store_si128(reinterpret_cast<__m128i*>(high), highest_one);
        if (!inside(3, 0)) return false;
        _mm256_store_si256(reinterpret_cast<__m256i*>(low), lowest_rest);
        _mm256_store_si256(reinterpret_cast<__m256i*>(high), highest_rest);
        if (!inside(8, 1)) return false;
        _mm512_store_si512(low, lowest), _mm512_store_si512(high, highest);
        return inside(16, 0);
    }
};

/// The 4th step and those that follow, as sums from the last of the four positions before them.
MDLOOM_INLINE_XTC void put_later(float* out, __m512i four, int run, const std::byte* stream, Index bit,
                                 const SmallClass& of, Output& output) {
    const __m512i to_first = load8(first_four), to_last = load8(last_four);
    const Numbers8 steps = numbers_of(stream + (bit >> 3), of.steps[bit & 7], eight_steps(of.fields));
    const __m512i before = _mm512_shuffle_i64x2(four, four, 0xff);
    four = _mm512_add_epi32(sums_of(_mm512_permutex2var_epi64(steps.xy, to_first, steps.z)), before);
    output.put(out, four, later_order[std::min(run - 3, 4)]);
    if (run <= 7) return;
    if (run == 8) {  // as long as encoders make them: 5 % of the time for lipids
        const __m128i xy = _mm512_extracti64x2_epi64(steps.xy, 2), z = _mm512_extracti64x2_epi64(steps.z, 2);
        output.put_one(out + 12, _mm_add_epi32(_mm_unpacklo_epi64(xy, z), _mm512_extracti64x2_epi64(four, 3)));
        return;
    }
    const __m512i before_last = _mm512_shuffle_i64x2(four, four, 0xff);
    four = _mm512_add_epi32(sums_of(_mm512_permutex2var_epi64(steps.xy, to_last, steps.z)), before_last);
    output.put(out + 12, four, later_order[run - 7]);
}

/// Sums along both groups, in 64 bits each.
MDLOOM_INLINE_XTC __m512i sums_of_both(__m512i steps) {
    steps = _mm512_add_epi32(steps, _mm512_maskz_permutex_epi64(0xee, steps, 0x90));  // [- a b c]
    return _mm512_add_epi32(steps, _mm512_maskz_permutex_epi64(0xcc, steps, 0x40));   // [- - a b]
}

/// Whether the group that starts at this bit has a flag.
MDLOOM_INLINE_XTC bool flag_at(const std::byte* stream, Index bit) {
    return (std::to_integer<unsigned>(stream[bit >> 3]) << (bit & 7) & 0x80) != 0;
}

/// Groups without flags, two at a time, until one has a flag or only the first of two is before `stop`. All have the
/// run, 1 to 3, and the small index of the cursor. Returns where the next position goes.
MDLOOM_INLINE_XTC float* decode_pairs(const XtcStream& part, Index stop, Index n_bits, const SmallClass& of,
                                      const EightPlaces* places, XtcCursor& at, float* out, Output& output) {
    const Index n_atoms = at.run + 1, length = n_bits + 1 + at.run * Index{at.small_index};
    const Index stop_first = stop - n_atoms, last_start = part.last_start() - length;
    const EightFields fields = two_groups(of.fields);
    const __m512i first = load8(pair_order[at.run][0].from), second = load8(pair_order[at.run][1].from);
    Index bit = at.bit, atom = at.atom;
    for (; atom < stop_first && bit < last_start; bit += 2 * length, atom += 2 * n_atoms) {
        if (flag_at(part.bytes, bit + n_bits) | flag_at(part.bytes, bit + length + n_bits)) break;
        Numbers8 both = numbers_of(part.bytes + (bit >> 3), places[bit & 7], fields);
        both = {sums_of_both(both.xy), sums_of_both(both.z)};
        output.put(out, _mm512_permutex2var_epi32(both.xy, first, both.z));
        output.put_rest(out + 16, _mm512_castsi512_si256(_mm512_permutex2var_epi32(both.xy, second, both.z)));
        out += 6 * n_atoms;
    }
    at.bit = bit, at.atom = atom;
    return out;
}

/// Decodes until `stop` atoms, or up to what only the portable decoder does. False: some position is outside.
MDLOOM_TARGET_XTC bool decode(const XtcCoding& coding, const XtcStream& part, const Field& absolute, Index stop,
                              XtcCursor& cursor, float* out) {
    const std::byte* const stream = part.bytes;
    const Index last_start = part.last_start();
    Output output(coding);
    const __m512i to_first = load8(first_four);
    const int n_bits = absolute.n_bits;
    SmallClasses classes(absolute);
    XtcCursor at = cursor;
    const SmallClass* now = &classes.of(at.small_index);
    out += 3 * at.atom;
    while (at.atom < stop && at.bit < last_start) {
        const FourPlaces* places = now->group[0] + (at.bit & 7);
        int run = at.run, next = at.small_index;
        Index bit = at.bit + n_bits + 1;  // of the first step
        if (const auto flags = static_cast<int>(bits_at(stream, at.bit + n_bits) >> 58); flags & 32) [[likely]] {
            run = (flags & 31) / 3;
            next += (flags & 31) % 3 - 1;
            bit += 5;
            places += 8;  // group[1]
        } else if (run >= 1 && run <= most_pair_run) [[unlikely]] {
            const Index before = at.bit;
            out = decode_pairs(part, stop, n_bits, *now, classes.pairs(at.small_index, run), at, out, output);
            if (at.bit != before) continue;
        }
        const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(stream + (at.bit >> 3)));
        const __m256i fields =
            _mm256_multishift_epi64_epi8(load4(places->bits), _mm256_permutexvar_epi8(load4(places->bytes), bytes));
        const Numbers4 numbers = numbers_of(fields, now->fields);
        const __m512i four = sums_of(
            _mm512_permutex2var_epi64(_mm512_castsi256_si512(numbers.xy), to_first, _mm512_castsi256_si512(numbers.z)));
        output.put(out, four, first_order[std::min(run, 3)]);
        if (run > 3) put_later(out + 12, four, run, stream, bit + 3 * at.small_index, *now, output);
        if (next != at.small_index) {
            if (next < least_small_index || next > most_bits) break;
            now = &classes.of(next);
        }
        out += 3 * (run + 1);
        at = {bit + run * Index{at.small_index}, at.atom + run + 1, next, run};
    }
    cursor = at;
    return output.is_inside(coding);
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
        const Triple lowest{static_cast<std::uint32_t>(coding.lowest[0]), static_cast<std::uint32_t>(coding.lowest[1]),
                            static_cast<std::uint32_t>(coding.lowest[2])};
        const Field field(absolute.n_bits, absolute.packing.sizes, lowest);
        XtcCursor at = cursor;
        // Groups that start further on may claim more atoms than there are.
        const Index stop = std::min(stop_atom, coding.n_atoms - most_run);
        if (field.exact() && at.atom < stop && decode(coding, stream, field, stop, at, out)) cursor = at;
    }
    return decode_rest(absolute, coding, stream, stop_atom, cursor, out);
}

}  // namespace mdloom::sources
#endif

// Groups without flags, all of one run and small index, as water makes them: two at a time, or four of water with three
// sites. A part of xtc_decode_avx512.cpp, which alone includes it.
#pragma once
#include "mdloom/sources/formats/xtc_classes_avx512.hpp"
#include "mdloom/sources/formats/xtc_output_avx512.hpp"

namespace mdloom::sources {
namespace {

/// Where numbers of one or both groups of a pair are, whose x and y share 64 bits and whose z are the low halves of
/// others: sixteen of them from `first` on. What is behind the last one repeats the first ones.
struct alignas(64) PairOrder {
    std::int32_t from[16];

    constexpr PairOrder(int n_groups, int run, int first) : from{} {
        for (int i = 0; i < 16; ++i) {
            const int number = (first + i) % (3 * n_groups * (run + 1)), atom = number / 3, axis = number % 3;
            const int position = atom % (run + 1), field = position < 2 ? 1 - position : position;
            const int lane = 2 * (4 * (atom / (run + 1)) + field);
            from[i] = axis == 2 ? 16 + lane : lane + axis;
        }
    }
};
struct PairOrders {
    PairOrder both, both_from_16, first;

    constexpr explicit PairOrders(int run) : both(2, run, 0), both_from_16(2, run, 16), first(1, run, 0) {}
};
constexpr PairOrders pair_orders[most_pair_run] = {PairOrders(1), PairOrders(2), PairOrders(3)};  // [run - 1]

/// Sums along both groups, in 64 bits each.
MDLOOM_INLINE_XTC __m512i sums_of_both(__m512i steps) {
    steps = _mm512_add_epi32(steps, _mm512_maskz_permutex_epi64(0xee, steps, 0x90));  // [- a b c]
    return _mm512_add_epi32(steps, _mm512_maskz_permutex_epi64(0xcc, steps, 0x40));   // [- - a b]
}

/// Whether the group that starts at this bit has a flag.
MDLOOM_INLINE_XTC bool flag_at(const std::byte* stream, Index bit) {
    return (std::to_integer<unsigned>(stream[bit >> 3]) << (bit & 7) & 0x80) != 0;
}

/// Two at a time, or one before a flag, until one has a flag or only the first of two is before `stop`; of run 1 to 3.
/// Returns where the next position goes.
MDLOOM_INLINE_XTC float* decode_pairs(const XtcStream& part, Index stop, Index n_bits, const SmallClass& of,
                                      const EightPlaces* places, XtcCursor& at, float* out, Output& output) {
    const Index n_atoms = at.run + 1, length = n_bits + 1 + at.run * Index{at.small_index};
    const Index stop_first = stop - n_atoms, last_start = part.last_start() - length;
    const EightFields fields = two_groups(of.fields);
    const PairOrders& orders = pair_orders[at.run - 1];
    const __m512i first = load8(orders.both.from), second = load8(orders.both_from_16.from);
    Index bit = at.bit, atom = at.atom;
    while (atom < stop_first && bit < last_start) {
        Numbers8 both = numbers_of(part.bytes + (bit >> 3), places[bit & 7], fields);
        both = {sums_of_both(both.xy), sums_of_both(both.z)};
        const bool is_first_flagged = flag_at(part.bytes, bit + n_bits);
        if (is_first_flagged | flag_at(part.bytes, bit + length + n_bits)) {
            if (is_first_flagged) break;
            output.put(out, _mm512_permutex2var_epi32(both.xy, load8(orders.first.from), both.z));
            out += 3 * n_atoms;
            bit += length;
            atom += n_atoms;
            break;
        }
        output.put(out, _mm512_permutex2var_epi32(both.xy, first, both.z));
        output.put_rest(out + 16, _mm512_castsi512_si256(_mm512_permutex2var_epi32(both.xy, second, both.z)));
        out += 6 * n_atoms;
        bit += 2 * length;
        atom += 2 * n_atoms;
    }
    at.bit = bit, at.atom = atom;
    return out;
}

/// Four groups of run 2: for sixteen of their numbers from `first` on, which 32 bits hold the absolute position, and
/// which words of eight packed sums the steps. What is behind the last one repeats it.
struct alignas(64) QuadOrder {
    std::int32_t absolute[16];
    std::int16_t words[32];

    constexpr QuadOrder(int n_groups, int first) : absolute{}, words{} {
        for (int i = 0; i < 16; ++i) {
            const int atom = std::min((first + i) / 3, 3 * n_groups - 1), axis = i % 3, group = atom / 3,
                      position = atom % 3;
            absolute[i] = axis == 2 ? 16 + 2 * group : 2 * group + axis;
            const int sum = 2 * group + (position == 2), word = position == 1 ? 3 : 2 - axis;
            words[2 * i] = static_cast<std::int16_t>(4 * sum + word);
        }
    }
};
constexpr QuadOrder quad_order[4][3] = {
    {{1, 0}, {1, 15}, {1, 30}}, {{2, 0}, {2, 15}, {2, 30}}, {{3, 0}, {3, 15}, {3, 30}}, {{4, 0}, {4, 15}, {4, 30}}};

/// Four at a time, the last ones before a flag fewer, until one has a flag or only three are before `stop`; of run 2
/// and at most most_packed_bits. Returns where the next position goes.
MDLOOM_INLINE_XTC float* decode_quads(const XtcStream& part, Index stop, const Field& absolute, const SmallClass& of,
                                      const Quads& quads, XtcCursor& at, float* out, Output& output) {
    const Index length = absolute.n_bits + 1 + 2 * Index{at.small_index};
    const Index stop_first = stop - 9, last_start = part.last_start() - 3 * length;
    const FourFields& positions = quads.positions;
    const __m256i flag = _mm256_set1_epi64x(flag_of_quads);
    const __m512i none = _mm512_setzero_si512();
    const __m512i mask = load8(of.packed.mask), by_yz = load8(of.packed.by_yz), by_z = load8(of.packed.by_z),
                  pack_y = load8(of.packed.pack_y), pack_x = load8(of.packed.pack_x);
    const __m512i start = load8(quads.start);
    Index bit = at.bit, atom = at.atom;
    while (atom < stop_first && bit < last_start) {
        const __m512i near = _mm512_loadu_si512(part.bytes + (bit >> 3));
        const EightPlaces &of_positions = quads.absolutes[bit & 7], &of_steps = quads.steps[bit & 7];
        const __m256i fields = _mm256_multishift_epi64_epi8(
            load4(of_positions.bits), _mm512_castsi512_si256(_mm512_permutexvar_epi8(load8(of_positions.bytes), near)));
        const unsigned flags = _mm256_test_epi64_mask(fields, flag) | 16u;
        const Numbers4 four = numbers_of(fields, positions);
        const __m512i xy = _mm512_castsi256_si512(four.xy), z = _mm512_castsi256_si512(four.z);

        const __m512i v = _mm512_and_si512(
            _mm512_multishift_epi64_epi8(load8(of_steps.bits), _mm512_permutexvar_epi8(load8(of_steps.bytes), near)),
            mask);
        __m512i sums = _mm512_add_epi64(v, start);
        sums = _mm512_madd52lo_epu64(sums, _mm512_madd52hi_epu64(none, v, by_z), pack_y);
        sums = _mm512_madd52lo_epu64(sums, _mm512_madd52hi_epu64(none, v, by_yz), pack_x);
        sums = _mm512_add_epi64(sums, _mm512_bslli_epi128(sums, 8));

        const auto sixteen = [&](const QuadOrder& order) MDLOOM_TARGET_XTC {
            return _mm512_add_epi32(_mm512_permutex2var_epi32(xy, load8(order.absolute), z),
                                    _mm512_maskz_permutexvar_epi16(low_words, load8(order.words), sums));
        };
        const auto put = [&](const QuadOrder* order) MDLOOM_TARGET_XTC {
            output.put(out, sixteen(order[0]));
            output.put(out + 15, sixteen(order[1]));
            output.put_half(out + 30, _mm512_castsi512_si256(sixteen(order[2])));
        };
        if (flags != 16) {
            const Index n_groups = std::countr_zero(flags);
            if (n_groups > 0) {
                put(quad_order[n_groups - 1]);
                out += 9 * n_groups;
                bit += n_groups * length;
                atom += 3 * n_groups;
            }
            break;
        }
        put(quad_order[3]);
        bit += 4 * length;
        atom += 12;
        out += 36;
    }
    at.bit = bit, at.atom = atom;
    return out;
}

}  // namespace
}  // namespace mdloom::sources

// Groups without flags, all of one run and small index, as water makes them: two at a time, or four of water with three
// sites. A part of xtc_decode_avx512.cpp, which alone includes it.
#pragma once
#include "mdloom/sources/formats/xtc_classes_avx512.hpp"
#include "mdloom/sources/formats/xtc_output_avx512.hpp"

namespace mdloom::sources {
namespace {

/// Sixteen numbers from `first` on of the first n_groups of a pair, whose lanes are four for each group. What is behind
/// the last position repeats it.
constexpr WordOrder pair_order(int n_groups, int run, int first) {
    WordOrder order;
    for (int i = 0; i < 16; ++i) {
        const int atom = std::min((first + i) / 3, n_groups * (run + 1) - 1), axis = (first + i) % 3;
        order.set(i, 4 * (atom / (run + 1)) + field_of(atom % (run + 1), run), axis);
    }
    return order;
}
struct PairOrders {
    WordOrder both, both_from_16, first;

    constexpr explicit PairOrders(int run)
        : both(pair_order(2, run, 0)), both_from_16(pair_order(2, run, 16)), first(pair_order(1, run, 0)) {}
};
constexpr PairOrders pair_orders[most_pair_run] = {PairOrders(1), PairOrders(2), PairOrders(3)};  // [run - 1]

/// Sums along both groups.
MDLOOM_INLINE_XTC __m512i sums_of_both(__m512i steps) {
    steps = _mm512_add_epi64(steps, _mm512_maskz_permutex_epi64(0xee, steps, 0x90));  // [- a b c]
    return _mm512_add_epi64(steps, _mm512_maskz_permutex_epi64(0xcc, steps, 0x40));   // [- - a b]
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
    const PackedLanes by = first_four_twice(of.group);
    const PairOrders& orders = pair_orders[at.run - 1];
    const __m512i first = load8(orders.both.from), second = load8(orders.both_from_16.from);
    Index bit = at.bit, atom = at.atom;
    while (atom < stop_first && bit < last_start) {
        const __m512i sums = sums_of_both(packed<false>(fields_at(part.bytes + (bit >> 3), places[bit & 7]), by));
        const bool is_first_flagged = flag_at(part.bytes, bit + n_bits);
        if (is_first_flagged | flag_at(part.bytes, bit + length + n_bits)) {
            if (is_first_flagged) break;
            output.put(out, _mm512_maskz_permutexvar_epi16(word_mask(0), load8(orders.first.from), sums));
            out += 3 * n_atoms;
            bit += length;
            atom += n_atoms;
            break;
        }
        output.put(out, _mm512_maskz_permutexvar_epi16(word_mask(0), first, sums));
        output.put_rest(out + 16, _mm512_castsi512_si256(_mm512_maskz_permutexvar_epi16(word_mask(1), second, sums)));
        out += 6 * n_atoms;
        bit += 2 * length;
        atom += 2 * n_atoms;
    }
    at.bit = bit, at.atom = atom;
    return out;
}

/// Sixteen numbers from `first` on of the first n_groups of four with run 2: eight lanes hold the sums of their steps,
/// the eight behind these the absolute positions. What is behind the last position repeats it.
constexpr WordOrder quad_order(int n_groups, int first) {
    WordOrder order;
    for (int i = 0; i < 16; ++i) {
        const int atom = std::min((first + i) / 3, 3 * n_groups - 1), group = atom / 3, field = field_of(atom % 3, 2);
        order.set(i, field == 0 ? 8 + group : 2 * group + field - 1, (first + i) % 3);
    }
    return order;
}
struct QuadOrders {
    WordOrder from_0, from_15, from_30;

    constexpr explicit QuadOrders(int n_groups)
        : from_0(quad_order(n_groups, 0)), from_15(quad_order(n_groups, 15)), from_30(quad_order(n_groups, 30)) {}
};
constexpr QuadOrders quad_orders[4] = {QuadOrders(1), QuadOrders(2), QuadOrders(3), QuadOrders(4)};  // [groups - 1]

/// Four at a time, the last ones before a flag fewer, until one has a flag or only three are before `stop`; of run 2
/// and at most most_packed_bits. Returns where the next position goes.
MDLOOM_INLINE_XTC float* decode_quads(const XtcStream& part, Index stop, Index n_bits, const PackedFields& positions,
                                      const SmallClass& of, const Quads& quads, XtcCursor& at, float* out,
                                      Output& output) {
    const Index length = n_bits + 1 + 2 * Index{at.small_index};
    const Index stop_first = stop - 9, last_start = part.last_start() - 3 * length;
    const __m256i flag = _mm256_set1_epi64x(flag_of_quads);
    const __m512i groups_of_steps = _mm512_setr_epi64(0, 0, 1, 1, 2, 2, 3, 3);
    const PackedLanes by = all_lanes(of.steps);
    Index bit = at.bit, atom = at.atom;
    while (atom < stop_first && bit < last_start) {
        const __m512i near = _mm512_loadu_si512(part.bytes + (bit >> 3));
        const EightPlaces &of_absolutes = quads.absolutes[bit & 7], &of_steps = quads.steps[bit & 7];
        const __m256i fields = _mm256_multishift_epi64_epi8(
            load4(of_absolutes.bits), _mm512_castsi512_si256(_mm512_permutexvar_epi8(load8(of_absolutes.bytes), near)));
        const unsigned flags = _mm256_test_epi64_mask(fields, flag) | 16u;
        const __m512i absolutes = _mm512_castsi256_si512(packed(fields, positions));
        __m512i sums = packed<true>(
            _mm512_multishift_epi64_epi8(load8(of_steps.bits), _mm512_permutexvar_epi8(load8(of_steps.bytes), near)),
            by);
        sums = _mm512_add_epi64(sums, _mm512_bslli_epi128(sums, 8));
        sums = _mm512_add_epi64(sums, _mm512_permutexvar_epi64(groups_of_steps, absolutes));

        const auto put = [&](const QuadOrders& orders) MDLOOM_TARGET_XTC {
            const auto sixteen = [&](const WordOrder& order) MDLOOM_TARGET_XTC {
                return _mm512_maskz_permutex2var_epi16(word_mask(0), sums, load8(order.from), absolutes);
            };
            output.put(out, sixteen(orders.from_0));
            output.put(out + 15, sixteen(orders.from_15));
            output.put_half(out + 30, _mm512_castsi512_si256(sixteen(orders.from_30)));
        };
        if (flags != 16) {
            const Index n_groups = std::countr_zero(flags);
            if (n_groups > 0) {
                put(quad_orders[n_groups - 1]);
                out += 9 * n_groups;
                bit += n_groups * length;
                atom += 3 * n_groups;
            }
            break;
        }
        put(quad_orders[3]);
        bit += 4 * length;
        atom += 12;
        out += 36;
    }
    at.bit = bit, at.atom = atom;
    return out;
}

}  // namespace
}  // namespace mdloom::sources

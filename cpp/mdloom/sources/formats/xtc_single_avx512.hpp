// One group at a time, of any run, flagged or not. A part of xtc_decode_avx512.cpp, which alone includes it.
//
// The first four fields are the absolute position and three steps: all that most groups have in water. Up to seven more
// steps come together.
#pragma once
#include "mdloom/sources/formats/xtc_classes_avx512.hpp"
#include "mdloom/sources/formats/xtc_output_avx512.hpp"

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

// Two halves of four numbers each to [x y z _] of the first and last four fields.
alignas(64) constexpr std::uint64_t first_four[8] = {0, 8, 1, 9, 2, 10, 3, 11};
alignas(64) constexpr std::uint64_t last_four[8] = {4, 12, 5, 13, 6, 14, 7, 15};

/// [a b c d] -> [a, a + b, a + b + c, a + b + c + d]
MDLOOM_INLINE_XTC __m512i sums_of(__m512i steps) {
    const __m512i none = _mm512_setzero_si512();
    steps = _mm512_add_epi32(steps, _mm512_alignr_epi64(steps, none, 6));
    return _mm512_add_epi32(steps, _mm512_alignr_epi64(steps, none, 4));
}

MDLOOM_INLINE_XTC __m512i in_order(__m512i four, const Order& order) {
    return _mm512_permutexvar_epi32(load8(order.from), four);
}

/// The 4th step and those that follow, as sums from the last of the four positions before them.
MDLOOM_INLINE_XTC void put_later(float* out, __m512i four, int run, const std::byte* stream, Index bit,
                                 const SmallClass& of, Output& output) {
    const __m512i to_first = load8(first_four), to_last = load8(last_four);
    const Numbers8 steps = numbers_of(fields_at(stream + (bit >> 3), of.step_places[bit & 7]), eight_steps(of.fields));
    const __m512i before = _mm512_shuffle_i64x2(four, four, 0xff);
    four = _mm512_add_epi32(sums_of(_mm512_permutex2var_epi64(steps.xy, to_first, steps.z)), before);
    output.put(out, in_order(four, later_order[std::min(run - 3, 4)]));
    if (run <= 7) return;
    const __m512i before_last = _mm512_shuffle_i64x2(four, four, 0xff);
    four = _mm512_add_epi32(sums_of(_mm512_permutex2var_epi64(steps.xy, to_last, steps.z)), before_last);
    output.put(out + 12, in_order(four, later_order[run - 7]));
}

/// The group that starts at `bit`, and whose first step is at `step_bit`.
MDLOOM_INLINE_XTC void put_single(float* out, int run, const std::byte* stream, Index bit, Index step_bit,
                                  const EightPlaces& places, int small_index, const SmallClass& of, Output& output) {
    const Numbers4 numbers = numbers_of(four_fields_at(stream + (bit >> 3), places), of.fields);
    const __m512i xy = _mm512_castsi256_si512(numbers.xy), z = _mm512_castsi256_si512(numbers.z);
    const __m512i four = sums_of(_mm512_permutex2var_epi64(xy, load8(first_four), z));
    output.put(out, in_order(four, first_order[std::min(run, 3)]));
    if (run > 3) put_later(out + 12, four, run, stream, step_bit + 3 * small_index, of, output);
}

}  // namespace
}  // namespace mdloom::sources

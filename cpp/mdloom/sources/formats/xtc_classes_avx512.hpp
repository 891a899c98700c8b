// What the AVX-512 decoder of XTC has ready before it meets a group, for each small index. A part of
// xtc_decode_avx512.cpp, which alone includes it.
#pragma once
#include "mdloom/sources/formats/xtc_fields_avx512.hpp"

namespace mdloom::sources {
namespace {

constexpr int most_pair_run = 3;  ///< of groups that come in pairs
constexpr int word_bias = 1 << 15;
constexpr std::uint64_t biased_words = 0x8000'8000'8000'8000;
constexpr __mmask32 low_words = 0x5555'5555;
constexpr int most_packed_bits = 31;  ///< of a step: its quotients are shorter than 52 bits, and sums of eight than 15

/// Steps of one size s, their three numbers, each less half the size, in 16 bits each of one 64-bit word: sums are then
/// taken of all three at once. packed = v + xy (2^16 - s) + x (2^32 - 2^16 s) + start, where x = v / s^2, xy = v / s: z
/// in the lowest word, then y, then x. The first step of a sum has the bias, too, which keeps words above 0; the
/// highest word holds nothing else.
struct alignas(64) PackedSteps {
    std::uint64_t mask[8], by_yz[8], by_z[8], pack_y[8], pack_x[8], start[8];
};

/// All that depends on the small index.
struct alignas(64) SmallClass {
    PackedSteps packed;  // up to most_packed_bits
    FourFields fields;
    FourPlaces group[2][8];  // [flagged][bit]
    EightPlaces steps[8];    // [bit]: steps that follow each other
};

/// Two groups of one class without flags, the second one behind the first. Apart from what most groups need.
struct alignas(64) Pairs {
    EightPlaces places[most_pair_run][8];  // [run - 1][bit]
};

/// Four groups of one class without flags and with two steps each.
struct alignas(64) Quads {
    EightPlaces absolutes[8], steps[8];  // [bit]; four positions, and their flags in the highest bytes; eight steps
    std::uint64_t start[8];              // of PackedSteps
    FourFields positions;
};
constexpr std::uint64_t flag_of_quads = std::uint64_t{1} << 56;

/// Classes as they are needed. Streams change among a few that follow each other: an encoder uses at most 9.
class SmallClasses {
public:
    explicit SmallClasses(const Field& absolute) : absolute_(absolute) {}

    /// least_small_index to most_bits
    MDLOOM_TARGET_XTC const SmallClass& of(int small_index) {
        SmallClass& found = classes_[small_index - least_small_index];
        if (!(ready_ >> small_index & 1)) prepare(found, small_index);
        return found;
    }

    /// [bit]
    MDLOOM_TARGET_XTC const EightPlaces* pairs(int small_index, int run) {
        const int slot = small_index % n_slots;
        if (pairs_of_[slot][run - 1] != small_index) prepare_pairs(pairs_[slot], small_index, run);
        pairs_of_[slot][run - 1] = small_index;
        return pairs_[slot].places[run - 1];
    }

    /// Up to most_packed_bits.
    MDLOOM_TARGET_XTC const Quads& quads(int small_index) {
        const int slot = small_index % n_slots;
        if (quads_of_[slot] != small_index) prepare_quads(quads_[slot], small_index);
        quads_of_[slot] = small_index;
        return quads_[slot];
    }

private:
    static constexpr int n_slots = 16;

    MDLOOM_TARGET_XTC void prepare(SmallClass& made, int small_index);
    MDLOOM_TARGET_XTC void prepare_pairs(Pairs& made, int small_index, int run) const;
    MDLOOM_TARGET_XTC void prepare_quads(Quads& made, int small_index) const;

    const Field absolute_;
    std::uint64_t ready_ = 0;                                             // a bit for each small index
    int pairs_of_[n_slots][most_pair_run] = {}, quads_of_[n_slots] = {};  // small index; none
    SmallClass classes_[most_bits + 1 - least_small_index];
    Pairs pairs_[n_slots];
    Quads quads_[n_slots];
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

MDLOOM_INLINE_XTC void set_all(std::uint64_t (&to)[8], std::uint64_t v) {
    _mm512_store_si512(to, _mm512_set1_epi64(static_cast<long long>(v)));
}

MDLOOM_INLINE_XTC void set_packed(PackedSteps& made, const Field& step) {
    const std::uint64_t size = step.sizes.z, half = size / 2;
    set_all(made.mask, step.mask());
    set_all(made.by_yz, step.by_yz.multiplier);
    set_all(made.by_z, step.by_z.multiplier);
    set_all(made.pack_y, (std::uint64_t{1} << 16) - size);
    set_all(made.pack_x, (std::uint64_t{1} << 32) - (size << 16));
    set_all(made.start, 0 - (half | half << 16 | half << 32));
    made.start[0] += biased_words;
}

inline void SmallClasses::prepare(SmallClass& made, int small_index) {
    const Field small = step_field(small_index);
    ready_ |= std::uint64_t{1} << small_index;
    if (small_index <= most_packed_bits) set_packed(made.packed, small);
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
}

inline void SmallClasses::prepare_quads(Quads& made, int small_index) const {
    const Field step = step_field(small_index);
    Field position = absolute_;
    position.least = {position.least.x - word_bias, position.least.y - word_bias, position.least.z - word_bias};
    for (std::size_t lane = 0; lane < 4; ++lane) made.positions.set(lane, position);
    PackedSteps packed;
    set_packed(packed, step);
    for (int i = 0; i < 8; ++i) made.start[i] = packed.start[i % 2];
    const auto flag_place = static_cast<std::uint64_t>(63 - position.n_bits) << 56;
    const __m512i of_positions = _mm512_set1_epi64(static_cast<long long>(position.byte_places() | flag_place));
    const __m512i of_steps = byte_places(position, step, 0);
    const long long n = small_index, first = position.n_bits + 1, length = first + 2 * n;
    const __m512i groups = _mm512_setr_epi64(0, length, 2 * length, 3 * length, 0, 0, 0, 0);
    const __m512i steps =
        _mm512_add_epi64(_mm512_permutexvar_epi64(_mm512_setr_epi64(0, 0, 1, 1, 2, 2, 3, 3), groups),
                         _mm512_setr_epi64(first, first + n, first, first + n, first, first + n, first, first + n));
    for (int bit = 0; bit < 8; ++bit) {
        const __m512i more = _mm512_set1_epi64(bit);
        set_places(made.absolutes[bit], _mm512_add_epi64(groups, more), of_positions);
        set_places(made.steps[bit], _mm512_add_epi64(steps, more), of_steps);
    }
}

}  // namespace
}  // namespace mdloom::sources

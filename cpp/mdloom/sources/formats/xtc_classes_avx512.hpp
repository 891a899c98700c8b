// What the AVX-512 decoder of XTC has ready before it meets a group, for each small index. A part of
// xtc_decode_avx512.cpp, which alone includes it.
#pragma once
#include "mdloom/sources/formats/xtc_fields_avx512.hpp"

namespace mdloom::sources {
namespace {

constexpr int most_pair_run = 3;      ///< of groups that come in pairs
constexpr int most_packed_bits = 31;  ///< of a step in words: its quotients need no shift

/// Of an absolute position: y and z stay below 2^16 with eight steps more, and products with x and xy, which in damaged
/// streams are up to twice as large as can be, below 2^52.
inline bool can_be_packed(const Triple& sizes) {
    return sizes.x <= 500'000 && sizes.y <= 60'000 && sizes.z <= 60'000;
}

/// Fields whose three numbers stay in one lane of 64 bits: z in its lowest 16 bits, y in the next, x in the upper half.
/// Sums along a group are then sums of lanes, exact where all numbers of a position are inside: the lowest one that is
/// not is seen to be outside, whatever it does to those above it.
///
///     packed = v + xy (2^16 - size_z) + x (2^32 - 2^16 size_y) + least, where x = v / (size_y size_z), xy = v / size_z
struct alignas(64) PackedFields {
    std::uint64_t mask[8], by_yz[8], yz_shift[8], by_z[8], z_shift[8], pack_y[8], pack_x[8], least[8];

    MDLOOM_TARGET_XTC void set(__mmask8 lanes, const Field& field) {
        const auto fill = [lanes](std::uint64_t (&to)[8], std::uint64_t v) MDLOOM_TARGET_XTC {
            _mm512_mask_store_epi64(to, lanes, _mm512_set1_epi64(static_cast<long long>(v)));
        };
        fill(mask, field.mask());
        fill(by_yz, field.by_yz.multiplier), fill(yz_shift, field.by_yz.shift);
        fill(by_z, field.by_z.multiplier), fill(z_shift, field.by_z.shift);
        fill(pack_y, (std::uint64_t{1} << 16) - field.sizes.z);
        fill(pack_x, (std::uint64_t{1} << 32) - (std::uint64_t{field.sizes.y} << 16));
        const std::uint64_t half = -field.least.x;
        fill(least, 0 - (half | half << 16 | half << 32));
    }
};

/// The same in registers, or where an instruction finds them.
struct PackedLanes {
    __m512i mask, by_yz, yz_shift, by_z, z_shift, pack_y, pack_x, least;
};
MDLOOM_INLINE_XTC PackedLanes all_lanes(const PackedFields& of) {
    return {load8(of.mask),    load8(of.by_yz),  load8(of.yz_shift), load8(of.by_z),
            load8(of.z_shift), load8(of.pack_y), load8(of.pack_x),   load8(of.least)};
}
MDLOOM_INLINE_XTC PackedLanes first_four_twice(const PackedFields& of) {
    const auto twice = [](const std::uint64_t* lanes)
                           MDLOOM_TARGET_XTC { return _mm512_broadcast_i64x4(load4(lanes)); };
    return {twice(of.mask),    twice(of.by_yz),  twice(of.yz_shift), twice(of.by_z),
            twice(of.z_shift), twice(of.pack_y), twice(of.pack_x),   twice(of.least)};
}

/// Steps need no shift.
template <bool are_steps>
MDLOOM_INLINE_XTC __m512i packed(__m512i fields, const PackedLanes& of) {
    const __m512i none = _mm512_setzero_si512(), v = _mm512_and_si512(fields, of.mask);
    __m512i xy = _mm512_madd52hi_epu64(none, v, of.by_z), x = _mm512_madd52hi_epu64(none, v, of.by_yz);
    if constexpr (!are_steps) xy = _mm512_srlv_epi64(xy, of.z_shift), x = _mm512_srlv_epi64(x, of.yz_shift);
    const __m512i with_y = _mm512_madd52lo_epu64(_mm512_add_epi64(v, of.least), xy, of.pack_y);
    return _mm512_madd52lo_epu64(with_y, x, of.pack_x);
}

/// The first four lanes.
MDLOOM_INLINE_XTC __m256i packed(__m256i fields, const PackedFields& of) {
    const __m256i none = _mm256_setzero_si256(), v = _mm256_and_si256(fields, load4(of.mask));
    const __m256i xy = _mm256_srlv_epi64(_mm256_madd52hi_epu64(none, v, load4(of.by_z)), load4(of.z_shift));
    const __m256i x = _mm256_srlv_epi64(_mm256_madd52hi_epu64(none, v, load4(of.by_yz)), load4(of.yz_shift));
    const __m256i with_y = _mm256_madd52lo_epu64(_mm256_add_epi64(v, load4(of.least)), xy, load4(of.pack_y));
    return _mm256_madd52lo_epu64(with_y, x, load4(of.pack_x));
}

/// Which words of packed lanes make 32 bits of a number: one of y and z, two of x, as word_mask() says.
struct alignas(64) WordOrder {
    std::int16_t from[32] = {};

    constexpr void set(int number, int lane, int axis) {
        from[2 * number] = static_cast<std::int16_t>(4 * lane + 2 - axis);
        from[2 * number + 1] = static_cast<std::int16_t>(4 * lane + 3);
    }
};
constexpr __mmask32 word_mask(int first_axis) {
    __mmask32 mask = 0;
    for (int i = 0; i < 16; ++i) mask |= ((first_axis + i) % 3 == 0 ? 3u : 1u) << (2 * i);
    return mask;
}

/// Which position of a group is stored as which field: the first two are exchanged, if there are two.
constexpr int field_of(int position, int run) {
    return run > 0 && position < 2 ? 1 - position : position;
}

/// All that depends on the small index.
struct alignas(64) SmallClass {
    PackedFields group, steps;       // up to most_packed_bits: an absolute position and seven steps, eight steps
    FourFields fields;               // the first four of a group
    EightPlaces group_places[2][8];  // [flagged][bit]
    EightPlaces step_places[8];      // [bit]: steps that follow each other
};

/// Two groups of one class without flags, the second one behind the first. Apart from what most groups need.
struct alignas(64) Pairs {
    EightPlaces places[most_pair_run][8];  // [run - 1][bit]
};

/// Four groups of one class without flags and with two steps each.
struct alignas(64) Quads {
    EightPlaces absolutes[8], steps[8];  // [bit]; four positions, and their flags in the highest bytes; eight steps
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

inline void SmallClasses::prepare(SmallClass& made, int small_index) {
    const Field small = step_field(small_index);
    ready_ |= std::uint64_t{1} << small_index;
    if (small_index <= most_packed_bits) {
        made.group.set(0x01, absolute_), made.group.set(0xfe, small);
        made.steps.set(0xff, small);
    }
    made.fields.set(0, absolute_);
    for (std::size_t lane = 1; lane < 4; ++lane) made.fields.set(lane, small);
    const __m512i of_group = byte_places(absolute_, small, 0x01), of_steps = byte_places(absolute_, small, 0);
    const auto n = static_cast<long long>(small_index);
    const __m512i steps = _mm512_setr_epi64(0, n, 2 * n, 3 * n, 4 * n, 5 * n, 6 * n, 7 * n);
    for (int bit = 0; bit < 8; ++bit) {
        const __m512i start = _mm512_set1_epi64(bit);
        for (int flagged = 0; flagged < 2; ++flagged) {
            const __m512i behind = _mm512_set1_epi64(absolute_.n_bits + (flagged ? 6 : 1) - n);
            const __m512i group = _mm512_mask_add_epi64(_mm512_setzero_si512(), 0xfe, steps, behind);
            set_places(made.group_places[flagged][bit], _mm512_add_epi64(group, start), of_group);
        }
        set_places(made.step_places[bit], _mm512_add_epi64(steps, start), of_steps);
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
    const auto flag_place = static_cast<std::uint64_t>(63 - absolute_.n_bits) << 56;
    const __m512i of_positions = _mm512_set1_epi64(static_cast<long long>(absolute_.byte_places() | flag_place));
    const __m512i of_steps = byte_places(absolute_, step, 0);
    const long long n = small_index, first = absolute_.n_bits + 1, length = first + 2 * n;
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

// Groups with flags and without, of changing runs and small indices, without a branch on any of it: lipids take 1.15
// ns/atom instead of 1.7, a protein 1.7 instead of 1.95. A part of xtc_decode_avx512.cpp, which alone includes it.
//
//   walk       a table for each small index and run says from a flag and the five bits behind it how long the group is
//              and which table comes next
//   steps      the fields behind the absolute position are taken for steps, as many as there can be, whether they are
//              or not
//   positions  words of the sums, in the exchanged order and without gaps; lanes behind the last position repeat it, so
//              that no check sees what is no step
//
// A group is put out when the next one has been taken apart: the CPU then works on both, whose instructions depend on
// each other in long chains (lipids: 1.35 to 1.25 ns/atom).
#pragma once
#include "mdloom/sources/formats/xtc_classes_avx512.hpp"
#include "mdloom/sources/formats/xtc_output_avx512.hpp"

namespace mdloom::sources {
namespace {

constexpr int few_steps = 7, many_steps = 8;  ///< that are taken for steps: registers of eight lanes
constexpr int many_atoms = 5;                 ///< of a group; where groups have so many, others are not better

/// What comes after a group of this small index and run; [flag and the five bits behind it].
struct alignas(64) Walk {
    std::uint16_t length[64];  ///< from this flag to the next one, in bits
    std::uint16_t next[64];    ///< place of the next walk
    const SmallClass* fields;
    int small_index, run;
};

constexpr int n_runs = 11;                                                                            // 0 to 31 / 3
constexpr int before_small_index = least_small_index - 1, behind_small_index = most_packed_bits + 1;  // never ready
constexpr int n_walks = n_runs * (behind_small_index + 1 - before_small_index);

/// Places of walks are in units of 64 bytes, so that an address is one shift away.
constexpr int walk_size = sizeof(Walk) / 64;
constexpr int walk_place(int small_index, int run) {
    return walk_size * ((small_index - before_small_index) * n_runs + run);
}

/// [five bits]
struct alignas(64) FlagMeanings {
    std::int16_t run[32], place[32];  // of the next walk, from that of this small index and no run

    constexpr FlagMeanings() : run{}, place{} {
        for (int i = 0; i < 32; ++i) {
            run[i] = static_cast<std::int16_t>(i / 3);
            place[i] = static_cast<std::int16_t>(walk_size * (i / 3 + n_runs * (i % 3 - 1)));
        }
    }
};
constexpr FlagMeanings flag_meanings;

/// Numbers of the first five positions, and from the sixth on. Of few steps, eight lanes hold all positions; of many,
/// those that have steps, and the lane behind these the absolute one. What is behind the last position repeats it.
struct MixedOrder {
    WordOrder first, others;

    constexpr MixedOrder(int n_steps, int run) {
        for (int i = 0; i < 31; ++i) {
            const int field = field_of(std::min(i / 3, run), run);
            const int lane = n_steps == few_steps ? field : field == 0 ? 8 : field - 1;
            if (i < 16) first.set(i, lane, i % 3);
            if (i >= 15) others.set(i - 15, lane, i % 3);
        }
    }
};
template <int n_steps>
constexpr MixedOrder mixed_orders[many_steps + 1] = {{n_steps, 0}, {n_steps, 1}, {n_steps, 2},
                                                     {n_steps, 3}, {n_steps, 4}, {n_steps, 5},
                                                     {n_steps, 6}, {n_steps, 7}, {n_steps, 8}};  // [run]

/// One absolute position, packed: in registers, and by itself, which for lipids takes 0.07 ns/atom less than with
/// others.
struct AbsolutePosition {
    __m128i places, mask, by_yz, yz_shift, by_z, z_shift, pack_y, pack_x;

    MDLOOM_INLINE_XTC AbsolutePosition(const Field& of, const PackedFields& by)
        : places(_mm_set1_epi64x(static_cast<long long>(of.byte_places()))),
          mask(first_two(by.mask)),
          by_yz(first_two(by.by_yz)),
          yz_shift(first_two(by.yz_shift)),
          by_z(first_two(by.by_z)),
          z_shift(first_two(by.z_shift)),
          pack_y(first_two(by.pack_y)),
          pack_x(first_two(by.pack_x)) {}

    MDLOOM_INLINE_XTC __m128i of(const std::byte* stream, Index bit) const {
        const __m128i none = _mm_setzero_si128();
        const __m128i field = _mm_cvtsi64_si128(static_cast<long long>(bits_at(stream, bit)));
        const __m128i v = _mm_and_si128(_mm_multishift_epi64_epi8(places, field), mask);
        const __m128i xy = _mm_srlv_epi64(_mm_madd52hi_epu64(none, v, by_z), z_shift);
        const __m128i x = _mm_srlv_epi64(_mm_madd52hi_epu64(none, v, by_yz), yz_shift);
        return _mm_move_epi64(_mm_madd52lo_epu64(_mm_madd52lo_epu64(v, xy, pack_y), x, pack_x));
    }

private:
    MDLOOM_INLINE_XTC static __m128i first_two(const std::uint64_t (&lanes)[8]) {
        return _mm_load_si128(reinterpret_cast<const __m128i*>(lanes));
    }
};

/// A group that was taken apart and waits to be put out; before the first one, the lowest corner, to be overwritten.
template <int n_steps>
struct WaitingGroup {
    const MixedOrder* order;
    float* out;
    __m512i lanes = _mm512_setzero_si512();  ///< of few steps, the absolute position and they; of many, the steps
    __m128i absolute = _mm_setzero_si128();  ///< of many

    MDLOOM_INLINE_XTC void take(const std::byte* stream, Index bit, Index step_bit, bool is_flagged,
                                const AbsolutePosition& at, const SmallClass& of) {
        if constexpr (n_steps == few_steps) {
            lanes = packed<false>(fields_at(stream + (bit >> 3), of.group_places[is_flagged][bit & 7]),
                                  all_lanes(of.group));
        } else {
            absolute = at.of(stream, bit);
            lanes =
                packed<true>(fields_at(stream + (step_bit >> 3), of.step_places[step_bit & 7]), all_lanes(of.steps));
            lanes = _mm512_add_epi64(lanes, _mm512_zextsi128_si512(absolute));  // to the first step
        }
    }

    MDLOOM_INLINE_XTC void put(Output& output) const {
        const __m512i none = _mm512_setzero_si512();
        __m512i sums = _mm512_add_epi64(lanes, _mm512_alignr_epi64(lanes, none, 7));
        sums = _mm512_add_epi64(sums, _mm512_alignr_epi64(sums, none, 6));
        sums = _mm512_add_epi64(sums, _mm512_alignr_epi64(sums, none, 4));
        const auto sixteen = [&](const WordOrder& words) MDLOOM_TARGET_XTC {
            if constexpr (n_steps == few_steps)
                return _mm512_maskz_permutexvar_epi16(word_mask(0), load8(words.from), sums);
            else
                return _mm512_maskz_permutex2var_epi16(word_mask(0), sums, load8(words.from),
                                                       _mm512_castsi128_si512(absolute));
        };
        output.put(out, sixteen(order->first));
        if (n_steps == many_steps || order > &mixed_orders<n_steps>[4]) output.put(out + 15, sixteen(order->others));
    }
};

class MixedGroups {
public:
    MixedGroups(const Field& absolute, SmallClasses& classes) : absolute_(absolute), classes_(classes) {
        std::fill(std::begin(runs_), std::end(runs_), not_ready);
    }

    /// Decodes groups of up to n_steps from the cursor on, until about 16 groups are left to `stop` or the end of what
    /// is there, or one has more steps. False: here, others are better at it.
    template <int n_steps>
    MDLOOM_TARGET_XTC [[gnu::noinline]] bool decode(const XtcStream& part, Index stop, XtcCursor& cursor, float* out,
                                                    Output& output);

private:
    static constexpr std::uint8_t not_ready = 255;

    Walk& walk(Index place) {
        return *reinterpret_cast<Walk*>(reinterpret_cast<std::byte*>(walks_) + sizeof(Walk) / walk_size * place);
    }

    /// The walk behind the group whose flag is at this bit; not if it has too many steps, or is damaged.
    MDLOOM_TARGET_XTC bool prepare_next(const Walk& now, std::uint64_t flags, int most_steps) {
        const bool is_flagged = flags >> 5;
        const auto meaning = static_cast<int>(flags & 31);
        const int run = is_flagged ? meaning / 3 : now.run;
        const int small_index = now.small_index + (is_flagged ? meaning % 3 - 1 : 0);
        if (run > most_steps || small_index <= before_small_index || small_index >= behind_small_index) return false;
        prepare(small_index, run);
        return true;
    }
    MDLOOM_TARGET_XTC void prepare(int small_index, int run);

    const Field absolute_;
    SmallClasses& classes_;
    std::uint8_t runs_[walk_size * n_walks];  // [place]
    Walk walks_[n_walks];
};

inline void MixedGroups::prepare(int small_index, int run) {
    const int place = walk_place(small_index, run);
    Walk& made = walk(place);
    made.fields = &classes_.of(small_index);
    made.small_index = small_index, made.run = run;
    const auto all = [](int v) MDLOOM_TARGET_XTC { return _mm512_set1_epi16(static_cast<std::int16_t>(v)); };
    const __m512i step_bits = _mm512_mullo_epi16(load8(flag_meanings.run), all(small_index));
    _mm512_store_si512(made.length, all(absolute_.n_bits + 1 + run * small_index));
    _mm512_store_si512(made.length + 32, _mm512_add_epi16(step_bits, all(absolute_.n_bits + 6)));
    _mm512_store_si512(made.next, all(place));
    _mm512_store_si512(made.next + 32, _mm512_add_epi16(load8(flag_meanings.place), all(walk_place(small_index, 0))));
    runs_[place] = static_cast<std::uint8_t>(run);
}

template <int n_steps>
bool MixedGroups::decode(const XtcStream& part, Index stop, XtcCursor& cursor, float* out, Output& checked) {
    constexpr int batch = 16, most_length = most_bits + 6 + n_steps * most_packed_bits;
    const std::byte* const stream = part.bytes;
    const int n_bits = absolute_.n_bits;
    const Index last_flag = part.last_start() + n_bits - batch * most_length;
    const float* const last = out + 3 * std::max<Index>(stop - batch * (n_steps + 1), 0);

    Output output = checked;
    float* to = out + 3 * cursor.atom;
    Index flag = cursor.bit + n_bits, place = walk_place(cursor.small_index, cursor.run);
    if (runs_[place] == not_ready) prepare(cursor.small_index, cursor.run);
    const AbsolutePosition absolute(absolute_, walk(place).fields->group);
    WaitingGroup<n_steps> waiting{&mixed_orders<n_steps>[0], to};
    bool pays = true;
    while (pays && to < last && flag < last_flag) {
        const float* const start = to;
        int n_left = batch, n_flagged = 0;
        do {
            const Walk& now = walk(place);
            const auto word = load_big<std::uint64_t>(stream + (flag >> 3));
            const std::uint64_t flags = _bextr_u64(word, static_cast<unsigned>(58 - (flag & 7)), 6);
            const Index next = now.next[flags];
            const int run = runs_[next];
            waiting.put(output);
            if (run > n_steps) [[unlikely]]
                break;
            const auto is_flagged = static_cast<int>(flags >> 5);
            waiting.order = &mixed_orders<n_steps>[run];
            waiting.out = to;
            waiting.take(stream, flag - n_bits, flag + 1 + 5 * is_flagged, is_flagged, absolute, *now.fields);
            to += 3 * (run + 1);
            flag += now.length[flags];
            place = next;
            n_flagged += is_flagged;
        } while (--n_left);
        if (n_left == 0)
            pays = n_flagged > 1 || to - start >= 3 * many_atoms * batch;
        else if (!prepare_next(walk(place), bits_at(stream, flag) >> 58, n_steps))
            break;
    }
    waiting.put(output);
    checked = output;
    cursor = {flag - n_bits, (to - out) / 3, walk(place).small_index, walk(place).run};
    return pays;
}

}  // namespace
}  // namespace mdloom::sources

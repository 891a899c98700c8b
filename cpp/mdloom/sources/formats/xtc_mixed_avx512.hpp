// Groups with flags and without, of changing runs and small indices, without a branch on any of it: lipids take 1.1
// ns/atom instead of 1.7. A part of xtc_decode_avx512.cpp, which alone includes it.
//
//   walk       a table for each small index and run says from a flag and the five bits behind it how long the group is
//              and which table comes next: 15 cycles from group to group, and nothing to guess
//   steps      the fields behind the absolute position are taken for steps, as many as there can be, whether they are
//              or not
//   positions  of each sum of steps its three words as 32 bits, in the exchanged order and without gaps, added to the
//              absolute position; lanes behind the last position repeat it, so that no check sees what is no step
//
// A group is put out when the next one has been taken apart: the CPU then works on both, whose instructions depend on
// each other in long chains (lipids: 1.35 to 1.25 ns/atom).
#pragma once
#include "mdloom/sources/formats/xtc_classes_avx512.hpp"
#include "mdloom/sources/formats/xtc_output_avx512.hpp"

namespace mdloom::sources {
namespace {

constexpr int few_steps = 4, many_steps = 8;

/// What comes after a group of this small index and run; [flag and the five bits behind it].
struct alignas(64) Walk {
    std::uint16_t length[64];  ///< from this flag to the next one, in bits
    std::uint16_t next[64];    ///< place of the next walk
    const SmallClass* steps;
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

/// Which words of eight sums are the numbers of the first five positions, and of the others from the sixth on. The
/// highest word of a sum is that of no step.
struct alignas(64) WordOrder {
    std::int16_t first[32], others[32];

    constexpr explicit WordOrder(int run) : first{}, others{} {
        for (int i = 0; i < 31; ++i) {
            const int position = std::min(i / 3, run), axis = i % 3;
            const int n_steps = run == 0 ? 0 : position > 1 ? position : 1 - position;
            const int word = n_steps == 0 ? 3 : 4 * (n_steps - 1) + 2 - axis;
            if (i < 16) first[2 * i] = static_cast<std::int16_t>(word);
            if (i >= 15) others[2 * (i - 15)] = static_cast<std::int16_t>(word);
        }
    }
};
constexpr WordOrder word_order[many_steps + 1] = {WordOrder(0), WordOrder(1), WordOrder(2), WordOrder(3), WordOrder(4),
                                                  WordOrder(5), WordOrder(6), WordOrder(7), WordOrder(8)};
alignas(64) constexpr std::int32_t repeated_position[16] = {0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0};

/// One absolute position, less the bias of words.
struct AbsolutePosition {
    __m128i places, mask, by_yz, yz_shift, by_z, z_shift, minus_y, minus_z, least;

    MDLOOM_INLINE_XTC explicit AbsolutePosition(const Field& of)
        : places(both(of.byte_places())),
          mask(both(of.mask())),
          by_yz(both(of.by_yz.multiplier)),
          yz_shift(both(of.by_yz.shift)),
          by_z(both(of.by_z.multiplier)),
          z_shift(both(of.by_z.shift)),
          minus_y(both((std::uint64_t{1} << 52) - of.sizes.y)),
          minus_z(both((std::uint64_t{1} << 52) - of.sizes.z)),
          least(_mm_sub_epi32(_mm_setr_epi32(static_cast<int>(of.least.x), static_cast<int>(of.least.y),
                                             static_cast<int>(of.least.z), 0),
                              _mm_set1_epi32(word_bias))) {}

    /// [x y z _]
    MDLOOM_INLINE_XTC __m128i at(const std::byte* stream, Index bit) const {
        const __m128i none = _mm_setzero_si128();
        const __m128i field = _mm_cvtsi64_si128(static_cast<long long>(bits_at(stream, bit)));
        const __m128i v = _mm_and_si128(_mm_multishift_epi64_epi8(places, field), mask);
        const __m128i x = _mm_srlv_epi64(_mm_madd52hi_epu64(none, v, by_yz), yz_shift);
        const __m128i xy = _mm_srlv_epi64(_mm_madd52hi_epu64(none, v, by_z), z_shift);
        const __m128i y = _mm_madd52lo_epu64(xy, x, minus_y), z = _mm_madd52lo_epu64(v, xy, minus_z);
        return _mm_add_epi32(_mm_unpacklo_epi64(_mm_unpacklo_epi32(x, y), z), least);
    }

private:
    MDLOOM_INLINE_XTC static __m128i both(std::uint64_t v) { return _mm_set1_epi64x(static_cast<long long>(v)); }
};

/// Steps from `bit` on, each packed.
template <int n_steps>
MDLOOM_INLINE_XTC __m512i packed_steps(const std::byte* stream, Index bit, const SmallClass& of) {
    const PackedSteps& by = of.packed;
    const EightPlaces& places = of.steps[bit & 7];
    if constexpr (n_steps == many_steps) {
        const __m512i none = _mm512_setzero_si512(), bytes = _mm512_loadu_si512(stream + (bit >> 3));
        const __m512i v = _mm512_and_si512(
            _mm512_multishift_epi64_epi8(load8(places.bits), _mm512_permutexvar_epi8(load8(places.bytes), bytes)),
            load8(by.mask));
        const __m512i xy = _mm512_madd52hi_epu64(none, v, load8(by.by_z)),
                      x = _mm512_madd52hi_epu64(none, v, load8(by.by_yz));
        const __m512i with_y = _mm512_madd52lo_epu64(_mm512_add_epi64(v, load8(by.start)), xy, load8(by.pack_y));
        return _mm512_madd52lo_epu64(with_y, x, load8(by.pack_x));
    } else {
        const __m256i none = _mm256_setzero_si256(),
                      bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(stream + (bit >> 3)));
        const __m256i v = _mm256_and_si256(
            _mm256_multishift_epi64_epi8(load4(places.bits), _mm256_permutexvar_epi8(load4(places.bytes), bytes)),
            load4(by.mask));
        const __m256i xy = _mm256_madd52hi_epu64(none, v, load4(by.by_z)),
                      x = _mm256_madd52hi_epu64(none, v, load4(by.by_yz));
        const __m256i with_y = _mm256_madd52lo_epu64(_mm256_add_epi64(v, load4(by.start)), xy, load4(by.pack_y));
        return _mm512_castsi256_si512(_mm256_madd52lo_epu64(with_y, x, load4(by.pack_x)));
    }
}

template <int n_steps>
MDLOOM_INLINE_XTC __m512i sums_of_packed(__m512i steps) {
    if constexpr (n_steps == many_steps) {
        const __m512i none = _mm512_setzero_si512();
        steps = _mm512_add_epi64(steps, _mm512_alignr_epi64(steps, none, 7));
        steps = _mm512_add_epi64(steps, _mm512_alignr_epi64(steps, none, 6));
        return _mm512_add_epi64(steps, _mm512_alignr_epi64(steps, none, 4));
    } else {
        const __m256i none = _mm256_setzero_si256();
        __m256i four = _mm512_castsi512_si256(steps);
        four = _mm256_add_epi64(four, _mm256_alignr_epi64(four, none, 3));
        return _mm512_castsi256_si512(_mm256_add_epi64(four, _mm256_alignr_epi64(four, none, 2)));
    }
}

/// A group that was taken apart and waits to be put out.
struct WaitingGroup {
    __m512i steps;
    __m128i absolute;
    const WordOrder* order;
    float* out;

    template <int n_steps>
    MDLOOM_INLINE_XTC void put(Output& output) const {
        const __m512i absolutes = _mm512_permutexvar_epi32(load8(repeated_position), _mm512_castsi128_si512(absolute));
        const __m512i sums = sums_of_packed<n_steps>(steps);
        output.put(out,
                   _mm512_add_epi32(absolutes, _mm512_maskz_permutexvar_epi16(low_words, load8(order->first), sums)));
        if constexpr (n_steps == many_steps)
            output.put(out + 15, _mm512_add_epi32(
                                     absolutes, _mm512_maskz_permutexvar_epi16(low_words, load8(order->others), sums)));
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

    Walk& walk(Index place) { return walks_[place / walk_size]; }

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
    made.steps = &classes_.of(small_index);
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
    const AbsolutePosition absolute(absolute_);
    const int n_bits = absolute_.n_bits;
    const Index last_flag = part.last_start() + n_bits - batch * most_length;
    const float* const last = out + 3 * std::max<Index>(stop - batch * (n_steps + 1), 0);

    Output output = checked;
    float* to = out + 3 * cursor.atom;
    Index flag = cursor.bit + n_bits, place = walk_place(cursor.small_index, cursor.run);
    if (runs_[place] == not_ready) prepare(cursor.small_index, cursor.run);
    WaitingGroup waiting{_mm512_maskz_set1_epi64(1, static_cast<long long>(biased_words)), absolute.least,
                         &word_order[0], to};  // the lowest corner, which the first group overwrites
    bool pays = true;
    while (pays && to < last && flag < last_flag) {
        const float* const start = to;
        int n_left = batch, n_flagged = 0;
        do {
            const Walk& now = *reinterpret_cast<const Walk*>(reinterpret_cast<const std::byte*>(walks_) + 64 * place);
            const auto word = load_big<std::uint64_t>(stream + (flag >> 3));
            const std::uint64_t flags = _bextr_u64(word, static_cast<unsigned>(58 - (flag & 7)), 6);
            const Index next = now.next[flags];
            const int run = runs_[next];
            waiting.put<n_steps>(output);
            if (run > n_steps) [[unlikely]]
                break;
            const auto is_flagged = static_cast<int>(flags >> 5);
            waiting = {packed_steps<n_steps>(stream, flag + 1 + 5 * is_flagged, *now.steps),
                       absolute.at(stream, flag - n_bits), &word_order[run], to};
            to += 3 * (run + 1);
            flag += now.length[flags];
            place = next;
            n_flagged += is_flagged;
        } while (--n_left);
        if (n_left == 0)
            pays = n_flagged > 1 || to - start >= batch * 3 * (few_steps + 1);  // flagged or long
        else if (!prepare_next(walk(place), bits_at(stream, flag) >> 58, n_steps))
            break;
    }
    waiting.put<n_steps>(output);
    checked = output;
    cursor = {flag - n_bits, (to - out) / 3, walk(place).small_index, walk(place).run};
    return pays;
}

}  // namespace
}  // namespace mdloom::sources

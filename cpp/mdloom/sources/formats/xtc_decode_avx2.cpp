// Four fields of an XTC stream at a time, in doubles: AVX2 cannot multiply 64 bits, but the quotient of two integers
// below 2^50 is one fused multiply-add, rounded to the nearest integer. Half as many instructions as the portable
// decoder has, which unpacks one field after the other; no PEXT, which is slow before Zen 3.
//
//   fields     two loads of 16 bytes hold two fields each; a shuffle gives every field 8 bytes, most significant first,
//   a
//              shift aligns it, a second shuffle turns its bytes around
//   numbers    three from each field
//   positions  sums along the fields, x y z _ side by side: even = fields 0 and 2, odd = fields 1 and 3
//
// The first four fields are the absolute position and three steps; more than three steps come four by four. Where
// fields stand in their 16 bytes is ready in a SmallClass. Everything rare is left to the portable decoder: fields of
// more than 49 bits, the last groups of a frame, and damage, for which it starts again where this call started.
#include "mdloom/sources/formats/xtc_decoders.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

#include <algorithm>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wpsabi"  // vectors are passed between inlined functions only
#endif

#define MDLOOM_TARGET_XTC __attribute__((target("avx2,fma")))
#define MDLOOM_INLINE_XTC MDLOOM_TARGET_XTC inline __attribute__((always_inline))

namespace mdloom::sources {
namespace {

constexpr int most_bits = 49;
constexpr int most_run = 10;  // 31 / 3

constexpr double two_to_52 = 0x1p52;          // added to an integer: it stands in the low bits
constexpr double around_zero = 1.5 * 0x1p52;  // the same for negative ones

/// What is the same for all fields of one kind.
struct Field {
    const Packing& packing;
    std::uint32_t half;  // subtracted from each number
    double y, z, by_yz, by_z;

    Field(const Packing& p, std::uint32_t h)
        : packing(p), half(h), y(p.sizes.y), z(p.sizes.z), by_yz(1 / (y * z)), by_z(1 / z) {}
};

/// Four fields side by side.
struct alignas(32) FourFields {
    std::uint64_t whole_bytes[4], last_byte[4], last_shift[4];
    double middle_yz[4], by_yz[4], middle_z[4], by_z[4], size_y[4], size_z[4];
    std::uint32_t minus_half_even[8], minus_half_odd[8];

    void set(std::size_t lane, const Field& field) {
        whole_bytes[lane] = field.packing.whole_bytes;
        last_byte[lane] = field.packing.last_byte;
        last_shift[lane] = static_cast<std::uint64_t>(field.packing.last_shift);
        middle_yz[lane] = 0.5 * (field.y * field.z) - 0.5, by_yz[lane] = field.by_yz;
        middle_z[lane] = 0.5 * field.z - 0.5, by_z[lane] = field.by_z;
        size_y[lane] = field.y, size_z[lane] = field.z;
        auto& minus_half = lane % 2 == 0 ? minus_half_even : minus_half_odd;
        for (std::size_t d = 0; d < 4; ++d) minus_half[lane / 2 * 4 + d] = -field.half;
    }
};

/// For one bit in a byte where the first field starts.
struct alignas(32) FourPlaces {
    std::byte bytes[32];     // of the two loads
    std::uint64_t shift[4];  // to the left
    Index second_load;       // bytes behind the first
};

/// All that depends on the small index.
struct SmallClass {
    int small_index = 0;  // none
    FourFields group, steps;
    FourPlaces group_places[2][8];  // [flagged][bit]
    FourPlaces step_places[8];      // [bit]
};

/// Fields that start at these bits.
MDLOOM_TARGET_XTC inline FourPlaces places_of(Index first, Index second, Index third, Index fourth) {
    const __m256i starts = _mm256_setr_epi64x(first, second, third, fourth);
    const __m256i backwards = _mm256_set1_epi64x(0x0001020304050607);
    // 0 0 0 0 0 0 0 0 8 8 ...: the lowest byte of each 64 bits for all of them
    const __m256i everywhere = _mm256_setr_epi64x(0, 0x0808080808080808, 0, 0x0808080808080808);
    FourPlaces places;
    places.second_load = third >> 3;
    const __m256i loads = _mm256_setr_epi64x(0, 0, places.second_load, places.second_load);
    const __m256i first_bytes = _mm256_sub_epi64(_mm256_srli_epi64(starts, 3), loads);
    const __m256i bytes = _mm256_add_epi8(_mm256_shuffle_epi8(first_bytes, everywhere), backwards);
    _mm256_store_si256(reinterpret_cast<__m256i*>(places.bytes), bytes);
    const __m256i shift = _mm256_and_si256(starts, _mm256_set1_epi64x(7));
    _mm256_store_si256(reinterpret_cast<__m256i*>(places.shift), shift);
    return places;
}

// Which of x y z of even and odd fields count, [fields]: those behind the last one are somebody else's bits.
alignas(32) constexpr std::int32_t even_counts[5][8] = {
    {}, {-1, -1, -1}, {-1, -1, -1}, {-1, -1, -1, 0, -1, -1, -1}, {-1, -1, -1, 0, -1, -1, -1}};
alignas(32) constexpr std::int32_t odd_counts[5][8] = {{}, {}, {-1, -1, -1}, {-1, -1, -1}, {-1, -1, -1, 0, -1, -1, -1}};

MDLOOM_INLINE_XTC __m256i load(const void* from) {
    return _mm256_load_si256(static_cast<const __m256i*>(from));
}
MDLOOM_INLINE_XTC __m256i load_two(const std::byte* first, const std::byte* second) {
    const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(first));
    return _mm256_inserti128_si256(_mm256_castsi128_si256(low),
                                   _mm_loadu_si128(reinterpret_cast<const __m128i*>(second)), 1);
}

/// x y z _ of fields 0 and 2, and of 1 and 3.
struct Four {
    __m256i even, odd;
};

/// The integers below 2^49 that stand in the stream.
MDLOOM_INLINE_XTC __m256i fields_at(const std::byte* bytes, const FourPlaces& places, const FourFields& of) {
    const __m256i turn =
        _mm256_set_epi64x(0x08090a0b0c0d0e0f, 0x0001020304050607, 0x08090a0b0c0d0e0f, 0x0001020304050607);
    __m256i v = _mm256_shuffle_epi8(load_two(bytes, bytes + places.second_load), load(places.bytes));
    v = _mm256_shuffle_epi8(_mm256_sllv_epi64(v, load(places.shift)), turn);
    const __m256i last = _mm256_and_si256(_mm256_srlv_epi64(v, load(of.last_shift)), load(of.last_byte));
    return _mm256_or_si256(_mm256_and_si256(v, load(of.whole_bytes)), last);
}

/// With middle = d / 2 - 1 / 2, the integer nearest to (v - middle) / d is the quotient v / d: what is rounded is at
/// least 1 / (2 d) away from where it would go elsewhere, and the error of the product with 1 / d is below 2^49 / 2^53
/// / d.
MDLOOM_INLINE_XTC Four numbers_of(__m256i fields, const FourFields& of) {
    const __m256d big = _mm256_set1_pd(two_to_52), round = _mm256_set1_pd(around_zero);
    const __m256d in_low_bits = _mm256_castsi256_pd(_mm256_or_si256(fields, _mm256_castpd_si256(big)));
    const __m256d v = _mm256_sub_pd(in_low_bits, big);
    const __m256d x = _mm256_fmadd_pd(_mm256_sub_pd(v, _mm256_load_pd(of.middle_yz)), _mm256_load_pd(of.by_yz), round);
    const __m256d xy = _mm256_fmadd_pd(_mm256_sub_pd(v, _mm256_load_pd(of.middle_z)), _mm256_load_pd(of.by_z), round);
    const __m256d y = _mm256_fnmadd_pd(_mm256_sub_pd(x, round), _mm256_load_pd(of.size_y), xy);
    const __m256d z = _mm256_fnmadd_pd(_mm256_sub_pd(xy, round), _mm256_load_pd(of.size_z), in_low_bits);
    const __m256i y_high = _mm256_slli_epi64(_mm256_castpd_si256(y), 32);
    const __m256i x_and_y = _mm256_blend_epi32(_mm256_castpd_si256(x), y_high, 0xaa);
    const __m256i even = _mm256_unpacklo_epi64(x_and_y, _mm256_castpd_si256(z));
    const __m256i odd = _mm256_unpackhi_epi64(x_and_y, _mm256_castpd_si256(z));
    return {_mm256_add_epi32(even, load(of.minus_half_even)), _mm256_add_epi32(odd, load(of.minus_half_odd))};
}

/// [a c] and [b d] -> [a, a + b + c] and [a + b, a + b + c + d]
MDLOOM_INLINE_XTC Four sums_of(Four steps) {
    const __m256i two = _mm256_add_epi32(steps.even, steps.odd), carried = _mm256_permute2x128_si256(two, two, 0x08);
    return {_mm256_add_epi32(steps.even, carried), _mm256_add_epi32(two, carried)};
}

/// From numbers to positions in Å or nm. By value in the loop: what it holds then stays in registers.
struct Output {
    __m256i last, lowest;  // [x y z 0] x 2
    __m256 scale, unit;
    __m256i outside = _mm256_setzero_si256();  // a sign bit: some number was not in 0..last

    MDLOOM_TARGET_XTC explicit Output(const XtcCoding& coding)
        : scale(_mm256_set1_ps(coding.inverse_precision)), unit(_mm256_set1_ps(coding.unit)) {
        alignas(32) std::uint32_t of_last[8] = {}, of_lowest[8] = {};
        for (std::size_t i = 0; i < 8; ++i) {
            if (i % 4 == 3) continue;
            of_last[i] = coding.sizes[i % 4] - 1;
            of_lowest[i] = static_cast<std::uint32_t>(coding.lowest[i % 4]);
        }
        last = load(of_last), lowest = load(of_lowest);
    }
    MDLOOM_INLINE_XTC void check(__m256i at, __m256i counts) {
        const __m256i beyond = _mm256_or_si256(_mm256_sub_epi32(last, at), at);
        outside = _mm256_or_si256(outside, _mm256_and_si256(beyond, counts));
    }
    MDLOOM_INLINE_XTC __m256 positions(__m256i at) const {
        const __m256 nm = _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_add_epi32(at, lowest)), scale);
        return _mm256_mul_ps(nm, unit);
    }
    /// The first two are exchanged if there are two. Each store has a fourth number, which the next one overwrites.
    MDLOOM_INLINE_XTC void put_group(const Four& four, int n_fields, float* out) {
        check(four.even, load(even_counts[n_fields]));
        check(four.odd, load(odd_counts[n_fields]));
        const __m256 even = positions(four.even), odd = positions(four.odd);
        _mm_storeu_ps(out, _mm256_castps256_ps128(odd));
        _mm_storeu_ps(n_fields > 1 ? out + 3 : out, _mm256_castps256_ps128(even));
        _mm_storeu_ps(out + 6, _mm256_extractf128_ps(even, 1));
        _mm_storeu_ps(out + 9, _mm256_extractf128_ps(odd, 1));
    }
    MDLOOM_INLINE_XTC void put_steps(const Four& four, int n_fields, float* out) {
        check(four.even, load(even_counts[n_fields]));
        check(four.odd, load(odd_counts[n_fields]));
        const __m256 even = positions(four.even), odd = positions(four.odd);
        _mm_storeu_ps(out, _mm256_castps256_ps128(even));
        _mm_storeu_ps(out + 3, _mm256_castps256_ps128(odd));
        _mm_storeu_ps(out + 6, _mm256_extractf128_ps(even, 1));
        _mm_storeu_ps(out + 9, _mm256_extractf128_ps(odd, 1));
    }
};

class Decoder {
public:
    explicit Decoder(const Absolute& absolute) : absolute_(absolute), position_(absolute.packing, 0) {}

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

    const Absolute& absolute_;
    const Field position_;
    std::array<SmallClass, 16> classes_;  // an encoder uses at most 9 that follow each other
};

void Decoder::prepare(SmallClass& made, int small_index) const {
    const Packing& packing = small_packings[static_cast<std::size_t>(small_index)];
    const Field small(packing, packing.sizes.x / 2);
    made.small_index = small_index;
    for (std::size_t lane = 0; lane < 4; ++lane) made.steps.set(lane, small);
    made.group = made.steps;
    made.group.set(0, position_);
    const Index n = small_index;
    for (Index bit = 0; bit < 8; ++bit) {
        for (int flagged = 0; flagged < 2; ++flagged) {
            const Index step = bit + absolute_.n_bits + (flagged ? 6 : 1);
            made.group_places[flagged][bit] = places_of(bit, step, step + n, step + 2 * n);
        }
        made.step_places[bit] = places_of(bit, bit + n, bit + 2 * n, bit + 3 * n);
    }
}

bool Decoder::decode(const XtcCoding& coding, const XtcStream& part, Index stop, XtcCursor& cursor, float* out) {
    const std::byte* const stream = part.bytes;
    const Index last_start = part.last_start(), n_bits = absolute_.n_bits;
    Output output(coding);
    XtcCursor at = cursor;
    const SmallClass* now = &small_class(at.small_index);
    out += 3 * at.atom;
    while (at.atom < stop && at.bit < last_start) {
        const FourPlaces* places = now->group_places[0] + (at.bit & 7);
        int run = at.run, next = at.small_index;
        Index bit = at.bit + n_bits + 1;  // of the first step
        if (const auto flags = static_cast<int>(bits_at(stream, at.bit + n_bits) >> 58); flags & 32) {
            run = (flags & 31) / 3;
            next += (flags & 31) % 3 - 1;
            bit += 5;
            places += 8;  // group_places[1]
        }
        Four four = sums_of(numbers_of(fields_at(stream + (at.bit >> 3), *places, now->group), now->group));
        output.put_group(four, std::min(run, 3) + 1, out);
        for (int k = 3; k < run; k += 4) {
            const Index step = bit + k * Index{at.small_index};
            const __m256i before = _mm256_permute2x128_si256(four.odd, four.odd, 0x11);
            four = sums_of(
                numbers_of(fields_at(stream + (step >> 3), now->step_places[step & 7], now->steps), now->steps));
            four = {_mm256_add_epi32(four.even, before), _mm256_add_epi32(four.odd, before)};
            output.put_steps(four, std::min(run - k, 4), out + 3 * (k + 1));
        }
        if (next != at.small_index) {
            if (next < least_small_index || next > most_bits) break;
            now = &small_class(next);
        }
        out += 3 * (run + 1);
        at = {bit + run * Index{at.small_index}, at.atom + run + 1, next, run};
    }
    cursor = at;
    return _mm256_movemask_ps(_mm256_castsi256_ps(output.outside)) == 0;
}

}  // namespace

XtcOutcome decode_avx2(const XtcCoding& coding, const XtcStream& stream, Index stop_atom, XtcCursor& cursor,
                       float* out) noexcept {
    const Absolute absolute(coding.sizes);
    if (absolute.packing.fast && absolute.n_bits <= most_bits && cursor.small_index <= most_bits) {
        XtcCursor at = cursor;
        // Groups that start further on may claim more atoms than there are.
        const Index stop = std::min(stop_atom, coding.n_atoms - most_run);
        if (at.atom < stop && Decoder(absolute).decode(coding, stream, stop, at, out)) cursor = at;
    }
    return decode_rest(absolute, coding, stream, stop_atom, cursor, out);
}

}  // namespace mdloom::sources
#endif

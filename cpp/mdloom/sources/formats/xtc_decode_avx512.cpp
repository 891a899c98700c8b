// Groups of an XTC stream in registers: 0.8 ns/atom for a protein in water of four sites, 1 for water of three, 1.15
// for lipids, where the portable decoder takes 4.1 and 3.8, the one with AVX2 1.9 and 2.6 (one busy core of an AMD Zen
// 4).
//
//   fields     the bytes of 4 or 8 fields, 64 bits for each: a byte permutation brings the 8 bytes that hold a field,
//              most significant first; a multishift takes the bits out of them and turns their bytes around
//   numbers    three from each field, by multiplications with 52 bits (IFMA) instead of divisions
//   positions  sums along the group, of all three numbers at once, then the exchanged order, without gaps
//
// Where a field stands depends on little, the bit in a byte where the group starts, whether it is flagged, and the
// small index: all that is ready in a SmallClass. Three ways, each where it is the fastest:
//
//   unflagged  95 % of the groups in water have no flag: two or four of them are fields at known places
//   mixed      many flags in sequence, or many steps: no branch depends on what the stream says
//   single     what comes between: branches that the CPU guesses right most of the time
//
// Systems wider than 60 nm (at the usual precision) have single groups only, 1.5 ns/atom for water. Everything rare is
// left to the portable decoder: absolute positions of more than 51 bits, larger small indices, the last groups of a
// frame, and damage, for which it starts again where this call started.
#include "mdloom/sources/formats/xtc_decoders.hpp"

#if defined(__x86_64__)
#include <algorithm>

#include "mdloom/sources/formats/xtc_mixed_avx512.hpp"
#include "mdloom/sources/formats/xtc_single_avx512.hpp"
#include "mdloom/sources/formats/xtc_unflagged_avx512.hpp"

namespace mdloom::sources {
namespace {

constexpr int many_flagged = 8;  ///< of so many in sequence, more follow
constexpr int long_run = 5;      ///< of two such in sequence, more follow

/// Decodes until `stop` atoms, or up to what only the portable decoder does. False: some position is outside.
MDLOOM_TARGET_XTC bool decode(const XtcCoding& coding, const XtcStream& part, const Field& absolute, Index stop,
                              XtcCursor& cursor, float* const out) {
    const Index last_start = part.last_start();
    const int n_bits = absolute.n_bits;
    const bool is_packed = can_be_packed(absolute.sizes);
    Output output(coding);
    PackedFields absolutes;
    absolutes.set(0xff, absolute);
    SmallClasses classes(absolute);  // with `mixed` 360 kB; from the heap, pairs took 8 % longer
    MixedGroups mixed(absolute, classes);
    XtcCursor at = cursor;
    const SmallClass* now = &classes.of(at.small_index);
    float* to = out + 3 * at.atom;
    int mixed_steps = 0, n_flagged = 0;  // mixed_steps: 0, few_steps or many_steps
    while (at.atom < stop && at.bit < last_start) {
        if (mixed_steps && is_packed && at.small_index <= most_packed_bits) [[unlikely]] {
            XtcCursor mixed_at = at;  // copies: what a call can change would not stay in registers
            Output checked = output;
            const bool pays = mixed_steps == many_steps ? mixed.decode<many_steps>(part, stop, mixed_at, out, checked)
                                                        : mixed.decode<few_steps>(part, stop, mixed_at, out, checked);
            if (!pays || mixed_at.bit == at.bit) mixed_steps = n_flagged = 0;
            output = checked, at = mixed_at;
            now = &classes.of(at.small_index);
            to = out + 3 * at.atom;
        }
        const EightPlaces* places = now->group_places[0] + (at.bit & 7);
        int run = at.run, next = at.small_index;
        Index step_bit = at.bit + n_bits + 1;
        if (const auto flags = static_cast<int>(bits_at(part.bytes, at.bit + n_bits) >> 58); flags & 32) [[likely]] {
            run = (flags & 31) / 3;
            next += (flags & 31) % 3 - 1;
            step_bit += 5;
            places += 8;  // group_places[1]
            if (++n_flagged > many_flagged) mixed_steps = few_steps;
        } else if (run >= 1 && run <= most_pair_run && is_packed && at.small_index <= most_packed_bits) [[unlikely]] {
            const Index before = at.atom;
            if (run == 2)
                to = decode_quads(part, stop, n_bits, absolutes, *now, classes.quads(at.small_index), at, to, output);
            else
                to = decode_pairs(part, stop, n_bits, *now, classes.pairs(at.small_index, run), at, to, output);
            n_flagged = 0;
            if (at.atom != before) continue;
        }
        if (run >= long_run && at.run >= long_run) mixed_steps = many_steps;
        put_single(to, run, part.bytes, at.bit, step_bit, *places, at.small_index, *now, output);
        if (next != at.small_index) {
            if (next < least_small_index || next > most_bits) break;
            now = &classes.of(next);
        }
        to += 3 * (run + 1);
        at = {step_bit + run * Index{at.small_index}, at.atom + run + 1, next, run};
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
        const Field field(absolute.n_bits, absolute.packing.sizes, {0, 0, 0});
        XtcCursor at = cursor;
        // Groups that start further on may claim more atoms than there are.
        const Index stop = std::min(stop_atom, coding.n_atoms - most_run);
        if (field.exact() && at.atom < stop && decode(coding, stream, field, stop, at, out)) cursor = at;
    }
    return decode_rest(absolute, coding, stream, stop_atom, cursor, out);
}

}  // namespace mdloom::sources
#endif

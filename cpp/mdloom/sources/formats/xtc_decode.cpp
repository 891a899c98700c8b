#include "mdloom/sources/formats/xtc_decode.hpp"

#include "mdloom/sources/formats/xtc_decoders.hpp"

namespace mdloom::sources {
namespace {

/// Two roundings, nm and then Å, as readers of nm that convert afterwards have them. Writes a fourth number, which the
/// next atom overwrites.
inline void put(float* out, Lanes at, float inverse_precision, float unit) {
    const auto nm = __builtin_convertvector(reinterpret_cast<SignedLanes>(at), FloatLanes) * inverse_precision;
    const FloatLanes position = nm * unit;
    std::memcpy(out, &position, sizeof position);
}

}  // namespace

XtcOutcome decode_rest(const Absolute& absolute, const XtcCoding& coding, const XtcStream& part, Index stop_atom,
                       XtcCursor& cursor, float* out) noexcept {
    const std::byte* stream = part.bytes;
    const Lanes lowest = {static_cast<std::uint32_t>(coding.lowest[0]), static_cast<std::uint32_t>(coding.lowest[1]),
                          static_cast<std::uint32_t>(coding.lowest[2]), 0};
    const Lanes last = {coding.sizes[0] - 1, coding.sizes[1] - 1, coding.sizes[2] - 1, 0};  // below 2^31
    const auto beyond = [last](Lanes atom) { return (last - atom) | atom; };                // sign bits: not in 0..last
    const float scale = coding.inverse_precision, unit = coding.unit;
    const Index last_start = part.last_start();
    XtcCursor at = cursor;  // in registers
    const auto leave = [&](XtcOutcome outcome) { return cursor = at, outcome; };
    out += 3 * at.atom;
    while (at.atom < stop_atom) {
        if (at.bit >= last_start) return leave(part.whole ? XtcOutcome::damaged : XtcOutcome::needs_more);
        Lanes atom = lanes(absolute.unpack_at(stream, at.bit));  // from the lowest corner
        Lanes outside = beyond(atom);
        Index bit = at.bit + absolute.n_bits + 1;
        int run = at.run, next_small_index = at.small_index;
        if (const auto flagged = bits_at(stream, bit - 1) >> 58; flagged & 32) {
            bit += 5;
            run = static_cast<int>(flagged & 31) / 3;
            next_small_index += static_cast<int>(flagged & 31) % 3 - 1;
        }
        if (at.atom + run >= coding.n_atoms) [[unlikely]]
            return leave(XtcOutcome::damaged);
        const Packing& packing = small_packings[static_cast<std::size_t>(at.small_index)];
        const std::uint32_t half = packing.sizes.x / 2;
        const Lanes second = atom;
        for (int k = 0; k < run; ++k, bit += packing.n_bits, out += 3) {
            atom += lanes(unpack(stream, bit, packing)) - Lanes{half, half, half, 0};
            outside |= beyond(atom);
            put(out, atom + lowest, scale, unit);
            if (k == 0) put(out += 3, second + lowest, scale, unit);
        }
        if (run == 0) put(out, atom + lowest, scale, unit), out += 3;
        if ((outside[0] | outside[1] | outside[2]) >> 31) [[unlikely]]
            return leave(XtcOutcome::damaged);
        if (next_small_index < least_small_index || next_small_index > most_small_index) [[unlikely]]
            return leave(XtcOutcome::damaged);
        at = {bit, at.atom + run + 1, next_small_index, run};
    }
    return leave(at.bit > 8 * part.n_bytes ? XtcOutcome::damaged : XtcOutcome::reached);
}

XtcOutcome decode_portable(const XtcCoding& coding, const XtcStream& part, Index stop_atom, XtcCursor& cursor,
                           float* out) noexcept {
    return decode_rest(Absolute(coding.sizes), coding, part, stop_atom, cursor, out);
}

DecodeXtc xtc_decoder(Simd level) noexcept {
#if defined(__x86_64__)
    if (level >= Simd::avx512 && has_avx512_decoder()) return decode_avx512;
    if (level >= Simd::avx2) return decode_avx2;
#endif
    static_cast<void>(level);
    return decode_portable;
}

}  // namespace mdloom::sources

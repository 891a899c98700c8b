#include "mdloom/sources/formats/xtc_skim.hpp"

#include "mdloom/sources/formats/xtc_decoders.hpp"

namespace mdloom::sources {
namespace {

/// Skips groups up to the one that holds `atom`.
XtcOutcome skim_to(Index atom, int n_bits, const XtcCoding& coding, const XtcStream& stream, XtcCursor& cursor) {
    const Index last_start = stream.last_start();
    XtcCursor at = cursor;  // in registers
    const auto leave = [&](XtcOutcome outcome) { return cursor = at, outcome; };
    while (true) {
        if (at.bit >= last_start) return leave(stream.whole ? XtcOutcome::damaged : XtcOutcome::needs_more);
        XtcCursor next = at;
        next.bit += n_bits + 1;
        if (const auto flagged = static_cast<int>(bits_at(stream.bytes, next.bit - 1) >> 58); flagged & 32) {
            next.bit += 5;
            next.run = (flagged & 31) / 3;
            next.small_index += (flagged & 31) % 3 - 1;
        }
        next.bit += next.run * Index{at.small_index};
        next.atom += next.run + 1;
        if (next.atom > atom) return leave(XtcOutcome::reached);
        if (next.atom > coding.n_atoms || next.small_index < least_small_index || next.small_index > most_small_index)
            [[unlikely]]
            return leave(XtcOutcome::damaged);
        at = next;
    }
}

}  // namespace

bool is_sparse(std::span<const Index> wanted, Simd level) noexcept {
    const Index least_gap = level == Simd::avx512 ? 72 : level == Simd::avx2 ? 36 : 20;  // atoms to each wanted one
    return !wanted.empty() && index_of(wanted.size()) * least_gap <= wanted.back() + 1;
}

XtcOutcome skim_xtc(const XtcCoding& coding, const XtcStream& stream, std::span<const Index> wanted, XtcCursor& cursor,
                    std::size_t& n_done, std::span<Vec3> positions) noexcept {
    const Absolute absolute(coding.sizes);
    std::array<Vec3, 1 + xtc_room_atoms> group;
    while (n_done < wanted.size()) {
        const auto outcome = skim_to(wanted[n_done], absolute.n_bits, coding, stream, cursor);
        if (outcome != XtcOutcome::reached) return outcome;
        XtcCoding rest = coding;  // the frame from this group on
        rest.n_atoms -= cursor.atom;
        XtcCursor behind = cursor;
        behind.atom = 0;
        const auto decoded = decode_rest(absolute, rest, stream, 1, behind, group.data()->data());
        if (behind.atom == 0) return decoded;
        const Index first = cursor.atom, stop = first + behind.atom;
        for (; n_done < wanted.size() && wanted[n_done] < stop; ++n_done)
            positions[n_done] = group[usize(wanted[n_done] - first)];
        cursor = behind;
        cursor.atom = stop;
        if (decoded != XtcOutcome::reached) return decoded;
    }
    return XtcOutcome::reached;
}

}  // namespace mdloom::sources

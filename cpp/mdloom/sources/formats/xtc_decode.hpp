// The bit stream of a compressed XTC frame -> positions, by a function for each instruction set. All give the same
// bits, outcomes and cursors for any input, damaged or not: the portable one is the truth, and the others hand it what
// is rare.
//
// The stream is a sequence of groups, most significant bit first. A group is one absolute position (its distance from
// the lowest corner), a flag, if that is set 5 bits that set the run length and change the small size from the next
// group on, and then `run` positions relative to the one before. Three numbers are one integer of mixed radix, whose
// bytes stand in the stream in little-endian order. The first two atoms of a group with a run are stored in exchanged
// order (water: H O H). Source: the xdr3dfcoord routine of GROMACS (libxdrf / xdrfile), described at
// https://manual.gromacs.org/current/reference-manual/file-formats.html#xtc
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "mdloom/base/index.hpp"
#include "mdloom/base/simd.hpp"

namespace mdloom::sources {

/// How one frame is coded; from its header.
struct XtcCoding {
    Index n_atoms = 0;
    std::array<std::int32_t, 3> lowest{};  ///< corner of the box of all positions, in units of 1/precision nm
    std::array<std::uint32_t, 3> sizes{};  ///< number of values along each axis, 1 to 2^31 - 1
    int small_index = 0;                   ///< of the first group, least_small_index to most_small_index
    float inverse_precision = 0;           ///< nm
    float unit = 10;                       ///< of what is written, in 1/nm: 10 for Å, 1 for nm
};

/// A place between two groups, from where decoding goes on.
struct XtcCursor {
    Index bit = 0;   ///< in the stream
    Index atom = 0;  ///< atoms decoded so far
    int small_index = 0;
    int run = 0;
};

enum class XtcOutcome {
    reached,     ///< at least stop_atom atoms are decoded
    needs_more,  ///< the bytes given so far are used up
    damaged,     ///< no encoder writes this; the cursor stands before the group in question
};

constexpr Index xtc_room_atoms = 14;    ///< decoding may write as many behind stop_atom
constexpr Index xtc_slack_bytes = 128;  ///< readable zero bytes that must follow the stream: no group is longer

/// What is known of a frame's stream: its first n_bytes, or all of it (`whole`).
struct XtcStream {
    const std::byte* bytes = nullptr;
    Index n_bytes = 0;
    bool whole = false;

    /// In bits. A group that starts here or later is not all there.
    Index last_start() const { return 8 * (whole ? n_bytes : n_bytes - xtc_slack_bytes); }
};

/// Decodes whole groups until cursor.atom >= stop_atom (which is at most coding.n_atoms). Writes positions, atom after
/// atom, to `out`, the place of atom 0, which has room for stop_atom + xtc_room_atoms atoms. Any input is safe.
using DecodeXtc = XtcOutcome (*)(const XtcCoding& coding, const XtcStream& stream, Index stop_atom, XtcCursor& cursor,
                                 float* out) noexcept;

/// The fastest of this level, which the CPU must have.
DecodeXtc xtc_decoder(Simd level) noexcept;

}  // namespace mdloom::sources

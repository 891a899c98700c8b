// Positions -> the compressed positions of an XTC frame, as the encoder chooses them that most programs share (xdrfile,
// MDAnalysis, mdtraj): the same bytes.
//
// What the stream is: mdloom/sources/formats/xtc_decode.hpp. What an encoder may choose, and this one's choice:
// - the first small size: the smallest that is not below the least distance (|dx| + |dy| + |dz|) of two neighbours, and
//   from there on up to 8 sizes more, never others.
// - a run: as long as each atom is within half a small size of the one before along every axis, but 8 at most. The
// first
//   two atoms are exchanged where they are that close.
// - the next group's small size: larger by one when the first atom is within half the largest size of the last one
//   written; else smaller by one when there is a run, all of whose steps are shorter than half the size below.
// Sums are those of 32-bit integers, which wrap in huge systems. Where all neighbours are more than 2.6 million grid
// points apart, others read beyond their table of sizes; here it ends.
#pragma once
#include <array>
#include <cstdint>
#include <span>

#include "mdloom/base/bytes.hpp"
#include "mdloom/frame/frame.hpp"

namespace mdloom::writers {

/// What stands in front of a frame's stream.
struct XtcSurvey {
    std::array<std::int32_t, 3> lowest{}, highest{};  ///< corners of the box of all positions, in 1/precision nm
    int small_index = 0;                              ///< of the first group
    Index misfit = -1;  ///< the first atom that is not finite or not within 32 bits; nothing above means anything then
};

/// Of at least two positions in Å. `precision`: grid points in a nm.
XtcSurvey survey_xtc(std::span<const Vec3> positions, float precision);

/// Appends the stream, and returns the number of its bytes. The survey is that of these positions, all of which fit,
/// and spans less than 2^31 - 1 along each axis.
Index append_xtc_stream(std::span<const Vec3> positions, float precision, const XtcSurvey& survey, Bytes& out);

/// nm as MDAnalysis has them: by a multiplication in single precision.
constexpr float nm_in_angstrom = 0.1f;

}  // namespace mdloom::writers

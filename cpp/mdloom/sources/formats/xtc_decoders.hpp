// The decoders that there are; xtc_decoder() chooses among them.
#pragma once
#include "mdloom/sources/formats/xtc_decode.hpp"
#include "mdloom/sources/formats/xtc_packing.hpp"

namespace mdloom::sources {

XtcOutcome decode_portable(const XtcCoding& coding, const XtcStream& stream, Index stop_atom, XtcCursor& cursor,
                           float* out) noexcept;

/// The portable decoder for a frame whose packing is known: what the others leave is done by it.
XtcOutcome decode_rest(const Absolute& absolute, const XtcCoding& coding, const XtcStream& stream, Index stop_atom,
                       XtcCursor& cursor, float* out) noexcept;

#if defined(__x86_64__)
XtcOutcome decode_avx2(const XtcCoding& coding, const XtcStream& stream, Index stop_atom, XtcCursor& cursor,
                       float* out) noexcept;

XtcOutcome decode_avx512(const XtcCoding& coding, const XtcStream& stream, Index stop_atom, XtcCursor& cursor,
                         float* out) noexcept;

/// Simd::avx512 does not promise what the decoder needs: VBMI and IFMA came later (Ice Lake, Zen 4).
bool has_avx512_decoder() noexcept;
#endif

}  // namespace mdloom::sources

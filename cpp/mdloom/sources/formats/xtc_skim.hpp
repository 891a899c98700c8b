// A few scattered atoms of a compressed XTC frame: of the groups without them, only the flags are read.
#pragma once
#include <span>
#include <vector>

#include "mdloom/frame/frame.hpp"
#include "mdloom/sources/formats/xtc_decode.hpp"

namespace mdloom::sources {

/// Whether skimming beats decoding all atoms up to the last wanted one. It takes 0.6 (water) to 1.2 ns/atom (lipids)
/// and 50 ns for each wanted group, where decoding all takes 0.9 to 1.7 (AVX-512), 1.8 to 2.5 (AVX2) or 4: one atom of
/// each lipid comes in two thirds of the time, but every third atom, and the CA of a protein, which are 16 atoms apart,
/// in two to five times.
bool is_sparse(std::span<const Index> wanted, Simd level) noexcept;

/// positions[i] = atom wanted[i], from i = n_done on, which is advanced; `wanted` is ascending. Outcomes are those of
/// decode_xtc, and so is the cursor, but what is skimmed is not looked at: positions there may be damaged unseen. Goes
/// on from `cursor` when there are more bytes.
XtcOutcome skim_xtc(const XtcCoding& coding, const XtcStream& stream, std::span<const Index> wanted, XtcCursor& cursor,
                    std::size_t& n_done, std::span<Vec3> positions) noexcept;

}  // namespace mdloom::sources

// Another analysis, of frames that were superposed on a reference first: fluctuations without the tumbling.
//
// Each frame is moved by the rotation and translation that make the fitted atoms' RMSD least (Theobald 2005,
// doi:10.1107/S0108767305015266; Liu, Agrafiotis & Theobald 2010, doi:10.1002/jcc.21439). The analysis inside sees its
// atoms where they come to stand, as float32; the box stays as it is, so that nearest images mean nothing any more.
#pragma once
#include <functional>
#include <memory>

#include "mdloom/analyses/matched_group.hpp"
#include "mdloom/contracts/analysis.hpp"

namespace mdloom::analyses {

inline constexpr std::string_view fitted_name = "fitted";

struct FitSpec {
    MatchedGroup fitted;
    bool on_first_frame = false;  ///< the reference is the first selected frame, and comes without one
};

/// Result: that of `inner`, and "fit_rmsd", [n_frames], what is left between the fitted atoms and the reference (Å).
/// Throws ArgumentError for groups that are empty, or where sizes or numbers do not fit; a frame that the fit moves
/// beyond 2^22 Å is refused. Errors of `inner` are its own.
std::unique_ptr<Analysis> fitted(FitSpec spec, std::unique_ptr<Analysis> inner);

using RebuildInner = std::function<std::unique_ptr<Analysis>(const std::string& name, ByteReader& spec)>;

/// One of any analysis that `rebuild` knows. Throws StateError.
std::unique_ptr<Analysis> rebuild_fitted(ByteReader& spec, const RebuildInner& rebuild);

/// To rebuild one of an analysis of the catalog.
std::unique_ptr<Analysis> blank_fitted();

}  // namespace mdloom::analyses

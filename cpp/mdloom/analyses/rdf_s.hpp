// Site-specific radial distribution functions: one for each pair of atoms of two small groups, for any number of such
// groups. Formula and norms as in rdf.hpp, with n_pairs = 1.
#pragma once
#include "mdloom/analyses/rdf.hpp"

namespace mdloom::analyses {

struct Sites {
    Group a, b;

    Index n_pairs() const { return index_of(a.size()) * index_of(b.size()); }
};

struct RdfSSpec {
    std::vector<Sites> sites;
    DistanceRange range;
    RdfNorm norm = RdfNorm::rdf;
};

/// Results, float64, pairs in the order of `sites`, rows of a first: "rdf" and "count" [n_pairs, n_bins], "edges"
/// [n_bins + 1] (Å), "volume" [1] (Å^3, summed over frames), "n_frames" [1]. A state holds 8 bytes for each pair and
/// bin. Throws ArgumentError for a spec that cannot be honoured, and for a frame without a box when the norm needs a
/// volume.
std::unique_ptr<Analysis> rdf_s(RdfSSpec spec);

/// To rebuild one from its spec.
std::unique_ptr<Analysis> blank_rdf_s();

}  // namespace mdloom::analyses

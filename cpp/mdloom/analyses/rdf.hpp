// Radial distribution function of two groups, g(r), between nearest images in any box.
//
// g_k = C_k / (F shell_k n_pairs / <V>): C_k pairs counted in bin k, F frames, shell_k = 4/3 pi (r_{k+1}^3 - r_k^3),
// <V> the mean volume of the frames (Allen & Tildesley, Computer Simulation of Liquids, 2.6).
#pragma once
#include <memory>

#include "mdloom/contracts/analysis.hpp"
#include "mdloom/kernels/distance_bins.hpp"

namespace mdloom::analyses {

/// What counts are divided by: rdf: F shell n_pairs / <V>; density: F shell; none: F.
enum class RdfNorm : std::int8_t { rdf, density, none };

/// Throws ArgumentError for other names than "rdf", "density" and "none".
RdfNorm rdf_norm(std::string_view name);

struct DistanceRange {
    Index n_bins = 75;
    double first = 0, last = 15;  ///< Å; bins are those of numpy.histogram
};

struct RdfSpec {
    Group a, b;  ///< any order, duplicates count twice; an atom in both is at distance 0 from itself
    DistanceRange range;
    RdfNorm norm = RdfNorm::rdf;
    double n_pairs = 1;                     ///< of which g(r) is the mean
    std::vector<Index> labels_a, labels_b;  ///< of each atom: pairs with the same label do not count; empty: all count
};

/// Results, float64: "rdf" [n_bins] (1, Å^-3 or pairs per frame, as the norm says), "count" [n_bins], "cdf" [n_bins]
/// (pairs per frame up to the bin's end), "edges" [n_bins + 1] (Å), "volume" [1] (Å^3, the sum over the frames that
/// have a box), "n_frames" [1]. NaN where there is no frame.
/// Throws ArgumentError for a spec that cannot be honoured, and for a frame without a box when the norm needs a volume.
std::unique_ptr<Analysis> rdf(RdfSpec spec);

/// To rebuild one from its spec.
std::unique_ptr<Analysis> blank_rdf();

/// 1 / what counts are divided by, per bin; NaN without frames. volume: Å^3, the sum over the frames.
std::vector<double> rdf_scale(const kernels::DistanceBins& bins, RdfNorm norm, double n_pairs, Index n_frames,
                              double volume);

/// Throws ArgumentError for values that are no norm, as damaged bytes have.
void require_usable(RdfNorm norm);

/// Throws ArgumentError when a norm needs a volume that the frame does not have.
void require_box(const Frame& frame, RdfNorm norm);

}  // namespace mdloom::analyses

// Hydrogen bonds of each frame: donor, hydrogen and acceptor whose distance and angle are those of a bond.
//
// Bonded are D-H and A with 1 Å < |A - D| <= d_a_cutoff and an angle D-H-A above the cut-off, all between nearest
// images (criteria: Smith et al. 2019, doi:10.1039/C9CP01532A; Luzar & Chandler 1996, doi:10.1038/379055a0). A donor
// owns the hydrogens that it is bonded to, or those within d_h_cutoff of it in the same frame.
#pragma once
#include <memory>
#include <vector>

#include "mdloom/contracts/analysis.hpp"

namespace mdloom::analyses {

/// Only bonds between the two groups count, whichever of them donates.
struct BetweenGroups {
    Group first, second;  ///< atom indices, ascending, each once
};

/// Groups hold atom indices, ascending, each once. `groups()` is donors, hydrogens, acceptors, and all of these
/// together. A frame may give less of the first three, when they change from frame to frame; the fourth must stand
/// still: it says which atom is where.
struct HydrogenBondsSpec {
    Group donors, hydrogens, acceptors;

    /// Pairs donor-hydrogen, [n_pairs] each, sorted by donor, then hydrogen. Empty: the distance decides in each frame.
    Group bonded_donors, bonded_hydrogens;
    std::vector<BetweenGroups> between;  ///< empty: all bonds count; at most 64
    double d_h_cutoff = 1.2;             ///< Å, that distance included; not asked where there are pairs
    struct Criteria {
        double d_a_cutoff = 3.0;  ///< Å, that distance included; above 1
        double angle = 150;       ///< degrees, that angle excluded
    } criteria;
};

/// Result: "hbonds", float64 [n_bonds, 6]: frame index, donor, hydrogen, acceptor (atom indices), donor-acceptor
/// distance (Å), angle at the hydrogen (degrees), in the order of the frames and there by donor, hydrogen, acceptor;
/// "times", float64 [n_frames], ps; "counts", bonds in each frame, [n_frames]. A state takes 48 bytes a bond.
/// Throws ArgumentError for groups that are empty or out of order, pairs of other atoms, and cut-offs that are none.
std::unique_ptr<Analysis> hydrogen_bonds(HydrogenBondsSpec spec);

/// To rebuild one from its spec.
std::unique_ptr<Analysis> blank_hydrogen_bonds();

}  // namespace mdloom::analyses

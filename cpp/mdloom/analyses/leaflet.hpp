// Leaflets of a lipid bilayer: which of the head groups' atoms hang together. In each frame, atoms within a cut-off of
// each other are joined; the connected components are the leaflets (Michaud-Agrawal et al. 2011,
// doi:10.1002/jcc.21787).
#pragma once
#include <memory>

#include "mdloom/contracts/analysis.hpp"

namespace mdloom::analyses {

struct LeafletSpec {
    Group group;        ///< atom indices in any order
    double cutoff = 0;  ///< Å; a distance equal to it joins
    bool pbc = false;   ///< distances between nearest images in each frame's box
};

/// Result: "labels", float64 [n_frames, n_atoms]: the component of each atom; components are numbered from 0 in order
/// of their first atom in the group; "times", float64 [n_frames], ps. Throws ArgumentError for an empty group and for a
/// cut-off that is negative or not finite, and with pbc for a frame without a box.
std::unique_ptr<Analysis> leaflet(LeafletSpec spec);

/// To rebuild one from its spec.
std::unique_ptr<Analysis> blank_leaflet();

}  // namespace mdloom::analyses

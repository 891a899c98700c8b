// The search for the hydrogen bonds of one frame: which hydrogens a donor owns, which acceptors are near, which angles
// are straight enough.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "mdloom/analyses/hbond_owners.hpp"
#include "mdloom/analyses/hbonds.hpp"

namespace mdloom::analyses {

inline constexpr double closest_acceptor = 1.0;  ///< Å, that distance excluded

struct HydrogenBond {
    Index donor, hydrogen, acceptor;  ///< atoms
    double distance, angle;           ///< donor-acceptor, Å; at the hydrogen, degrees
};

/// One worker's: it knows where atoms stand in the frames of its run, and reuses its memory.
class HydrogenBondSearch {
public:
    HydrogenBondSearch() = default;

    /// places[i] is where atoms[i] stands in frame.positions; of all atoms of the spec.
    HydrogenBondSearch(const HydrogenBondsSpec& spec, const Group& atoms, const Group& places, Simd level);

    /// By donor, hydrogen, acceptor; good until the next call. groups: places of the donors, hydrogens and acceptors of
    /// this frame. Throws ArgumentError for boxes and coordinates that cannot be honoured.
    std::span<const HydrogenBond> find(const HydrogenBondsSpec& spec, const Frame& frame,
                                       const std::vector<Group>& groups);

private:
    /// What may be a bond: numbers in the frame's groups.
    struct Triple {
        std::uint32_t donor, hydrogen, acceptor;
    };
    bool settle_owners(const HydrogenBondsSpec& spec, const std::vector<Group>& groups, bool is_same, bool in_cells);
    void look_in_cells(const HydrogenBondsSpec& spec, bool share_hydrogens);
    void look_everywhere(const HydrogenBondsSpec::Criteria& criteria);
    template <class Images>
    void try_bond(const Triple& triple, const HydrogenBondsSpec::Criteria& criteria, double most_cosine,
                  const std::vector<Group>& groups, const Images& images);
    bool counts(Index donor_place, Index acceptor_place) const;
    Index atom_at(Index place) const { return atoms_[usize(place)]; }

    std::vector<Index> atoms_;                         ///< by place
    std::vector<std::uint64_t> in_first_, in_second_;  ///< by place: bit k for the groups of between[k]
    Group bonded_donors_, bonded_hydrogens_;           ///< places, in the spec's order
    Simd level_{};
    HydrogenBondSites sites_;
    HydrogenOwners owners_;
    kernels::NearAtoms near_sites_;
    std::vector<kernels::Leg> legs_;
    std::vector<kernels::Straight> straight_;
    std::vector<Triple> triples_;
    std::vector<HydrogenBond> found_;
};

}  // namespace mdloom::analyses

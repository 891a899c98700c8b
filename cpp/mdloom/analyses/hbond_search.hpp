// The search for the hydrogen bonds of one frame: which hydrogens a donor owns, which acceptors are near, which angles
// are straight enough.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "mdloom/analyses/group_positions.hpp"
#include "mdloom/analyses/hbonds.hpp"
#include "mdloom/kernels/near_atoms.hpp"

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
    HydrogenBondSearch(const HydrogenBondsSpec& spec, const Group& atoms, const Group& places);

    /// By donor, hydrogen, acceptor; good until the next call. groups: places of the donors, hydrogens and acceptors of
    /// this frame. Throws ArgumentError for boxes and coordinates that cannot be honoured.
    std::span<const HydrogenBond> find(const HydrogenBondsSpec& spec, const Frame& frame,
                                       const std::vector<Group>& groups);

private:
    /// Hydrogens of each donor: numbers in the frame's groups.
    struct Owned {
        std::vector<std::size_t> start;  ///< [n_donors + 1]
        std::vector<std::size_t> hydrogens;
    };
    template <class Images>
    class Donor;

    void look_at(const Frame& frame, const std::vector<Group>& groups);
    void own_by_bonds(const std::vector<Group>& groups);
    void own_by_distance(double cutoff);
    void search(const HydrogenBondsSpec::Criteria& criteria, const std::vector<Group>& groups);
    bool counts(Index donor_place, Index acceptor_place) const;
    Index atom_at(Index place) const { return atoms_[usize(place)]; }

    std::vector<Index> atoms_;                         ///< by place
    std::vector<std::uint64_t> in_first_, in_second_;  ///< by place: bit k for the groups of between[k]
    Group bonded_donors_, bonded_hydrogens_;           ///< places, in the spec's order
    std::vector<Index> hydrogen_numbers_;              ///< by place: number in the frame's group, or -1
    std::array<GroupPositions, 3> gathered_;
    kernels::Positions donors_, hydrogens_, acceptors_;  ///< of this frame, as its box is
    kernels::PeriodicBox box_;
    kernels::NearAtoms near_hydrogens_, near_acceptors_;
    Owned owned_;
    std::vector<HydrogenBond> found_;
};

}  // namespace mdloom::analyses

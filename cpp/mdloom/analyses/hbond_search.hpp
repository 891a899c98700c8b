// The search for the hydrogen bonds of one frame: which hydrogens a donor owns, which acceptors are near, which angles
// are straight enough.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "mdloom/analyses/hbond_owners.hpp"
#include "mdloom/analyses/hbonds.hpp"
#include "mdloom/kernels/listed_angles.hpp"

namespace mdloom::analyses {

inline constexpr double closest_acceptor = 1.0;  ///< Å, that distance excluded

/// One worker's: it knows where atoms stand in the frames of its run, and reuses its memory.
class HydrogenBondSearch {
public:
    HydrogenBondSearch() = default;

    /// places[i] is where atoms[i] stands in frame.positions; of all atoms of the spec.
    HydrogenBondSearch(const HydrogenBondsSpec& spec, const Group& atoms, const Group& places, Simd level);

    /// How many bonds there may be. groups: places of the donors, hydrogens and acceptors of this frame. Throws
    /// ArgumentError for boxes and coordinates that cannot be honoured.
    std::size_t find(const HydrogenBondsSpec& spec, const Frame& frame, const std::vector<Group>& groups);

    /// The bonds that were found, by donor, hydrogen, acceptor: rows as the result has them, with room for as many as
    /// there may be. Returns where they stop.
    double* write(double frame, double* rows) const;

private:
    bool settle_owners(const HydrogenBondsSpec& spec, const std::vector<Group>& groups, bool is_same, bool in_cells);
    void look_in_cells(const HydrogenBondsSpec& spec, bool share_hydrogens);
    void count_legs();
    void look_at_crowded(const HydrogenBondsSpec& spec, std::span<const std::uint32_t> crowded);
    void list_straight(const kernels::StraightList& straight);
    void look_everywhere(const HydrogenBondsSpec::Criteria& criteria);
    void number_atoms();
    bool counts(const kernels::ListedTriple& triple) const;

    std::vector<Index> atoms_;                         ///< by place
    std::vector<std::uint64_t> in_first_, in_second_;  ///< by place: bit k for the groups of between[k]
    Group bonded_donors_, bonded_hydrogens_;           ///< places, in the spec's order
    Simd level_{};
    HydrogenBondSites sites_;
    HydrogenOwners owners_;
    kernels::NearAtoms near_sites_;
    std::vector<kernels::Leg> legs_;        ///< by donor, then hydrogen
    std::vector<std::uint32_t> first_leg_;  ///< of each site, [n_sites + 1]
    /// A donor with more hydrogens than were left to it: all its triples.
    struct Crowded {
        std::uint32_t donor;
        std::vector<kernels::ListedTriple> triples;
    };
    std::vector<Crowded> crowded_;  ///< by donor
    std::size_t n_triples_ = 0;
    std::vector<kernels::ListedTriple> triples_;  ///< what may be a bond: sites and hydrogens; with room for more
    std::vector<double> distances_, angles_;
    HydrogenBondsSpec::Criteria criteria_;
    std::vector<double> site_atoms_, hydrogen_atoms_;  ///< as rows have them
};

}  // namespace mdloom::analyses

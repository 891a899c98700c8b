// Which donor owns which hydrogens in a frame: those that it is bonded to, or those within a distance of it.
#pragma once
#include <array>
#include <limits>
#include <span>
#include <vector>

#include "mdloom/analyses/hbond_sites.hpp"
#include "mdloom/kernels/near_atoms.hpp"

namespace mdloom::analyses {

/// One worker's; reuses its memory.
class HydrogenOwners {
public:
    struct Hydrogen {
        std::uint32_t number;       ///< in the frame's group
        std::array<float, 3> from;  ///< its donor, Å
    };
    /// In order of their numbers.
    std::span<const Hydrogen> of(std::size_t donor) const {
        const std::uint32_t* const start = start_.data() + donor;
        return {hydrogens_.data() + start[0], std::size_t{start[1] - start[0]}};
    }

    std::span<const Hydrogen> all() const { return hydrogens_; }         ///< by donor, then number
    const std::vector<std::uint32_t>& starts() const { return start_; }  ///< of each donor's, [n_donors + 1]

    /// Of the donors of all hydrogens: once they were asked for.
    const std::vector<std::uint32_t>& sites() const { return sites_; }
    void find_sites(const HydrogenBondSites& sites);

    /// Pairs of places, sorted by donor, then hydrogen; groups as the frame has them.
    void by_bonds(const HydrogenBondSites& sites, const std::vector<Group>& groups, const Group& donors,
                  const Group& hydrogens);
    void by_distance(const HydrogenBondSites& sites, double cutoff, Simd level);

    /// Leaves each hydrogen to one donor, the last one before it in the frame: in most files that is the one which it
    /// stays with. False, and nothing done, where one has no donor.
    bool leave_to_one(const HydrogenBondSites& sites);

    /// Those of the frame before, where they are now, when the groups are the same.
    bool look_again(const HydrogenBondSites& sites) { return look(sites, std::numeric_limits<double>::infinity()); }
    /// Whether the donors that hydrogens were left to in the frame before are still within the cut-off.
    bool are_kept(const HydrogenBondSites& sites, double cutoff) { return has_one_each_ && look(sites, cutoff); }

    /// Where hydrogens are left to one donor each: all those of a donor. The other one of a hydrogen that is his, too,
    /// is within twice the cut-off of him: among the atoms (sites) near him. error: how far these may be from where
    /// they are seen, Å. Good until the next call.
    std::span<const Hydrogen> all_of(const HydrogenBondSites& sites, double cutoff, std::size_t donor,
                                     const kernels::NearList& near, double error);

private:
    bool look(const HydrogenBondSites& sites, double cutoff);

    std::vector<std::uint32_t> start_;  ///< [n_donors + 1]
    std::vector<Hydrogen> hydrogens_, all_;
    std::vector<std::uint32_t> sites_;  ///< of the donors of all hydrogens; empty: not known
    bool has_one_each_ = false;
    kernels::NearAtoms near_;
    std::vector<float> donors_;
    std::vector<Index> steps_;  ///< of each hydrogen behind the donor that it may be left to
};

}  // namespace mdloom::analyses

// Where the atoms of a search for hydrogen bonds are in one frame. Donors and acceptors, which are the same in water,
// are together the sites: one group, so that one sorting into cells serves both.
#pragma once
#include <cstdint>
#include <vector>

#include "mdloom/analyses/group_positions.hpp"

namespace mdloom::analyses {

/// One worker's; reuses its memory.
class HydrogenBondSites {
public:
    static constexpr std::int32_t none = -1;

    /// groups: places of donors, hydrogens and acceptors. Throws ArgumentError for boxes and coordinates that cannot be
    /// honoured. Whether the groups are those of the frame before.
    bool look_at(const Frame& frame, const std::vector<Group>& groups);

    const kernels::PeriodicBox& box() const { return box_; }
    kernels::Positions sites() const { return sites_; }
    kernels::Positions hydrogens() const { return hydrogens_; }
    std::size_t n_sites() const { return places_.size(); }
    const Group& places() const { return places_; }  ///< of the sites
    const Group& hydrogen_places() const { return hydrogen_places_; }
    std::size_t n_donors() const { return site_of_donor_.size(); }
    std::size_t n_acceptors() const { return site_of_acceptor_.size(); }
    std::size_t n_hydrogens() const { return hydrogens_.size() / 3; }

    /// How many atoms a hydrogen stands behind a donor; before it counts for more than any behind.
    Index steps_behind(std::size_t donor, std::size_t hydrogen) const {
        const Index steps = hydrogen_places_.data()[hydrogen] - donor_places_.data()[donor];
        return steps > 0 ? steps : (Index{1} << 40) - steps;
    }
    std::size_t site_of_donor(std::size_t donor) const { return site_of_donor_.data()[donor]; }
    std::uint32_t site_of_acceptor(std::size_t acceptor) const { return site_of_acceptor_.data()[acceptor]; }
    std::int32_t donor_at(std::size_t site) const { return donor_at_.data()[site]; }        ///< or none
    std::int32_t acceptor_at(std::size_t site) const { return acceptor_at_.data()[site]; }  ///< or none
    kernels::Point donor(std::size_t number) const { return kernels::point_at(sites_, site_of_donor_.data()[number]); }
    kernels::Point acceptor(std::size_t number) const {
        return kernels::point_at(sites_, site_of_acceptor_.data()[number]);
    }
    kernels::Point hydrogen(std::size_t number) const { return kernels::point_at(hydrogens_, number); }

private:
    void make_sites(const std::vector<Group>& groups);
    void number(const Group& group, std::vector<std::uint32_t>& site_of, std::vector<std::int32_t>& at) const;

    Group donor_places_, hydrogen_places_, acceptor_places_, places_;  ///< of the frame before; of all sites
    std::vector<std::uint32_t> site_of_donor_, site_of_acceptor_;
    std::vector<std::int32_t> donor_at_, acceptor_at_;
    GroupPositions gathered_sites_, gathered_hydrogens_;
    kernels::Positions sites_, hydrogens_;
    kernels::PeriodicBox box_;
};

}  // namespace mdloom::analyses

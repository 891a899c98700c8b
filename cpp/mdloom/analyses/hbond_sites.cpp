#include "mdloom/analyses/hbond_sites.hpp"

#include <algorithm>
#include <iterator>

namespace mdloom::analyses {

bool HydrogenBondSites::look_at(const Frame& frame, const std::vector<Group>& groups) {
    const bool is_same = groups[0] == donor_places_ && groups[1] == hydrogen_places_ && groups[2] == acceptor_places_;
    if (!is_same) make_sites(groups);
    sites_ = gathered_sites_.of(frame, places_);
    hydrogens_ = gathered_hydrogens_.of(frame, hydrogen_places_);
    box_ = periodic_box_of(frame);
    // Below 2^22 Å, as the engine has them, nothing is too many boxes away when these are not small.
    if (box_.shape != kernels::PeriodicBox::Shape::none && *std::ranges::min_element(box_.widths) < 8) {
        kernels::require_usable("donors and acceptors", sites_, box_);
        kernels::require_usable("hydrogens", hydrogens_, box_);
    }
    return is_same;
}

void HydrogenBondSites::make_sites(const std::vector<Group>& groups) {
    donor_places_ = groups[0], hydrogen_places_ = groups[1], acceptor_places_ = groups[2];
    places_.clear();
    std::ranges::set_union(donor_places_, acceptor_places_, std::back_inserter(places_));
    number(donor_places_, site_of_donor_, donor_at_);
    number(acceptor_places_, site_of_acceptor_, acceptor_at_);
    gathered_sites_.look_at(places_);
    gathered_hydrogens_.look_at(hydrogen_places_);
}

void HydrogenBondSites::number(const Group& group, std::vector<std::uint32_t>& site_of,
                               std::vector<std::int32_t>& at) const {
    site_of.clear();
    at.assign(places_.size(), none);
    std::size_t site = 0;
    for (Index place : group) {
        while (places_[site] != place) ++site;
        at[site] = static_cast<std::int32_t>(site_of.size());
        site_of.push_back(static_cast<std::uint32_t>(site));
    }
}

}  // namespace mdloom::analyses

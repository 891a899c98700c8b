#include "mdloom/analyses/hbond_owners.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "mdloom/kernels/listed_pairs.hpp"
#include "mdloom/kernels/minimum_image.hpp"

namespace mdloom::analyses {

using kernels::between;
using kernels::dot;
using kernels::PeriodicBox;
using kernels::Point;

namespace {

constexpr Index nowhere = std::numeric_limits<Index>::max();

std::array<float, 3> narrow(const Point& d) {
    return {static_cast<float>(d[0]), static_cast<float>(d[1]), static_cast<float>(d[2])};
}

}  // namespace

void HydrogenOwners::by_bonds(const HydrogenBondSites& sites, const std::vector<Group>& groups, const Group& donors,
                              const Group& hydrogens) {
    start_.assign(1, 0);
    hydrogens_.clear();
    sites_.clear();
    std::size_t pair = 0;
    for (Index donor : groups[0]) {
        while (pair < donors.size() && donors[pair] < donor) ++pair;
        auto from = groups[1].begin();
        for (; pair < donors.size() && donors[pair] == donor; ++pair) {
            from = std::lower_bound(from, groups[1].end(), hydrogens[pair]);
            if (from != groups[1].end() && *from == hydrogens[pair])
                hydrogens_.push_back({static_cast<std::uint32_t>(from - groups[1].begin()), {}});
        }
        start_.push_back(static_cast<std::uint32_t>(hydrogens_.size()));
    }
    look_again(sites);
}

void HydrogenOwners::by_distance(const HydrogenBondSites& sites, double cutoff, Simd level) {
    donors_.clear();
    for (std::size_t donor = 0; donor < sites.n_donors(); ++donor) {
        const auto at = sites.sites().subspan(3 * sites.site_of_donor(donor), 3);
        donors_.insert(donors_.end(), at.begin(), at.end());
    }
    const bool in_cells = near_.prepare(donors_, sites.hydrogens(), sites.box(), cutoff, level);
    start_.assign(1, 0);
    hydrogens_.clear();
    sites_.clear();
    steps_.assign(sites.n_hydrogens(), nowhere);
    has_one_each_ = false;
    kernels::with_images(sites.box(), [&](const auto& images) {
        for (std::size_t donor = 0; donor < sites.n_donors(); ++donor) {
            const auto try_one = [&](std::uint32_t number) {
                const Point d = images(between(sites.donor(donor), sites.hydrogen(number)));
                if (!(std::sqrt(dot(d, d)) <= cutoff)) return;
                hydrogens_.push_back({number, narrow(d)});
                steps_[number] = std::min(steps_[number], sites.steps_behind(donor, number));
            };
            if (in_cells) {
                const kernels::NearList& near = near_.around(donor);
                for (std::size_t i = 0; i < near.n; ++i) try_one(near.atom[i]);
                std::sort(hydrogens_.begin() + index_of(start_.back()), hydrogens_.end(),
                          [](const Hydrogen& a, const Hydrogen& b) { return a.number < b.number; });
            } else {
                for (std::uint32_t number = 0; number < sites.n_hydrogens(); ++number) try_one(number);
            }
            start_.push_back(static_cast<std::uint32_t>(hydrogens_.size()));
        }
    });
}

bool HydrogenOwners::leave_to_one(const HydrogenBondSites& sites) {
    if (std::ranges::find(steps_, nowhere) != steps_.end()) return false;
    constexpr Index taken = -1;
    std::size_t n = 0, i = 0;
    for (std::size_t donor = 0; donor + 1 < start_.size(); ++donor) {
        for (const std::size_t stop = start_[donor + 1]; i < stop; ++i) {
            const Hydrogen hydrogen = hydrogens_[i];
            if (sites.steps_behind(donor, hydrogen.number) != steps_[hydrogen.number]) continue;
            steps_[hydrogen.number] = taken;
            hydrogens_[n++] = hydrogen;
        }
        start_[donor + 1] = static_cast<std::uint32_t>(n);
    }
    hydrogens_.resize(n);
    sites_.clear();
    return has_one_each_ = true;
}

bool HydrogenOwners::look(const HydrogenBondSites& sites, double cutoff) {
    const double limit = std::isfinite(cutoff) ? kernels::largest_square_within(cutoff) : cutoff;
    const PeriodicBox& box = sites.box();
    const bool is_periodic = box.shape != PeriodicBox::Shape::none;
    // Seen without a box in float32, a hydrogen is nearly always surely near, and that the nearest image.
    const auto surely = static_cast<float>((is_periodic ? std::min(limit, box.least_square) : limit) * (1 - 1e-5));
    const float *const donors = sites.sites().data(), *const hydrogens = sites.hydrogens().data();
    find_sites(sites);
    const std::uint32_t* site = sites_.data();
    bool are_near = true;
    kernels::with_images(box, [&](const auto& images) {
        for (Hydrogen& hydrogen : hydrogens_) {
            const float *const at = donors + 3 * std::size_t{*site++}, *const to =
                                                                           hydrogens + 3 * std::size_t{hydrogen.number};
            const float x = to[0] - at[0], y = to[1] - at[1], z = to[2] - at[2];
            hydrogen.from = {x, y, z};
            if (x * x + y * y + z * z <= surely) continue;
            const Point d = images(between(kernels::point_at({at, 3}, 0), kernels::point_at({to, 3}, 0)));
            hydrogen.from = narrow(d);
            are_near &= dot(d, d) <= limit;
        }
    });
    return are_near;
}

void HydrogenOwners::find_sites(const HydrogenBondSites& sites) {
    if (sites_.size() == hydrogens_.size()) return;
    sites_.clear();
    for (std::size_t donor = 0; donor < sites.n_donors(); ++donor)
        sites_.resize(start_[donor + 1], static_cast<std::uint32_t>(sites.site_of_donor(donor)));
}

std::span<const HydrogenOwners::Hydrogen> HydrogenOwners::all_of(const HydrogenBondSites& sites, double cutoff,
                                                                 std::size_t donor, const kernels::NearList& near,
                                                                 double error) {
    const auto own = of(donor);
    all_.assign(own.begin(), own.end());
    const double seen = cutoff + 2 * error + 1e-6 * cutoff;
    const auto limit = static_cast<float>(seen * seen);
    const Point at = sites.donor(donor);
    kernels::with_images(sites.box(), [&](const auto& images) {
        for (std::size_t i = 0; i < near.n; ++i) {
            const std::int32_t other = sites.donor_at(near.atom.data()[i]);
            if (other == HydrogenBondSites::none || usize(other) == donor) continue;
            for (const Hydrogen& hydrogen : of(usize(other))) {
                const float x = near.x.data()[i] + hydrogen.from[0], y = near.y.data()[i] + hydrogen.from[1],
                            z = near.z.data()[i] + hydrogen.from[2];
                if (!(x * x + y * y + z * z <= limit)) continue;  // nearly always
                const Point d = images(between(at, sites.hydrogen(hydrogen.number)));
                if (std::sqrt(dot(d, d)) <= cutoff) all_.push_back({hydrogen.number, narrow(d)});
            }
        }
    });
    if (all_.size() > own.size()) std::ranges::sort(all_, {}, &Hydrogen::number);
    return all_;
}

}  // namespace mdloom::analyses

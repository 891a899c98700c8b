#include "mdloom/analyses/hbond_search.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "mdloom/kernels/distances.hpp"
#include "mdloom/kernels/minimum_image.hpp"

namespace mdloom::analyses {
namespace {

using kernels::between;
using kernels::dot;
using kernels::Point;
using kernels::point_at;

/// Angles are measured where the cosine says that they may be large enough: far more than libm and rounding differ.
constexpr double slack = 1e-6;

/// Grows as x does, and compares cosines without a square root.
double times_its_size(double x) {
    return x * std::abs(x);
}

std::size_t most_of(const Group& places) {
    return places.empty() ? 0 : usize(*std::ranges::max_element(places)) + 1;
}

/// Numbers of a frame's group by place, -1 for atoms that are not in it.
void number(const Group& group, std::vector<Index>& numbers) {
    std::ranges::fill(numbers, -1);
    for (std::size_t i = 0; i < group.size(); ++i) numbers[usize(group[i])] = index_of(i);
}

/// Calls visit(number) for all of n atoms that may be near; where cells cannot help, for every one.
template <class Visit>
void for_each_near(kernels::NearAtoms& near, bool in_cells, const Point& at, std::size_t n, Visit visit) {
    if (in_cells)
        for (std::uint32_t atom : near.around(at)) visit(atom);
    else
        for (std::size_t atom = 0; atom < n; ++atom) visit(atom);
}

}  // namespace

HydrogenBondSearch::HydrogenBondSearch(const HydrogenBondsSpec& spec, const Group& atoms, const Group& places)
    : atoms_(most_of(places)), hydrogen_numbers_(atoms_.size()) {
    for (std::size_t i = 0; i < atoms.size(); ++i) atoms_[usize(places[i])] = atoms[i];
    const auto place_of = [&](Index atom) {
        return places[usize(std::ranges::lower_bound(atoms, atom) - atoms.begin())];
    };
    for (Index donor : spec.bonded_donors) bonded_donors_.push_back(place_of(donor));
    for (Index hydrogen : spec.bonded_hydrogens) bonded_hydrogens_.push_back(place_of(hydrogen));
    if (spec.between.empty()) return;
    in_first_.resize(atoms_.size());
    in_second_.resize(atoms_.size());
    for (std::size_t k = 0; k < spec.between.size(); ++k)
        for (std::size_t i = 0; i < atoms.size(); ++i) {
            const auto bit = [&](const Group& group) {
                return std::uint64_t{std::ranges::binary_search(group, atoms[i])} << k;
            };
            in_first_[usize(places[i])] |= bit(spec.between[k].first);
            in_second_[usize(places[i])] |= bit(spec.between[k].second);
        }
}

std::span<const HydrogenBond> HydrogenBondSearch::find(const HydrogenBondsSpec& spec, const Frame& frame,
                                                       const std::vector<Group>& groups) {
    look_at(frame, groups);
    if (spec.bonded_donors.empty())
        own_by_distance(spec.d_h_cutoff);
    else
        own_by_bonds(groups);
    found_.clear();
    search(spec.criteria, groups);
    return found_;
}

void HydrogenBondSearch::look_at(const Frame& frame, const std::vector<Group>& groups) {
    for (std::size_t i = 0; i < 3; ++i) gathered_[i].look_at(groups[i]);
    donors_ = gathered_[0].of(frame, groups[0]);
    hydrogens_ = gathered_[1].of(frame, groups[1]);
    acceptors_ = gathered_[2].of(frame, groups[2]);
    box_ = periodic_box_of(frame);
    // Below 2^22 Å, as the engine has them, nothing is too many boxes away when these are not small.
    if (box_.shape == kernels::PeriodicBox::Shape::none || *std::ranges::min_element(box_.widths) >= 8) return;
    kernels::require_usable("donors", donors_, box_);
    kernels::require_usable("hydrogens", hydrogens_, box_);
    kernels::require_usable("acceptors", acceptors_, box_);
}

void HydrogenBondSearch::own_by_bonds(const std::vector<Group>& groups) {
    number(groups[1], hydrogen_numbers_);
    owned_.start.assign(1, 0);
    owned_.hydrogens.clear();
    std::size_t pair = 0;
    for (Index donor : groups[0]) {
        while (pair < bonded_donors_.size() && bonded_donors_[pair] < donor) ++pair;
        for (; pair < bonded_donors_.size() && bonded_donors_[pair] == donor; ++pair)
            if (const Index hydrogen = hydrogen_numbers_[usize(bonded_hydrogens_[pair])]; hydrogen >= 0)
                owned_.hydrogens.push_back(usize(hydrogen));
        owned_.start.push_back(owned_.hydrogens.size());
    }
}

void HydrogenBondSearch::own_by_distance(double cutoff) {
    const bool in_cells = near_hydrogens_.prepare(donors_, hydrogens_, box_, cutoff);
    owned_.start.assign(1, 0);
    owned_.hydrogens.clear();
    kernels::with_images(box_, [&](const auto& images) {
        for (std::size_t donor = 0; donor < donors_.size() / 3; ++donor) {
            const Point at = point_at(donors_, donor);
            for_each_near(near_hydrogens_, in_cells, at, hydrogens_.size() / 3, [&](std::size_t hydrogen) {
                const Point d = images(between(at, point_at(hydrogens_, hydrogen)));
                if (std::sqrt(dot(d, d)) <= cutoff) owned_.hydrogens.push_back(hydrogen);
            });
            std::sort(owned_.hydrogens.begin() + index_of(owned_.start.back()), owned_.hydrogens.end());
            owned_.start.push_back(owned_.hydrogens.size());
        }
    });
}

bool HydrogenBondSearch::counts(Index donor_place, Index acceptor_place) const {
    if (in_first_.empty()) return true;
    const std::size_t d = usize(donor_place), a = usize(acceptor_place);
    return ((in_first_[d] & in_second_[a]) | (in_first_[a] & in_second_[d])) != 0;
}

/// What one donor may be bonded to.
template <class Images>
class HydrogenBondSearch::Donor {
public:
    Donor(HydrogenBondSearch& search, const HydrogenBondsSpec::Criteria& criteria, const std::vector<Group>& groups,
          const Images& images)
        : search_(search),
          criteria_(criteria),
          most_cosine_(times_its_size(std::cos(criteria.angle * (std::numbers::pi / 180)) + slack)),
          groups_(groups),
          images_(images) {}

    void starts(std::size_t number) {
        number_ = number;
        at_ = point_at(search_.donors_, number);
        met_.clear();
    }
    void meets(std::size_t acceptor) {
        const Point to = point_at(search_.acceptors_, acceptor), d = images_(between(at_, to));
        const double distance = std::sqrt(dot(d, d));
        if (distance > closest_acceptor && distance <= criteria_.d_a_cutoff &&
            search_.counts(groups_[0][number_], groups_[2][acceptor]))
            add({acceptor, distance, to});
    }
    /// Tries all that it met with each of its hydrogens, in order.
    void ends() {
        for (std::size_t i = search_.owned_.start[number_]; i < search_.owned_.start[number_ + 1]; ++i)
            try_hydrogen(search_.owned_.hydrogens[i]);
    }
    const Point& at() const { return at_; }

private:
    struct Met {
        std::size_t acceptor;
        double distance;
        Point at;
    };
    /// In order of the acceptors: they are few.
    void add(const Met& met) {
        met_.push_back(met);
        for (std::size_t i = met_.size() - 1; i > 0 && met_[i].acceptor < met_[i - 1].acceptor; --i)
            std::swap(met_[i], met_[i - 1]);
    }
    void try_hydrogen(std::size_t hydrogen) {
        const Point from = point_at(search_.hydrogens_, hydrogen), u = images_(between(from, at_));
        const double limit = most_cosine_ * dot(u, u);
        for (const Met& met : met_) {
            const Point v = images_(between(from, met.at));
            if (!(times_its_size(dot(u, v)) <= limit * dot(v, v))) continue;
            const double angle = kernels::angle_between(u, v);
            if (angle > criteria_.angle)
                search_.found_.push_back({search_.atom_at(groups_[0][number_]), search_.atom_at(groups_[1][hydrogen]),
                                          search_.atom_at(groups_[2][met.acceptor]), met.distance, angle});
        }
    }

    HydrogenBondSearch& search_;
    const HydrogenBondsSpec::Criteria& criteria_;
    double most_cosine_;  ///< times its size
    const std::vector<Group>& groups_;
    const Images& images_;
    std::size_t number_ = 0;
    Point at_{};
    std::vector<Met> met_;
};

void HydrogenBondSearch::search(const HydrogenBondsSpec::Criteria& criteria, const std::vector<Group>& groups) {
    const bool in_cells = near_acceptors_.prepare(donors_, acceptors_, box_, criteria.d_a_cutoff);
    kernels::with_images(box_, [&](const auto& images) {
        Donor<std::decay_t<decltype(images)>> donor(*this, criteria, groups, images);
        for (std::size_t d = 0; d < groups[0].size(); ++d) {
            if (owned_.start[d] == owned_.start[d + 1]) continue;
            donor.starts(d);
            for_each_near(near_acceptors_, in_cells, donor.at(), groups[2].size(),
                          [&](std::size_t acceptor) { donor.meets(acceptor); });
            donor.ends();
        }
    });
}

}  // namespace mdloom::analyses

#include "mdloom/analyses/hbond_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "mdloom/kernels/distances.hpp"
#include "mdloom/kernels/minimum_image.hpp"

namespace mdloom::analyses {
namespace {

using kernels::between;
using kernels::dot;
using kernels::Point;

/// Angles are measured where the cosine says that they may be large enough: far more than libm and rounding differ.
constexpr double slack = 1e-6;

/// Grows as x does, and compares cosines without a square root.
double times_its_size(double x) {
    return x * std::abs(x);
}

bool is_near(double distance, const HydrogenBondsSpec::Criteria& criteria) {
    return distance > closest_acceptor && distance <= criteria.d_a_cutoff;
}

std::size_t most_of(const Group& places) {
    return places.empty() ? 0 : usize(*std::ranges::max_element(places)) + 1;
}

/// The largest cosine of a bond and a little more, times its size.
double most_cosine_of(const HydrogenBondsSpec::Criteria& criteria) {
    return times_its_size(std::cos(criteria.angle * (std::numbers::pi / 180)) + slack);
}

/// Makes legs of hydrogens, for what is seen of acceptors with errors: what is certainly no bond is not measured.
class LegMaker {
public:
    /// error: how much where an acceptor is seen may be wrong, Å.
    LegMaker(const HydrogenBondsSpec::Criteria& criteria, const kernels::PeriodicBox& box, double error)
        : most_cosine_(static_cast<float>(most_cosine_of(criteria))) {
        const double most_seen = criteria.d_a_cutoff + 2 * error, across = most_seen + usual_length;
        // Beyond, the hydrogen may be nearest to another image of the acceptor than the donor is.
        const double longest = std::min(kernels::half_shortest(box) - most_seen, usual_length);
        most_square_ = longest > 0 ? static_cast<float>(longest * longest) : -1;
        // Of s |s| and of d^2, divided by the leg's square: see kernels::find_straight.
        margin_ = static_cast<float>(6 * across * error + 4 * error * error + float_slack * across * across);
    }
    kernels::Leg operator()(const std::array<float, 3>& from) const {
        const float square = from[0] * from[0] + from[1] * from[1] + from[2] * from[2];
        if (!(square <= most_square_)) return {0, 0, 0, 0, 0, std::numeric_limits<float>::max()};
        return {from[0], from[1], from[2], square, most_cosine_ * square, margin_ * square};
    }

private:
    static constexpr double usual_length = 2;       ///< of a bond to a hydrogen, at the most, Å
    static constexpr double float_slack = 0x1p-18;  ///< for what a few operations in float32 leave
    float most_cosine_, most_square_, margin_;
};

}  // namespace

HydrogenBondSearch::HydrogenBondSearch(const HydrogenBondsSpec& spec, const Group& atoms, const Group& places,
                                       Simd level)
    : atoms_(most_of(places)), level_(level) {
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
    const bool is_same = sites_.look_at(frame, groups);
    const double cutoff =
        spec.bonded_donors.empty() ? std::max(spec.criteria.d_a_cutoff, 2 * spec.d_h_cutoff) : spec.criteria.d_a_cutoff;
    const bool in_cells = near_sites_.prepare(sites_.sites(), sites_.sites(), sites_.box(), cutoff, level_);
    const bool share_hydrogens = settle_owners(spec, groups, is_same, in_cells);
    triples_.clear();
    if (in_cells)
        look_in_cells(spec, share_hydrogens);
    else
        look_everywhere(spec.criteria);
    found_.clear();
    kernels::with_images(sites_.box(), [&](const auto& images) {
        const double most_cosine = most_cosine_of(spec.criteria);
        for (const Triple& triple : triples_) try_bond(triple, spec.criteria, most_cosine, groups, images);
    });
    return found_;
}

/// Whether hydrogens are left to one donor each and may have others, too.
bool HydrogenBondSearch::settle_owners(const HydrogenBondsSpec& spec, const std::vector<Group>& groups, bool is_same,
                                       bool in_cells) {
    if (!spec.bonded_donors.empty()) {
        owners_.by_bonds(sites_, groups, bonded_donors_, bonded_hydrogens_);
        return false;
    }
    if (in_cells && is_same && owners_.are_kept(sites_, spec.d_h_cutoff)) return true;
    owners_.by_distance(sites_, spec.d_h_cutoff, level_);
    return in_cells && owners_.leave_to_one(sites_);
}

void HydrogenBondSearch::look_in_cells(const HydrogenBondsSpec& spec, bool share_hydrogens) {
    const double error = near_sites_.error();
    const LegMaker leg_of(spec.criteria, sites_.box(), error);
    const auto square_of = [](double distance) { return static_cast<float>(distance * distance); };
    const kernels::Distances distances{square_of(std::max(closest_acceptor - 2 * error, 0.0)),
                                       square_of(spec.criteria.d_a_cutoff + 2 * error),
                                       share_hydrogens ? square_of(2 * spec.d_h_cutoff + 2 * error) : -1};
    for (std::size_t donor = 0; donor < sites_.n_donors(); ++donor) {
        auto hydrogens = owners_.of(donor);
        const kernels::NearList& near = near_sites_.around(sites_.site_of_donor(donor));
        const auto look = [&] {
            legs_.clear();
            for (const HydrogenOwners::Hydrogen& hydrogen : hydrogens) legs_.push_back(leg_of(hydrogen.from));
            return near_sites_.straight(legs_, distances);
        };
        auto found = look();
        if (near.n_close > 1) {
            const auto all = owners_.all_of(sites_, spec.d_h_cutoff, donor, near, error);
            if (all.size() > hydrogens.size()) hydrogens = all, found = look();
        }
        if (found.empty()) continue;
        straight_.assign(found.begin(), found.end());
        std::ranges::sort(straight_, {}, [](const auto& one) { return std::pair(one.leg, one.atom); });
        for (const auto& [leg, atom] : straight_)
            if (const std::int32_t acceptor = sites_.acceptor_at(atom); acceptor != HydrogenBondSites::none)
                triples_.push_back(
                    {static_cast<std::uint32_t>(donor), hydrogens[leg].number, static_cast<std::uint32_t>(acceptor)});
    }
}

void HydrogenBondSearch::look_everywhere(const HydrogenBondsSpec::Criteria& criteria) {
    std::vector<std::uint32_t> near;
    kernels::with_images(sites_.box(), [&](const auto& images) {
        for (std::size_t donor = 0; donor < sites_.n_donors(); ++donor) {
            const auto hydrogens = owners_.of(donor);
            if (hydrogens.empty()) continue;
            near.clear();
            for (std::size_t acceptor = 0; acceptor < sites_.n_acceptors(); ++acceptor) {
                const Point d = images(between(sites_.donor(donor), sites_.acceptor(acceptor)));
                if (is_near(std::sqrt(dot(d, d)), criteria)) near.push_back(static_cast<std::uint32_t>(acceptor));
            }
            for (const HydrogenOwners::Hydrogen& hydrogen : hydrogens)
                for (std::uint32_t acceptor : near)
                    triples_.push_back({static_cast<std::uint32_t>(donor), hydrogen.number, acceptor});
        }
    });
}

bool HydrogenBondSearch::counts(Index donor_place, Index acceptor_place) const {
    if (in_first_.empty()) return true;
    const std::size_t d = usize(donor_place), a = usize(acceptor_place);
    return ((in_first_[d] & in_second_[a]) | (in_first_[a] & in_second_[d])) != 0;
}

template <class Images>
void HydrogenBondSearch::try_bond(const Triple& triple, const HydrogenBondsSpec::Criteria& criteria, double most_cosine,
                                  const std::vector<Group>& groups, const Images& images) {
    const Point donor = sites_.donor(triple.donor), acceptor = sites_.acceptor(triple.acceptor),
                from = sites_.hydrogen(triple.hydrogen), d = images(between(donor, acceptor));
    const double distance = std::sqrt(dot(d, d));
    const Index donor_place = groups[0][triple.donor], acceptor_place = groups[2][triple.acceptor];
    if (!is_near(distance, criteria) || !counts(donor_place, acceptor_place)) return;
    const Point u = images(between(from, donor)), v = images(between(from, acceptor));
    if (!(times_its_size(dot(u, v)) <= most_cosine * dot(u, u) * dot(v, v))) return;
    const double angle = kernels::angle_between(u, v);
    if (angle > criteria.angle)
        found_.push_back(
            {atom_at(donor_place), atom_at(groups[1][triple.hydrogen]), atom_at(acceptor_place), distance, angle});
}

}  // namespace mdloom::analyses

#include "mdloom/analyses/hbond_search.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>

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
        : slope_(most_cosine_of(criteria)) {
        const double most_seen = criteria.d_a_cutoff + 2 * error, across = most_seen + usual_length;
        // Beyond, the hydrogen may be nearest to another image of the acceptor than the donor is.
        const double longest = std::min(kernels::half_shortest(box) - most_seen, usual_length);
        most_square_ = longest > 0 && slope_ <= 0 ? static_cast<float>(longest * longest) : -1;
        margin_ = 6 * across * error + 4 * error * error + float_slack * across * across;
    }
    /// Without a branch and with numbers instead of floats compared, so that the compiler makes vectors of it.
    void make(std::span<const HydrogenOwners::Hydrogen> hydrogens, kernels::Leg* legs) {
        const auto share = static_cast<float>(1 + slope_);
        const float most = most_square_, none = kernels::Leg::any().length;
        std::int32_t longest = 0;
        for (std::size_t i = 0; i < hydrogens.size(); ++i) {
            const auto [x, y, z] = hydrogens.data()[i].from;
            const float square = x * x + y * y + z * z;
            const bool is_usual = (square <= most) & (square > 0);
            const float length = std::sqrt(square), scale = is_usual ? 1 / length : 0;
            legs[i] = {x * scale, y * scale, z * scale, is_usual ? length * share : none};
            longest = std::max(longest, is_usual ? std::bit_cast<std::int32_t>(square) : 0);
        }
        longest_square_ = std::bit_cast<float>(longest);
    }
    /// For all legs that were made.
    kernels::Angles angles(double least, double most, double close) const {
        const double rest = -slope_ * (1 + slope_) * static_cast<double>(longest_square_) + margin_;
        return {static_cast<float>(least * least), static_cast<float>(most * most),
                close < 0 ? -1 : static_cast<float>(close * close), static_cast<float>(slope_),
                static_cast<float>(rest)};
    }

private:
    static constexpr double usual_length = 2;       ///< of a bond to a hydrogen, at the most, Å
    static constexpr double float_slack = 0x1p-18;  ///< for what a few operations in float32 leave
    double slope_, margin_;
    float most_square_, longest_square_ = 0;
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

std::size_t HydrogenBondSearch::find(const HydrogenBondsSpec& spec, const Frame& frame,
                                     const std::vector<Group>& groups) {
    const bool is_same = sites_.look_at(frame, groups);
    if (!is_same) number_atoms();
    criteria_ = spec.criteria;
    const double cutoff =
        spec.bonded_donors.empty() ? std::max(spec.criteria.d_a_cutoff, 2 * spec.d_h_cutoff) : spec.criteria.d_a_cutoff;
    const bool in_cells = near_sites_.prepare(sites_.sites(), sites_.sites(), sites_.box(), cutoff, level_);
    const bool share_hydrogens = settle_owners(spec, groups, is_same, in_cells);
    n_triples_ = 0;
    if (in_cells)
        look_in_cells(spec, share_hydrogens);
    else
        look_everywhere(spec.criteria);
    const std::size_t room = n_triples_ + kernels::scan_padding;
    if (angles_.size() < room) distances_.resize(room), angles_.resize(room);
    kernels::listed_angles(sites_.sites(), sites_.hydrogens(), {triples_.data(), n_triples_}, sites_.box(),
                           distances_.data(), angles_.data(), level_);
    return n_triples_;
}

/// Whether hydrogens are left to one donor each and may have others, too.
bool HydrogenBondSearch::settle_owners(const HydrogenBondsSpec& spec, const std::vector<Group>& groups, bool is_same,
                                       bool in_cells) {
    if (!spec.bonded_donors.empty()) {
        if (is_same)
            owners_.look_again(sites_);
        else
            owners_.by_bonds(sites_, groups, bonded_donors_, bonded_hydrogens_);
        return false;
    }
    if (in_cells && is_same && owners_.are_kept(sites_, spec.d_h_cutoff)) return true;
    owners_.by_distance(sites_, spec.d_h_cutoff, level_);
    return in_cells && owners_.leave_to_one(sites_);
}

void HydrogenBondSearch::look_in_cells(const HydrogenBondsSpec& spec, bool share_hydrogens) {
    const double error = near_sites_.error();
    LegMaker maker(spec.criteria, sites_.box(), error);
    legs_.resize(owners_.all().size());
    maker.make(owners_.all(), legs_.data());
    count_legs();
    const kernels::StraightList& straight = near_sites_.straight(
        first_leg_.data(), legs_,
        maker.angles(std::max(closest_acceptor - 2 * error, 0.0), spec.criteria.d_a_cutoff + 2 * error,
                     share_hydrogens ? 2 * spec.d_h_cutoff + 2 * error : -1));
    look_at_crowded(spec, straight.crowded);
    list_straight(straight);
}

void HydrogenBondSearch::count_legs() {
    owners_.find_sites(sites_);
    first_leg_.resize(sites_.n_sites() + 1);
    const std::uint32_t* next = owners_.starts().data();
    for (std::size_t site = 0; site < sites_.n_sites(); ++site) {
        first_leg_.data()[site] = *next;
        next += sites_.donor_at(site) != HydrogenBondSites::none ? 1 : 0;
    }
    first_leg_.back() = *next;
}

/// All its acceptors, whatever the angle: such donors are few.
void HydrogenBondSearch::look_at_crowded(const HydrogenBondsSpec& spec, std::span<const std::uint32_t> crowded) {
    crowded_.clear();
    for (std::uint32_t site : crowded) {
        if (sites_.donor_at(site) == HydrogenBondSites::none) continue;
        const std::size_t donor = usize(sites_.donor_at(site));
        const kernels::NearList& near = near_sites_.around(site);
        const auto all = owners_.all_of(sites_, spec.d_h_cutoff, donor, near, near_sites_.error());
        if (all.size() == owners_.of(donor).size()) continue;
        std::vector<std::uint32_t> acceptors;
        for (std::size_t i = 0; i < near.n; ++i)
            if (sites_.acceptor_at(near.atom[i]) != HydrogenBondSites::none) acceptors.push_back(near.atom[i]);
        std::ranges::sort(acceptors);
        Crowded& one = crowded_.emplace_back(Crowded{static_cast<std::uint32_t>(donor), {}});
        for (const HydrogenOwners::Hydrogen& hydrogen : all)
            for (std::uint32_t acceptor : acceptors) one.triples.push_back({site, hydrogen.number, acceptor});
    }
    std::ranges::sort(crowded_, {}, &Crowded::donor);
}

/// By donor, hydrogen, acceptor. Every one is written, and kept only when it counts: no branch that the CPU must guess.
void HydrogenBondSearch::list_straight(const kernels::StraightList& straight) {
    std::size_t most = kernels::StraightAtoms::usual * legs_.size() + straight.more.size() + 1;
    for (const Crowded& one : crowded_) most += one.triples.size();
    if (triples_.size() < most) triples_.resize(most);
    kernels::ListedTriple* to = triples_.data();
    const HydrogenOwners::Hydrogen* const hydrogens = owners_.all().data();
    const auto put = [&](std::uint32_t site, std::uint32_t hydrogen, std::uint32_t acceptor, bool counts) {
        *to = {site, hydrogen, acceptor};
        to += static_cast<int>(counts) & static_cast<int>(sites_.acceptor_at(acceptor) != HydrogenBondSites::none);
    };
    const std::uint32_t *const starts = owners_.starts().data(), *const sites = owners_.sites().data();
    const auto list = [&](std::size_t first_donor, std::size_t stop) {
        for (std::uint32_t leg = starts[first_donor]; leg < starts[stop]; ++leg) {
            const kernels::StraightAtoms& atoms = straight.of_leg.data()[leg];
            const std::uint32_t hydrogen = hydrogens[leg].number, site = sites[leg];
            if (atoms.n < kernels::StraightAtoms::usual) {
                put(site, hydrogen, atoms.atom[0], atoms.n > 0);
                put(site, hydrogen, atoms.atom[1], atoms.n > 1);
                continue;
            }
            const bool has_more = atoms.n > kernels::StraightAtoms::usual;
            const std::uint32_t* const all = has_more ? straight.more.data() + atoms.atom[0] : atoms.atom.data();
            for (std::uint32_t i = 0; i < atoms.n; ++i) put(site, hydrogen, all[i], true);
        }
    };
    std::size_t donor = 0;
    for (const Crowded& one : crowded_) {
        list(donor, one.donor);
        to = std::ranges::copy(one.triples, to).out;
        donor = one.donor + 1;
    }
    list(donor, sites_.n_donors());
    n_triples_ = usize(to - triples_.data());
}

void HydrogenBondSearch::look_everywhere(const HydrogenBondsSpec::Criteria& criteria) {
    triples_.clear();
    std::vector<std::uint32_t> near;
    kernels::with_images(sites_.box(), [&](const auto& images) {
        for (std::size_t donor = 0; donor < sites_.n_donors(); ++donor) {
            const auto hydrogens = owners_.of(donor);
            if (hydrogens.empty()) continue;
            near.clear();
            for (std::size_t acceptor = 0; acceptor < sites_.n_acceptors(); ++acceptor) {
                const Point d = images(between(sites_.donor(donor), sites_.acceptor(acceptor)));
                if (is_near(std::sqrt(dot(d, d)), criteria)) near.push_back(sites_.site_of_acceptor(acceptor));
            }
            for (const HydrogenOwners::Hydrogen& hydrogen : hydrogens)
                for (std::uint32_t acceptor : near)
                    triples_.push_back(
                        {static_cast<std::uint32_t>(sites_.site_of_donor(donor)), hydrogen.number, acceptor});
        }
    });
    n_triples_ = triples_.size();
}

void HydrogenBondSearch::number_atoms() {
    const auto number = [&](const Group& places, std::vector<double>& atoms) {
        atoms.clear();
        for (Index place : places) atoms.push_back(static_cast<double>(atoms_[usize(place)]));
    };
    number(sites_.places(), site_atoms_);
    number(sites_.hydrogen_places(), hydrogen_atoms_);
}

bool HydrogenBondSearch::counts(const kernels::ListedTriple& triple) const {
    if (in_first_.empty()) return true;
    const std::size_t d = usize(sites_.places()[triple.i]), a = usize(sites_.places()[triple.k]);
    return ((in_first_[d] & in_second_[a]) | (in_first_[a] & in_second_[d])) != 0;
}

double* HydrogenBondSearch::write(double frame, double* rows) const {
    const kernels::ListedTriple* triple = triples_.data();
    const double *const site_atoms = site_atoms_.data(), *const hydrogen_atoms = hydrogen_atoms_.data();
    for (std::size_t i = 0; i < n_triples_; ++i, ++triple) {
        const double distance = distances_.data()[i], angle = angles_.data()[i];
        if (!(is_near(distance, criteria_) && angle > criteria_.angle) || !counts(*triple)) continue;
        *rows++ = frame;
        *rows++ = site_atoms[triple->i];
        *rows++ = hydrogen_atoms[triple->j];
        *rows++ = site_atoms[triple->k];
        *rows++ = distance;
        *rows++ = angle;
    }
    return rows;
}

}  // namespace mdloom::analyses

// How to make a random instance of each analysis of the catalog. A new catalog entry needs a line here: a test says so.
#include <algorithm>
#include <cmath>

#include "mdloom/analyses/average_structure.hpp"
#include "mdloom/analyses/catalog.hpp"
#include "mdloom/analyses/contacts.hpp"
#include "mdloom/analyses/covariance.hpp"
#include "mdloom/analyses/density.hpp"
#include "mdloom/analyses/dihedrals.hpp"
#include "mdloom/analyses/fitted.hpp"
#include "mdloom/analyses/gyration.hpp"
#include "mdloom/analyses/hbonds.hpp"
#include "mdloom/analyses/leaflet.hpp"
#include "mdloom/analyses/positions.hpp"
#include "mdloom/analyses/projection.hpp"
#include "mdloom/analyses/rdf.hpp"
#include "mdloom/analyses/rdf_s.hpp"
#include "mdloom/analyses/rmsd.hpp"
#include "mdloom/analyses/rmsf.hpp"
#include "mdloom/writers/written_trajectory.hpp"
#include "support/case.hpp"
#include "support/toys.hpp"

namespace mdloom::laws {

namespace {

analyses::MatchedGroup random_matched_group(Dice& dice, const Case& given, Index least) {
    analyses::MatchedGroup group{random_group(dice, given, least), {}, {}};
    for (std::size_t i = 0; i < 3 * group.mobile.size(); ++i)
        group.reference.push_back(double{dice.normal(40.f, 15.f)});
    if (dice.chance(0.5))
        for (Index atom : group.mobile) group.weights.push_back(given.topology.masses[usize(atom)]);
    return group;
}

/// Not known where frames come from elsewhere: then there are no moments.
bool every_frame_has_a_box(const Case& given) {
    return !given.moments.empty() &&
           std::ranges::none_of(given.moments, [](const auto& moment) { return moment.box == Box{}; });
}

std::unique_ptr<Analysis> random_leaflet(std::uint64_t seed, const Case& given) {
    Dice dice(seed);
    analyses::LeafletSpec spec{random_group(dice, given), 0.1 * static_cast<double>(dice.between(0, 500)), false};
    spec.pbc = dice.chance(0.5) && every_frame_has_a_box(given);
    return analyses::leaflet(std::move(spec));
}

std::unique_ptr<Analysis> random_rmsd(std::uint64_t seed, const Case& given) {
    Dice dice(seed);
    analyses::RmsdSpec spec{random_matched_group(dice, given, 3), dice.chance(0.7), {}};
    for (Index n = dice.between(0, 2); n > 0; --n) spec.groups.push_back(random_matched_group(dice, given, 1));
    return analyses::rmsd(std::move(spec));
}

std::unique_ptr<Analysis> random_average_structure(std::uint64_t seed, const Case& given) {
    Dice dice(seed);
    analyses::AverageStructureSpec spec{random_matched_group(dice, given, 3), {}};
    spec.averaged = dice.chance(0.3) ? spec.fitted.mobile : random_group(dice, given);
    return analyses::average_structure(std::move(spec));
}

analyses::DistanceRange random_range(Dice& dice) {
    const double first = dice.chance(0.5) ? 0 : static_cast<double>(dice.between(1, 20));
    return {dice.between(1, 40), first, first + static_cast<double>(dice.between(1, 50))};
}

/// Only some of them need no volume.
analyses::RdfNorm random_norm(Dice& dice, const Case& given) {
    const Index first = every_frame_has_a_box(given) ? 0 : 1;
    return static_cast<analyses::RdfNorm>(dice.between(first, 2));
}

std::unique_ptr<Analysis> random_rdf(std::uint64_t seed, const Case& given) {
    Dice dice(seed);
    analyses::RdfSpec spec{random_group(dice, given), {}, random_range(dice), random_norm(dice, given), 7.5, {}, {}};
    spec.b = dice.chance(0.3) ? spec.a : random_group(dice, given);
    if (dice.chance(0.5)) {
        for (std::size_t i = 0; i < spec.a.size(); ++i) spec.labels_a.push_back(dice.between(0, 3));
        for (std::size_t i = 0; i < spec.b.size(); ++i) spec.labels_b.push_back(dice.between(0, 3));
    }
    return analyses::rdf(std::move(spec));
}

std::unique_ptr<Analysis> random_rdf_s(std::uint64_t seed, const Case& given) {
    Dice dice(seed);
    analyses::RdfSSpec spec{{}, random_range(dice), random_norm(dice, given)};
    for (Index n = dice.between(1, 3); n > 0; --n) {
        Group a = random_group(dice, given);
        spec.sites.push_back({std::move(a), random_group(dice, given)});
    }
    return analyses::rdf_s(std::move(spec));
}

std::unique_ptr<Analysis> random_contacts(std::uint64_t seed, const Case& given) {
    Dice dice(seed);
    analyses::ContactsSpec spec{random_group(dice, given), random_group(dice, given), {}, 20, 0.2, 1.1, false, {}};
    spec.method = static_cast<analyses::ContactMethod>(dice.between(0, 2));
    spec.pbc = dice.chance(0.5);
    for (Index n = dice.between(1, 3); n > 0; --n) {
        analyses::ContactSet& set = spec.references.emplace_back();
        for (Index k = dice.between(0, 12); k > 0; --k) {
            set.pairs.push_back(dice.between(0, index_of(spec.first.size()) - 1));
            set.pairs.push_back(dice.between(0, index_of(spec.second.size()) - 1));
            set.r0.push_back(double{std::abs(dice.normal(20.f, 10.f))});
        }
    }
    return analyses::contacts(std::move(spec));
}

std::unique_ptr<Analysis> random_density(std::uint64_t seed, const Case& given) {
    Dice dice(seed);
    analyses::DensitySpec spec{random_group(dice, given), {}};
    for (std::vector<double>& edges : spec.edges) {
        edges.push_back(double{dice.normal(25.f, 10.f)});
        for (Index n = dice.between(1, 7); n > 0; --n)
            edges.push_back(edges.back() + 0.1 + double{std::abs(dice.normal(0.f, 10.f))});
    }
    return analyses::density(std::move(spec));
}

std::unique_ptr<Analysis> random_rmsf(std::uint64_t seed, const Case& given) {
    Dice dice(seed);
    return analyses::rmsf(random_group(dice, given));
}

std::unique_ptr<Analysis> random_dihedrals(std::uint64_t seed, const Case& given) {
    Dice dice(seed);
    std::array<Group, 4> atoms;
    atoms[0] = random_group(dice, given);
    for (std::size_t i = 1; i < 4; ++i)
        for (std::size_t k = 0; k < atoms[0].size(); ++k)
            atoms[i].push_back(dice.between(0, given.topology.n_atoms - 1));
    return analyses::dihedrals(std::move(atoms));
}

std::unique_ptr<Analysis> random_gyration(std::uint64_t seed, const Case& given) {
    Dice dice(seed);
    analyses::GyrationSpec spec{random_group(dice, given), {}};
    if (dice.chance(0.5))
        for (Index atom : spec.group) spec.weights.push_back(given.topology.masses[usize(atom)]);
    return analyses::gyration(std::move(spec));
}

std::vector<double> random_numbers(Dice& dice, std::size_t n) {
    std::vector<double> numbers;
    for (; n > 0; --n) numbers.push_back(double{dice.normal(40.f, 15.f)});
    return numbers;
}

std::unique_ptr<Analysis> random_covariance(std::uint64_t seed, const Case& given) {
    Dice dice(seed);
    analyses::CovarianceSpec spec{random_group(dice, given), {}};
    if (dice.chance(0.3)) spec.mean = random_numbers(dice, 3 * spec.group.size());
    return analyses::covariance(std::move(spec));
}

std::unique_ptr<Analysis> random_projection(std::uint64_t seed, const Case& given) {
    Dice dice(seed);
    analyses::ProjectionSpec spec{random_group(dice, given), {}, {}};
    const std::size_t n = 3 * spec.group.size();
    spec.mean = random_numbers(dice, n);
    spec.vectors = random_numbers(dice, n * usize(dice.between(1, 9)));
    return analyses::projection(std::move(spec));
}

std::unique_ptr<Analysis> random_positions(std::uint64_t seed, const Case& given) {
    Dice dice(seed);
    return analyses::positions(random_group(dice, given));
}

/// The groups inside may be any: fitted or not, in another order, the same atoms twice.
std::unique_ptr<Analysis> random_fitted(std::uint64_t seed, const Case& given) {
    Dice dice(seed);
    analyses::FitSpec spec{random_matched_group(dice, given, 3), dice.chance(0.5)};
    if (spec.on_first_frame) spec.fitted.reference.clear();
    const auto random_inner = dice.chance(0.5)   ? random_rmsf
                              : dice.chance(0.3) ? random_density
                              : dice.chance(0.5) ? random_positions
                                                 : random_dihedrals;
    return analyses::fitted(std::move(spec), random_inner(seed + 1, given));
}

Group random_ascending_group(Dice& dice, const Case& given) {
    Group group = random_group(dice, given);
    std::ranges::sort(group);
    const auto repeats = std::ranges::unique(group);
    group.erase(repeats.begin(), repeats.end());
    return group;
}

/// Cut-offs so wide that the few atoms of a case are bonded in some frames, and not in others.
std::unique_ptr<Analysis> random_hydrogen_bonds(std::uint64_t seed, const Case& given) {
    Dice dice(seed);
    analyses::HydrogenBondsSpec spec;
    for (Group* group : {&spec.donors, &spec.hydrogens, &spec.acceptors}) *group = random_ascending_group(dice, given);
    if (dice.chance(0.5))
        for (Index donor : spec.donors)
            for (Index hydrogen : spec.hydrogens)
                if (dice.chance(0.5)) {
                    spec.bonded_donors.push_back(donor);
                    spec.bonded_hydrogens.push_back(hydrogen);
                }
    for (Index n = dice.between(0, 2); n > 0; --n)
        spec.between.push_back({random_ascending_group(dice, given), random_ascending_group(dice, given)});
    spec.d_h_cutoff = static_cast<double>(dice.between(5, 40));
    spec.criteria = {static_cast<double>(dice.between(5, 60)), static_cast<double>(dice.between(0, 150))};
    return analyses::hydrogen_bonds(std::move(spec));
}

std::vector<Subject> makers() {
    return {
        {"average_structure", random_average_structure},
        {"contacts", random_contacts},
        {"covariance", random_covariance},
        {"density", random_density},
        {"dihedrals", random_dihedrals},
        {"fitted", random_fitted},
        {"hbonds", random_hydrogen_bonds},
        {"leaflet", random_leaflet},
        {"positions", random_positions},
        {"projection", random_projection},
        {"radius_of_gyration", random_gyration},
        {"rdf", random_rdf},
        {"rdf_s", random_rdf_s},
        {"rmsd", random_rmsd},
        {"rmsf", random_rmsf},
    };
}

bool is_listed(const std::string& name) {
    return std::ranges::any_of(analyses::catalog(), [&](const analyses::Info& info) { return info.name == name; });
}

template <class Toy>
std::unique_ptr<Analysis> rebuild_toy(ByteReader& spec) {
    return analyses::make_analysis(Toy{})->rebuild(spec);
}

}  // namespace

std::vector<Subject> catalog_subjects() {
    auto subjects = makers();
    std::erase_if(subjects, [](const Subject& subject) { return !is_listed(subject.name); });
    return subjects;
}

std::vector<std::string> untested_analyses() {
    std::vector<std::string> names;
    for (const analyses::Info& info : analyses::catalog())
        if (std::ranges::none_of(makers(), [&](const Subject& subject) { return subject.name == info.name; }))
            names.emplace_back(info.name);
    return names;
}

engine::RebuildAnalysis rebuild_any() {
    return [](const std::string& name, ByteReader& spec) {
        if (name == Total::name) return rebuild_toy<Total>(spec);
        if (name == Fluctuation::name) return rebuild_toy<Fluctuation>(spec);
        if (name == Distances::name) return rebuild_toy<Distances>(spec);
        if (name == Wanderers::name) return rebuild_toy<Wanderers>(spec);
        if (name == writers::written_trajectory_name) return writers::rebuild_written_trajectory(spec);
        return analyses::rebuild(name, spec);
    };
}

}  // namespace mdloom::laws

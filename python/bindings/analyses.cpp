// The catalog's analyses, each with the arguments its Python class settles.
#include "bindings.hpp"
#include "changing_groups.hpp"
#include "mdloom/analyses/average_structure.hpp"
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
#include "python_analysis.hpp"

namespace mdloom::bindings {

namespace {

Group to_group(const IndexArray& atoms) {
    return to_vector(atoms);
}

std::vector<double> to_points(const DoublePoints& points) {
    return {points.data(), points.data() + points.size()};
}

std::vector<double> to_weights(const std::optional<DoubleArray>& weights) {
    return weights ? to_vector(*weights) : std::vector<double>{};
}

using MovedGroup = std::tuple<IndexArray, DoublePoints, std::optional<DoubleArray>>;

HeldAnalysis rmsd(const IndexArray& mobile, const DoublePoints& reference, const std::optional<DoubleArray>& weights,
                  bool superposition, const std::vector<MovedGroup>& groups) {
    analyses::RmsdSpec spec{{to_group(mobile), to_points(reference), to_weights(weights)}, superposition, {}};
    for (const auto& [atoms, points, group_weights] : groups)
        spec.groups.push_back({to_group(atoms), to_points(points), to_weights(group_weights)});
    return {analyses::rmsd(std::move(spec))};
}

HeldAnalysis average_structure(const IndexArray& mobile, const DoublePoints& reference,
                               const std::optional<DoubleArray>& weights, const IndexArray& averaged) {
    return {analyses::average_structure(
        {{to_group(mobile), to_points(reference), to_weights(weights)}, to_group(averaged)})};
}

HeldAnalysis fitted(HeldAnalysis& inner, const IndexArray& mobile, const std::optional<DoublePoints>& reference,
                    const std::optional<DoubleArray>& weights) {
    analyses::FitSpec spec{{to_group(mobile), {}, to_weights(weights)}, !reference};
    if (reference) spec.fitted.reference = to_points(*reference);
    return {analyses::fitted(std::move(spec), std::move(inner.analysis))};
}

HeldAnalysis covariance(const IndexArray& group, const std::optional<DoublePoints>& mean) {
    return {analyses::covariance({to_group(group), mean ? to_points(*mean) : std::vector<double>{}})};
}

using Vectors = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

HeldAnalysis projection(const IndexArray& group, const DoublePoints& mean, const Vectors& vectors) {
    return {
        analyses::projection({to_group(group), to_points(mean), {vectors.data(), vectors.data() + vectors.size()}})};
}

HeldAnalysis leaflet(const IndexArray& group, double cutoff, bool pbc) {
    return {analyses::leaflet({to_group(group), cutoff, pbc})};
}

analyses::DistanceRange to_range(Index n_bins, std::pair<double, double> range) {
    return {n_bins, range.first, range.second};
}

HeldAnalysis rdf(const IndexArray& a, const IndexArray& b, Index n_bins, std::pair<double, double> range,
                 const std::string& norm, double n_pairs,
                 const std::optional<std::pair<IndexArray, IndexArray>>& labels) {
    analyses::RdfSpec spec{to_group(a), to_group(b), to_range(n_bins, range), analyses::rdf_norm(norm), n_pairs,
                           {},          {}};
    if (labels) spec.labels_a = to_vector(labels->first), spec.labels_b = to_vector(labels->second);
    return {analyses::rdf(std::move(spec))};
}

HeldAnalysis rdf_s(const std::vector<std::pair<IndexArray, IndexArray>>& sites, Index n_bins,
                   std::pair<double, double> range, const std::string& norm) {
    analyses::RdfSSpec spec{{}, to_range(n_bins, range), analyses::rdf_norm(norm)};
    for (const auto& [a, b] : sites) spec.sites.push_back({to_group(a), to_group(b)});
    return {analyses::rdf_s(std::move(spec))};
}

using PairArray = nb::ndarray<const std::int64_t, nb::shape<-1, 2>, nb::c_contig, nb::device::cpu>;
using KnownContacts = std::pair<PairArray, DoubleArray>;

analyses::ContactMethod to_contact_method(const std::string& name) {
    if (name == "hard_cut") return analyses::ContactMethod::hard_cut;
    if (name == "soft_cut") return analyses::ContactMethod::soft_cut;
    if (name == "radius_cut") return analyses::ContactMethod::radius_cut;
    throw ArgumentError("contact method \"" + name + "\" is not known");
}

HeldAnalysis contacts(const IndexArray& first, const IndexArray& second, const std::vector<KnownContacts>& references,
                      const std::string& method, double radius, double beta, double lambda_constant, bool pbc) {
    analyses::ContactsSpec spec{
        to_group(first), to_group(second), to_contact_method(method), radius, beta, lambda_constant, pbc, {}};
    for (const auto& [pairs, r0] : references)
        spec.references.push_back({{pairs.data(), pairs.data() + pairs.size()}, to_vector(r0)});
    return {analyses::contacts(std::move(spec))};
}

HeldAnalysis density(const IndexArray& atoms, const DoubleArray& x, const DoubleArray& y, const DoubleArray& z) {
    return {analyses::density({to_group(atoms), {to_vector(x), to_vector(y), to_vector(z)}})};
}

HeldAnalysis rmsf(const IndexArray& group) {
    return {analyses::rmsf(to_group(group))};
}

HeldAnalysis positions(const IndexArray& atoms) {
    return {analyses::positions(to_group(atoms))};
}

HeldAnalysis dihedrals(const IndexArray& a, const IndexArray& b, const IndexArray& c, const IndexArray& d) {
    return {analyses::dihedrals({to_group(a), to_group(b), to_group(c), to_group(d)})};
}

HeldAnalysis gyration(const IndexArray& group, const std::optional<DoubleArray>& weights) {
    return {analyses::gyration({to_group(group), to_weights(weights)})};
}

using TwoGroups = std::pair<IndexArray, IndexArray>;

HeldAnalysis hydrogen_bonds(const IndexArray& donors, const IndexArray& hydrogens, const IndexArray& acceptors,
                            const std::optional<TwoGroups>& bonded, const std::vector<TwoGroups>& between,
                            double d_h_cutoff, double d_a_cutoff, double angle_cutoff) {
    analyses::HydrogenBondsSpec spec{to_group(donors), to_group(hydrogens),       to_group(acceptors), {}, {}, {},
                                     d_h_cutoff,       {d_a_cutoff, angle_cutoff}};
    if (bonded) spec.bonded_donors = to_group(bonded->first), spec.bonded_hydrogens = to_group(bonded->second);
    for (const auto& [first, second] : between) spec.between.push_back({to_group(first), to_group(second)});
    return {analyses::hydrogen_bonds(std::move(spec))};
}

}  // namespace

void bind_analyses(nb::module_& module) {
    using namespace nb::literals;
    nb::class_<HeldAnalysis>(module, "Analysis", "An analysis for one Run.");
    module.def("average_structure", &average_structure, "mobile"_a, "reference"_a, "weights"_a.none(), "averaged"_a);
    module.def("leaflet", &leaflet, "group"_a, "cutoff"_a, "pbc"_a);
    module.def("rdf", &rdf, "a"_a, "b"_a, "n_bins"_a, "range"_a, "norm"_a, "n_pairs"_a, "labels"_a.none());
    module.def("rdf_s", &rdf_s, "sites"_a, "n_bins"_a, "range"_a, "norm"_a);
    module.def("contacts", &contacts, "first"_a, "second"_a, "references"_a, "method"_a, "radius"_a, "beta"_a,
               "lambda_constant"_a, "pbc"_a);
    module.def("covariance", &covariance, "group"_a, "mean"_a.none());
    module.def("density", &density, "atoms"_a, "x"_a, "y"_a, "z"_a);
    module.def("dihedrals", &dihedrals, "a"_a, "b"_a, "c"_a, "d"_a);
    module.def("fitted", &fitted, "analysis"_a, "mobile"_a, "reference"_a.none(), "weights"_a.none());
    module.def("gyration", &gyration, "group"_a, "weights"_a.none());
    module.def("hydrogen_bonds", &hydrogen_bonds, "donors"_a, "hydrogens"_a, "acceptors"_a, "bonded"_a.none(),
               "between"_a, "d_h_cutoff"_a, "d_a_cutoff"_a, "angle_cutoff"_a);
    module.def("positions", &positions, "atoms"_a);
    module.def("projection", &projection, "group"_a, "mean"_a, "vectors"_a);
    module.def("rmsd", &rmsd, "mobile"_a, "reference"_a, "weights"_a.none(), "superposition"_a, "groups"_a);
    module.def("rmsf", &rmsf, "group"_a);
    module.def(
        "python_analysis",
        [](Index number, nb::object join) -> HeldAnalysis { return {python_analysis(number, std::move(join))}; },
        "number"_a, "join"_a.none());
    module.def(
        "with_changing_groups",
        [](HeldAnalysis& held, Index number, std::vector<Index> positions, std::string why_not) -> HeldAnalysis {
            return {with_changing_groups(std::move(held.analysis), number, std::move(positions), std::move(why_not))};
        },
        "analysis"_a, "number"_a, "positions"_a, "why_not"_a);
}

}  // namespace mdloom::bindings

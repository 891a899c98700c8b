#include "mdloom/analyses/hbonds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>

#include "mdloom/analyses/analysis_of.hpp"
#include "mdloom/analyses/hbond_search.hpp"
#include "mdloom/partials/rows.hpp"

namespace mdloom::analyses {
namespace {

constexpr std::size_t most_between = 64;  // one bit each

void require_ascending(const Group& group, const char* what) {
    if (group.empty()) throw ArgumentError(fmt::format("hydrogen bonds: {} hold no atom: select at least one", what));
    if (std::ranges::adjacent_find(group, std::greater_equal<>{}) != group.end())
        throw ArgumentError(fmt::format("hydrogen bonds: {} must be in ascending order, each atom once", what));
}

void require_pairs(const HydrogenBondsSpec& spec) {
    const Group &donors = spec.bonded_donors, &hydrogens = spec.bonded_hydrogens;
    if (donors.size() != hydrogens.size())
        throw ArgumentError(fmt::format("hydrogen bonds: {} donors are paired with {} hydrogens: as many are needed",
                                        donors.size(), hydrogens.size()));
    for (std::size_t i = 0; i < donors.size(); ++i) {
        if (!std::ranges::binary_search(spec.donors, donors[i]) ||
            !std::ranges::binary_search(spec.hydrogens, hydrogens[i]))
            throw ArgumentError(fmt::format("hydrogen bonds: pair {} ({}, {}) is not of the donors and hydrogens", i,
                                            donors[i], hydrogens[i]));
        if (i > 0 && std::pair(donors[i - 1], hydrogens[i - 1]) >= std::pair(donors[i], hydrogens[i]))
            throw ArgumentError(
                fmt::format("hydrogen bonds: pair {} is out of order: sort them by donor, then hydrogen", i));
    }
}

void require_usable(const HydrogenBondsSpec& spec) {
    require_ascending(spec.donors, "donors");
    require_ascending(spec.hydrogens, "hydrogens");
    require_ascending(spec.acceptors, "acceptors");
    require_pairs(spec);
    if (spec.between.size() > most_between)
        throw ArgumentError(
            fmt::format("between has {} pairs of groups: {} are the most", spec.between.size(), most_between));
    for (const BetweenGroups& groups : spec.between) {
        require_ascending(groups.first, "the groups of between");
        require_ascending(groups.second, "the groups of between");
    }
    const double d_h = spec.d_h_cutoff, d_a = spec.criteria.d_a_cutoff, angle = spec.criteria.angle;
    if (!(d_h > 0 && std::isfinite(d_h)))
        throw ArgumentError(fmt::format("d_h_cutoff is {}: a distance in Å is needed, finite and above 0", d_h));
    if (!(d_a > closest_acceptor && std::isfinite(d_a)))
        throw ArgumentError(
            fmt::format("d_a_cutoff is {}: a distance in Å is needed, finite and above 1: nearer atoms are bonded "
                        "chemically",
                        d_a));
    if (!(angle >= 0 && angle < 180))
        throw ArgumentError(
            fmt::format("d_h_a_angle_cutoff is {}: an angle in degrees is needed, at least 0 and below 180", angle));
}

struct HydrogenBonds {
    static constexpr std::string_view name = "hbonds";
    static constexpr Index state_version = 1;

    HydrogenBondsSpec spec;

    void settle() const { require_usable(spec); }

    struct State {
        Rows bonds;  ///< frame index, donor, hydrogen, acceptor, distance (Å), angle (degrees)
        Rows times;  ///< ps, one for each frame
    };
    struct Scratch {
        bool ready = false;
        HydrogenBondSearch search;
    };

    std::vector<Group> groups() const { return {spec.donors, spec.hydrogens, spec.acceptors, all_atoms()}; }
    void prepare(const System&) {}
    State empty_state() const { return {Rows::of_width(6), Rows::of_width(1)}; }

    void single_frame(const Frame& frame, const std::vector<Group>& groups, Scratch& scratch, State& state) const {
        if (!scratch.ready) {
            scratch.search = HydrogenBondSearch(spec, all_atoms(), groups[3], chosen_simd());
            scratch.ready = true;
        }
        const std::size_t most = 6 * scratch.search.find(spec, frame, groups);
        const auto index = static_cast<double>(frame.index);
        state.bonds.put_written(frame.ordinal, most, [&](double* rows) { return scratch.search.write(index, rows); });
        state.times.put(frame.ordinal, std::span(&frame.time, 1));
    }
    void finish_chunk(Scratch&, State& state) const { state.bonds.drop_spare_room(); }

    template <class AnyState>
    Result conclude(AnyState&& state) const {
        Column bonds{"hbonds", "frame, index, index, index, Å, degrees", {state.bonds.n_rows(), 6}, {}};
        Column times{"times", "ps", {state.times.n_rows()}, {}};
        Column counts{"counts", "1", {state.times.n_rows()}, {}};
        state.bonds.for_each([&](Index, std::span<const double> rows) {
            counts.values.push_back(static_cast<double>(rows.size() / 6));
        });
        std::forward<AnyState>(state).bonds.append_to(bonds.values);
        state.times.for_each([&](Index, std::span<const double> time) {
            times.values.insert(times.values.end(), time.begin(), time.end());
        });
        return result_of(std::move(bonds), std::move(times), std::move(counts));
    }

private:
    Group all_atoms() const {
        Group atoms;
        for (const Group* group : {&spec.donors, &spec.hydrogens, &spec.acceptors})
            atoms.insert(atoms.end(), group->begin(), group->end());
        std::ranges::sort(atoms);
        const auto repeats = std::ranges::unique(atoms);
        atoms.erase(repeats.begin(), repeats.end());
        return atoms;
    }
};

}  // namespace

std::unique_ptr<Analysis> hydrogen_bonds(HydrogenBondsSpec spec) {
    return make_analysis(HydrogenBonds{std::move(spec)});
}

std::unique_ptr<Analysis> blank_hydrogen_bonds() {
    return blank_analysis<HydrogenBonds>();
}

}  // namespace mdloom::analyses

#include "mdloom/analyses/contacts.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "mdloom/analyses/analysis_of.hpp"
#include "mdloom/analyses/group_positions.hpp"
#include "mdloom/kernels/listed_pairs.hpp"
#include "mdloom/kernels/soft_contacts.hpp"
#include "mdloom/partials/rows.hpp"

namespace mdloom::analyses {
namespace {

using kernels::ListedPair;

void require_group(const Group& group, const char* which) {
    if (group.empty())
        throw ArgumentError(fmt::format("the {} mobile group holds no atom: select at least one", which));
    if (group.size() > std::numeric_limits<std::uint32_t>::max())
        throw ArgumentError(
            fmt::format("the {} mobile group has {} atoms: 2^32 - 1 are the most", which, group.size()));
}

void require_number(const char* what, double value, double least) {
    if (!(std::isfinite(value) && value >= least))
        throw ArgumentError(
            fmt::format("{} is {}: it must be finite{}", what, value, least == 0 ? " and not negative" : ""));
}

void require_usable(const ContactSet& set, std::size_t which, const ContactsSpec& spec) {
    if (set.pairs.size() != 2 * set.r0.size())
        throw ArgumentError(
            fmt::format("reference {} has {} places of atoms and {} distances: two and one for each "
                        "contact are needed",
                        which, set.pairs.size(), set.r0.size()));
    const Index n[] = {index_of(spec.first.size()), index_of(spec.second.size())};
    for (std::size_t i = 0; i < set.pairs.size(); ++i)
        if (set.pairs[i] < 0 || set.pairs[i] >= n[i % 2])
            throw ArgumentError(fmt::format("reference {}, contact {}: atom {} is outside its group of {}", which,
                                            i / 2, set.pairs[i], n[i % 2]));
    for (double r0 : set.r0) require_number("a distance in the reference", r0, 0);
}

void require_usable(const ContactsSpec& spec) {
    require_group(spec.first, "first");
    require_group(spec.second, "second");
    if (spec.method > ContactMethod::radius_cut)
        throw ArgumentError(fmt::format("contact method {} is not known", static_cast<int>(spec.method)));
    constexpr double any = -std::numeric_limits<double>::infinity();
    require_number("radius", spec.radius, 0);
    require_number("beta", spec.beta, any);
    require_number("lambda_constant", spec.lambda_constant, any);
    if (spec.references.empty()) throw ArgumentError("there is no reference: give at least one");
    for (std::size_t i = 0; i < spec.references.size(); ++i) require_usable(spec.references[i], i, spec);
}

/// A contact set made ready: pairs as the kernels take them, and what distances are compared with.
struct ReadySet {
    std::vector<ListedPair> pairs;
    std::vector<double> limits;  ///< largest squares (hard cut), lambda r0 (soft cut)
};

struct Contacts {
    static constexpr std::string_view name = "contacts";
    static constexpr Index state_version = 1;

    ContactsSpec spec;

    void settle() const { require_usable(spec); }

    struct State {
        Rows rows;  ///< frame index, time (ps), Q of each reference
    };
    struct Scratch {
        bool ready = false;
        Simd level{};
        std::array<GroupPositions, 2> positions;
        std::vector<ReadySet> references;
        std::vector<double> squares, row;
    };

    std::vector<Group> groups() const { return {spec.first, spec.second}; }
    void prepare(const System&) {}
    State empty_state() const { return {Rows::of_width(2 + n_references())}; }

    void single_frame(const Frame& frame, const std::vector<Group>& groups, Scratch& scratch, State& state) const {
        if (!scratch.ready) make_ready(scratch, groups);
        const kernels::Positions a = scratch.positions[0].of(frame, groups[0]);
        const kernels::Positions b = scratch.positions[1].of(frame, groups[1]);
        kernels::PeriodicBox box;
        if (spec.pbc) {
            box = periodic_box_of(frame);
            kernels::require_usable("the first mobile group", a, box);
            kernels::require_usable("the second mobile group", b, box);
        }
        scratch.row = {static_cast<double>(frame.index), frame.time};
        for (const ReadySet& set : scratch.references) {
            scratch.squares.resize(set.pairs.size());
            kernels::listed_squares(a, b, set.pairs, box, scratch.squares);
            scratch.row.push_back(fraction(set, scratch.squares, scratch.level));
        }
        state.rows.put(frame.ordinal, scratch.row);
    }
    void finish_chunk(Scratch&, State&) const {}  // the scratch gathers nothing

    Result conclude(const State& state) const {
        const Index n = state.rows.n_rows();
        Column times{"times", "ps", {n}, {}}, series{"timeseries", "frame, 1", {n, 1 + n_references()}, {}};
        times.values.reserve(usize(n));
        series.values.reserve(usize(n * (1 + n_references())));
        state.rows.for_each([&](Index, std::span<const double> row) {
            times.values.push_back(row[1]);
            series.values.push_back(row[0]);
            series.values.insert(series.values.end(), row.begin() + 2, row.end());
        });
        return result_of(std::move(times), std::move(series));
    }

private:
    Index n_references() const { return index_of(spec.references.size()); }

    void make_ready(Scratch& scratch, const std::vector<Group>& groups) const {
        for (std::size_t k : {0U, 1U}) scratch.positions[k].look_at(groups[k]);
        scratch.level = chosen_simd();
        scratch.references.resize(spec.references.size());
        for (std::size_t i = 0; i < spec.references.size(); ++i) {
            const ContactSet& from = spec.references[i];
            ReadySet& to = scratch.references[i];
            for (std::size_t k = 0; k < from.r0.size(); ++k)
                to.pairs.push_back(
                    {static_cast<std::uint32_t>(from.pairs[2 * k]), static_cast<std::uint32_t>(from.pairs[2 * k + 1])});
            if (spec.method == ContactMethod::hard_cut)
                for (double r0 : from.r0) to.limits.push_back(kernels::largest_square_within(r0));
            if (spec.method == ContactMethod::soft_cut)
                for (double r0 : from.r0) to.limits.push_back(spec.lambda_constant * r0);
        }
        scratch.ready = true;
    }

    double fraction(const ReadySet& set, const std::vector<double>& squares, Simd level) const {
        if (squares.empty()) return std::numeric_limits<double>::quiet_NaN();  // 0 / 0 has a sign on some CPUs
        const auto n = static_cast<double>(squares.size());
        if (spec.method == ContactMethod::soft_cut)
            return kernels::soft_contact_sum(squares, set.limits, spec.beta, level) / n;
        Index count = 0;
        if (spec.method == ContactMethod::hard_cut) {
            for (std::size_t i = 0; i < squares.size(); ++i) count += squares[i] <= set.limits[i] ? 1 : 0;
        } else {
            const double limit = kernels::largest_square_within(spec.radius);
            for (double square : squares) count += square <= limit ? 1 : 0;
        }
        return static_cast<double>(count) / n;
    }
};

}  // namespace

std::unique_ptr<Analysis> contacts(ContactsSpec spec) {
    return make_analysis(Contacts{std::move(spec)});
}

std::unique_ptr<Analysis> blank_contacts() {
    return blank_analysis<Contacts>();
}

}  // namespace mdloom::analyses

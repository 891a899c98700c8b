#include "mdloom/analyses/rmsd.hpp"

#include <fmt/format.h>

#include <cmath>
#include <string>

#include "mdloom/analyses/analysis_of.hpp"
#include "mdloom/analyses/group_positions.hpp"
#include "mdloom/kernels/superposition.hpp"
#include "mdloom/partials/rows.hpp"

namespace mdloom::analyses {
namespace {

using kernels::FitReference;
using kernels::Motion;
using kernels::PackedPoints;
using kernels::Superposition;

void require_usable(const RmsdSpec& spec) {
    require_usable(spec.fitted, "the mobile group");
    for (std::size_t i = 0; i < spec.groups.size(); ++i)
        require_usable(spec.groups[i], fmt::format("group selection {}", i));
}

struct Rmsd {
    static constexpr std::string_view name = "rmsd";
    static constexpr Index state_version = 1;

    RmsdSpec spec;

    void settle() const { require_usable(spec); }

    struct State {
        Rows rows;  ///< frame index, time (ps), RMSD (Å), each group's (Å)
    };
    /// The references, laid out for the kernels, and room for positions out of order.
    struct Scratch {
        bool ready = false;
        Simd level{};
        FitReference fitted;
        std::vector<PackedPoints> fixed;  ///< of the groups; of the fitted group when nothing is fitted
        std::vector<double> total_weights;
        std::vector<GroupPositions> positions;
        std::vector<double> row;
    };

    std::vector<Group> groups() const {
        std::vector<Group> groups{spec.fitted.mobile};
        for (const MatchedGroup& group : spec.groups) groups.push_back(group.mobile);
        return groups;
    }
    void prepare(const System&) {}
    State empty_state() const { return {Rows::of_width(width())}; }

    void single_frame(const Frame& frame, const std::vector<Group>& groups, Scratch& scratch, State& state) const {
        if (!scratch.ready) make_ready(scratch, groups);
        scratch.row = {static_cast<double>(frame.index), frame.time};
        Motion motion;
        if (spec.superposition) {
            const float* positions = scratch.positions[0].of(frame, groups[0]).data();
            const Superposition best = superpose(positions, scratch.fitted, !spec.groups.empty(), scratch.level);
            motion = best.motion;
            scratch.row.push_back(best.rmsd);
        }
        for (std::size_t i = spec.superposition ? 1 : 0; i < groups.size(); ++i) {
            const float* positions = scratch.positions[i].of(frame, groups[i]).data();
            const double squares = moved_squares(positions, scratch.fixed[i], motion, scratch.level);
            scratch.row.push_back(std::sqrt(squares / scratch.total_weights[i]));
        }
        state.rows.put(frame.ordinal, scratch.row);
    }
    void finish_chunk(Scratch&, State&) const {}  // the scratch gathers nothing

    Result conclude(const State& state) const {
        Column rmsd{"rmsd", "frame, ps, Å", {state.rows.n_rows(), width()}, {}};
        rmsd.values.reserve(usize(state.rows.n_rows() * width()));
        state.rows.for_each(
            [&](Index, std::span<const double> row) { rmsd.values.insert(rmsd.values.end(), row.begin(), row.end()); });
        return result_of(std::move(rmsd));
    }

private:
    Index width() const { return 3 + index_of(spec.groups.size()); }

    void make_ready(Scratch& scratch, const std::vector<Group>& groups) const {
        scratch.level = chosen_simd();
        scratch.positions.resize(groups.size());
        scratch.fixed.resize(groups.size());
        scratch.total_weights.resize(groups.size());
        for (std::size_t i = 0; i < groups.size(); ++i) {
            const MatchedGroup& group = i == 0 ? spec.fitted : spec.groups[i - 1];
            scratch.positions[i].look_at(groups[i]);
            if (i == 0 && spec.superposition) {
                scratch.fitted = kernels::make_fit_reference(group.reference, group.weights);
                continue;
            }
            scratch.fixed[i] = kernels::pack_points(group.reference, group.weights);
            double& total = scratch.total_weights[i];
            total = group.weights.empty() ? static_cast<double>(group.mobile.size()) : 0;
            for (double weight : group.weights) total += weight;
        }
        scratch.ready = true;
    }
};

}  // namespace

std::unique_ptr<Analysis> rmsd(RmsdSpec spec) {
    return make_analysis(Rmsd{std::move(spec)});
}

std::unique_ptr<Analysis> blank_rmsd() {
    return blank_analysis<Rmsd>();
}

}  // namespace mdloom::analyses

#include "mdloom/analyses/gyration.hpp"

#include <fmt/format.h>

#include <cmath>

#include "mdloom/analyses/analysis_of.hpp"
#include "mdloom/analyses/group_positions.hpp"
#include "mdloom/kernels/point_moments.hpp"
#include "mdloom/kernels/weights.hpp"
#include "mdloom/partials/rows.hpp"

namespace mdloom::analyses {
namespace {

constexpr Index width = 9;

void require_usable(const GyrationSpec& spec) {
    if (spec.group.empty()) throw ArgumentError("the group holds no atom: select at least one");
    kernels::require_usable_weights(spec.weights, spec.group.size(), "the group");
}

struct Gyration {
    static constexpr std::string_view name = "radius_of_gyration";
    static constexpr Index state_version = 1;

    GyrationSpec spec;

    void settle() const { require_usable(spec); }

    struct State {
        Rows rows;
    };
    struct Scratch {
        bool ready = false;
        Simd level = chosen_simd();
        GroupPositions positions;
        kernels::PointWeights weights;
    };

    std::vector<Group> groups() const { return {spec.group}; }
    void prepare(const System&) {}
    State empty_state() const { return {Rows::of_width(width)}; }

    void single_frame(const Frame& frame, const std::vector<Group>& groups, Scratch& scratch, State& state) const {
        if (!scratch.ready) make_ready(scratch, groups);
        const auto [centre, squares] =
            kernels::point_moments(scratch.positions.of(frame, groups[0]), scratch.weights, scratch.level);
        const auto [x, y, z] = squares;
        const std::array<double, usize(width)> row{static_cast<double>(frame.index),
                                                   frame.time,
                                                   centre[0],
                                                   centre[1],
                                                   centre[2],
                                                   std::sqrt(x + y + z),
                                                   std::sqrt(y + z),
                                                   std::sqrt(x + z),
                                                   std::sqrt(x + y)};
        state.rows.put(frame.ordinal, row);
    }
    void finish_chunk(Scratch&, State&) const {}  // the scratch gathers nothing

    Result conclude(const State& state) const {
        Column column{"gyration", "frame, ps, Å", {state.rows.n_rows(), width}, {}};
        column.values.reserve(usize(state.rows.n_rows() * width));
        state.rows.for_each([&](Index, std::span<const double> row) {
            column.values.insert(column.values.end(), row.begin(), row.end());
        });
        return result_of(std::move(column));
    }

private:
    void make_ready(Scratch& scratch, const std::vector<Group>& groups) const {
        scratch.positions.look_at(groups[0]);
        scratch.weights = kernels::PointWeights(spec.weights, spec.group.size());
        scratch.ready = true;
    }
};

}  // namespace

std::unique_ptr<Analysis> gyration(GyrationSpec spec) {
    return make_analysis(Gyration{std::move(spec)});
}

std::unique_ptr<Analysis> blank_gyration() {
    return blank_analysis<Gyration>();
}

}  // namespace mdloom::analyses

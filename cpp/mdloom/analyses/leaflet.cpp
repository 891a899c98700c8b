#include "mdloom/analyses/leaflet.hpp"

#include <fmt/format.h>

#include <cmath>

#include "mdloom/analyses/analysis_of.hpp"
#include "mdloom/analyses/group_positions.hpp"
#include "mdloom/kernels/components.hpp"
#include "mdloom/partials/rows.hpp"

namespace mdloom::analyses {
namespace {

void require_usable(const LeafletSpec& spec) {
    if (spec.group.empty()) throw ArgumentError("the group holds no atom: select at least one");
    if (!(spec.cutoff >= 0 && std::isfinite(spec.cutoff)))
        throw ArgumentError(
            fmt::format("cutoff is {}: a distance in Å is needed, finite and not negative", spec.cutoff));
}

struct Leaflet {
    static constexpr std::string_view name = "leaflet";
    static constexpr Index state_version = 2;

    LeafletSpec spec;

    void settle() const { require_usable(spec); }

    struct State {
        Rows rows;   ///< the component of each atom, one row for each
        Rows times;  ///< ps, one for each frame
    };
    struct Scratch {
        bool ready = false;
        GroupPositions positions;
        std::vector<double> labels;
    };

    std::vector<Group> groups() const { return {spec.group}; }
    void prepare(const System&) {}
    State empty_state() const { return {Rows::of_width(1), Rows::of_width(1)}; }

    void single_frame(const Frame& frame, const std::vector<Group>& groups, Scratch& scratch, State& state) const {
        if (!scratch.ready) scratch.positions.look_at(groups[0]);
        scratch.ready = true;
        const kernels::PeriodicBox box = spec.pbc ? box_of(frame) : kernels::PeriodicBox{};
        const auto labels = kernels::components(scratch.positions.of(frame, groups[0]), box, spec.cutoff);
        scratch.labels.assign(labels.begin(), labels.end());
        state.rows.put(frame.ordinal, scratch.labels);
        state.times.put(frame.ordinal, std::span(&frame.time, 1));
    }
    void finish_chunk(Scratch&, State&) const {}  // the scratch gathers nothing

    Result conclude(const State& state) const {
        const Index n_atoms = index_of(spec.group.size());
        Column labels{"labels", "1", {state.rows.n_rows() / n_atoms, n_atoms}, {}};
        labels.values.reserve(usize(state.rows.n_rows()));
        state.rows.for_each([&](Index ordinal, std::span<const double> of_frame) {
            require_labels(ordinal, of_frame);
            labels.values.insert(labels.values.end(), of_frame.begin(), of_frame.end());
        });
        if (state.times.n_rows() != labels.shape[0])
            throw StateError(fmt::format("state is damaged: it holds {} times and the labels of {} frames",
                                         state.times.n_rows(), labels.shape[0]));
        Column times{"times", "ps", {state.times.n_rows()}, {}};
        state.times.for_each([&](Index, std::span<const double> time) {
            times.values.insert(times.values.end(), time.begin(), time.end());
        });
        return result_of(std::move(labels), std::move(times));
    }

private:
    static kernels::PeriodicBox box_of(const Frame& frame) {
        if (frame.box == Box{})
            throw ArgumentError("there is no box, and pbc=True needs one: leave pbc out, or set the box");
        return periodic_box_of(frame);
    }

    /// Groups are made of them: a label is that of an atom before, or the next.
    void require_labels(Index ordinal, std::span<const double> labels) const {
        double next = 0;
        bool is_whole = labels.size() == spec.group.size();
        for (double label : labels) {
            is_whole &= label >= 0 && label <= next && label == std::floor(label);
            next += label == next ? 1 : 0;
        }
        if (!is_whole)
            throw StateError(fmt::format("state is damaged: the labels of frame ordinal {} are none", ordinal));
    }
};

}  // namespace

std::unique_ptr<Analysis> leaflet(LeafletSpec spec) {
    return make_analysis(Leaflet{std::move(spec)});
}

std::unique_ptr<Analysis> blank_leaflet() {
    return blank_analysis<Leaflet>();
}

}  // namespace mdloom::analyses

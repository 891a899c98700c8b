#include "mdloom/analyses/rdf.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "mdloom/analyses/analysis_of.hpp"
#include "mdloom/analyses/box_volumes.hpp"
#include "mdloom/analyses/group_positions.hpp"
#include "mdloom/kernels/pair_histogram.hpp"
#include "mdloom/partials/counts.hpp"

namespace mdloom::analyses {
namespace {

using kernels::DistanceBins;
using kernels::GroupPair;
using kernels::Positions;

constexpr std::size_t most_atoms = UINT32_MAX;

void require_usable(const RdfSpec& spec) {
    for (const auto& [group, name] : {std::pair(&spec.a, "first"), std::pair(&spec.b, "second")}) {
        if (group->empty()) throw ArgumentError(fmt::format("the {} group holds no atom: select at least one", name));
        if (group->size() > most_atoms)
            throw ArgumentError(
                fmt::format("the {} group has {} atoms: {} are the most", name, group->size(), most_atoms));
    }
    const bool is_labelled = !spec.labels_a.empty() || !spec.labels_b.empty();
    if (is_labelled && (spec.labels_a.size() != spec.a.size() || spec.labels_b.size() != spec.b.size()))
        throw ArgumentError(fmt::format("groups of {} and {} atoms have {} and {} labels: one for each is needed",
                                        spec.a.size(), spec.b.size(), spec.labels_a.size(), spec.labels_b.size()));
    require_usable(spec.norm);
    if (!(spec.n_pairs > 0 && std::isfinite(spec.n_pairs)))
        throw ArgumentError(fmt::format("the mean is over {} pairs: a number above 0 is needed", spec.n_pairs));
}

/// Atoms of both groups with the same label, as places in the groups: pairs that do not count.
struct Excluded {
    struct Block {
        std::size_t first_a, stop_a, first_b, stop_b;  ///< in the arrays below
    };
    std::vector<std::size_t> order_a, order_b;  ///< places in the groups, by label
    std::vector<Block> blocks;
    std::vector<float> a, b;  ///< positions in that order

    void look_at(const std::vector<Index>& labels_a, const std::vector<Index>& labels_b) {
        order_a = by_label(labels_a), order_b = by_label(labels_b);
        blocks.clear();
        for (std::size_t i = 0, j = 0; i < order_a.size() && j < order_b.size();) {
            const Index label = std::max(labels_a[order_a[i]], labels_b[order_b[j]]);
            const Block block{i, end_of(labels_a, order_a, i, label), j, end_of(labels_b, order_b, j, label)};
            if (labels_a[order_a[i]] == label && labels_b[order_b[j]] == label) blocks.push_back(block);
            i = block.stop_a, j = block.stop_b;
        }
    }
    /// visit(pairs) for each block of pairs that do not count.
    template <class Visit>
    void for_each(Positions all_a, Positions all_b, Visit&& visit) {
        gather(all_a, order_a, a);
        gather(all_b, order_b, b);
        for (const Block& block : blocks)
            visit(GroupPair{Positions(a).subspan(3 * block.first_a, 3 * (block.stop_a - block.first_a)),
                            Positions(b).subspan(3 * block.first_b, 3 * (block.stop_b - block.first_b)), false});
    }

private:
    static std::vector<std::size_t> by_label(const std::vector<Index>& labels) {
        std::vector<std::size_t> order(labels.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::ranges::stable_sort(order, {}, [&](std::size_t i) { return labels[i]; });
        return order;
    }
    /// Behind those that have at most this label.
    static std::size_t end_of(const std::vector<Index>& labels, const std::vector<std::size_t>& order, std::size_t i,
                              Index label) {
        while (i < order.size() && labels[order[i]] < label) ++i;
        while (i < order.size() && labels[order[i]] == label) ++i;
        return i;
    }
    static void gather(Positions all, const std::vector<std::size_t>& order, std::vector<float>& to) {
        to.resize(3 * order.size());
        for (std::size_t i = 0; i < order.size(); ++i) std::copy_n(all.data() + 3 * order[i], 3, to.data() + 3 * i);
    }
};

struct Rdf {
    static constexpr std::string_view name = "rdf";
    static constexpr Index state_version = 1;

    RdfSpec spec;
    DistanceBins bins;

    void write(ByteWriter& writer) const { writer.write(spec); }
    void read(ByteReader& reader) { reader.read(spec); }
    void settle() {
        require_usable(spec);
        bins = DistanceBins(spec.range.n_bins, spec.range.first, spec.range.last);
    }

    struct State {
        Counts counts, n_frames;
        BoxVolumes volumes;
    };
    struct Scratch {
        bool ready = false;
        Simd level{};
        GroupPositions a, b;
        Excluded excluded;
        std::vector<Index> counts;
    };

    std::vector<Group> groups() const { return {spec.a, spec.b}; }
    void prepare(const System&) {}
    State empty_state() const { return {Counts::zeros(spec.range.n_bins), Counts::zeros(1), BoxVolumes::none()}; }

    void single_frame(const Frame& frame, const std::vector<Group>& groups, Scratch& scratch, State& state) const {
        if (!scratch.ready) make_ready(scratch, groups);
        require_box(frame, spec.norm);
        const kernels::PeriodicBox box = periodic_box_of(frame);
        const Positions a = scratch.a.of(frame, groups[0]), b = scratch.b.of(frame, groups[1]);
        kernels::require_usable("the first group", a, box);
        kernels::require_usable("the second group", b, box);
        std::vector<Index>& counts = state.counts.values;
        if (groups[0] == groups[1])
            count_within(a, box, scratch, counts);
        else
            count_pairs({a, b, false}, box, bins, scratch.level, counts);
        if (!scratch.excluded.blocks.empty()) take_excluded(a, b, box, scratch, counts);
        ++state.n_frames.values[0];
        if (box.shape != kernels::PeriodicBox::Shape::none) state.volumes.add(frame);
    }
    void finish_chunk(Scratch&, State&) const {}  // the scratch gathers nothing

    Result conclude(const State& state) const {
        const Index n_bins = spec.range.n_bins;
        if (index_of(state.counts.values.size()) != n_bins || state.n_frames.values.size() != 1)
            throw StateError("state is damaged: its counts are not those of this analysis");
        const Index n_frames = state.n_frames.values[0];
        const double volume = state.volumes.sum();
        Column count{"count", "1", {n_bins}, {state.counts.values.begin(), state.counts.values.end()}};
        Column rdf{"rdf", unit(), {n_bins}, rdf_scale(bins, spec.norm, spec.n_pairs, n_frames, volume)};
        Column cdf{"cdf", "1", {n_bins}, {}};
        double sum = 0;
        for (std::size_t bin = 0; bin < count.values.size(); ++bin) {
            rdf.values[bin] *= count.values[bin];
            sum += count.values[bin];
            cdf.values.push_back(sum / static_cast<double>(n_frames));
        }
        return result_of(std::move(rdf), std::move(count), std::move(cdf),
                         Column{"edges", "Å", {n_bins + 1}, bins.edges()}, Column{"volume", "Å^3", {1}, {volume}},
                         Column{"n_frames", "1", {1}, {static_cast<double>(n_frames)}});
    }

private:
    const char* unit() const { return spec.norm == RdfNorm::density ? "Å^-3" : "1"; }

    void make_ready(Scratch& scratch, const std::vector<Group>& groups) const {
        scratch.level = chosen_simd();
        scratch.a.look_at(groups[0]);
        scratch.b.look_at(groups[1]);
        scratch.excluded.look_at(spec.labels_a, spec.labels_b);
        scratch.ready = true;
    }
    void take_excluded(Positions a, Positions b, const kernels::PeriodicBox& box, Scratch& scratch,
                       std::vector<Index>& counts) const {
        scratch.counts.assign(bins.size(), 0);
        scratch.excluded.for_each(
            a, b, [&](const GroupPair& pairs) { count_pairs(pairs, box, bins, scratch.level, scratch.counts); });
        for (std::size_t bin = 0; bin < bins.size(); ++bin) counts[bin] -= scratch.counts[bin];
    }
    /// Each pair counts in both directions, each atom once with itself.
    void count_within(Positions a, const kernels::PeriodicBox& box, Scratch& scratch,
                      std::vector<Index>& counts) const {
        scratch.counts.assign(bins.size(), 0);
        count_pairs({a, a, true}, box, bins, scratch.level, scratch.counts);
        for (std::size_t bin = 0; bin < bins.size(); ++bin) counts[bin] += 2 * scratch.counts[bin];
        if (const std::size_t bin = bins.of_square(0); bin < bins.size()) counts[bin] += index_of(a.size() / 3);
    }
};

}  // namespace

RdfNorm rdf_norm(std::string_view name) {
    if (name == "rdf") return RdfNorm::rdf;
    if (name == "density") return RdfNorm::density;
    if (name == "none") return RdfNorm::none;
    throw ArgumentError(fmt::format(R"(norm is "{}": choose "rdf", "density" or "none")", name));
}

void require_usable(RdfNorm norm) {
    if (norm != RdfNorm::rdf && norm != RdfNorm::density && norm != RdfNorm::none)
        throw ArgumentError(fmt::format("there is no norm {}", static_cast<int>(norm)));
}

void require_box(const Frame& frame, RdfNorm norm) {
    if (norm == RdfNorm::rdf && frame.box == Box{})
        throw ArgumentError(
            "there is no box, and g(r) needs its volume: give norm=\"density\" or \"none\", or set a box, "
            "u.trajectory.add_transformations(MDAnalysis.transformations.set_dimensions([a, b, c, 90, 90, 90]))");
}

std::vector<double> rdf_scale(const DistanceBins& bins, RdfNorm norm, double n_pairs, Index n_frames, double volume) {
    const double frames = static_cast<double>(n_frames);
    std::vector<double> scale;
    for (std::size_t bin = 0; bin < bins.size(); ++bin) {
        const double r = bins.edges()[bin], s = bins.edges()[bin + 1];
        const double shell = 4. / 3 * std::numbers::pi * (s * s * s - r * r * r);
        double divisor = frames;
        if (norm != RdfNorm::none) divisor *= shell;
        if (norm == RdfNorm::rdf) divisor *= n_pairs / (volume / frames);
        scale.push_back(1 / divisor);
    }
    return scale;
}

std::unique_ptr<Analysis> rdf(RdfSpec spec) {
    return make_analysis(Rdf{std::move(spec), {}});
}

std::unique_ptr<Analysis> blank_rdf() {
    return blank_analysis<Rdf>();
}

}  // namespace mdloom::analyses

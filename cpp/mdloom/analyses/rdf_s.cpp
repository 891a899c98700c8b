#include "mdloom/analyses/rdf_s.hpp"

#include <fmt/format.h>

#include "mdloom/analyses/analysis_of.hpp"
#include "mdloom/analyses/box_volumes.hpp"
#include "mdloom/analyses/group_positions.hpp"
#include "mdloom/kernels/near_squares.hpp"
#include "mdloom/partials/counts.hpp"

namespace mdloom::analyses {
namespace {

using kernels::DistanceBins;
using kernels::GroupPair;

constexpr Index most_counts = Index{1} << 36;  // half a terabyte

void require_usable(const RdfSSpec& spec) {
    if (spec.sites.empty()) throw ArgumentError("there is no pair of groups: give at least one");
    Index n_counts = 0;
    for (std::size_t i = 0; i < spec.sites.size(); ++i) {
        const Sites& sites = spec.sites[i];
        if (sites.a.empty() || sites.b.empty())
            throw ArgumentError(fmt::format("a group of pair {} holds no atom: select at least one", i));
        Index n = 0;
        if (__builtin_mul_overflow(index_of(sites.a.size()), index_of(sites.b.size()), &n) ||
            __builtin_mul_overflow(n, std::max<Index>(spec.range.n_bins, 1), &n) || n > most_counts - n_counts)
            throw ArgumentError(fmt::format(
                "more than {} counts are needed for each pair of atoms apart: give smaller groups or fewer bins, or "
                "take InterRDF, which averages over pairs",
                most_counts));
        n_counts += n;
    }
    require_usable(spec.norm);
}

struct RdfS {
    static constexpr std::string_view name = "rdf_s";
    static constexpr Index state_version = 1;

    RdfSSpec spec;
    DistanceBins bins;

    void write(ByteWriter& writer) const { writer.write(spec); }
    void read(ByteReader& reader) { reader.read(spec); }
    void settle() {
        require_usable(spec);
        bins = DistanceBins(spec.range.n_bins, spec.range.first, spec.range.last);
    }

    struct State {
        Counts counts;  ///< [n_pairs][n_bins]
        Counts n_frames;
        BoxVolumes volumes;
    };
    struct Scratch {
        std::vector<GroupPositions> positions;  ///< of a, b of each of the sites
    };

    std::vector<Group> groups() const {
        std::vector<Group> groups;
        for (const Sites& sites : spec.sites) groups.push_back(sites.a), groups.push_back(sites.b);
        return groups;
    }
    void prepare(const System&) {}
    State empty_state() const {
        return {Counts::zeros(n_pairs() * spec.range.n_bins), Counts::zeros(1), BoxVolumes::none()};
    }

    void single_frame(const Frame& frame, const std::vector<Group>& groups, Scratch& scratch, State& state) const {
        if (scratch.positions.empty()) make_ready(scratch, groups);
        require_box(frame, spec.norm);
        const kernels::PeriodicBox box = periodic_box_of(frame);
        std::size_t first = 0;
        for (std::size_t i = 0; i < groups.size(); i += 2) {
            const GroupPair pair{scratch.positions[i].of(frame, groups[i]),
                                 scratch.positions[i + 1].of(frame, groups[i + 1]), false};
            kernels::require_usable(fmt::format("the first group of pair {}", i / 2), pair.a, box);
            kernels::require_usable(fmt::format("the second group of pair {}", i / 2), pair.b, box);
            kernels::for_each_near(pair, box, bins.last(), [&](std::size_t a, std::size_t b, double square) {
                const std::size_t bin = bins.of_square(square);
                if (bin < bins.size()) ++state.counts.values[(first + a * pair.n_b() + b) * bins.size() + bin];
            });
            first += pair.n_a() * pair.n_b();
        }
        ++state.n_frames.values[0];
        if (box.shape != kernels::PeriodicBox::Shape::none) state.volumes.add(frame);
    }
    void finish_chunk(Scratch&, State&) const {}  // the scratch gathers nothing

    Result conclude(const State& state) const {
        const Index n_bins = spec.range.n_bins;
        if (index_of(state.counts.values.size()) != n_pairs() * n_bins || state.n_frames.values.size() != 1)
            throw StateError("state is damaged: its counts are not those of this analysis");
        const Index n_frames = state.n_frames.values[0];
        const double volume = state.volumes.sum();
        const std::vector<double> scale = rdf_scale(bins, spec.norm, 1, n_frames, volume);
        const std::vector<Index> shape{n_pairs(), n_bins};
        Column count{"count", "1", shape, {state.counts.values.begin(), state.counts.values.end()}};
        Column rdf{"rdf", spec.norm == RdfNorm::density ? "Å^-3" : "1", shape, count.values};
        for (std::size_t i = 0; i < rdf.values.size(); ++i) rdf.values[i] *= scale[i % scale.size()];
        return result_of(std::move(rdf), std::move(count), Column{"edges", "Å", {n_bins + 1}, bins.edges()},
                         Column{"volume", "Å^3", {1}, {volume}},
                         Column{"n_frames", "1", {1}, {static_cast<double>(n_frames)}});
    }

private:
    Index n_pairs() const {
        Index n = 0;
        for (const Sites& sites : spec.sites) n += sites.n_pairs();
        return n;
    }
    static void make_ready(Scratch& scratch, const std::vector<Group>& groups) {
        scratch.positions.resize(groups.size());
        for (std::size_t i = 0; i < groups.size(); ++i) scratch.positions[i].look_at(groups[i]);
    }
};

}  // namespace

std::unique_ptr<Analysis> rdf_s(RdfSSpec spec) {
    return make_analysis(RdfS{std::move(spec), {}});
}

std::unique_ptr<Analysis> blank_rdf_s() {
    return blank_analysis<RdfS>();
}

}  // namespace mdloom::analyses

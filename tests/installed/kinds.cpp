// Every kind of argument, with names and without: what came is what results say.
#include <mdloom/analyses/plugin.hpp>
#include <mdloom/partials/counts.hpp>

#ifndef REBUILT
#define REBUILT 0
#endif

namespace {

using mdloom::Index;

/// Counts frames; tells its arguments.
template <class Told>
struct Common {
    struct State {
        mdloom::Counts frames;
    };
    static State empty_state() { return {mdloom::Counts::zeros(1)}; }
};

struct Settled {
    double value = 0;
};

struct Kinds {
    mdloom::Group group;
    std::vector<double> weights{0.5};
    double cutoff = 1.5 + REBUILT;
    Index n_bins = 7;
    bool is_periodic = true;
    std::string label = "none";
    Settled settled;

    static constexpr std::string_view name = "kinds";
    static constexpr std::string_view summary = "tells what it was given";
    static constexpr std::array arguments{"group", "weights", "cutoff", "n_bins", "is_periodic", "label"};
    static constexpr Index state_version = 1;
    using State = Common<Kinds>::State;

    std::vector<mdloom::Group> groups() const { return {group}; }
    void prepare(const mdloom::System& system) {
        for (double mass : system.topology.masses) settled.value += mass;
    }
    State empty_state() const { return Common<Kinds>::empty_state(); }
    void single_frame(const mdloom::Frame&, const std::vector<mdloom::Group>&, State& state) const {
        ++state.frames.values[0];
    }
    mdloom::Result conclude(const State& state) const {
        std::vector<double> numbers{cutoff, static_cast<double>(n_bins), is_periodic ? 1.0 : 0.0, settled.value};
        std::vector<double> letters(label.begin(), label.end()), atoms(group.begin(), group.end());
        const auto size = [](const std::vector<double>& values) { return mdloom::index_of(values.size()); };
        return {{"n_frames", "", {1}, {static_cast<double>(state.frames.values[0])}},
                {"numbers", "", {size(numbers)}, numbers},
                {"weights", "", {size(weights)}, weights},
                {"letters", "", {size(letters)}, letters},
                {"atoms", "", {size(atoms)}, atoms}};
    }
};

/// No names: arguments have only their places. The settled member ends them.
struct Nameless {
    mdloom::Group first, second;
    Index n = 3;
    Settled settled;
    double never_given = 9;

    static constexpr std::string_view name = "nameless";
    static constexpr Index state_version = 1;
    using State = Common<Nameless>::State;

    std::vector<mdloom::Group> groups() const { return {first, second}; }
    void prepare(const mdloom::System&) {}
    State empty_state() const { return Common<Nameless>::empty_state(); }
    void single_frame(const mdloom::Frame&, const std::vector<mdloom::Group>&, State& state) const {
        ++state.frames.values[0];
    }
    mdloom::Result conclude(const State&) const {
        return {{"told",
                 "",
                 {4},
                 {static_cast<double>(first.size()), static_cast<double>(second.size()), static_cast<double>(n),
                  never_given}}};
    }
};

}  // namespace

MDLOOM_ANALYSIS_PLUGIN(Kinds, Nameless);

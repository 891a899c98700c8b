// Throws what it is told to, where it is told to.
#include <mdloom/analyses/plugin.hpp>
#include <mdloom/partials/counts.hpp>

namespace {

/// Of this library alone: whoever catches it has never seen the class.
struct OfItsOwn : std::exception {
    const char* what() const noexcept override { return "a mood of its own"; }
};

struct Moody {
    mdloom::Group group;
    std::string where;
    std::string mood;
    mdloom::Index from_frame = 0;

    static constexpr std::string_view name = "moody";
    static constexpr std::array arguments{"group", "where", "mood", "from_frame"};
    static constexpr mdloom::Index state_version = 1;

    struct State {
        mdloom::Counts frames;
    };

    void give_way(std::string_view here) const {
        if (where != here) return;
        if (mood == "argument") throw mdloom::ArgumentError("a mood about arguments");
        if (mood == "topology") throw mdloom::TopologyError("a mood about topologies");
        if (mood == "state") throw mdloom::StateError("a mood about states");
        if (mood == "standard") throw std::runtime_error("a standard mood");
        throw OfItsOwn();
    }

    std::vector<mdloom::Group> groups() const { return {group}; }
    void prepare(const mdloom::System&) { give_way("prepare"); }
    State empty_state() const { return {mdloom::Counts::zeros(1)}; }
    void single_frame(const mdloom::Frame& frame, const std::vector<mdloom::Group>&, State& state) const {
        if (frame.index >= from_frame) give_way("frame");
        ++state.frames.values[0];
    }
    mdloom::Result conclude(const State& state) const {
        give_way("conclude");
        const auto n = static_cast<double>(state.frames.values[0]);
        if (where == "shape") return {{"n_frames", "", {1000, 1000}, {n}}};
        return {{"n_frames", "", {1}, {n}}};
    }
};

}  // namespace

MDLOOM_ANALYSIS_PLUGIN(Moody);

// An analysis with a name that is taken.
#include <mdloom/analyses/plugin.hpp>
#include <mdloom/partials/counts.hpp>

#ifndef TWIN
#define TWIN "kinds"
#endif

namespace {

struct Twin {
    mdloom::Group group;

    static constexpr std::string_view name = TWIN;
    static constexpr mdloom::Index state_version = 1;
    struct State {
        mdloom::Counts frames;
    };

    std::vector<mdloom::Group> groups() const { return {group}; }
    void prepare(const mdloom::System&) {}
    State empty_state() const { return {mdloom::Counts::zeros(1)}; }
    void single_frame(const mdloom::Frame&, const std::vector<mdloom::Group>&, State&) const {}
    mdloom::Result conclude(const State&) const { return {}; }
};

}  // namespace

MDLOOM_ANALYSIS_PLUGIN(Twin);

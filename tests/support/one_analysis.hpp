// One analysis by hand: a few frames through it, as a worker of the engine does it.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "mdloom/base/error.hpp"
#include "mdloom/contracts/analysis.hpp"

namespace mdloom::analyses {

/// Every tenth frame of a trajectory, 0.5 ps apart.
inline Frame frame_of(Index ordinal, std::vector<Vec3> positions, Box box = {}) {
    Frame frame;
    frame.ordinal = ordinal;
    frame.index = 10 * ordinal;
    frame.time = 0.5 * static_cast<double>(ordinal);
    frame.positions = std::move(positions);
    frame.box = box;
    return frame;
}
inline Frame frame_of(std::vector<Vec3> positions, Box box = {}) {
    return frame_of(0, std::move(positions), box);
}

constexpr Box cube_of(float side) {
    return {side, 0, 0, 0, side, 0, 0, 0, side};
}

/// `groups`: places in the frames, which hold all atoms.
inline std::unique_ptr<State> state_of(const Analysis& analysis, const std::vector<Frame>& frames,
                                       const std::vector<Group>& groups) {
    auto state = analysis.empty_state();
    const auto scratch = analysis.make_scratch();
    for (const Frame& frame : frames) analysis.single_frame(frame, groups, *scratch, *state);
    analysis.finish_chunk(*scratch, *state);
    return state;
}
inline std::unique_ptr<State> state_of(const Analysis& analysis, const std::vector<Frame>& frames) {
    return state_of(analysis, frames, analysis.groups());
}

inline Result result_of(const Analysis& analysis, const std::vector<Frame>& frames) {
    return analysis.conclude(*state_of(analysis, frames));
}

/// What call() refuses, in its words, or "no refusal".
template <class Exception = ArgumentError, class Call>
std::string refusal_of(Call call) {
    try {
        call();
    } catch (const Exception& error) {
        return error.what();
    }
    return "no refusal";
}

}  // namespace mdloom::analyses

// Writes XTC frames for tests, choosing runs, flags and small-number indices at random, so that every kind of group
// occurs.
#pragma once
#include <array>
#include <random>

#include "mdloom/base/bytes.hpp"
#include "mdloom/frame/frame.hpp"

namespace mdloom::sources {

using Grid = std::array<std::int32_t, 3>;

struct XtcFrame {
    std::vector<Grid> grid = {};  // positions in units of 1/precision nm; plain nm when at most 9
    float precision = 1000;
    std::int32_t step = 0;
    float time = 0;
    Box box{};  // nm
    std::int32_t magic = 1995;
    int small_index = 20;  // of the first group
    int most_run = 10;
    std::uint32_t calm =
        1;  // of so many groups, one is unlike the one before it; the others are as long as they can be
};

Bytes xtc_bytes(const XtcFrame& frame, std::uint32_t seed = 1);

/// What reading it must give, Å.
std::vector<Vec3> xtc_positions(const XtcFrame& frame);

/// A chain that wanders: neighbours are up to `stride` apart, with a jump across the box every now and then.
std::vector<Grid> random_chain(std::mt19937& random, Index n_atoms, std::int32_t stride, std::int32_t box);

/// Some frames of one random system, 12 atoms or more; times k * 2 ps.
std::vector<XtcFrame> random_frames(Index n_frames, Index n_atoms, std::uint32_t seed = 7);
Bytes xtc_file(const std::vector<XtcFrame>& frames);

}  // namespace mdloom::sources

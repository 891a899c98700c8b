// Writes TRR files for tests: any of the parts that a frame may have, in both precisions.
#pragma once
#include <array>
#include <optional>

#include "mdloom/base/bytes.hpp"
#include "mdloom/frame/frame.hpp"

namespace mdloom::sources {

struct TrrFrame {
    std::vector<std::array<double, 3>> positions = {};  // nm
    std::int32_t step = 0;
    double time = 0;
    std::optional<std::array<double, 9>> box = {};  // nm
    bool is_double = false;
    bool has_positions = true, has_velocities = false, has_forces = false, has_virial = false, has_pressure = false;
};

Bytes trr_bytes(const TrrFrame& frame);
Bytes trr_file(const std::vector<TrrFrame>& frames);

/// What reading it must give, Å.
std::vector<Vec3> trr_positions(const TrrFrame& frame);

/// Some frames of one random system; times k * 2 ps, steps k * 1000.
std::vector<TrrFrame> random_trr_frames(Index n_frames, Index n_atoms, bool is_double = false, std::uint32_t seed = 7);

}  // namespace mdloom::sources

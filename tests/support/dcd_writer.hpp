// Writes DCD files for tests, in every dialect.
#pragma once
#include <array>
#include <bit>

#include "mdloom/base/bytes.hpp"
#include "mdloom/frame/frame.hpp"

namespace mdloom::sources {

struct DcdFile {
    std::vector<std::vector<Vec3>> frames = {};     // Å
    std::vector<std::array<double, 6>> cells = {};  // as stored; one for each frame, or none
    std::vector<std::int32_t> free_atoms = {};      // 1-based; empty: all move
    bool is_charmm = true, has_4th = false;
    std::endian order = std::endian::little;
    int marker_bytes = 4;
    std::int32_t n_promised = -1;  // -1: as many as there are
    std::int32_t first_step = 0, interval = 1;
    double delta = 1;
    int n_title_lines = 2, n_claimed_title_lines = 2;
    const char* letters = "CORD";
};

Bytes dcd_bytes(const DcdFile& file);

/// Positions that differ in every frame, atom and component.
std::vector<std::vector<Vec3>> counted_frames(Index n_frames, Index n_atoms);

}  // namespace mdloom::sources

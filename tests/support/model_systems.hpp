// Systems that look like real ones to the kernels, for benchmarks and counted instructions: the same numbers on every
// machine, no libm.
#pragma once
#include <random>

#include "mdloom/base/bytes.hpp"
#include "mdloom/frame/frame.hpp"

namespace mdloom::models {

/// n^3 waters about 3.1 Å apart, O H H, in a cubic box, all of them moved a little differently in every frame.
Frame water(Index n, std::uint32_t seed = 1);

/// Atoms o, o + 3, ... of n atoms: 0 the oxygens, 1 and 2 the hydrogens.
Group every_third(Index n_atoms, Index o);

/// Head groups of two flat leaflets of n x n lipids, 8 Å apart, 40 Å between the leaflets, in their box.
Frame bilayer(Index n, std::uint32_t seed = 1);

/// A chain of atoms 1.5 Å from each other that fills a ball.
std::vector<Vec3> protein(Index n_atoms, std::uint32_t seed = 1);

/// The same atoms, each moved by less than 1 Å.
std::vector<Vec3> moved(std::vector<Vec3> positions, std::uint32_t seed);

/// A file ("xtc", "dcd") of frames of that water.
Bytes water_file(const std::string& format, Index n, Index n_frames);

}  // namespace mdloom::models

// The split law, and what follows from it for backends: the bytes of Run::knowledge do not depend on who did what.
#pragma once
#include <string>

#include "mdloom/engine/run.hpp"

namespace mdloom::laws {

/// How `n_cuts` random cuts of the run's frames, worked on by several workers, sent as bytes and merged in any order,
/// break the law, or nothing. The same seed gives the same cuts. Throws what the workers throw.
std::string broken_split_law(const engine::Run& run, int n_cuts, std::uint64_t seed);

/// All that the run knows after `backend` drove it. Throws what ended the run.
Bytes knowledge_from(const engine::Run& run, Backend& backend);

}  // namespace mdloom::laws

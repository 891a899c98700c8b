// Workers as they are on a bad day.
#pragma once
#include <memory>

#include "mdloom/contracts/backend.hpp"
#include "support/dice.hpp"

namespace mdloom::laws {

/// One thread plays many workers. They hold several chunks at once; some die, of the dead some hand in late, some hand
/// in twice, and two of the expected never come.
std::unique_ptr<Backend> chaos(std::uint64_t seed);

/// Three threads whose workers die at random, are replaced, and hand in late or twice.
std::unique_ptr<Backend> threaded_chaos(std::uint64_t seed);

/// How many parts were dropped by ledgers so far: zero would mean that the chaos is none.
Index n_dropped_parts();

}  // namespace mdloom::laws

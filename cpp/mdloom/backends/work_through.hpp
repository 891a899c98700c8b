// The loop that all workers of this process share.
#pragma once
#include <functional>

#include "mdloom/contracts/backend.hpp"

namespace mdloom::backends {

/// Nobody knows yet how long a frame takes: one of several seconds must not come sixteen at a time.
inline constexpr Index first_length = 1;

/// One worker's life: take, work, hand in, until the run is over. A chunk is made to last 10 ms, and at least 50 times
/// as long as handing it in. What goes wrong is told to the ledger; what `between_chunks` throws is thrown.
void work_through(Ledger& ledger, const Work& work, int worker, const std::function<void()>& between_chunks = {});

}  // namespace mdloom::backends

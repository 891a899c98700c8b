// Pieces of work done in threads, for what is no run: parallel scans of trajectory files.
#pragma once
#include "mdloom/base/for_each.hpp"

namespace mdloom::backends {

/// Threads live as long as one call. There are few at first, and more while the work goes on: as many as the cores that
/// may be used (or `most_cores`, when that is less), and up to 32 when they wait for a disk more than they work.
/// `watch` is called every 50 ms or so by the thread that called; what it throws ends the work.
ForEach for_each(std::function<void()> watch = {}, int most_cores = 1024);

}  // namespace mdloom::backends

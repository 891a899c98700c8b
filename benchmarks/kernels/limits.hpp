// How fast this machine reads, and multiplies and adds, measured once when first asked for.
#pragma once
#include "mdloom/base/simd.hpp"

namespace mdloom::bench {

struct Limits {
    double cache_bytes = 0, memory_bytes = 0;  ///< per second, of one thread that sums what it reads
    double flops = 0;                          ///< in double, per second; twice as many in float32
};

const Limits& limits(Simd level);

}  // namespace mdloom::bench

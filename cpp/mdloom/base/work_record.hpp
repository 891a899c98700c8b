// Who worked on which ordinals, and how long it took. Observed inside the running work, never planned.
#pragma once
#include <string>
#include <vector>

#include "mdloom/base/index.hpp"

namespace mdloom {

struct WorkPlace {
    std::string host;
    Index pid = 0;
    Index thread = 0;  ///< native thread id
    std::string simd;  ///< instruction set the kernels used there
};

/// One chunk at one place. Travels with its Part, but is no part of what a Part knows: equal Parts may differ in it.
struct WorkRecord {
    Range ordinals;
    WorkPlace place;
    double started = 0;                  ///< seconds since 1970, by that host's clock
    double open_seconds = 0;             ///< opening the reader, in the worker's first chunk
    std::vector<float> read_seconds;     ///< per ordinal
    std::vector<float> compute_seconds;  ///< per ordinal, all analyses together
};

}  // namespace mdloom

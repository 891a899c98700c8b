// The instruction sets that tests compare: all that this machine has.
#pragma once
#include <vector>

#include "mdloom/base/simd.hpp"

namespace mdloom {

/// The portable one first.
inline std::vector<Simd> levels_here() {
    std::vector<Simd> levels;
    for (Simd level : {Simd::portable, Simd::avx2, Simd::avx512})
        if (level <= best_simd()) levels.push_back(level);
    return levels;
}

}  // namespace mdloom

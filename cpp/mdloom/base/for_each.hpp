// Work in pieces that need not be done one after the other, for code that may not know threads: who calls it may.
#pragma once
#include <functional>

#include "mdloom/base/index.hpp"

namespace mdloom {

/// for_each(n, work) calls work(i) for each i below n, in any order, perhaps several at a time, and returns when all
/// are done. When one throws, or whoever watches wants an end, the pieces not yet begun are left out and that is
/// thrown.
using ForEach = std::function<void(Index n, const std::function<void(Index)>& work)>;

/// One after the other.
inline void in_turn(Index n, const std::function<void(Index)>& work) {
    for (Index i = 0; i < n; ++i) work(i);
}

}  // namespace mdloom

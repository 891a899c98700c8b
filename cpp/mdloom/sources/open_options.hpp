// How a trajectory is opened.
#pragma once
#include "mdloom/base/warnings.hpp"

namespace mdloom::sources {

struct OpenOptions {
    bool strict = false;  ///< a torn last frame is an error, not a warning
    Warn warn;            ///< kept by the source: its readers may warn later, in their own threads
};

}  // namespace mdloom::sources

// How a trajectory is opened.
#pragma once
#include <string>

#include "mdloom/base/for_each.hpp"
#include "mdloom/base/warnings.hpp"

namespace mdloom::sources {

struct OpenOptions {
    bool strict = false;         ///< a torn last frame is an error, not a warning
    Warn warn = {};              ///< kept by the source: its readers may warn later, in their own threads
    std::string format = {};     ///< its name in the catalog, whatever the file is called; empty: its ending tells
    bool file_units = false;     ///< positions as they are stored (XTC: nm) instead of in Å
    ForEach for_each = in_turn;  ///< who searches the file for its frames; called in the thread that opens
};

}  // namespace mdloom::sources

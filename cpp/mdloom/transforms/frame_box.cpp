#include "mdloom/transforms/frame_box.hpp"

#include <fmt/format.h>

#include "mdloom/base/error.hpp"

namespace mdloom::transforms {

void require_box(const Frame& frame, std::string_view who) {
    if (frame.box == Box{})
        throw FormatError(
            fmt::format("{} needs the frame's box, and there is none: leave it out, or give a box first, for instance "
                        "with MDAnalysis.transformations.boxdimensions.set_dimensions",
                        who));
}

kernels::PeriodicBox box_of(const Frame& frame, std::string_view who) {
    require_box(frame, who);
    return kernels::make_periodic_box(frame.box);
}

}  // namespace mdloom::transforms

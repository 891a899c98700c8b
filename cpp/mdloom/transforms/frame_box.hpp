// The box of a frame, for transforms that cannot do without one.
#pragma once
#include <string_view>

#include "mdloom/frame/frame.hpp"
#include "mdloom/kernels/periodic_box.hpp"

namespace mdloom::transforms {

/// Throws FormatError that says who needs a box, and how a user can give one.
void require_box(const Frame& frame, std::string_view who);

/// The same, and the box. Throws ArgumentError for vectors that span no volume.
kernels::PeriodicBox box_of(const Frame& frame, std::string_view who);

}  // namespace mdloom::transforms

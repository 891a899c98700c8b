#include "mdloom/backends/catalog.hpp"

#include <array>

namespace mdloom::backends {

std::span<const Info> catalog() {
    static constexpr std::array listed{
        Info{"serial", [](int) { return serial(); }},
        Info{"threads", threads},
    };
    return listed;
}

}  // namespace mdloom::backends

#include "mdloom/transforms/catalog.hpp"

#include <fmt/format.h>

#include <array>

#include "mdloom/transforms/periodic.hpp"
#include "mdloom/transforms/rigid.hpp"

namespace mdloom::transforms {
namespace {

constexpr std::array listed{
    Info{"center", read_center},       Info{"fit", read_fit},       Info{"set_box", read_set_box},
    Info{"translate", read_translate}, Info{"unwrap", read_unwrap}, Info{"wrap", read_wrap},
};

}  // namespace

std::span<const Info> catalog() {
    return listed;
}

std::shared_ptr<const Transform> rebuild(std::string_view name, ByteReader& spec) {
    for (const Info& info : catalog()) {
        if (info.name != name) continue;
        try {
            return info.read(spec);
        } catch (const ArgumentError& error) {
            throw StateError(fmt::format("description of a source is damaged: {}", error.what()));
        }
    }
    throw StateError(fmt::format("this version knows no transform \"{}\": use the version that wrote it", name));
}

}  // namespace mdloom::transforms

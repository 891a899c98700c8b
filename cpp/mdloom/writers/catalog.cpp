#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "mdloom/writers/formats/dcd_encoder.hpp"
#include "mdloom/writers/formats/xtc_encoder.hpp"
#include "mdloom/writers/frame_encoder.hpp"

namespace mdloom::writers {
namespace {

constexpr std::array listed{
    Info{"dcd", make_dcd_encoder},
    Info{"xtc", make_xtc_encoder},
};

}  // namespace

std::span<const Info> catalog() {
    return listed;
}

std::unique_ptr<FrameEncoder> make_encoder(const EncoderSpec& spec) {
    for (const Info& info : catalog())
        if (info.format == spec.format) return info.make(spec);
    std::vector<std::string_view> formats;
    for (const Info& info : catalog()) formats.push_back(info.format);
    throw ArgumentError(
        fmt::format("\"{}\" cannot be written: the formats are {}", spec.format, fmt::join(formats, ", ")));
}

}  // namespace mdloom::writers

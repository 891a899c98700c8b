// What encoders have in common: what they check, and room for what they write.
#pragma once
#include <fmt/format.h>

#include "mdloom/writers/frame_encoder.hpp"

namespace mdloom::writers {

/// Formats of the last century count in 32 bits.
inline std::int32_t int32_of(Index value, std::string_view what) {
    if (value < INT32_MIN || value > INT32_MAX)
        throw ArgumentError(
            fmt::format("{} of {} does not fit into 32 bits, as the format has it: number from 0", what, value));
    return static_cast<std::int32_t>(value);
}

inline void require_n_atoms(const EncodedFrame& frame, Index n_atoms) {
    if (index_of(frame.positions.size()) != n_atoms)
        throw ArgumentError(
            fmt::format("frame {} has {} atoms, but the file is written for {}: give every frame the same",
                        frame.number, frame.positions.size(), n_atoms));
}

/// The place of `n` bytes more.
inline std::byte* grown(Bytes& out, std::size_t n) {
    out.resize(out.size() + n);
    return out.data() + out.size() - n;
}

}  // namespace mdloom::writers

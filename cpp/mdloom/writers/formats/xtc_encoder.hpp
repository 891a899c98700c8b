// XTC as MDAnalysis' writer gives it (libxdrfile): the same bytes for the same frames. Above 298,261,617 atoms, as
// GROMACS has it since 2023.
#pragma once
#include "mdloom/writers/frame_encoder.hpp"

namespace mdloom::writers {

/// Throws ArgumentError.
std::unique_ptr<FrameEncoder> make_xtc_encoder(const EncoderSpec& spec);

/// For any number of atoms, with 64 bits for the length of a stream or 32.
std::unique_ptr<FrameEncoder> make_xtc_encoder(const EncoderSpec& spec, bool has_long_length);

}  // namespace mdloom::writers

// DCD as MDAnalysis and NAMD write it: little-endian, CHARMM's header with a unit cell in every frame, whose angles are
// cosines.
#pragma once
#include "mdloom/writers/frame_encoder.hpp"

namespace mdloom::writers {

/// Throws ArgumentError.
std::unique_ptr<FrameEncoder> make_dcd_encoder(const EncoderSpec& spec);

}  // namespace mdloom::writers

// Frames -> bytes of a trajectory format. What one frame becomes depends on that frame alone, so that workers write
// parts of a file that are joined in order, and the file is the same for any cut.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "mdloom/base/bytes.hpp"
#include "mdloom/frame/frame.hpp"

namespace mdloom::writers {

/// What a file shall hold of one moment.
struct EncodedFrame {
    Index number = 0;                      ///< 0-based place in the file
    Index step = 0;                        ///< of the simulation
    double time = 0;                       ///< ps
    Box box{};                             ///< Å; all zero: no box
    std::span<const Vec3> positions = {};  ///< Å, [n_atoms] of the spec
};

/// What is the same for all frames of a file. A plain struct: it travels as its members.
struct EncoderSpec {
    std::string format = {};   ///< "dcd" or "xtc"
    Index n_atoms = 0;         ///< of every frame
    int decimals = 3;          ///< XTC: of positions in nm, 0 to 9
    double dt = 1;             ///< DCD: time between frames, ps
    Index first_step = 0;      ///< DCD: the step of the first frame
    Index steps_between = 1;   ///< DCD: steps between frames
    std::string remarks = {};  ///< DCD: at most 239 ASCII characters
};

/// Const and shared by all who write one file.
class FrameEncoder {
public:
    virtual ~FrameEncoder() = default;

    /// What stands before the first of `n_frames` frames; may be nothing. Throws ArgumentError when the format cannot
    /// hold so many.
    virtual Bytes start(Index n_frames) const = 0;

    /// Appends the bytes of one frame. Throws ArgumentError when the format cannot hold it; `out` then is as before.
    virtual void append(const EncodedFrame& frame, Bytes& out) const = 0;
};

/// A format that can be written.
struct Info {
    std::string_view format;
    std::unique_ptr<FrameEncoder> (*make)(const EncoderSpec& spec);
};

/// In alphabetical order.
std::span<const Info> catalog();

/// Throws ArgumentError, also when no such format can be written.
std::unique_ptr<FrameEncoder> make_encoder(const EncoderSpec& spec);

}  // namespace mdloom::writers

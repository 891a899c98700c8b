// One moment of the system, and the atoms somebody asked for. Å, ps; positions float32.
#pragma once
#include <array>
#include <string>
#include <vector>

#include "mdloom/base/index.hpp"

namespace mdloom {

using Vec3 = std::array<float, 3>;

/// Rows are the cell vectors a, b, c, Å. All zero: no box.
using Box = std::array<float, 9>;

/// Whoever read a frame, for analyses that know their kind of reader and want more of it than a Frame holds.
class FrameOrigin {
public:
    virtual ~FrameOrigin() = default;
};

/// What the file says besides, in its own units: for readers that must show what other programs make of it.
struct Stored {
    Index step = 0;                ///< of the simulation; 0 where the format has none
    Index n_cell = 0;              ///< numbers that describe the cell: 6 (DCD), 9 (XTC), 0 where there are none
    std::array<double, 9> cell{};  ///< those numbers in the file's order, zeros behind them
};

/// Buffers are reused from frame to frame: copy what must live longer.
struct Frame {
    Index ordinal = 0;            ///< position in the frame selection; set by the engine
    Index index = 0;              ///< position in the trajectory
    double time = 0;              ///< ps
    Box box{};                    ///< Å
    std::vector<Vec3> positions;  ///< Å, [n_wanted]: the wanted atoms only, ascending, unique
    Stored stored;
    const FrameOrigin* origin = nullptr;  ///< still at this frame; nullptr: there is no more to know
};

/// Atom indices in the user's order, duplicates kept.
using Group = std::vector<Index>;

/// What is known of the system besides its coordinates.
struct Topology {
    Index n_atoms = 0;
    std::vector<double> masses;  ///< amu, [n_atoms]; empty: not known
};

/// What prepare() may look at. Groups index into first_frame->positions.
struct System {
    const Topology& topology;
    const Frame* first_frame;  ///< nullptr when the selection holds no frame, or no analysis asks for atoms
    const std::vector<Group>& groups;
};

}  // namespace mdloom

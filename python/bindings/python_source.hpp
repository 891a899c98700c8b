// Frames that Python code reads: how trajectories without a native decoder reach the same kernels.
#pragma once
#include "bindings.hpp"

namespace mdloom::bindings {

/// A reader in Python and the frame it stands at.
class PythonOrigin : public FrameOrigin {
public:
    virtual const nb::object& reader() const = 0;
};

/// `open_reader()` gives an object with read(frame_index, wanted) -> (positions float32 [n_wanted, 3] Å, time ps,
/// box float32 [9] Å), perhaps with the cell as it is stored (Stored), where a file was decoded here, as a fourth, and
/// the simulation's step as a fifth. It is called with the GIL held, by one thread at a time per reader.
std::shared_ptr<const Source> python_source(nb::object open_reader, Index n_atoms, Index n_frames, std::string name);

}  // namespace mdloom::bindings

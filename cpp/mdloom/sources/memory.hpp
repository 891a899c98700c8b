// Frames that are already in memory: an array somebody else owns, read where it lies.
#pragma once
#include <memory>

#include "mdloom/contracts/source.hpp"

namespace mdloom::sources {

/// float32 positions in Å, at first + frame * strides[0] + atom * strides[1] + component * strides[2] bytes.
struct MemoryArray {
    const void* first = nullptr;
    Index n_frames = 0;
    Index n_atoms = 0;
    std::array<Index, 3> strides{};     ///< bytes; may be negative or zero
    std::shared_ptr<const void> owner;  ///< keeps the array alive as long as any snapshot of it
    std::vector<double> times;          ///< [n_frames], ps
    std::vector<Box> boxes;             ///< [n_frames], Å; or empty: no box in any frame
};

/// Throws ArgumentError when times or boxes do not fit. Not reopenable: describe() gives nothing.
std::shared_ptr<const Source> memory(MemoryArray array);

}  // namespace mdloom::sources

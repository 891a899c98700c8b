// Frames of a source that another process cannot open, packed there and unpacked here.
#pragma once
#include <memory>

#include "mdloom/contracts/source.hpp"

namespace mdloom::sources {

/// The wanted atoms of some frames of `source`, which `reader` reads.
Bytes pack_frames(const Source& source, Reader& reader, std::span<const Index> frame_indices,
                  std::span<const Index> wanted);

/// Serves them under their frame indices. n_atoms and n_frames are those of the original source; read() must ask for
/// packed frames and for as many atoms as were packed (which ones is not sent again), else ArgumentError. Throws
/// StateError when the bytes are damaged. Not reopenable.
std::shared_ptr<const Source> sent_frames(std::span<const std::byte> packed);

}  // namespace mdloom::sources

// Part files -> one file: the frames that a run's state knows of, in order, each checked while it is copied.
#pragma once
#include <functional>

#include "mdloom/writers/part_file.hpp"

namespace mdloom::writers {

/// Writes `header` and the bytes of `frames`, in this order, to a new file at `path`; gives its size. The parts in
/// `folder` may hold frames twice, or frames that nobody asks for, and may end inside a record. `between` is called
/// after every few MB and may throw. Throws FileError when a frame is nowhere whole (`name` calls it), when the file is
/// there already, or when it cannot be written; what was written of it stays.
Index join_parts(const std::string& folder, std::span<const std::byte> header, std::span<const FrameRecord> frames,
                 const std::string& path, const std::function<std::string(Index ordinal)>& name,
                 const std::function<void()>& between);

}  // namespace mdloom::writers

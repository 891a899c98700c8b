// What readers do with the atoms they are asked for: ascending, unique indices.
#pragma once
#include <span>

#include "mdloom/contracts/source.hpp"

namespace mdloom::sources {

/// Throws ArgumentError when the source has no such frame or no such atom.
void require_readable(const Source& source, Index frame_index, std::span<const Index> wanted);

/// Whether none of these reads is refused for want of such a frame or atom.
bool are_readable(const Source& source, const Upcoming& upcoming);

/// Atoms 0, 1, 2, ... without a gap?
inline bool is_prefix(std::span<const Index> wanted) {
    return wanted.empty() || wanted.back() + 1 == index_of(wanted.size());
}

/// positions[i] = all[wanted[i]]
void pick(const std::vector<Vec3>& all, std::span<const Index> wanted, std::vector<Vec3>& positions);

}  // namespace mdloom::sources

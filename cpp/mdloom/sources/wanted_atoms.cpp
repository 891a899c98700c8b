#include "mdloom/sources/wanted_atoms.hpp"

#include <fmt/format.h>

namespace mdloom::sources {

void require_readable(const Source& source, Index frame_index, std::span<const Index> wanted) {
    if (frame_index < 0 || frame_index >= source.n_frames())
        throw ArgumentError(fmt::format("frame {} of {} is asked for, but it has {} frames", frame_index, source.name(),
                                        source.n_frames()));
    if (!wanted.empty() && (wanted.front() < 0 || wanted.back() >= source.n_atoms()))
        throw ArgumentError(fmt::format("atom {} of {} is asked for, but it has {} atoms",
                                        wanted.front() < 0 ? wanted.front() : wanted.back(), source.name(),
                                        source.n_atoms()));
}

bool are_readable(const Source& source, const Upcoming& upcoming) {
    const auto& [first, step, n, wanted] = upcoming;
    const auto has = [&](Index frame_index) { return frame_index >= 0 && frame_index < source.n_frames(); };
    return n > 0 && has(first) && has(first + (n - 1) * step) &&
           (wanted.empty() || (wanted.front() >= 0 && wanted.back() < source.n_atoms()));
}

void pick(const std::vector<Vec3>& all, std::span<const Index> wanted, std::vector<Vec3>& positions) {
    positions.resize(wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) positions[i] = all[usize(wanted[i])];
}

}  // namespace mdloom::sources

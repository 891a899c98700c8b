// The source law (mdloom/laws/source_law.hpp) as a test, and frames to compare.
#pragma once
#include <gtest/gtest.h>

#include <cstring>

#include "mdloom/contracts/source.hpp"
#include "mdloom/laws/source_law.hpp"

namespace mdloom::sources {

inline std::vector<Index> atoms(Index first, Index stop, Index step = 1) {
    std::vector<Index> wanted;
    for (Index i = first; i < stop; i += step) wanted.push_back(i);
    return wanted;
}

inline std::vector<Frame> read_all(const Source& source) {
    const auto reader = source.open_reader();
    std::vector<Frame> frames(usize(source.n_frames()));
    for (Index k = 0; k < source.n_frames(); ++k) reader->read(k, atoms(0, source.n_atoms()), frames[usize(k)]);
    return frames;
}

inline bool same_bits(const Frame& whole, std::span<const Index> wanted, const Frame& part) {
    if (part.positions.size() != wanted.size() || part.index != whole.index) return false;
    for (std::size_t i = 0; i < wanted.size(); ++i)
        if (std::memcmp(&part.positions[i], &whole.positions[usize(wanted[i])], sizeof(Vec3)) != 0) return false;
    return std::memcmp(&part.time, &whole.time, sizeof part.time) == 0 &&
           std::memcmp(&part.box, &whole.box, sizeof part.box) == 0 &&
           std::memcmp(&part.stored, &whole.stored, sizeof part.stored) == 0;
}

inline void expect_source_law(const Source& source) {
    EXPECT_EQ(laws::broken_source_law(source), "");
}

}  // namespace mdloom::sources

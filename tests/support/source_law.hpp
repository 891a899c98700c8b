// The source law: frame k read first, last, twice, partly or from a second reader has the same bytes as read in
// sequence.
#pragma once
#include <gtest/gtest.h>

#include <cstring>
#include <numeric>

#include "mdloom/contracts/source.hpp"

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
           std::memcmp(&part.box, &whole.box, sizeof part.box) == 0;
}

inline void expect_source_law(const Source& source) {
    const auto frames = read_all(source);
    const Index n = source.n_atoms(), n_frames = source.n_frames();
    const auto first = source.open_reader(), second = source.open_reader();
    Frame frame;
    for (const auto& wanted : {atoms(0, n), atoms(0, n / 2), atoms(n / 3, 2 * n / 3), atoms(1, n, 3), atoms(n - 1, n),
                               atoms(0, 1), std::vector<Index>{}})
        for (Index i = 0; i < 2 * n_frames; ++i) {
            const Index k = i < n_frames ? n_frames - 1 - i : (7 * i) % n_frames;
            for (Reader* reader : {first.get(), first.get(), second.get()}) {
                reader->read(k, wanted, frame);
                ASSERT_TRUE(same_bits(frames[usize(k)], wanted, frame))
                    << "frame " << k << ", " << wanted.size() << " atoms";
            }
        }
}

}  // namespace mdloom::sources

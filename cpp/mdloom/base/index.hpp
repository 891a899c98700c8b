// Indices, ranges and sets of ordinals. Everything that counts frames or atoms is a signed 64-bit Index, 0-based.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

namespace mdloom {

using Index = std::int64_t;

constexpr std::size_t usize(Index n) {
    return static_cast<std::size_t>(n);
}
constexpr Index index_of(std::size_t n) {
    return static_cast<Index>(n);
}

/// [first, stop)
struct Range {
    Index first = 0;
    Index stop = 0;

    Index size() const { return std::max<Index>(0, stop - first); }
    bool empty() const { return stop <= first; }
    friend bool operator==(Range, Range) = default;
};

/// A run of ordinals handed to one worker.
using Chunk = Range;

/// Ordinals as sorted ranges that neither overlap nor touch: equal sets have equal bytes.
struct OrdinalSet {
    std::vector<Range> ranges;

    Index size() const;
    bool empty() const { return ranges.empty(); }
    bool contains(Range range) const;

    /// Whether all lie in `range`, and the ranges are as promised above (read from bytes, they may not be).
    bool is_within(Range range) const;
    bool intersects(const OrdinalSet& other) const;

    void add(Range range);
    void remove(Range range);
    void add(const OrdinalSet& other) {
        for (Range range : other.ranges) add(range);
    }
    void remove(const OrdinalSet& other) {
        for (Range range : other.ranges) remove(range);
    }
    friend bool operator==(const OrdinalSet&, const OrdinalSet&) = default;
};

}  // namespace mdloom

#include "mdloom/base/index.hpp"

namespace mdloom {

Index OrdinalSet::size() const {
    Index n = 0;
    for (Range range : ranges) n += range.size();
    return n;
}

bool OrdinalSet::contains(Range range) const {
    if (range.empty()) return true;
    const auto at = std::ranges::partition_point(ranges, [&](Range mine) { return mine.stop <= range.first; });
    return at != ranges.end() && at->first <= range.first && range.stop <= at->stop;
}

bool OrdinalSet::is_within(Range range) const {
    Index stop_before = range.first - 1;
    for (Range mine : ranges) {
        if (mine.first <= stop_before || mine.empty() || mine.stop > range.stop) return false;
        stop_before = mine.stop;
    }
    return true;
}

bool OrdinalSet::intersects(const OrdinalSet& other) const {
    return std::ranges::any_of(other.ranges, [&](Range range) {
        const auto at = std::ranges::partition_point(ranges, [&](Range mine) { return mine.stop <= range.first; });
        return at != ranges.end() && at->first < range.stop;
    });
}

void OrdinalSet::add(Range range) {
    if (range.empty()) return;
    const auto first = std::ranges::partition_point(ranges, [&](Range mine) { return mine.stop < range.first; });
    const auto last = std::partition_point(first, ranges.end(), [&](Range mine) { return mine.first <= range.stop; });
    if (first != last) range = {std::min(range.first, first->first), std::max(range.stop, std::prev(last)->stop)};
    ranges.insert(ranges.erase(first, last), range);
}

void OrdinalSet::remove(Range range) {
    if (range.empty()) return;
    const auto first = std::ranges::partition_point(ranges, [&](Range mine) { return mine.stop <= range.first; });
    const auto last = std::partition_point(first, ranges.end(), [&](Range mine) { return mine.first < range.stop; });
    if (first == last) return;
    const Range before{first->first, range.first}, after{range.stop, std::prev(last)->stop};
    auto at = ranges.erase(first, last);
    if (!after.empty()) at = ranges.insert(at, after);
    if (!before.empty()) ranges.insert(at, before);
}

}  // namespace mdloom

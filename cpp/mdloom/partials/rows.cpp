#include "mdloom/partials/rows.hpp"

#include <algorithm>
#include <cstdint>

namespace mdloom {

namespace {

/// Of values in one segment: longer ones would be copied whole as they grow, twice their memory at that moment.
constexpr std::size_t enough_bytes = large_page;
/// From here on a segment has room for all of them, which takes no memory before it is used.
constexpr std::size_t many_bytes = enough_bytes / 16;

/// The segment that ends where `first` begins, when it has at most most_values, or a new one.
template <class Segment>
Segment& segment_before(Index first, std::map<Index, Segment>& segments, std::size_t most_values = SIZE_MAX) {
    const auto next = segments.lower_bound(first);
    const Index stop_before = next == segments.begin() ? -1 : std::prev(next)->second.stop();
    if (stop_before > first || (next != segments.end() && next->first == first))
        throw StateError("rows of frame ordinal " + std::to_string(first) + " were given twice");
    if (stop_before == first && std::prev(next)->second.values.size() <= most_values) return std::prev(next)->second;
    return segments.emplace_hint(next, first, Segment{first, {}, {}})->second;
}

void require_rows(std::size_t n_values, Index n_columns) {
    if (index_of(n_values) % n_columns != 0)
        throw StateError(std::to_string(n_values) + " values do not fill rows of " + std::to_string(n_columns));
}

/// Room for n more that will all be touched.
template <class T>
void reserve_plenty(std::vector<T>& values, Index n) {
    values.reserve(values.size() + usize(n));
    expect_plenty(values.data() + values.size(), usize(n) * sizeof(T));
}

/// Segments must come as write() leaves them: in order, apart from each other, none without an ordinal.
template <class Segment>
void require_whole(const Segment& segment, Index stop_before, Index n_columns) {
    const auto n_ordinals = index_of(segment.n_rows.size());
    if (segment.first <= stop_before || n_ordinals == 0 || segment.first > INT64_MAX - n_ordinals)
        throw StateError("state is damaged: rows out of order");
    auto left = index_of(segment.values.size());
    for (Index n : segment.n_rows) {
        if (n < 0 || n > left / n_columns) throw StateError("state is damaged: rows and values do not match");
        left -= n * n_columns;
    }
    if (left != 0) throw StateError("state is damaged: rows and values do not match");
}

}  // namespace

template <class T>
void RowsOf<T>::put(Index ordinal, std::span<const T> values) {
    require_rows(values.size(), n_columns);
    Segment& segment = segment_for(ordinal, values.size());
    segment.values.insert(segment.values.end(), values.begin(), values.end());
    finish_put(segment, values.size());
}

template <class T>
typename RowsOf<T>::Segment& RowsOf<T>::segment_for(Index ordinal, std::size_t most_values) {
    constexpr std::size_t enough = enough_bytes / sizeof(T), many = many_bytes / sizeof(T);
    Segment& segment = segment_before(ordinal, segments, enough - std::min(enough, most_values));
    const std::size_t wanted = segment.values.size() + most_values;
    if (wanted >= many && wanted > segment.values.capacity()) segment.values.reserve(std::max(enough, wanted));
    return segment;
}

template <class T>
void RowsOf<T>::finish_put(Segment& segment, std::size_t n_values) {
    require_rows(n_values, n_columns);
    segment.n_rows.push_back(index_of(n_values) / n_columns);
}

template <class T>
void RowsOf<T>::merge(RowsOf&& other) {
    segments.merge(other.segments);
    if (n_columns != other.n_columns || !other.segments.empty())
        throw StateError("cannot merge rows of other widths or of the same frames");
}

template <class T>
Index RowsOf<T>::n_rows() const {
    Index n = 0;
    for (const auto& [first, segment] : segments) n += index_of(segment.values.size()) / n_columns;
    return n;
}

template <class T>
void RowsOf<T>::drop_spare_room() {
    for (auto& [first, segment] : segments) mdloom::drop_spare_room(segment.values);
}

template <class T>
void RowsOf<T>::append_to(std::vector<T>& values) const& {
    reserve_plenty(values, n_rows() * n_columns);
    for (const auto& [first, segment] : segments)
        values.insert(values.end(), segment.values.begin(), segment.values.end());
}

template <class T>
void RowsOf<T>::append_to(std::vector<T>& values) && {
    reserve_plenty(values, n_rows() * n_columns);
    while (!segments.empty()) {
        const PagedVector<T>& next = segments.begin()->second.values;
        values.insert(values.end(), next.begin(), next.end());
        segments.erase(segments.begin());
    }
}

template <class T>
void RowsOf<T>::write(ByteWriter& writer) const {
    std::map<Index, Segment> joined;
    for (const auto& [first, segment] : segments) {
        Segment& to = segment_before(first, joined);
        to.n_rows.insert(to.n_rows.end(), segment.n_rows.begin(), segment.n_rows.end());
        to.values.insert(to.values.end(), segment.values.begin(), segment.values.end());
    }
    writer.write(n_columns);
    writer.write(index_of(joined.size()));
    for (const auto& [first, segment] : joined) writer.write(segment);
}

template <class T>
void RowsOf<T>::read(ByteReader& reader) {
    reader.read(n_columns);
    if (n_columns < 1) throw StateError("state is damaged: rows without columns");
    const auto n = reader.read<Index>();
    if (n < 0) throw StateError("state is damaged: impossible number of row segments " + std::to_string(n));
    Index stop = -1;
    for (Index i = 0; i < n; ++i) {
        auto segment = reader.read<Segment>();
        require_whole(segment, stop, n_columns);
        stop = segment.stop();
        segments.emplace_hint(segments.end(), segment.first, std::move(segment));
    }
}

template struct RowsOf<double>;
template struct RowsOf<float>;

}  // namespace mdloom

// Rows of n_columns numbers per frame, any number of rows, placed by the frame's ordinal.
#pragma once
#include <map>
#include <span>

#include "mdloom/base/pages.hpp"
#include "mdloom/partials/partial.hpp"

namespace mdloom {

/// Merging moves whole segments and copies no row; a segment of two megabytes is followed by another one. Neighbours
/// are joined only on the way to bytes, which is what makes those canonical. T: double or float.
template <class T>
struct RowsOf {
    struct Segment {
        Index first = 0;            ///< ordinal of n_rows[0]
        std::vector<Index> n_rows;  ///< per ordinal
        PagedVector<T> values;

        Index stop() const { return first + index_of(n_rows.size()); }
    };
    Index n_columns = 1;
    std::map<Index, Segment> segments;  ///< by first ordinal

    static RowsOf of_width(Index n_columns) { return {n_columns, {}}; }

    /// values: [n_rows * n_columns]. Throws StateError for half a row, and when the ordinal was put before.
    void put(Index ordinal, std::span<const T> values);

    /// The same for whoever writes them where they stay: write(T* values), room for most_values, returns where it
    /// stopped.
    template <class Write>
    void put_written(Index ordinal, std::size_t most_values, Write write) {
        Segment& segment = segment_for(ordinal, most_values);
        const std::size_t before = segment.values.size();
        segment.values.resize(before + most_values);
        const T* const stop = write(segment.values.data() + before);
        segment.values.resize(usize(stop - segment.values.data()));
        finish_put(segment, segment.values.size() - before);
    }
    void merge(RowsOf&& other);
    Index n_rows() const;
    void drop_spare_room();  ///< what put() keeps free for more rows, up to as much again

    /// All values, in order of ordinals. Of rows that are used up each segment goes back to the system as it was
    /// copied.
    void append_to(std::vector<T>& values) const&;
    void append_to(std::vector<T>& values) &&;

    /// visit(ordinal, values) in order of ordinals; a frame that gave nothing is not visited.
    template <class Visit>
    void for_each(Visit visit) const {
        for (const auto& [first, segment] : segments) {
            auto at = segment.values.begin();
            for (std::size_t i = 0; i < segment.n_rows.size(); ++i) {
                const auto stop = at + segment.n_rows[i] * n_columns;
                visit(first + index_of(i), std::span(at, stop));
                at = stop;
            }
        }
    }
    void write(ByteWriter& writer) const;
    void read(ByteReader& reader);  ///< throws StateError when it is not what write() leaves

private:
    Segment& segment_for(Index ordinal, std::size_t most_values);
    void finish_put(Segment& segment, std::size_t n_values);
};

extern template struct RowsOf<double>;
extern template struct RowsOf<float>;
using Rows = RowsOf<double>;
using FloatRows = RowsOf<float>;  ///< for what is float32 anyway and plenty: positions

}  // namespace mdloom

// Rows of n_columns numbers per frame, any number of rows, placed by the frame's ordinal.
#pragma once
#include <map>
#include <span>

#include "mdloom/partials/partial.hpp"

namespace mdloom {

/// Merging moves whole segments and copies no row; a segment of a megabyte is followed by another one. Neighbours are
/// joined only on the way to bytes, which is what makes those canonical. T: double or float.
template <class T>
struct RowsOf {
    struct Segment {
        Index first = 0;            ///< ordinal of n_rows[0]
        std::vector<Index> n_rows;  ///< per ordinal
        std::vector<T> values;

        Index stop() const { return first + index_of(n_rows.size()); }
    };
    Index n_columns = 1;
    std::map<Index, Segment> segments;  ///< by first ordinal

    static RowsOf of_width(Index n_columns) { return {n_columns, {}}; }

    /// values: [n_rows * n_columns]. Throws StateError for half a row, and when the ordinal was put before.
    void put(Index ordinal, std::span<const T> values);
    void merge(RowsOf&& other);
    Index n_rows() const;
    void drop_spare_room();  ///< what put() keeps free for more rows, up to as much again

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
};

extern template struct RowsOf<double>;
extern template struct RowsOf<float>;
using Rows = RowsOf<double>;
using FloatRows = RowsOf<float>;  ///< for what is float32 anyway and plenty: positions

}  // namespace mdloom

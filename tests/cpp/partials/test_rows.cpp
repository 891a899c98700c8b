#include <gtest/gtest.h>

#include <random>

#include "mdloom/partials/rows.hpp"

namespace mdloom {
namespace {

Bytes bytes_of(const Rows& rows) {
    ByteWriter writer;
    writer.write(rows);
    return writer.take();
}

Rows back(std::span<const std::byte> bytes) {
    ByteReader reader(bytes);
    Rows rows = reader.read<Rows>();
    if (!reader.at_end()) throw StateError("bytes were left");
    return rows;
}

std::vector<std::pair<Index, std::vector<double>>> content(const Rows& rows) {
    std::vector<std::pair<Index, std::vector<double>>> all;
    rows.for_each([&](Index ordinal, std::span<const double> values) {
        all.emplace_back(ordinal, std::vector<double>(values.begin(), values.end()));
    });
    return all;
}

/// A row stream as bytes, to be spoiled.
Bytes raw(Index n_columns, const std::vector<Rows::Segment>& segments) {
    ByteWriter writer;
    writer.write(n_columns);
    writer.write(segments);
    return writer.take();
}

TEST(Rows, are_visited_in_order_of_ordinals_whatever_order_they_came_in) {
    Rows early = Rows::of_width(2), late = Rows::of_width(2);
    late.put(5, std::array{50., 51., 52., 53.});
    late.put(6, {});
    late.put(8, std::array{80., 81.});
    early.put(0, std::array{0., 1.});
    late.merge(std::move(early));
    EXPECT_EQ(late.n_rows(), 4);
    const std::vector<std::pair<Index, std::vector<double>>> expected{
        {0, {0, 1}}, {5, {50, 51, 52, 53}}, {6, {}}, {8, {80, 81}}};
    EXPECT_EQ(content(late), expected);
}

TEST(Rows, have_the_same_bytes_for_any_cut_and_order) {
    std::mt19937 dice(5);
    for (int i = 0; i < 200; ++i) {
        Rows whole = Rows::of_width(1);
        std::vector<Rows> parts(1 + dice() % 5, Rows::of_width(1));
        for (Index ordinal = 0; ordinal < 30; ++ordinal) {
            if (dice() % 4 == 0) continue;
            const std::vector<double> values(dice() % 3, static_cast<double>(ordinal));
            whole.put(ordinal, values);
            parts[dice() % parts.size()].put(ordinal, values);
        }
        std::ranges::shuffle(parts, dice);
        Rows merged = Rows::of_width(1);
        for (Rows& part : parts) merged.merge(std::move(part));
        EXPECT_EQ(bytes_of(merged), bytes_of(whole));
        EXPECT_EQ(content(back(bytes_of(merged))), content(whole));
        EXPECT_EQ(bytes_of(back(bytes_of(merged))), bytes_of(whole));
    }
}

TEST(Rows, of_float32_keep_their_bits_and_take_half_the_room) {
    FloatRows early = FloatRows::of_width(2), late = FloatRows::of_width(2);
    late.put(1, std::array{0.1f, -0.f});
    early.put(0, std::array{1e-30f, 3.f});
    late.merge(std::move(early));
    ByteWriter writer;
    writer.write(late);
    const Bytes bytes = writer.take();
    EXPECT_EQ(bytes.size(), 6 * sizeof(Index) + sizeof(Index) + 4 * sizeof(float));
    ByteReader reader(bytes);
    std::vector<float> values;
    reader.read<FloatRows>().for_each(
        [&](Index, std::span<const float> row) { values.insert(values.end(), row.begin(), row.end()); });
    EXPECT_EQ(values, (std::vector<float>{1e-30f, 3.f, 0.1f, -0.f}));
}

TEST(Rows, many_of_them_stand_in_segments_of_two_megabytes_and_have_the_bytes_of_one) {
    const std::vector<double> frame(20000, 1.5);
    Rows rows = Rows::of_width(2), late = Rows::of_width(2), early = Rows::of_width(2);
    for (Index ordinal = 0; ordinal < 40; ++ordinal) {
        rows.put(ordinal, frame);
        (ordinal < 17 ? early : late).put(ordinal, frame);
    }
    for (const auto& [first, segment] : rows.segments) EXPECT_LE(segment.values.size(), 1u << 18);
    EXPECT_GT(rows.segments.size(), 3u);
    late.merge(std::move(early));
    EXPECT_EQ(bytes_of(late), bytes_of(rows));
    EXPECT_EQ(content(back(bytes_of(rows))), content(rows));
}

TEST(Rows, keep_no_spare_room_when_told_so) {
    Rows rows = Rows::of_width(1);
    for (Index ordinal = 0; ordinal < 1000; ++ordinal) rows.put(ordinal, std::array{1.});
    const Bytes before = bytes_of(rows);
    rows.drop_spare_room();
    EXPECT_EQ(rows.segments.begin()->second.values.capacity(), 1000u);
    EXPECT_EQ(bytes_of(rows), before);
}

/// Frames of 0 to 100,000 values, and what all of them are.
Rows many_rows(std::vector<double>& all) {
    Rows rows = Rows::of_width(1);
    for (Index ordinal = 0; ordinal < 60; ++ordinal) {
        std::vector<double> frame(static_cast<std::size_t>(ordinal * ordinal * 28));
        for (std::size_t i = 0; i < frame.size(); ++i) frame[i] = static_cast<double>(ordinal) + 0.001 * double(i);
        all.insert(all.end(), frame.begin(), frame.end());
        if (ordinal % 2 == 0)
            rows.put(ordinal, frame);
        else
            rows.put_written(ordinal, frame.size() + 7, [&](double* to) { return std::ranges::copy(frame, to).out; });
        if (ordinal % 20 == 19) rows.drop_spare_room();
    }
    return rows;
}

TEST(Rows, that_are_written_where_they_stay_are_those_that_are_copied) {
    std::vector<double> all, one_by_one;
    const Rows rows = many_rows(all);
    rows.for_each([&](Index ordinal, std::span<const double> values) {
        EXPECT_EQ(index_of(values.size()), ordinal * ordinal * 28);
        one_by_one.insert(one_by_one.end(), values.begin(), values.end());
    });
    EXPECT_EQ(one_by_one, all);
    EXPECT_THROW(Rows(rows).put_written(59, 1, [](double* to) { return to; }), StateError);
    EXPECT_THROW(Rows::of_width(2).put_written(0, 4, [](double* to) { return to + 3; }), StateError);
}

TEST(Rows, are_appended_as_they_are_or_used_up) {
    std::vector<double> all, copied{0.5}, moved{0.5};
    Rows rows = many_rows(all);
    all.insert(all.begin(), 0.5);
    rows.append_to(copied);
    EXPECT_EQ(copied, all);
    EXPECT_GT(rows.n_rows(), 0);
    std::move(rows).append_to(moved);
    EXPECT_EQ(moved, all);
    EXPECT_EQ(rows.n_rows(), 0);
    EXPECT_EQ(bytes_of(rows), bytes_of(Rows::of_width(1)));
}

TEST(Rows, an_empty_row_list_is_not_the_same_as_no_row_list) {
    Rows seen = Rows::of_width(1), unseen = Rows::of_width(1);
    seen.put(3, {});
    EXPECT_EQ(content(seen).size(), 1u);
    EXPECT_NE(bytes_of(seen), bytes_of(unseen));
}

TEST(Rows, of_other_widths_or_the_same_frame_do_not_merge) {
    Rows mine = Rows::of_width(2), wide = Rows::of_width(3), same = Rows::of_width(2);
    mine.put(4, std::array{1., 2.});
    same.put(4, std::array{1., 2.});
    EXPECT_THROW(Rows(mine).merge(std::move(wide)), StateError);
    EXPECT_THROW(Rows(mine).merge(std::move(same)), StateError);
}

TEST(Rows, half_a_row_or_an_ordinal_twice_is_refused) {
    Rows rows = Rows::of_width(2);
    EXPECT_THROW(rows.put(0, std::array{1., 2., 3.}), StateError);
    rows.put(1, std::array{1., 2.});
    EXPECT_THROW(rows.put(1, std::array{1., 2.}), StateError);
}

TEST(Rows, whose_counts_and_values_differ_are_refused) {
    EXPECT_NO_THROW(back(raw(2, {{0, {1, 0, 2}, PagedVector<double>(6, 0.0)}})));
    EXPECT_THROW(back(raw(2, {{0, {1, 0, 2}, PagedVector<double>(5, 0.0)}})), StateError);
    EXPECT_THROW(back(raw(2, {{0, {1, 0, 2}, PagedVector<double>(8, 0.0)}})), StateError);
    EXPECT_THROW(back(raw(2, {{0, {-1, 4}, PagedVector<double>(6, 0.0)}})), StateError);
    EXPECT_THROW(back(raw(2, {{0, {Index{1} << 62}, {}}})), StateError);
    EXPECT_THROW(back(raw(0, {})), StateError);
    EXPECT_THROW(back(raw(-1, {})), StateError);
}

TEST(Rows, whose_segments_overlap_or_stand_out_of_order_are_refused) {
    const auto segment = [](Index first, std::size_t n) { return Rows::Segment{first, std::vector<Index>(n), {}}; };
    EXPECT_NO_THROW(back(raw(1, {segment(0, 2), segment(3, 1)})));
    EXPECT_THROW(back(raw(1, {segment(0, 2), segment(1, 1)})), StateError);
    EXPECT_THROW(back(raw(1, {segment(0, 2), segment(0, 2)})), StateError);
    EXPECT_THROW(back(raw(1, {segment(3, 1), segment(0, 2)})), StateError);
    EXPECT_THROW(back(raw(1, {segment(-1, 1)})), StateError);
    EXPECT_THROW(back(raw(1, {segment(0, 0)})), StateError);
    EXPECT_THROW(back(raw(1, {segment(INT64_MAX, 2)})), StateError);
    EXPECT_NO_THROW(back(raw(1, {segment(INT64_MAX - 2, 2)})));
}

TEST(Rows, of_a_negative_number_of_segments_are_refused) {
    ByteWriter writer;
    writer.write(Index{1});
    writer.write(Index{-1});
    EXPECT_THROW(back(writer.take()), StateError);
}

}  // namespace
}  // namespace mdloom

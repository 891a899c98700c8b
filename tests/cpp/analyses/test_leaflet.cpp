#include <gtest/gtest.h>

#include <cmath>

#include "mdloom/analyses/catalog.hpp"
#include "mdloom/analyses/leaflet.hpp"
#include "mdloom/partials/rows.hpp"
#include "support/one_analysis.hpp"

namespace mdloom::analyses {
namespace {

Column labels_of(const Analysis& analysis, const std::vector<Frame>& frames) {
    return result_of(analysis, frames)[0];
}

constexpr Box cube{10, 0, 0, 0, 10, 0, 0, 0, 10};

TEST(leaflet, the_times_of_the_frames_come_in_the_order_of_the_selection) {
    Frame first = frame_of(0, {{0, 0, 0}}), second = frame_of(1, {{0, 0, 0}});
    first.time = 30;
    second.time = 10;
    const Column times = result_of(*leaflet({{0}, 2, false}), {second, first})[1];
    EXPECT_EQ(times.name, "times");
    EXPECT_EQ(times.unit, "ps");
    EXPECT_EQ(times.values, (std::vector<double>{30, 10}));
}

TEST(leaflet, atoms_in_a_row_hang_together_and_one_far_away_does_not) {
    const auto analysis = leaflet({{0, 1, 2, 3}, 2, false});
    const Column labels = labels_of(*analysis, {frame_of(1, {{0, 0, 0}, {9, 0, 0}, {4, 0, 0}, {2, 0, 0}}),
                                                frame_of(0, {{0, 0, 0}, {5, 0, 0}, {9, 0, 0}, {5, 2, 0}})});
    EXPECT_EQ(labels.name, "labels");
    EXPECT_EQ(labels.shape, (std::vector<Index>{2, 4}));
    EXPECT_EQ(labels.values, (std::vector<double>{0, 1, 2, 1, 0, 1, 0, 0}));
}

TEST(leaflet, with_pbc_the_nearest_image_counts) {
    const std::vector<Frame> frames{frame_of(0, {{0.5, 0, 0}, {9.5, 0, 0}, {5, 0, 0}}, cube)};
    EXPECT_EQ(labels_of(*leaflet({{0, 1, 2}, 1, true}), frames).values, (std::vector<double>{0, 0, 1}));
    EXPECT_EQ(labels_of(*leaflet({{0, 1, 2}, 1, false}), frames).values, (std::vector<double>{0, 1, 2}));
}

TEST(leaflet, with_pbc_a_frame_without_a_box_is_refused) {
    const auto analysis = leaflet({{0}, 1, true});
    EXPECT_EQ(refusal_of<ArgumentError>([&] { labels_of(*analysis, {frame_of(0, {{0, 0, 0}})}); }),
              "there is no box, and pbc=True needs one: leave pbc out, or set the box");
    EXPECT_NE(refusal_of<ArgumentError>([&] { labels_of(*analysis, {frame_of(0, {{0, 0, 0}}, {1, 0, 0, 1, 0, 0})}); }),
              "no refusal");
}

TEST(leaflet, no_frames_give_an_empty_table_of_the_right_width) {
    EXPECT_EQ(labels_of(*leaflet({{4, 7, 1}, 15, false}), {}).shape, (std::vector<Index>{0, 3}));
}

TEST(leaflet, empty_groups_and_impossible_cutoffs_are_refused) {
    EXPECT_EQ(refusal_of<ArgumentError>([] { leaflet({{}, 15, false}); }),
              "the group holds no atom: select at least one");
    EXPECT_EQ(refusal_of<ArgumentError>([] { leaflet({{0}, -2, false}); }),
              "cutoff is -2: a distance in Å is needed, finite and not negative");
    EXPECT_NE(refusal_of<ArgumentError>([] { leaflet({{0}, std::nan(""), false}); }), "no refusal");
}

TEST(leaflet, its_spec_travels_through_the_catalog_and_a_damaged_one_is_refused) {
    const auto rebuilt = [](ByteWriter& writer) {
        const Bytes bytes = writer.take();
        ByteReader reader(bytes);
        return rebuild("leaflet", reader);
    };
    ByteWriter writer, damaged;
    leaflet({{2, 0}, 1, true})->write_spec(writer);
    const auto again = rebuilt(writer);
    EXPECT_EQ(again->groups(), (std::vector<Group>{{2, 0}}));
    damaged.write(LeafletSpec{{0}, -1, false});
    EXPECT_NE(refusal_of<StateError>([&] { rebuilt(damaged); }), "no refusal");
}

/// Of one frame, as its bytes are read.
auto state_of(const Analysis& analysis, const std::vector<double>& labels, const std::vector<double>& times) {
    Rows label_rows = Rows::of_width(1), time_rows = Rows::of_width(1);
    label_rows.put(0, labels);
    time_rows.put(0, times);
    ByteWriter writer;
    writer.write(std::string_view("leaflet"));
    writer.write(Index{2});
    writer.write(label_rows);
    writer.write(time_rows);
    const Bytes bytes = writer.take();
    ByteReader reader(bytes);
    return analysis.read_state(reader);
}

TEST(leaflet, labels_that_are_none_are_refused) {
    const auto analysis = leaflet({{0, 1}, 1, false});
    for (const std::vector<double>& labels :
         {std::vector<double>{0}, {0, 2}, {1, 0}, {0, 0.5}, {0, -1}, {0, 1, 0, 1}}) {
        const auto state = state_of(*analysis, labels, {1});
        EXPECT_EQ(refusal_of<StateError>([&] { analysis->conclude(*state); }),
                  "state is damaged: the labels of frame ordinal 0 are none");
    }
}

TEST(leaflet, a_state_with_more_times_than_frames_is_refused) {
    const auto analysis = leaflet({{0, 1}, 1, false});
    const auto state = state_of(*analysis, {0, 1}, {1, 2});
    EXPECT_EQ(refusal_of<StateError>([&] { analysis->conclude(*state); }),
              "state is damaged: it holds 2 times and the labels of 1 frames");
}

}  // namespace
}  // namespace mdloom::analyses

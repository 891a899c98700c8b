#include <gtest/gtest.h>

#include "mdloom/partials/counts.hpp"
#include "mdloom/partials/exact_moments.hpp"
#include "mdloom/partials/exact_sum.hpp"

namespace mdloom {
namespace {

TEST(Counts, add_up) {
    Counts mine{{1, 2, 3}};
    mine.merge(Counts{{10, 20, 30}});
    EXPECT_EQ(mine.values, (std::vector<Index>{11, 22, 33}));
    mine.merge(Counts::zeros(3));
    EXPECT_EQ(mine.values, (std::vector<Index>{11, 22, 33}));
    EXPECT_THROW(mine.merge(Counts::zeros(4)), StateError);
}

TEST(ExactSum, of_tenths_is_the_same_in_any_order_where_double_differs) {
    const std::vector<double> values{1e6, 0.1, -1e6, 0.2, 0.3};
    auto forward = ExactSum::zeros(1, Grid{-40}), backward = forward;
    for (double value : values) forward.add(0, value);
    for (std::size_t i = values.size(); i > 0; --i) backward.add(0, values[i - 1]);
    EXPECT_EQ(forward.sums, backward.sums);
    EXPECT_NEAR(forward.sum(0), 0.6, 3 * 0x1p-41);
}

TEST(ExactSum, of_one_and_a_half_and_a_quarter) {
    auto sum = ExactSum::zeros(2, Grid{-2});
    sum.add(0, 1.0), sum.add(0, 0.5), sum.add(0, 0.25), sum.add(1, -8);
    EXPECT_EQ(sum.sum(0), 1.75);
    EXPECT_EQ(sum.sum(1), -8.0);
}

TEST(ExactSum, passes_64_bits) {
    auto sum = ExactSum::zeros(1, Grid{-40});
    for (int i = 0; i < 1000; ++i) sum.add(0, 4e6);
    EXPECT_EQ(sum.sum(0), 4e9);
    ExactSum other = sum;
    sum.merge(std::move(other));
    EXPECT_EQ(sum.sum(0), 8e9);
}

TEST(ExactSum, of_another_grid_or_length_does_not_merge) {
    auto sum = ExactSum::zeros(2, Grid{-40});
    EXPECT_THROW(sum.merge(ExactSum::zeros(2, Grid{-20})), StateError);
    EXPECT_THROW(sum.merge(ExactSum::zeros(3, Grid{-40})), StateError);
}

TEST(ExactMoments, of_one_two_four) {
    auto moments = ExactMoments::zeros(2, Grid{-40});
    for (double x : {1.0, 2.0, 4.0}) moments.add_frame(std::array{x, -10 * x});
    EXPECT_EQ(moments.n_frames, 3);
    EXPECT_DOUBLE_EQ(moments.mean(0), 7.0 / 3);
    EXPECT_DOUBLE_EQ(moments.mean(1), -70.0 / 3);
    EXPECT_DOUBLE_EQ(moments.sum_of_squares(0), 21 - 49.0 / 3);
    EXPECT_DOUBLE_EQ(moments.sum_of_squares(1), 100 * (21 - 49.0 / 3));
}

TEST(ExactMoments, of_one_frame_have_no_spread_and_of_none_nothing_to_add) {
    auto moments = ExactMoments::zeros(1, Grid{-40});
    EXPECT_EQ(moments.sum_of_squares(0), 0.0);
    EXPECT_TRUE(std::isnan(moments.mean(0)));
    moments.add_frame(std::array{0.1});
    EXPECT_EQ(moments.sum_of_squares(0), 0.0);
    EXPECT_NEAR(moments.mean(0), 0.1, 0x1p-41);
}

TEST(ExactMoments, merged_are_those_of_all_frames) {
    auto first = ExactMoments::zeros(1, Grid{-40}), second = first, all = first;
    for (double x : {1.5, -2.25}) first.add_frame(std::array{x}), all.add_frame(std::array{x});
    for (double x : {8.0, 0.125, 3.0}) second.add_frame(std::array{x}), all.add_frame(std::array{x});
    second.merge(std::move(first));
    EXPECT_EQ(second.n_frames, all.n_frames);
    EXPECT_EQ(second.sums, all.sums);
    EXPECT_EQ(second.squares, all.squares);
}

TEST(ExactMoments, squares_saturate_and_say_which_value) {
    constexpr UInt128 full = ExactMoments::full;
    EXPECT_EQ(ExactMoments::add_squares(full - 1, 1), full);
    EXPECT_EQ(ExactMoments::add_squares(full - 1, 2), full);
    EXPECT_EQ(ExactMoments::add_squares(full, full), full);
    EXPECT_EQ(ExactMoments::add_squares(2, 3), UInt128{5});
    auto moments = ExactMoments::zeros(2, Grid{-40});
    for (int i = 0; i < 20; ++i) moments.add_frame(std::array{3.0, 4e6});
    EXPECT_EQ(moments.sum_of_squares(0), 0.0);
    EXPECT_THROW(moments.sum_of_squares(1), StateError);
}

TEST(ExactMoments, of_a_damaged_state_end_no_process) {
    auto moments = ExactMoments::zeros(1, Grid{-40}), negative = moments;
    negative.n_frames = -1;
    EXPECT_THROW(moments.merge(std::move(negative)), StateError);
    moments.n_frames = 1;
    moments.sums[0] = Int128{1} << 120;
    EXPECT_NO_THROW(moments.sum_of_squares(0));
}

TEST(ExactMoments, of_another_grid_or_length_do_not_merge) {
    auto moments = ExactMoments::zeros(2, Grid{-40});
    EXPECT_THROW(moments.merge(ExactMoments::zeros(2, Grid{-20})), StateError);
    EXPECT_THROW(moments.merge(ExactMoments::zeros(3, Grid{-40})), StateError);
}

}  // namespace
}  // namespace mdloom

#include "mdloom/analyses/positions.hpp"

#include <gtest/gtest.h>

#include "mdloom/analyses/catalog.hpp"
#include "support/one_analysis.hpp"

namespace mdloom::analyses {
namespace {

Result result_of(const Analysis& analysis, const std::vector<Frame>& frames) {
    auto state = analysis.empty_state();
    const auto scratch = analysis.make_scratch();
    for (const Frame& frame : frames) {
        auto part = analysis.empty_state();
        analysis.single_frame(frame, analysis.groups(), *scratch, *part);
        analysis.finish_chunk(*scratch, *part);
        state->merge(std::move(*part));
    }
    return analysis.conclude(*state);
}

TEST(positions, are_gathered_in_order_of_ordinals_with_time_and_box) {
    const Box cell{9, 0, 0, 1, 8, 0, 2, 3, 7};
    const Result result = result_of(*positions({2, 0, 2}), {frame_of(1, {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}, cell),
                                                            frame_of(0, {{-1, -2, -3}, {0, 0, 0}, {0.5f, 0, 0}})});
    ASSERT_EQ(result.size(), 4u);
    EXPECT_EQ(result[0].name, "positions");
    EXPECT_EQ(result[0].shape, (std::vector<Index>{2, 3, 3}));
    ASSERT_TRUE(result[0].floats);
    EXPECT_EQ(*result[0].floats, (std::vector<float>{0.5f, 0, 0, -1, -2, -3, 0.5f, 0, 0, 7, 8, 9, 1, 2, 3, 7, 8, 9}));
    EXPECT_TRUE(result[0].values.empty());
    EXPECT_EQ(result[1].values, (std::vector<double>{0, 10}));
    EXPECT_EQ(result[2].values, (std::vector<double>{0, 0.5}));
    EXPECT_EQ(result[3].shape, (std::vector<Index>{2, 3, 3}));
    EXPECT_EQ(std::vector<double>(result[3].values.begin(), result[3].values.begin() + 9), std::vector<double>(9));
    EXPECT_EQ(std::vector<double>(result[3].values.begin() + 9, result[3].values.end()),
              std::vector<double>(cell.begin(), cell.end()));
}

TEST(positions, of_no_frame_are_float32_of_the_right_shape) {
    const Result result = result_of(*positions({4, 1}), {});
    ASSERT_TRUE(result[0].floats);
    EXPECT_EQ(result[0].shape, (std::vector<Index>{0, 2, 3}));
    EXPECT_EQ(result[3].shape, (std::vector<Index>{0, 3, 3}));
}

TEST(positions, of_an_empty_group_are_refused) {
    EXPECT_THROW(positions({}), ArgumentError);
    ByteWriter damaged;
    damaged.write(Group{});
    const Bytes bytes = damaged.take();
    ByteReader reader(bytes);
    EXPECT_THROW(rebuild("positions", reader), StateError);
}

}  // namespace
}  // namespace mdloom::analyses

#include <gtest/gtest.h>

#include <limits>

#include "mdloom/partials/grid.hpp"

namespace mdloom {
namespace {

TEST(Grid, rounds_to_the_nearest_step) {
    const Grid quarters{-2};
    EXPECT_EQ(quarters.spacing(), 0.25);
    EXPECT_EQ(quarters.round(1.0), 4);
    EXPECT_EQ(quarters.round(-1.1), -4);
    EXPECT_EQ(quarters.round(1.2), 5);
    EXPECT_EQ(quarters.round(0.0), 0);
}

TEST(Grid, rounds_halves_to_even_so_that_no_direction_is_favoured) {
    const Grid ones{0};
    EXPECT_EQ(ones.round(0.5), 0);
    EXPECT_EQ(ones.round(1.5), 2);
    EXPECT_EQ(ones.round(-0.5), 0);
    EXPECT_EQ(ones.round(-2.5), -2);
}

TEST(Grid, holds_every_float32_coordinate_between_a_16000th_and_2_to_the_22_exactly) {
    const Grid grid{-40};
    for (float x = 0x1.fffffep-17f; x < 0x1p22f; x *= 3.7f)
        for (float y : {x, -x}) EXPECT_EQ(static_cast<double>(grid.round(double{y})) * grid.spacing(), double{y});
}

TEST(Grid, refuses_what_does_not_fit_by_name) {
    const Grid grid{-40};
    EXPECT_EQ(grid.round(std::nextafter(0x1p22, 0)), (std::int64_t{1} << 62) - (std::int64_t{1} << 9));
    for (double value : {0x1p22, -0x1p22, 1e300, std::numeric_limits<double>::infinity(),
                         -std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()})
        EXPECT_THROW(grid.round(value), StateError) << value;
    try {
        grid.round(5e6);
        FAIL();
    } catch (const StateError& error) {
        EXPECT_STREQ(
            error.what(),
            "value 5000000.000000 does not fit a grid of spacing 2^-40: choose a coarser grid for this quantity");
    }
}

TEST(Grid, of_another_spacing_does_not_merge) {
    EXPECT_NO_THROW(Grid{-40}.require_same(Grid{-40}));
    EXPECT_THROW(Grid{-40}.require_same(Grid{-20}), StateError);
}

}  // namespace
}  // namespace mdloom

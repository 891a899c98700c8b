#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "mdloom/kernels/arc_tangent.hpp"

namespace mdloom::kernels {
namespace {

/// How many units in the last place of the right value lie between.
double units_off(double found, double y, double x) {
    const long double right = std::atan2(static_cast<long double>(y), static_cast<long double>(x));
    const double near = std::abs(static_cast<double>(right));
    const double unit = std::nextafter(near, 10) - near;
    return static_cast<double>(std::abs(found - right) / unit);
}

TEST(arc_tangent, is_right_to_one_unit_in_the_last_place_in_every_direction) {
    std::mt19937_64 random(1);
    std::uniform_real_distribution<double> any(-1, 1), exponent(-60, 60);
    double worst = 0;
    for (int i = 0; i < 400000; ++i) {
        const double y = any(random), x = any(random) * (i % 4 == 0 ? std::exp2(exponent(random)) : 1);
        worst = std::max({worst, units_off(arc_tangent(y, x), y, x)});
    }
    EXPECT_LE(worst, 1.0);
}

TEST(arc_tangent, is_right_next_to_where_its_table_changes_entries) {
    double worst = 0;
    for (int sixteenth = 0; sixteenth <= 16; ++sixteenth)
        for (int step = -200; step <= 200; ++step) {
            const double t = sixteenth / 16.0 * (1 + step * 0x1p-52);
            worst = std::max({worst, units_off(arc_tangent(t, 1), t, 1), units_off(arc_tangent(1, t), 1, t),
                              units_off(arc_tangent(t, -3), t, -3), units_off(arc_tangent(-3, -t), -3, -t)});
        }
    EXPECT_LE(worst, 1.0);
}

TEST(arc_tangent, is_right_for_very_small_and_very_large_arguments) {
    for (double y : {1e-300, 1e-200, 1e-20, 1.0, 1e20, 1e300})
        for (double x : {1e-300, 1e-200, 1e-20, 1.0, 1e20, 1e300}) {
            if (y / x < 1e-300) continue;  // what is below has fewer digits
            EXPECT_LE(units_off(arc_tangent(y, x), y, x), 1) << y << ", " << x;
            EXPECT_LE(units_off(arc_tangent(-y, -x), -y, -x), 1) << y << ", " << x;
        }
}

TEST(arc_tangent, agrees_with_the_standard_on_axes_and_signs_of_zero) {
    for (double y : {0.0, -0.0, 1.0, -1.0})
        for (double x : {0.0, -0.0, 1.0, -1.0}) {
            EXPECT_EQ(arc_tangent(y, x), std::atan2(y, x)) << y << ", " << x;
            EXPECT_EQ(std::signbit(arc_tangent(y, x)), std::signbit(std::atan2(y, x))) << y << ", " << x;
        }
}

TEST(arc_tangent, angles_that_have_names_are_exact_in_degrees) {
    EXPECT_EQ(arc_tangent(1, 0) * degrees_per_radian, 90);
    EXPECT_EQ(arc_tangent(3, 3) * degrees_per_radian, 45);
    EXPECT_EQ(arc_tangent(0, -2) * degrees_per_radian, 180);
}

TEST(arc_tangent, of_what_is_not_finite_is_not_a_number) {
    const double infinite = std::numeric_limits<double>::infinity(), nan = std::nan("");
    EXPECT_TRUE(std::isnan(arc_tangent(nan, 1)));
    EXPECT_TRUE(std::isnan(arc_tangent(1, nan)));
    EXPECT_TRUE(std::isnan(arc_tangent(infinite, infinite)));
}

}  // namespace
}  // namespace mdloom::kernels

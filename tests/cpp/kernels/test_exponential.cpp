#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "mdloom/kernels/exponential.hpp"

namespace mdloom::kernels {
namespace {

/// How many units in the last place of the right value lie between; long double has eleven more digits.
double units_off(double x) {
    const long double right = std::exp(static_cast<long double>(x));
    const auto near = static_cast<double>(right);
    const double unit = std::nextafter(near, std::numeric_limits<double>::infinity()) - near;
    return static_cast<double>(std::abs(exponential(x) - right) / unit);
}

double worst_between(double first, double last, int n) {
    std::mt19937 random(1);
    std::uniform_real_distribution<double> any(first, last);
    double worst = 0;
    for (int i = 0; i < n; ++i) worst = std::max(worst, units_off(any(random)));
    return worst;
}

TEST(exponential, is_right_to_less_than_one_unit_in_the_last_place) {
    EXPECT_LT(worst_between(-1, 1, 300000), 0.7);
    EXPECT_LT(worst_between(-40, 40, 300000), 0.7);
    EXPECT_LT(worst_between(-708, 709.7, 300000), 0.7);
}

TEST(exponential, is_right_next_to_where_it_takes_out_another_power_of_two) {
    double worst = 0;
    for (int half = -1400; half <= 1400; ++half)
        for (int step = -20; step <= 20; ++step)
            worst = std::max(worst, units_off((half + 0.5) * 0.34657359027997264 * (1 + step * 0x1p-52)));
    EXPECT_LT(worst, 0.7);
}

TEST(exponential, is_right_to_one_unit_where_numbers_lose_their_digits) {
    EXPECT_LE(worst_between(-745, -708, 100000), 1.0);
}

TEST(exponential, ends_where_doubles_end) {
    const double infinite = std::numeric_limits<double>::infinity();
    EXPECT_EQ(exponential(0), 1);
    EXPECT_EQ(exponential(-0.0), 1);
    EXPECT_EQ(exponential(5e-324), 1);
    EXPECT_LT(exponential(709.782712893383), infinite);
    EXPECT_EQ(exponential(709.7827128933841), infinite);
    EXPECT_EQ(exponential(1e300), infinite);
    EXPECT_EQ(exponential(infinite), infinite);
    EXPECT_EQ(exponential(-745.1332191019411), 5e-324);
    EXPECT_EQ(exponential(-746), 0);
    EXPECT_EQ(exponential(-infinite), 0);
    EXPECT_TRUE(std::isnan(exponential(std::nan(""))));
}

TEST(exponential, never_falls_from_one_number_to_the_next) {
    for (double from : {-700.0, -1.0, -1e-3, 0.0, 0.34657359027997264, 5.0, 700.0}) {
        double before = exponential(from);
        for (double x = from; x <= from + std::abs(from) * 2e-13; x = std::nextafter(x, 1000)) {
            EXPECT_GE(exponential(x), before) << x;
            before = exponential(x);
        }
    }
}

}  // namespace
}  // namespace mdloom::kernels

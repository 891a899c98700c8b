#include <gtest/gtest.h>

#include <random>

#include "mdloom/kernels/point_moments.hpp"
#include "support/levels.hpp"

namespace mdloom::kernels {
namespace {

/// Point by point, in long double.
PointMoments plain(const std::vector<float>& positions, const std::vector<double>& weights) {
    PointMoments found{};
    const std::size_t n = positions.size() / 3;
    for (std::size_t k = 0; k < 3; ++k) {
        long double total = 0, sum = 0, squares = 0;
        for (std::size_t i = 0; i < n; ++i) {
            const long double w = weights.empty() ? 1 : weights[i];
            total += w, sum += w * positions[3 * i + k];
        }
        for (std::size_t i = 0; i < n; ++i) {
            const long double d = positions[3 * i + k] - sum / total;
            squares += (weights.empty() ? 1 : weights[i]) * d * d;
        }
        found.mean[k] = static_cast<double>(sum / total), found.squares[k] = static_cast<double>(squares / total);
    }
    return found;
}

TEST(point_moments, are_those_of_plain_sums_for_any_number_of_points_and_the_same_bits_on_every_level) {
    std::mt19937 random(8);
    std::normal_distribution<float> about(30, 20);
    std::uniform_real_distribution<double> weight(0, 16);
    for (std::size_t n : {1, 2, 7, 8, 9, 16, 100, 3341})
        for (bool weighted : {false, true}) {
            std::vector<float> positions(3 * n);
            for (float& x : positions) x = about(random);
            std::vector<double> weights(weighted ? n : 0);
            for (double& w : weights) w = weight(random) + 1e-3;
            const PointWeights packed(weights, n);
            const PointMoments expected = plain(positions, weights);
            const PointMoments found = point_moments(positions, packed, Simd::portable);
            for (std::size_t k = 0; k < 3; ++k) {
                EXPECT_NEAR(found.mean[k], expected.mean[k], 1e-12) << n;
                EXPECT_NEAR(found.squares[k], expected.squares[k], 1e-10) << n;
            }
            for (Simd level : levels_here()) {
                const PointMoments same = point_moments(positions, packed, level);
                EXPECT_EQ(same.mean, found.mean) << name(level);
                EXPECT_EQ(same.squares, found.squares) << name(level);
            }
        }
}

TEST(point_moments, far_from_the_origin_keep_their_digits) {
    const std::vector<float> positions{3e6f, 3e6f, 3e6f, 3e6f + 1, 3e6f, 3e6f - 1};
    const PointMoments found = point_moments(positions, PointWeights({}, 2), best_simd());
    EXPECT_EQ(found.mean, (Point{3e6 + 0.5, 3e6, 3e6 - 0.5}));
    EXPECT_EQ(found.squares, (Point{0.25, 0, 0.25}));
}

}  // namespace
}  // namespace mdloom::kernels

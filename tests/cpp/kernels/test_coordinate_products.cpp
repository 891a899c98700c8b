#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "mdloom/kernels/coordinate_products.hpp"
#include "support/levels.hpp"

namespace mdloom::kernels {
namespace {

using Frames = std::vector<std::vector<float>>;

/// Plain reference: one integer after the other.
void expect_integers(const Frames& frames, std::size_t n, std::span<const Int128> sums,
                     std::span<const Int128> products) {
    const auto rounded = [](float x) { return Int128{std::llrint(static_cast<double>(x) * 0x1p31)}; };
    std::size_t at = 0;
    for (std::size_t i = 0; i < n; ++i) {
        Int128 sum = 0;
        for (const auto& frame : frames) sum += rounded(frame[i]);
        EXPECT_TRUE(sum == sums[i]) << i;
        for (std::size_t j = i; j < n; ++j, ++at) {
            EXPECT_EQ(place_in_triangle(i, j, n), at);
            Int128 product = 0;
            for (const auto& frame : frames) product += rounded(frame[i]) * rounded(frame[j]);
            EXPECT_TRUE(product == products[at]) << i << ", " << j;
        }
    }
}

/// The frames come in as many blocks as they need.
void expect_exact(const Frames& frames, std::size_t n) {
    for (Simd level : levels_here()) {
        SplitFrames waiting;
        waiting.resize(n);
        std::vector<Int128> sums(n), products(n * (n + 1) / 2);
        const auto add = [&] {
            add_sums(waiting, sums);
            add_products(waiting, products, level);
            waiting.clear();
        };
        for (const auto& frame : frames) {
            waiting.add(frame);
            if (waiting.is_full()) add();
        }
        add();
        expect_integers(frames, n, sums, products);
    }
}

TEST(coordinate_products, are_the_integers_of_the_plain_way_for_coordinates_of_all_sizes) {
    std::mt19937_64 random(7);
    const auto number = [&](std::size_t least, std::size_t most) {
        return std::uniform_int_distribution(least, most)(random);
    };
    for (int round = 0; round < 200; ++round) {
        const std::size_t n = number(1, 40);
        Frames frames(number(0, 2 * most_multiplied_frames + 10));
        const int largest = static_cast<int>(number(0, 54)) - 40;
        for (auto& frame : frames)
            for (std::size_t i = 0; i < n; ++i) {
                const int exponent = std::uniform_int_distribution(largest - 12, largest)(random);
                frame.push_back(std::ldexp(std::uniform_real_distribution<float>(-1, 1)(random), exponent));
            }
        expect_exact(frames, n);
    }
}

TEST(coordinate_products, are_exact_at_the_limits_in_as_many_frames_as_wait) {
    const float most = static_cast<float>(farthest_multiplied);
    const float low = most - 0x1p-9f;  // not a float32: most
    std::vector<float> frame{most,       -most,
                             low,        std::nextafter(most, 0.f),
                             0x1p-9f,    0x1p-9f + 0x1p-31f,
                             -0x1p-9f,   0x1p-32f,
                             0x1.8p-31f, 8191.998f,
                             -8191.998f, 0.f,
                             -0.f};
    expect_exact(Frames(most_multiplied_frames, frame), frame.size());
    Frames alternating;
    for (std::size_t k = 0; k < most_multiplied_frames; ++k) {
        alternating.push_back(frame);
        for (std::size_t i = 0; i < frame.size(); i += 1 + k % 3) alternating.back()[i] *= -1;
    }
    expect_exact(alternating, frame.size());
}

}  // namespace
}  // namespace mdloom::kernels

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "mdloom/kernels/coordinate_sums.hpp"
#include "support/levels.hpp"

namespace mdloom::kernels {
namespace {

/// Plain reference: one integer after the other.
void expect_integers(const std::vector<float>& frames, const CoordinateSums& found, std::size_t i) {
    Int128 sum = 0;
    UInt128 squares = 0;
    for (std::size_t at = i; at < frames.size(); at += summed_width) {
        const Int128 q = std::llrint(static_cast<double>(frames[at]) * 0x1p40);
        sum += q;
        squares += static_cast<UInt128>(q * q);
    }
    EXPECT_TRUE(sum == found.sums[i]) << "coordinate " << i;
    EXPECT_TRUE(squares == found.squares[i]) << "coordinate " << i;
}

float signed_power(std::mt19937_64& random, int least, int most) {
    const int exponent = std::uniform_int_distribution(least, most)(random);
    const float mantissa = std::uniform_real_distribution<float>(-2, 2)(random);
    return std::ldexp(mantissa, exponent - 1);
}

TEST(coordinate_sums, are_the_integers_of_the_plain_way_for_coordinates_of_all_sizes) {
    std::mt19937_64 random(7);
    for (int round = 0; round < 300; ++round) {
        const auto n_frames = std::uniform_int_distribution<std::size_t>(1, most_summed_frames)(random);
        std::vector<float> frames(n_frames * summed_width);
        for (std::size_t i = 0; i < summed_width; ++i) {
            const float centre = signed_power(random, -60, 9);
            const int spread = std::uniform_int_distribution(-50, 7)(random);
            for (std::size_t at = i; at < frames.size(); at += summed_width)
                frames[at] = centre + signed_power(random, spread - 20, spread);
        }
        for (Simd level : levels_here()) {
            CoordinateSums found;
            coordinate_sums(frames.data(), frames.size() / summed_width, summed_width, found, level);
            for (std::size_t i = 0; i < summed_width; ++i) {
                EXPECT_TRUE(found.is_exact[i]);
                expect_integers(frames, found, i);
            }
        }
    }
}

TEST(coordinate_sums, are_exact_up_to_their_limits_and_say_where_they_are_not) {
    const float below = std::nextafter(1024.f, 0.f), most = 181.01933f;  // 32 most^2 is just below 2^20
    std::vector<float> frames(most_summed_frames * summed_width);
    const auto set = [&](std::size_t i, std::size_t frame, float x) { frames[frame * summed_width + i] = x; };
    for (std::size_t frame = 0; frame < most_summed_frames; ++frame) {
        set(0, frame, below);
        set(1, frame, frame % 2 == 0 ? -below : most - below);
        set(2, frame, frame == 0 ? 1e-10f : most);
        set(3, frame, frame == 0 ? 0x1p-16f : most + 0x1p-16f);  // l as large as it can be
        set(4, frame, frame == 5 ? 1023.9f : 0);
        set(5, frame, 0x1p-41f * static_cast<float>(2 * frame + 1));  // halfway between two steps
        set(6, frame, 1024.f);
        set(7, frame, frame == 5 ? 1024.f : 0);
        set(8, frame, frame == 31 ? 4e6f : 1.f);
        set(9, frame, frame % 2 == 0 ? 0.f : 400.f);
        set(10, frame, frame == 3 ? std::nanf("") : 1.f);
        set(11, frame, frame == 0 ? std::nanf("") : 1.f);
    }
    for (Simd level : levels_here()) {
        CoordinateSums found;
        coordinate_sums(frames.data(), frames.size() / summed_width, summed_width, found, level);
        for (std::size_t i = 0; i <= 5; ++i) {
            EXPECT_TRUE(found.is_exact[i]) << i;
            expect_integers(frames, found, i);
        }
        for (std::size_t i = 6; i <= 11; ++i) EXPECT_FALSE(found.is_exact[i]) << i;
    }
}

}  // namespace
}  // namespace mdloom::kernels

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "mdloom/kernels/coordinate_sums.hpp"
#include "support/levels.hpp"

namespace mdloom::kernels {
namespace {

using Frames = std::vector<std::vector<float>>;

/// Of frames of n coordinates, n_together at a time, added by first one level and then the next; none may be far.
std::vector<RunningSums> running_sums(const Frames& frames, std::size_t n_together, const std::vector<Simd>& levels) {
    const std::size_t n = frames[0].size();
    std::vector<RunningSums> sums((n + summed_width - 1) / summed_width);
    for (std::size_t first = 0, turn = 0; first < frames.size(); first += n_together, ++turn) {
        std::vector<const float*> places;
        for (std::size_t i = first; i < std::min(first + n_together, frames.size()); ++i)
            places.push_back(frames[i].data());
        EXPECT_EQ(add_coordinates(places, n, 0, sums.data(), levels[turn % levels.size()]), sums.size());
    }
    return sums;
}

/// Plain reference: one integer after the other.
void expect_integers(const Frames& frames, const std::vector<RunningSums>& found) {
    for (std::size_t i = 0; i < frames[0].size(); ++i) {
        Int128 sum = 0;
        UInt128 squares = 0;
        for (const auto& frame : frames) {
            const Int128 q = std::llrint(static_cast<double>(frame[i]) * 0x1p40);
            sum += q;
            squares += static_cast<UInt128>(q * q);
        }
        const ExactSums exact = exact_sums(found[i / summed_width], frames.size())[i % summed_width];
        EXPECT_TRUE(sum == exact.sum) << "coordinate " << i;
        EXPECT_TRUE(squares == exact.squares) << "coordinate " << i;
    }
}

float signed_power(std::mt19937_64& random, int least, int most) {
    const int exponent = std::uniform_int_distribution(least, most)(random);
    const float mantissa = std::uniform_real_distribution<float>(-2, 2)(random);
    return std::ldexp(mantissa, exponent - 1);
}

TEST(coordinate_sums, are_the_integers_of_the_plain_way_for_coordinates_of_all_sizes) {
    std::mt19937_64 random(7);
    for (int round = 0; round < 300; ++round) {
        Frames frames(std::uniform_int_distribution<std::size_t>(1, 40)(random));
        const auto n = std::uniform_int_distribution<std::size_t>(1, 70)(random);
        for (std::size_t i = 0; i < n; ++i) {
            const float centre = signed_power(random, -60, 10);
            const int spread = std::uniform_int_distribution(-50, 9)(random);
            for (auto& frame : frames) frame.push_back(centre + signed_power(random, spread - 20, spread));
        }
        for (std::size_t n_together = 1; n_together <= most_frames_at_once; ++n_together) {
            for (Simd level : levels_here()) expect_integers(frames, running_sums(frames, n_together, {level}));
            expect_integers(frames, running_sums(frames, n_together, levels_here()));
        }
    }
}

TEST(coordinate_sums, are_exact_at_their_limits) {
    const float below = std::nextafter(2048.f, 0.f);
    Frames frames;
    for (std::size_t k = 0; k < most_summed_frames; ++k) {
        const bool is_even = k % 2 == 0;
        frames.push_back({below, -below, is_even ? below : -below, k == 5 ? below : 0, k == 5 ? 1e-10f : -below,
                          0x1p-41f * static_cast<float>(2 * k + 1),  // halfway between two steps
                          -0x1p-41f * static_cast<float>(2 * k + 1), 0x1p-42f, -0x1p-26f, 0x1p-14f + 0x1p-37f,
                          0x1p-14f - 0x1p-38f, std::ldexp(1.f, -140), is_even ? -0.f : 0.f, 1e-45f});
    }
    for (Simd level : levels_here())
        for (std::size_t n_together : {std::size_t{1}, most_frames_at_once})
            expect_integers(frames, running_sums(frames, n_together, {level}));
}

TEST(coordinate_sums, stop_where_one_is_beyond_and_count_zeros_there) {
    constexpr std::size_t n = 5 * summed_width + 3;
    const auto beyond = {2048.f,        std::nextafter(-2048.f, -4e6f), 4e6f, HUGE_VALF, -HUGE_VALF, std::nanf(""),
                         -std::nanf("")};
    for (Simd level : levels_here())
        for (float x : beyond)
            for (std::size_t place = 0; place < n; ++place) {
                Frames frames(3, std::vector<float>(n, 2.5f));
                frames[place % 3][place] = x;
                const std::vector<const float*> places{frames[0].data(), frames[1].data(), frames[2].data()};
                std::vector<RunningSums> sums(6);
                const std::size_t far = place / summed_width;
                ASSERT_EQ(add_coordinates(places, n, 0, sums.data(), level), far);
                ASSERT_EQ(add_coordinates(places, n, far + 1, sums.data(), level), 6U);
                for (std::size_t i = 0; i < n; ++i)
                    for (auto& frame : frames) frame[i] = i / summed_width == far ? 0 : 2.5f;
                expect_integers(frames, sums);
            }
}

}  // namespace
}  // namespace mdloom::kernels

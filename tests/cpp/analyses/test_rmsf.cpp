#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "mdloom/analyses/catalog.hpp"
#include "mdloom/analyses/rmsf.hpp"
#include "mdloom/partials/exact_moments.hpp"
#include "support/one_analysis.hpp"

namespace mdloom::analyses {
namespace {

TEST(rmsf, an_atom_between_three_places_and_one_at_rest) {
    const auto analysis = rmsf({0, 1});
    const Result result =
        result_of(*analysis, {frame_of({{1, 0, -6}, {100, 200, -300}}), frame_of({{2, 0, -6}, {100, 200, -300}}),
                              frame_of({{6, 3, -6}, {100, 200, -300}})});
    ASSERT_EQ(result.size(), 3U);
    EXPECT_EQ(result[0].name, "rmsf");
    EXPECT_EQ(result[0].shape, (std::vector<Index>{2}));
    EXPECT_DOUBLE_EQ(result[0].values[0], std::sqrt((14.0 + 6.0) / 3));
    EXPECT_EQ(result[0].values[1], 0);
    EXPECT_EQ(result[1].name, "mean");
    EXPECT_EQ(result[1].shape, (std::vector<Index>{2, 3}));
    EXPECT_EQ(result[1].values, (std::vector<double>{3, 1, -6, 100, 200, -300}));
    EXPECT_EQ(result[2].name, "sumsquares");
    EXPECT_EQ(result[2].shape, (std::vector<Index>{2, 3}));
    EXPECT_EQ(result[2].values, (std::vector<double>{14, 6, 0, 0, 0, 0}));
}

TEST(rmsf, far_from_the_origin_nothing_cancels) {
    const auto analysis = rmsf({0});
    const Result result = result_of(*analysis, {frame_of({{2000000.25f, 0, 0}}), frame_of({{2000000.75f, 0, 0}})});
    EXPECT_EQ(result[1].values[0], 2000000.5);
    EXPECT_EQ(result[2].values[0], 2 * 0.25 * 0.25);
}

TEST(rmsf, any_order_and_duplicates_are_atoms_of_their_own) {
    const auto analysis = rmsf({2, 0, 2});
    const Result result = result_of(
        *analysis, {frame_of({{0, 0, 0}, {9, 9, 9}, {0, 5, 0}}), frame_of({{2, 0, 0}, {1, 1, 1}, {0, 5, 8}})});
    EXPECT_EQ(result[0].values, (std::vector<double>{4, 1, 4}));
    EXPECT_EQ(result[1].values, (std::vector<double>{0, 5, 4, 1, 0, 0, 0, 5, 4}));
}

TEST(rmsf, one_frame_has_no_spread_and_no_frames_give_nan_of_the_right_shape) {
    const auto analysis = rmsf({0, 1});
    const Result one = result_of(*analysis, {frame_of({{0.1f, 0, 0}, {3, 4, 5}})});
    EXPECT_EQ(one[0].values, (std::vector<double>{0, 0}));
    const Result none = result_of(*analysis, {});
    EXPECT_EQ(none[0].shape, (std::vector<Index>{2}));
    EXPECT_EQ(none[1].shape, (std::vector<Index>{2, 3}));
    for (std::size_t column : {0U, 1U})
        for (double value : none[column].values) EXPECT_TRUE(std::isnan(value));
    EXPECT_EQ(none[2].values, std::vector<double>(6, 0.0));
}

/// Some atoms stay, some tremble, some jump over large boxes, some are far away: both ways of summing are needed.
std::vector<Frame> restless_frames(std::mt19937_64& random, std::size_t n_frames, std::size_t n_atoms) {
    std::normal_distribution<float> normal;
    std::vector<std::array<float, 2>> habits;
    for (std::size_t i = 0; i < n_atoms; ++i)
        habits.push_back({std::array{0.f, 40.f, 1100.f, 2e5f}[i % 4], std::array{0.f, 1e-9f, 1.f, 300.f, 1e4f}[i % 5]});
    std::vector<Frame> frames;
    for (std::size_t i = 0; i < n_frames; ++i) {
        std::vector<Vec3> positions;
        for (const auto& [centre, spread] : habits)
            positions.push_back(
                {centre + spread * normal(random), spread * normal(random), spread * normal(random) - centre});
        frames.push_back(frame_of(std::move(positions)));
    }
    return frames;
}

TEST(rmsf, summing_many_frames_at_once_gives_the_bytes_of_summing_one_after_the_other) {
    std::mt19937_64 random(11);
    for (std::size_t n_frames : {1U, 3U, 4U, 5U, 70U, 2051U})
        for (std::size_t n_atoms : {1U, 20U, 21U, 22U, 43U}) {
            const auto frames = restless_frames(random, n_frames, n_atoms);
            Group group(n_atoms);
            std::iota(group.begin(), group.end(), 0);
            auto plain = ExactMoments::zeros(3 * index_of(n_atoms), Grid{-40});
            for (const Frame& frame : frames) {
                std::vector<double> values;
                for (const Vec3& position : frame.positions)
                    values.insert(values.end(), position.begin(), position.end());
                plain.add_frame(values);
            }
            const auto analysis = rmsf(group);
            ByteWriter expected, found;
            expected.write(analysis->name());
            expected.write(Index{1});
            expected.write(plain);
            state_of(*analysis, frames)->write(found);
            EXPECT_EQ(found.take(), expected.take()) << n_frames << " frames, " << n_atoms << " atoms";
        }
}

TEST(rmsf, an_empty_group_is_refused) {
    try {
        rmsf({});
        FAIL() << "expected ArgumentError";
    } catch (const ArgumentError& error) {
        EXPECT_STREQ(error.what(), "the group holds no atom: select at least one");
    }
}

TEST(rmsf, squares_that_fill_128_bits_are_refused_with_the_atom) {
    const auto analysis = rmsf({7, 3});
    auto groups = analysis->groups();
    groups[0] = {0, 1};
    auto state = analysis->empty_state();
    const auto scratch = analysis->make_scratch();
    for (int i = 0; i < 17; ++i)
        analysis->single_frame(frame_of({{0, 0, 0}, {0, 4194303.f, 0}}), groups, *scratch, *state);
    analysis->finish_chunk(*scratch, *state);
    try {
        analysis->conclude(*state);
        FAIL() << "expected StateError";
    } catch (const StateError& error) {
        EXPECT_STREQ(error.what(),
                     "the squares of the coordinates of atom 3 over 17 frames are too large to sum exactly: move the "
                     "system to the origin");
    }
}

TEST(rmsf, its_spec_travels_through_the_catalog_and_a_damaged_one_is_refused) {
    const auto rebuilt = [](const Bytes& bytes) {
        ByteReader reader(bytes);
        return rebuild("rmsf", reader);
    };
    ByteWriter writer, damaged;
    rmsf({3, 1, 3})->write_spec(writer);
    EXPECT_EQ(rebuilt(writer.take())->groups(), (std::vector<Group>{{3, 1, 3}}));
    damaged.write(Group{});
    EXPECT_THROW(rebuilt(damaged.take()), StateError);
}

TEST(rmsf, a_state_of_other_atoms_is_refused) {
    const auto two = rmsf({0, 1}), one = rmsf({0});
    ByteWriter writer;
    one->empty_state()->write(writer);
    const Bytes bytes = writer.take();
    ByteReader reader(bytes);
    const auto state = two->read_state(reader);
    EXPECT_THROW(two->conclude(*state), StateError);
}

}  // namespace
}  // namespace mdloom::analyses

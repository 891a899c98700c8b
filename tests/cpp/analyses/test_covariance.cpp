#include "mdloom/analyses/covariance.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "mdloom/analyses/catalog.hpp"
#include "support/one_analysis.hpp"

namespace mdloom::analyses {
namespace {

const std::vector<Frame> three{frame_of({{0, 0, 5}}), frame_of({{1, 2, 5}}), frame_of({{5, 4, 5}})};

std::string refusal(CovarianceSpec spec) {
    return refusal_of([&] { covariance(std::move(spec)); });
}

TEST(covariance, is_that_of_three_points_by_hand) {
    // means 2, 2, 5; deviations (-2, -2), (-1, 0), (3, 2)
    const Result result = result_of(*covariance({{0}, {}}), three);
    ASSERT_EQ(result.size(), 3U);
    EXPECT_EQ(result[0].name, "covariance");
    EXPECT_EQ(result[0].shape, (std::vector<Index>{3, 3}));
    EXPECT_EQ(result[0].values, (std::vector<double>{7, 5, 0, 5, 4, 0, 0, 0, 0}));
    EXPECT_EQ(result[1].name, "mean");
    EXPECT_EQ(result[1].shape, (std::vector<Index>{1, 3}));
    EXPECT_EQ(result[1].values, (std::vector<double>{2, 2, 5}));
    EXPECT_EQ(result[2].values, (std::vector<double>{3}));
}

TEST(covariance, about_a_given_mean_is_that_of_three_points_by_hand) {
    // deviations from (1, 0, 5): (-1, 0), (0, 2), (4, 4)
    const Result result = result_of(*covariance({{0}, {1, 0, 5}}), three);
    EXPECT_EQ(result[0].values, (std::vector<double>{8.5, 8, 0, 8, 10, 0, 0, 0, 0}));
    EXPECT_EQ(result[1].values, (std::vector<double>{1, 0, 5}));
}

TEST(covariance, duplicates_move_together_and_order_is_the_users) {
    const std::vector<Frame> frames{frame_of({{1, 0, 0}, {0, 3, 0}}), frame_of({{2, 0, 0}, {0, 7, 0}})};
    const auto values = result_of(*covariance({{1, 0, 0}, {}}), frames)[0].values;
    const auto at = [&](std::size_t i, std::size_t j) { return values[9 * i + j]; };
    EXPECT_EQ(at(1, 1), 8);
    EXPECT_EQ(at(3, 3), 0.5);
    EXPECT_EQ(at(3, 6), 0.5);
    EXPECT_EQ(at(1, 6), 2);
    EXPECT_EQ(at(6, 1), 2);
}

TEST(covariance, far_from_the_origin_nothing_cancels) {
    // 2^14 - 2^-9 and 2^14 - 2^-10 are neighbours in float32
    const float near = 0x1p14f - 0x1p-10f, nearer = 0x1p14f - 0x1p-9f;
    const Result result =
        result_of(*covariance({{0}, {}}), {frame_of({{near, 0, -near}}), frame_of({{nearer, 0, -nearer}})});
    EXPECT_EQ(result[0].values[0], 0x1p-21);
    EXPECT_EQ(result[0].values[2], -0x1p-21);
    EXPECT_EQ(result[0].values[4], 0);
}

TEST(covariance, less_than_two_frames_have_none) {
    for (const CovarianceSpec& spec : {CovarianceSpec{{0}, {}}, CovarianceSpec{{0}, {1, 2, 3}}}) {
        const auto analysis = covariance(spec);
        for (const auto& frames : {std::vector<Frame>{}, std::vector<Frame>{three[1]}}) {
            const Result result = result_of(*analysis, frames);
            EXPECT_EQ(result[0].shape, (std::vector<Index>{3, 3}));
            for (double value : result[0].values) EXPECT_TRUE(std::isnan(value));
        }
    }
    const Result none = result_of(*covariance({{0}, {}}), {});
    for (double value : none[1].values) EXPECT_TRUE(std::isnan(value));
    EXPECT_EQ(result_of(*covariance({{0}, {}}), {three[1]})[1].values, (std::vector<double>{1, 2, 5}));
}

TEST(covariance, of_three_billion_frames_is_exact) {
    const auto analysis = covariance({{0}, {}});
    auto state = state_of(*analysis, three);
    for (int k = 0; k < 30; ++k) {
        ByteWriter writer;
        state->write(writer);
        const Bytes bytes = writer.take();
        ByteReader reader(bytes);
        state->merge(std::move(*analysis->read_state(reader)));
    }
    const double n = 3 * 0x1p30;
    const auto values = analysis->conclude(*state)[0].values;
    EXPECT_EQ(values[0], 14 * 0x1p30 / (n - 1));
    EXPECT_EQ(values[1], 10 * 0x1p30 / (n - 1));
    EXPECT_EQ(values[8], 0);
}

TEST(covariance, more_frames_than_fit_are_refused_for_any_cut) {
    const auto analysis = covariance({{0}, {}});
    auto state = state_of(*analysis, three);
    const auto doubled = [&] {
        ByteWriter writer;
        state->write(writer);
        const Bytes bytes = writer.take();
        ByteReader reader(bytes);
        state->merge(std::move(*analysis->read_state(reader)));
    };
    for (int k = 0; k < 35; ++k) doubled();
    try {
        analysis->conclude(*state);
        FAIL() << "expected StateError";
    } catch (const StateError& error) {
        EXPECT_STREQ(error.what(),
                     "products of 103079215104 frames are too many to sum exactly: take at most 2^36 frames");
    }
}

TEST(covariance, a_coordinate_too_far_away_is_refused_with_the_atom_and_leaves_no_trace) {
    const auto analysis = covariance({{4, 9}, {}});
    auto state = analysis->empty_state();
    const auto scratch = analysis->make_scratch();
    const std::vector<Group> groups{{0, 1}};
    analysis->single_frame(frame_of({{1, 2, 3}, {16384, 0, -16384}}), groups, *scratch, *state);
    try {
        analysis->single_frame(frame_of({{1, 2, 3}, {0, -16385, 0}}), groups, *scratch, *state);
        FAIL() << "expected ArgumentError";
    } catch (const ArgumentError& error) {
        EXPECT_STREQ(
            error.what(),
            "atom 9 has the coordinate -16385, and 2^14 Å is the limit for covariances: move the system to the "
            "origin");
    }
    analysis->finish_chunk(*scratch, *state);
    EXPECT_EQ(analysis->conclude(*state)[2].values[0], 1);
}

TEST(covariance, what_does_not_fit_is_refused) {
    EXPECT_EQ(refusal({{}, {}}), "the group holds no atom: select at least one");
    EXPECT_EQ(refusal({{0, 1}, {1, 2, 3}}), "the group has 2 atoms, its mean 3 coordinates: 6 are needed");
    EXPECT_EQ(refusal({{7}, {1, NAN, 3}}),
              "the mean position of atom 7 has the coordinate nan: it must be finite, and 2^14 Å is the limit");
}

TEST(covariance, its_spec_travels_and_a_damaged_one_or_a_state_of_other_atoms_is_refused) {
    const auto rebuilt = [](const Bytes& bytes) {
        ByteReader reader(bytes);
        return rebuild("covariance", reader);
    };
    ByteWriter writer, damaged, state;
    covariance({{3, 1, 3}, {}})->write_spec(writer);
    EXPECT_EQ(rebuilt(writer.take())->groups(), (std::vector<Group>{{3, 1, 3}}));
    damaged.write(CovarianceSpec{{0}, {1, 2}});
    EXPECT_THROW(rebuilt(damaged.take()), StateError);
    covariance({{0}, {}})->empty_state()->write(state);
    const auto two = covariance({{0, 1}, {}});
    const Bytes bytes = state.take();
    ByteReader reader(bytes);
    EXPECT_THROW(two->conclude(*two->read_state(reader)), StateError);
}

}  // namespace
}  // namespace mdloom::analyses

#include "mdloom/analyses/average_structure.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "mdloom/analyses/catalog.hpp"
#include "support/one_analysis.hpp"

namespace mdloom::analyses {
namespace {

/// Three sides of a box's corner: no rotation but the right one fits it.
const std::vector<double> corner{0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3};

std::string refusal(AverageStructureSpec spec) {
    return refusal_of([&] { average_structure(std::move(spec)); });
}

TEST(average_structure, frames_are_turned_back_before_an_atom_that_was_not_fitted_is_averaged) {
    const auto analysis = average_structure({{{0, 1, 2, 3}, corner, {}}, {4, 3}});
    // the corner as it is, and turned by a quarter about z and moved by (10, 20, 30); atom 4 stands 1 Å further out
    const Frame still = frame_of({{0, 0, 0}, {1, 0, 0}, {0, 2, 0}, {0, 0, 3}, {5, 0, 0}});
    const Frame turned = frame_of({{10, 20, 30}, {10, 21, 30}, {8, 20, 30}, {10, 20, 33}, {10, 26, 30}});
    const Result result = result_of(*analysis, {still, turned});
    ASSERT_EQ(result.size(), 2U);
    EXPECT_EQ(result[0].name, "positions");
    EXPECT_EQ(result[0].shape, (std::vector<Index>{2, 3}));
    const std::vector<double> expected{5.5, 0, 0, 0, 0, 3};
    for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(result[0].values[i], expected[i], 1e-11) << i;
    EXPECT_EQ(result[1].name, "rmsd");
    EXPECT_NEAR(result[1].values[0], 0, 1e-7);
}

TEST(average_structure, the_rmsd_is_the_mean_over_frames) {
    const auto analysis = average_structure({{{0, 1}, {-1, 0, 0, 1, 0, 0}, {}}, {0, 1}});
    const Result result = result_of(*analysis, {frame_of({{-2, 0, 0}, {2, 0, 0}}), frame_of({{0, -4, 0}, {0, 4, 0}})});
    EXPECT_NEAR(result[1].values[0], (1.0 + 3.0) / 2, 1e-12);
    EXPECT_NEAR(result[0].values[0], -3, 1e-12);
    EXPECT_NEAR(result[0].values[3], 3, 1e-12);
}

TEST(average_structure, weights_decide_what_is_fitted) {
    const auto analysis = average_structure({{{0, 1, 2, 3}, corner, {1, 1, 1, 0}}, {3}});
    const Result result = result_of(*analysis, {frame_of({{0, 0, 0}, {1, 0, 0}, {0, 2, 0}, {7, 8, 9}})});
    EXPECT_NEAR(result[0].values[0], 7, 1e-11);
    EXPECT_NEAR(result[0].values[2], 9, 1e-11);
    EXPECT_NEAR(result[1].values[0], 0, 1e-7);
}

TEST(average_structure, no_frames_give_nan_of_the_right_shape) {
    const Result result = result_of(*average_structure({{{0, 1, 2, 3}, corner, {}}, {0, 1, 1}}), {});
    EXPECT_EQ(result[0].shape, (std::vector<Index>{3, 3}));
    for (const Column& column : result)
        for (double value : column.values) EXPECT_TRUE(std::isnan(value));
}

TEST(average_structure, what_does_not_fit_is_refused) {
    EXPECT_EQ(refusal({{{}, {}, {}}, {0}}), "the mobile group holds no atom: select at least one");
    EXPECT_EQ(refusal({{{0, 1, 2, 3}, corner, {}}, {}}), "there is no atom to average: select at least one");
    EXPECT_EQ(refusal({{{0, 1}, corner, {}}, {0}}),
              "the mobile group has 2 atoms, its reference 12 coordinates: 6 are needed");
    EXPECT_EQ(refusal({{{0, 1, 2, 3}, corner, {0, 0, 0, 0}}, {0}}).substr(0, 44),
              "the mobile group: the sum of the weights is ");
}

TEST(average_structure, a_fit_to_far_away_is_refused_with_the_atom) {
    std::vector<double> far = corner;
    for (double& x : far) x += 5e6;
    const auto analysis = average_structure({{{0, 1, 2, 3}, far, {}}, {7}});
    auto state = analysis->empty_state();
    const auto scratch = analysis->make_scratch();
    try {
        analysis->single_frame(frame_of({{0, 0, 0}, {1, 0, 0}, {0, 2, 0}, {0, 0, 3}, {5, 0, 0}}), {{0, 1, 2, 3}, {4}},
                               *scratch, *state);
        FAIL() << "expected ArgumentError";
    } catch (const ArgumentError& error) {
        EXPECT_STREQ(error.what(),
                     "the superposition moves atom 7 to a coordinate of 5000005 Å, and 2^22 Å is the limit: move the "
                     "reference to the origin");
    }
}

TEST(average_structure, its_spec_travels_through_the_catalog_and_a_damaged_one_is_refused) {
    const auto rebuilt = [](const Bytes& bytes) {
        ByteReader reader(bytes);
        return rebuild("average_structure", reader);
    };
    ByteWriter writer, damaged;
    average_structure({{{3, 1, 3, 0}, corner, {}}, {5}})->write_spec(writer);
    EXPECT_EQ(rebuilt(writer.take())->groups(), (std::vector<Group>{{3, 1, 3, 0}, {5}}));
    damaged.write(AverageStructureSpec{{{0}, {1, 2}, {}}, {0}});
    EXPECT_THROW(rebuilt(damaged.take()), StateError);
}

TEST(average_structure, a_state_of_other_atoms_is_refused) {
    const auto two = average_structure({{{0, 1, 2, 3}, corner, {}}, {0, 1}});
    ByteWriter writer;
    average_structure({{{0, 1, 2, 3}, corner, {}}, {0}})->empty_state()->write(writer);
    const Bytes bytes = writer.take();
    ByteReader reader(bytes);
    const auto state = two->read_state(reader);
    EXPECT_THROW(two->conclude(*state), StateError);
}

}  // namespace
}  // namespace mdloom::analyses

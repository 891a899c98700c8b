#include "mdloom/analyses/projection.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "mdloom/analyses/catalog.hpp"
#include "support/one_analysis.hpp"

namespace mdloom::analyses {
namespace {

std::string refusal(ProjectionSpec spec) {
    return refusal_of([&] { projection(std::move(spec)); });
}

TEST(projection, is_the_displacement_from_the_mean_along_each_vector) {
    const auto analysis = projection({{1, 0}, {1, 1, 1, 0, 0, 0}, {1, 0, 0, 0, 0, 0, 0.5, 0, 0, 0, 0, 2}});
    const Result result =
        result_of(*analysis, {frame_of(0, {{0, 0, 0}, {1, 1, 1}}), frame_of(4, {{0, 0, 3}, {5, 8, 9}})});
    ASSERT_EQ(result.size(), 1U);
    EXPECT_EQ(result[0].name, "projections");
    EXPECT_EQ(result[0].shape, (std::vector<Index>{2, 4}));
    EXPECT_EQ(result[0].values, (std::vector<double>{0, 0, 0, 0, 40, 2, 4, 8}));
}

TEST(projection, no_frames_give_an_empty_table_of_the_right_width) {
    EXPECT_EQ(result_of(*projection({{0}, {0, 0, 0}, {1, 0, 0}}), {})[0].shape, (std::vector<Index>{0, 3}));
}

TEST(projection, what_does_not_fit_is_refused) {
    EXPECT_EQ(refusal({{}, {}, {}}), "the group holds no atom: select at least one");
    EXPECT_EQ(refusal({{0}, {1, 2}, {1, 0, 0}}), "the group has 1 atoms, its mean 2 coordinates: 3 are needed");
    EXPECT_EQ(refusal({{0}, {1, 2, 3}, {}}),
              "0 numbers are no vectors to project 3 coordinates on: 3 are needed for each");
    EXPECT_EQ(refusal({{0}, {1, 2, 3}, {1, 2, 3, 4}}),
              "4 numbers are no vectors to project 3 coordinates on: 3 are needed for each");
    EXPECT_EQ(refusal({{0}, {1, NAN, 3}, {1, 0, 0}}), "the mean and the vectors to project on must be finite numbers");
}

TEST(projection, its_spec_travels_through_the_catalog_and_a_damaged_one_is_refused) {
    const auto rebuilt = [](const Bytes& bytes) {
        ByteReader reader(bytes);
        return rebuild("projection", reader);
    };
    ByteWriter writer, damaged;
    const auto analysis = projection({{0}, {1, 2, 3}, {0, 0, 1, 2, 0, 0}});
    analysis->write_spec(writer);
    const auto again = rebuilt(writer.take());
    const std::vector<Frame> frames{frame_of(0, {{7, 8, 9}})};
    EXPECT_EQ(result_of(*again, frames)[0].values, result_of(*analysis, frames)[0].values);
    damaged.write(ProjectionSpec{{0}, {1, 2, 3}, {1}});
    EXPECT_THROW(rebuilt(damaged.take()), StateError);
}

}  // namespace
}  // namespace mdloom::analyses

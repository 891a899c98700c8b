#include <gtest/gtest.h>

#include <cmath>

#include "mdloom/analyses/catalog.hpp"
#include "mdloom/analyses/density.hpp"
#include "support/one_analysis.hpp"

namespace mdloom::analyses {
namespace {

using Values = std::vector<double>;

/// Two cells along x, one along y, two along z.
DensitySpec four_cells(Group atoms) {
    return {std::move(atoms), {Values{0, 1, 2}, Values{0, 5}, Values{-1, 0, 1}}};
}

Result result_of(const Analysis& analysis, const std::vector<Frame>& frames,
                 const std::vector<std::vector<Group>>& groups) {
    const auto state = analysis.empty_state();
    const auto scratch = analysis.make_scratch();
    for (std::size_t i = 0; i < frames.size(); ++i)
        analysis.single_frame(frames[i], groups[i % groups.size()], *scratch, *state);
    analysis.finish_chunk(*scratch, *state);
    return analysis.conclude(*state);
}

std::string refusal(DensitySpec spec) {
    return refusal_of([&] { density(std::move(spec)); });
}

TEST(density, counts_are_those_made_by_hand_duplicates_twice_and_what_is_outside_not) {
    const auto analysis = density(four_cells({0, 1, 1, 2}));
    const Frame first = frame_of({{0.5F, 1, -1}, {2, 5, 1}, {1, 0, -0.5F}});
    const Frame second = frame_of({{0.5F, 5.1F, 0}, {0, 0, 0.5F}, {1.5F, 1, 0}});
    const Result result = result_of(*analysis, {first, second}, {analysis->groups()});
    EXPECT_EQ(result[0].shape, (std::vector<Index>{2, 1, 2}));
    EXPECT_EQ(result[0].values, (Values{1, 2, 1, 3}));
    EXPECT_EQ(result[1].values, Values{2});
    EXPECT_EQ(result[2].values, Values{1});
}

TEST(density, a_group_may_change_from_frame_to_frame_and_be_empty) {
    const auto analysis = density(four_cells({0, 1, 2}));
    const Frame frame = frame_of({{0.5F, 1, -1}, {0.5F, 1, -1}, {1, 1, 0}});
    const Result result = result_of(*analysis, {frame, frame, frame}, {{{0}}, {{}}, {{2, 1}}});
    EXPECT_EQ(result[0].values, (Values{2, 0, 0, 1}));
    EXPECT_EQ(result[1].values, Values{3});
}

TEST(density, a_scratch_counts_anew_after_each_chunk) {
    const auto analysis = density(four_cells({0}));
    const auto state = analysis->empty_state();
    const auto scratch = analysis->make_scratch();
    const Frame frame = frame_of({{0.5F, 1, -1}});
    for (int chunk = 0; chunk < 3; ++chunk) {
        analysis->single_frame(frame, {{0}}, *scratch, *state);
        analysis->finish_chunk(*scratch, *state);
    }
    analysis->finish_chunk(*scratch, *state);
    EXPECT_EQ(analysis->conclude(*state)[0].values, (Values{3, 0, 0, 0}));
    EXPECT_EQ(analysis->conclude(*state)[1].values, Values{3});
}

TEST(density, no_frames_give_empty_cells) {
    const auto analysis = density(four_cells({0}));
    const Result result = analysis->conclude(*analysis->empty_state());
    EXPECT_EQ(result[0].values, (Values{0, 0, 0, 0}));
    EXPECT_EQ(result[1].values, Values{0});
}

TEST(density, its_spec_travels_through_the_catalog) {
    const auto analysis = density(four_cells({2, 0}));
    ByteWriter writer;
    analysis->write_spec(writer);
    const Bytes bytes = writer.take();
    ByteReader reader(bytes);
    const auto again = rebuild("density", reader);
    EXPECT_TRUE(reader.at_end());
    EXPECT_EQ(again->groups(), analysis->groups());
    const Frame frame = frame_of({{0.5F, 1, -1}, {9, 9, 9}, {1.5F, 1, 1}});
    EXPECT_EQ(result_of(*again, {frame}, {again->groups()})[0].values, (Values{1, 0, 0, 1}));
}

TEST(density, a_damaged_spec_is_refused_not_run) {
    DensitySpec spec = four_cells({0});
    spec.edges[1] = {1};
    ByteWriter writer;
    writer.write(spec);
    const Bytes bytes = writer.take();
    ByteReader reader(bytes);
    EXPECT_THROW(rebuild("density", reader), StateError);
}

TEST(density, unusable_specs_are_refused) {
    EXPECT_EQ(refusal(four_cells({})), "the group holds no atom: select at least one");
    EXPECT_EQ(refusal({{0}, {Values{0, 1}, Values{}, Values{0, 1}}}), "y has 0 edges: two are the least");
    EXPECT_EQ(refusal({{0}, {Values{0, 1}, Values{0, 1}, Values{0, 1, 1}}}),
              "edge 2 along z is 1: edges must be finite, each above the one before it");
    EXPECT_EQ(refusal({{0}, {Values{0, NAN}, Values{0, 1}, Values{0, 1}}}),
              "edge 1 along x is nan: edges must be finite, each above the one before it");
    Values many(20000);
    for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<double>(i);
    EXPECT_EQ(refusal({{0}, {many, many, many}}), "the grid has more than 4294967294 cells: choose larger ones");
}

}  // namespace
}  // namespace mdloom::analyses

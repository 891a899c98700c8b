#include <gtest/gtest.h>

#include <cmath>

#include "mdloom/analyses/catalog.hpp"
#include "mdloom/analyses/rmsd.hpp"
#include "support/one_analysis.hpp"

namespace mdloom::analyses {
namespace {

/// The engine's part for one worker: groups index into the frame's wanted atoms, here all of them.
std::vector<double> rows_of(const Analysis& analysis, const std::vector<Frame>& frames) {
    const auto state = analysis.empty_state();
    const auto scratch = analysis.make_scratch();
    const auto groups = analysis.groups();
    for (const Frame& frame : frames) analysis.single_frame(frame, groups, *scratch, *state);
    analysis.finish_chunk(*scratch, *state);
    return analysis.conclude(*state)[0].values;
}

const std::vector<double> square{1, 0, 0, 0, 1, 0, -1, 0, 0, 0, -1, 0};

std::string refusal(RmsdSpec spec) {
    return refusal_of([&] { rmsd(std::move(spec)); });
}

TEST(rmsd, a_square_twice_as_large_is_one_away_wherever_it_stands) {
    const auto analysis = rmsd({{{0, 1, 2, 3}, square, {}}, true, {}});
    const auto rows = rows_of(*analysis, {frame_of(3, {{5, 7, 1}, {3, 5, 1}, {5, 3, 1}, {7, 5, 1}})});
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[0], 30);
    EXPECT_EQ(rows[1], 1.5);
    EXPECT_NEAR(rows[2], 1, 1e-12);
}

TEST(rmsd, without_superposition_nothing_is_moved_not_even_the_centre) {
    const auto analysis = rmsd({{{0, 1}, {0, 0, 0, 1, 0, 0}, {}}, false, {}});
    const auto rows = rows_of(*analysis, {frame_of(0, {{3, 4, 0}, {4, 4, 0}})});
    EXPECT_EQ(rows[2], 5);
}

TEST(rmsd, weights_are_relative) {
    // squares of the distances are 0 and 16; weights 3 : 1 make the mean 4
    for (double scale : {1.0, 0.25, 40.0}) {
        const auto analysis = rmsd({{{0, 1}, {0, 0, 0, 1, 0, 0}, {3 * scale, scale}}, false, {}});
        EXPECT_EQ(rows_of(*analysis, {frame_of(0, {{0, 0, 0}, {5, 0, 0}})})[2], 2);
    }
}

TEST(rmsd, groups_move_with_the_fitted_group_and_are_not_fitted_again) {
    // the square has been turned by 90 degrees and moved; atom 4 went along, atom 5 went along and 3 further
    const auto analysis =
        rmsd({{{0, 1, 2, 3}, square, {}}, true, {{{4}, {2, 0, 0}, {}}, {{5, 4}, {0, 0, 2, 2, 0, 0}, {}}}});
    const std::vector<Vec3> turned{{10, 1, 0}, {9, 0, 0}, {10, -1, 0}, {11, 0, 0}, {10, 2, 0}, {10, 0, 5}};
    const auto rows = rows_of(*analysis, {frame_of(0, turned)});
    ASSERT_EQ(rows.size(), 5U);
    EXPECT_LT(rows[2], 1e-6);
    EXPECT_NEAR(rows[3], 0, 1e-6);
    EXPECT_NEAR(rows[4], std::sqrt(4.5), 1e-6);
}

TEST(rmsd, groups_without_superposition_are_compared_as_they_stand) {
    const auto analysis = rmsd({{{0}, {0, 0, 0}, {}}, false, {{{1}, {0, 0, 0}, {}}}});
    const auto rows = rows_of(*analysis, {frame_of(0, {{0, 0, 7}, {0, 3, 4}})});
    EXPECT_EQ(rows[2], 7);
    EXPECT_EQ(rows[3], 5);
}

TEST(rmsd, any_order_and_duplicates_count_as_the_user_wrote_them) {
    const auto analysis = rmsd({{{2, 0, 2}, {0, 0, 0, 0, 0, 0, 0, 0, 0}, {}}, false, {}});
    const auto rows = rows_of(*analysis, {frame_of(0, {{3, 0, 0}, {100, 0, 0}, {0, 6, 0}})});
    EXPECT_EQ(rows[2], std::sqrt((36.0 + 9.0 + 36.0) / 3));
}

TEST(rmsd, no_frames_give_an_empty_table_of_the_right_width) {
    const auto analysis = rmsd({{{0}, {0, 0, 0}, {}}, true, {{{0}, {0, 0, 0}, {}}}});
    const Result result = analysis->conclude(*analysis->empty_state());
    EXPECT_EQ(result[0].name, "rmsd");
    EXPECT_EQ(result[0].shape, (std::vector<Index>{0, 4}));
    EXPECT_TRUE(result[0].values.empty());
}

TEST(rmsd, its_spec_travels_through_the_catalog) {
    const auto analysis = rmsd({{{3, 1}, {1, 2, 3, 4, 5, 7}, {12, 1}}, true, {{{0}, {1, 1, 1}, {2.5}}}});
    ByteWriter writer;
    analysis->write_spec(writer);
    const Bytes bytes = writer.take();
    ByteReader reader(bytes);
    const auto again = rebuild("rmsd", reader);
    EXPECT_TRUE(reader.at_end());
    const auto frame = frame_of(0, {{1, 1, 2}, {4, 4, 4}, {9, 9, 9}, {2, 0, 1}});
    EXPECT_EQ(rows_of(*again, {frame}), rows_of(*analysis, {frame}));
    EXPECT_EQ(again->groups(), analysis->groups());
}

TEST(rmsd, a_damaged_spec_is_refused_not_run) {
    ByteWriter writer;
    writer.write(RmsdSpec{{{0, 1, 2}, {0, 0, 0}, {}}, true, {}});
    const Bytes bytes = writer.take();
    ByteReader reader(bytes);
    EXPECT_THROW(rebuild("rmsd", reader), StateError);
}

TEST(rmsd, unusable_specs_are_refused) {
    EXPECT_EQ(refusal({{{}, {}, {}}, true, {}}), "the mobile group holds no atom: select at least one");
    EXPECT_EQ(refusal({{{0, 1}, {0, 0, 0}, {}}, true, {}}),
              "the mobile group has 2 atoms, its reference 3 coordinates: 6 are needed");
    EXPECT_EQ(refusal({{{0}, {0, NAN, 0}, {}}, true, {}}),
              "the mobile group: the reference position of atom 0 is not finite");
    EXPECT_EQ(refusal({{{0}, {0, 0, 0}, {1, 2}}, true, {}}),
              "the mobile group has 1 atoms and 2 weights: one for each is needed");
    EXPECT_EQ(refusal({{{0}, {0, 0, 0}, {-1}}, true, {}}),
              "the mobile group: weight 0 is -1: weights must be finite and not negative");
    EXPECT_EQ(refusal({{{0}, {0, 0, 0}, {}}, true, {{{1}, {0, 0, 0}, {0}}}}),
              "group selection 0: the sum of the weights is 0: it must be above 1e-30 and finite");
    EXPECT_EQ(refusal({{{0}, {0, 0, 0}, {1e-300}}, true, {}}),
              "the mobile group: the sum of the weights is 1e-300: it must be above 1e-30 and finite");
}

TEST(catalog, an_unknown_analysis_is_refused_by_name) {
    ByteReader nothing({});
    try {
        rebuild("rmsdd", nothing);
        FAIL() << "expected StateError";
    } catch (const StateError& error) {
        EXPECT_STREQ(error.what(), R"(this version knows no analysis "rmsdd": use the version that wrote it)");
    }
}

TEST(catalog, names_are_sorted_and_are_those_of_the_analyses) {
    std::string_view before;
    for (const Info& info : catalog()) {
        EXPECT_LT(before, info.name);
        EXPECT_EQ(info.blank()->name(), info.name);
        before = info.name;
    }
}

}  // namespace
}  // namespace mdloom::analyses

#include "mdloom/analyses/fitted.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "mdloom/analyses/rmsf.hpp"
#include "support/one_analysis.hpp"

namespace mdloom::analyses {
namespace {

/// Three sides of a box's corner: no rotation but the right one fits it.
const std::vector<double> corner{0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3};

// the corner as it is, and turned by a quarter about z and moved by (10, 20, 30); atom 4 stands 1 Å further out
const std::vector<Vec3> still{{0, 0, 0}, {1, 0, 0}, {0, 2, 0}, {0, 0, 3}, {5, 0, 0}};
const std::vector<Vec3> turned{{10, 20, 30}, {10, 21, 30}, {8, 20, 30}, {10, 20, 33}, {10, 26, 30}};

Result result_of(Analysis& analysis, const std::vector<Frame>& frames) {
    const Topology topology{5, {}};
    analysis.prepare({topology, frames.empty() ? nullptr : &frames[0], analysis.groups()});
    auto state = analysis.empty_state();
    const auto scratch = analysis.make_scratch();
    for (const Frame& frame : frames) analysis.single_frame(frame, analysis.groups(), *scratch, *state);
    analysis.finish_chunk(*scratch, *state);
    return analysis.conclude(*state);
}

std::string refusal(FitSpec spec) {
    return refusal_of([&] { fitted(std::move(spec), rmsf({0})); });
}

TEST(fitted, only_what_is_left_after_the_fit_fluctuates) {
    const auto analysis = fitted({{{0, 1, 2, 3}, corner, {}}}, rmsf({4, 3}));
    const Result result = result_of(*analysis, {frame_of(0, still), frame_of(1, turned)});
    ASSERT_EQ(result[0].name, "rmsf");
    EXPECT_NEAR(result[0].values[0], 0.5, 1e-6);
    EXPECT_NEAR(result[0].values[1], 0, 1e-6);
    ASSERT_EQ(result.back().name, "fit_rmsd");
    EXPECT_EQ(result.back().shape, (std::vector<Index>{2}));
    for (double rmsd : result.back().values) EXPECT_NEAR(rmsd, 0, 1e-6);
}

TEST(fitted, the_first_selected_frame_can_be_the_reference) {
    const auto analysis = fitted({{{0, 1, 2, 3}, {}, {}}, true}, rmsf({4}));
    const Result result = result_of(*analysis, {frame_of(0, turned), frame_of(1, still)});
    ASSERT_EQ(result[1].name, "mean");
    const std::vector<double> expected{10, 25.5, 30};
    for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(result[1].values[i], expected[i], 1e-5) << i;
}

TEST(fitted, weights_decide_what_is_fitted) {
    const auto analysis = fitted({{{0, 1, 2, 3}, corner, {1, 1, 1, 0}}}, rmsf({3}));
    auto moved = still;
    moved[3] = {7, 8, 9};
    const Result result = result_of(*analysis, {frame_of(0, moved)});
    EXPECT_NEAR(result[1].values[2], 9, 1e-6);
    EXPECT_NEAR(result.back().values[0], 0, 1e-6);
}

TEST(fitted, no_frames_give_an_empty_rmsd) {
    const Result result = result_of(*fitted({{{0, 1, 2, 3}, {}, {}}, true}, rmsf({0})), {});
    EXPECT_TRUE(std::isnan(result[0].values[0]));
    EXPECT_EQ(result.back().shape, (std::vector<Index>{0}));
}

TEST(fitted, what_does_not_fit_is_refused) {
    EXPECT_EQ(refusal({}), "the fitted group holds no atom: select at least one");
    EXPECT_EQ(refusal({{{}, {}, {}}, true}), "the fitted group holds no atom: select at least one");
    EXPECT_EQ(refusal({{{0, 1}, corner, {}}}),
              "the fitted group has 2 atoms, its reference 12 coordinates: 6 are needed");
    EXPECT_EQ(refusal({{{0, 1}, {}, {}}}), "the fitted group has 2 atoms, its reference 0 coordinates: 6 are needed");
}

TEST(fitted, an_atom_that_would_leave_the_range_of_exact_sums_is_refused) {
    const std::vector<double> far{4194303, 0, 0, 4194304, 0, 0, 4194303, 2, 0, 4194303, 0, 3};
    const auto analysis = fitted({{{0, 1, 2, 3}, far, {}}}, rmsf({4}));
    EXPECT_THROW(result_of(*analysis, {frame_of(0, still)}), ArgumentError);
}

}  // namespace
}  // namespace mdloom::analyses

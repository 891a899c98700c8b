#include "mdloom/analyses/dihedrals.hpp"

#include <gtest/gtest.h>

#include "mdloom/analyses/catalog.hpp"

namespace mdloom::analyses {
namespace {

Result result_of(const Analysis& analysis, const std::vector<Frame>& frames) {
    auto state = analysis.empty_state();
    const auto scratch = analysis.make_scratch();
    for (const Frame& frame : frames) analysis.single_frame(frame, analysis.groups(), *scratch, *state);
    analysis.finish_chunk(*scratch, *state);
    return analysis.conclude(*state);
}

Frame frame_of(std::vector<Vec3> positions, Box box = {}) {
    Frame frame;
    frame.positions = std::move(positions);
    frame.box = box;
    return frame;
}

TEST(dihedrals, cis_trans_and_quarters) {
    const auto analysis = dihedrals({{{0, 0, 0, 0}, {1, 1, 1, 1}, {2, 2, 2, 2}, {3, 4, 5, 6}}});
    const Result result = result_of(
        *analysis, {frame_of({{1, 0, 0}, {0, 0, 0}, {0, 0, 1}, {1, 0, 1}, {-1, 0, 1}, {0, 1, 1}, {0, -1, 1}})});
    EXPECT_EQ(result[0].name, "angles");
    EXPECT_EQ(result[0].shape, (std::vector<Index>{1, 4}));
    EXPECT_EQ(result[0].values, (std::vector<double>{0, 180, 90, -90}));
}

TEST(dihedrals, in_a_box_the_nearest_images_count) {
    const Result result =
        result_of(*dihedrals({{{0}, {1}, {2}, {3}}}),
                  {frame_of({{1, 0, 0}, {10, 0, 0}, {0, 10, 1}, {0, 1, 1}}, {10, 0, 0, 0, 10, 0, 0, 0, 10})});
    EXPECT_EQ(result[0].values, (std::vector<double>{90}));
}

TEST(dihedrals, what_does_not_fit_is_refused) {
    EXPECT_THROW(dihedrals({}), ArgumentError);
    EXPECT_THROW(dihedrals({{{0}, {1}, {2}, {3, 4}}}), ArgumentError);
    ByteWriter damaged;
    damaged.write(std::array<Group, 4>{{{0}, {1}, {2}, {}}});
    const Bytes bytes = damaged.take();
    ByteReader reader(bytes);
    EXPECT_THROW(rebuild("dihedrals", reader), StateError);
}

}  // namespace
}  // namespace mdloom::analyses

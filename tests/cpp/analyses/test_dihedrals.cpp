#include "mdloom/analyses/dihedrals.hpp"

#include <gtest/gtest.h>

#include "mdloom/analyses/catalog.hpp"
#include "support/one_analysis.hpp"

namespace mdloom::analyses {
namespace {

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

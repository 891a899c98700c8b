#include <gtest/gtest.h>

#include "mdloom/kernels/placed_points.hpp"
#include "random_boxes.hpp"
#include "support/levels.hpp"

namespace mdloom::kernels {
namespace {

using testing::n_box_kinds;
using testing::random_atoms;
using testing::random_box;

TEST(placed_points, are_where_place_of_has_each_of_them_with_the_same_bits_from_every_level) {
    std::mt19937 random(20261126);
    PlacedPoints placed;  // one for all: nothing may be left of the points before
    for (int round = 0; round < 10; ++round)
        for (int kind = 0; kind < n_box_kinds; ++kind)
            for (std::size_t n : {1U, 7U, 8U, 30U}) {
                const auto vectors = random_box(kind, random);
                const auto atoms = random_atoms(vectors, n, 3, random);
                const Division division = divide(atoms, atoms, make_periodic_box(vectors), 0.5);
                for (Simd level : levels_here()) {
                    place_points(atoms, division, level, placed);
                    ASSERT_EQ(placed.n, n);
                    for (std::size_t i = 0; i < n; ++i) {
                        const Place place = place_of(point_at(atoms, i), division);
                        EXPECT_EQ(placed.x[i], static_cast<float>(place.at[0] - division.origin[0]));
                        EXPECT_EQ(placed.y[i], static_cast<float>(place.at[1] - division.origin[1]));
                        EXPECT_EQ(placed.z[i], static_cast<float>(place.at[2] - division.origin[2]));
                        const float along[] = {placed.along_x[i], placed.along_y[i], placed.along_z[i]};
                        for (std::size_t k = 0; k < 3; ++k) {
                            EXPECT_LE(0, along[k]);
                            EXPECT_LE(along[k], static_cast<float>(division.n[k]) * (1 + 1e-6F));
                            EXPECT_NEAR(static_cast<double>(along[k]), static_cast<double>(place.cell[k]) + 0.5, 0.501);
                        }
                    }
                }
            }
}

}  // namespace
}  // namespace mdloom::kernels

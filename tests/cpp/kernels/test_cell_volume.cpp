#include "mdloom/kernels/cell_volume.hpp"

#include <gtest/gtest.h>

#include "random_boxes.hpp"

namespace mdloom::kernels {
namespace {

using testing::random_box;
using testing::row_major;

double volume(const std::vector<float>& vectors, float unit = 1) {
    return cell_volume(std::span<const float, 9>(vectors.data(), 9), unit);
}

double determinant(const std::vector<float>& vectors) {
    return std::abs(dot(point_at(vectors, 0), cross(point_at(vectors, 1), point_at(vectors, 2))));
}

TEST(cell_volume, of_a_right_angled_cell_is_the_product_of_its_sides) {
    EXPECT_EQ(volume(row_major({2, 0, 0, 0, 3, 0, 0, 0, 4})), 24);
    EXPECT_EQ(volume(row_major({0, 2, 0, 0, 0, 3, 4, 0, 0})), 24);
    EXPECT_EQ(volume(row_major({2, 0, 0, 0, 3, 0, 0, 0, 4}), 10), 24000);
}

TEST(cell_volume, of_a_rhombohedron_with_60_degrees_is_the_root_of_a_half) {
    const auto vectors = row_major({1, 0, 0, 0.5, std::sqrt(0.75), 0, 0.5, std::sqrt(1. / 12), std::sqrt(2. / 3)});
    EXPECT_NEAR(volume(vectors), std::sqrt(0.5), 1e-7);
}

/// MDAnalysis 2.11 on the first frame of GRO_MEMPROT/XTC_MEMPROT: nm in the file, lengths in Å from there.
TEST(cell_volume, of_a_hexagonal_cell_in_nm_is_that_of_its_rounded_lengths_and_angles) {
    const double la = 102.844894F, lb = 102.84479F, lc = 132.1866F;
    const std::vector<float> vectors = row_major({10.2844896, 0, 0, -5.1422396, 8.9066191, 0, 0, 0, 13.2186604});
    EXPECT_NEAR(volume(vectors, 10) / (la * lb * std::sqrt(0.75) * lc), 1, 2e-7);
}

TEST(cell_volume, is_the_determinant_but_for_rounded_angles) {
    std::mt19937 random(5);
    for (int kind : {1, 2, 3, 6, 7, 8})
        for (int i = 0; i < 50; ++i) {
            const auto vectors = random_box(kind, random);
            const Point a = point_at(vectors, 0), b = point_at(vectors, 1), c = point_at(vectors, 2);
            const double most = std::sqrt(dot(a, a) * dot(b, b) * dot(c, c));
            EXPECT_NEAR(volume(vectors) / determinant(vectors), 1, 1e-6 * std::pow(most / determinant(vectors), 2));
        }
}

TEST(cell_volume, where_rounded_angles_span_nothing_is_the_determinant) {
    const auto vectors = row_major({1, 0, 0, 0, 1, 0, 1, 1, 1e-4});
    EXPECT_NEAR(volume(vectors) / determinant(vectors), 1, 0.3);
    EXPECT_GT(volume(row_major({1, 0, 0, 0, 1, 0, 1, 1, 1e-6})), 0);
}

}  // namespace
}  // namespace mdloom::kernels

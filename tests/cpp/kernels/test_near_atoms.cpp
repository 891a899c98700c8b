#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "mdloom/kernels/distances.hpp"
#include "mdloom/kernels/near_atoms.hpp"
#include "random_boxes.hpp"

namespace mdloom::kernels {
namespace {

using testing::n_box_kinds;
using testing::random_atoms;
using testing::random_box;
using testing::row_major;
using testing::Vectors;

/// Whether cells could help; where they did, that every atom of b within the cut-off of an a is found once, and none
/// that is further by more than the error, or seen where it is not.
bool expect_all_near(NearAtoms& near, const std::vector<float>& a, const std::vector<float>& b, const PeriodicBox& box,
                     double cutoff, Simd level) {
    if (!near.prepare(a, b, box, cutoff, level)) return false;
    const std::size_t n_a = a.size() / 3, n_b = b.size() / 3;
    std::vector<double> matrix(n_a * n_b);
    distance_matrix(a, b, box, matrix);
    const double rounding = 1e-6 * cutoff + 1e-300, error = near.error() + rounding;
    for (std::size_t i = 0; i < n_a; ++i) {
        const NearList& around = near.around(i);
        std::vector<std::uint32_t> found(around.atom.begin(), around.atom.begin() + index_of(around.n));
        for (std::size_t k = 0; k < around.n; ++k) {
            const Point d = point_at(std::array{around.x[k], around.y[k], around.z[k]}, 0);
            EXPECT_NEAR(std::sqrt(dot(d, d)), matrix[i * n_b + found[k]], error);
        }
        std::ranges::sort(found);
        EXPECT_EQ(std::ranges::adjacent_find(found), found.end()) << "an atom is listed twice";
        for (std::size_t j = 0; j < n_b; ++j) {
            const double distance = matrix[i * n_b + j];
            const bool is_found = std::ranges::binary_search(found, static_cast<std::uint32_t>(j));
            EXPECT_TRUE(is_found || distance > cutoff) << i << ' ' << j << ' ' << distance;
            EXPECT_TRUE(!is_found || distance <= cutoff + 2 * error) << i << ' ' << j << ' ' << distance;
        }
        if (::testing::Test::HasFailure()) return true;
    }
    return true;
}

TEST(near_atoms, are_all_within_the_cutoff_in_any_box_wherever_the_atoms_are) {
    NearAtoms near;  // one for all: nothing may be left of the box before
    std::mt19937 random(20260822);
    int n_helped = 0;
    for (int round = 0; round < 30; ++round)
        for (int kind = 0; kind < n_box_kinds; ++kind)
            for (double boxes : {0.0, 0.3, 20.0}) {
                SCOPED_TRACE(::testing::Message() << "round " << round << ", kind " << kind << ", boxes " << boxes);
                const Vectors vectors = random_box(kind, random);
                const auto n_a = std::uniform_int_distribution<std::size_t>(50, 200)(random);
                const auto a = random_atoms(vectors, n_a, boxes, random);
                const auto b = random_atoms(vectors, 20000 / n_a, boxes, random);
                const PeriodicBox box = make_periodic_box(vectors);
                const double width = vectors.empty() ? 20 : *std::ranges::min_element(box.widths);
                const double part = std::uniform_real_distribution<double>(0, 0.5)(random);
                const auto level = static_cast<Simd>(std::min(round % 3, static_cast<int>(best_simd())));
                n_helped += expect_all_near(near, a, b, box, part * width, level) ? 1 : 0;
                n_helped += expect_all_near(near, b, b, box, part * width, level) ? 1 : 0;
                ASSERT_FALSE(::testing::Test::HasFailure());
            }
    EXPECT_GT(n_helped, 600);
}

TEST(near_atoms, at_the_cutoff_are_near) {
    NearAtoms near;
    std::vector<float> row;
    for (int i = 0; i < 120; ++i) row.insert(row.end(), {3.F * static_cast<float>(i), 0, 0});
    for (const Vectors& vectors : {Vectors{}, row_major({360, 0, 0, 0, 30, 0, 0, 0, 30})}) {
        const PeriodicBox box = make_periodic_box(vectors);
        ASSERT_TRUE(near.prepare(row, row, box, 3, best_simd()));
        EXPECT_EQ(near.around(10).n, 3U);
        EXPECT_EQ(near.around(0).n, vectors.empty() ? 2U : 3U);
    }
}

TEST(near_atoms, of_few_atoms_or_in_a_box_that_is_small_for_the_cutoff_are_not_sought_in_cells) {
    NearAtoms near;
    std::mt19937 random(3);
    const Vectors vectors = row_major({30, 0, 0, 0, 30, 0, 0, 0, 30});
    const PeriodicBox box = make_periodic_box(vectors);
    const auto many = random_atoms(vectors, 500, 0, random), few = random_atoms(vectors, 20, 0, random);
    EXPECT_TRUE(near.prepare(many, many, box, 3, best_simd()));
    EXPECT_FALSE(near.prepare(few, many, box, 3, best_simd()));
    EXPECT_FALSE(near.prepare(many, few, box, 3, best_simd()));
    EXPECT_FALSE(near.prepare({}, many, box, 3, best_simd()));
    EXPECT_FALSE(near.prepare(many, {}, box, 3, best_simd()));
    EXPECT_FALSE(near.prepare(many, many, box, 15, best_simd()));
}

}  // namespace
}  // namespace mdloom::kernels

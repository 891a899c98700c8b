#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "mdloom/kernels/distances.hpp"
#include "mdloom/kernels/listed_pairs.hpp"
#include "random_boxes.hpp"

namespace mdloom::kernels {
namespace {

using testing::n_box_kinds;
using testing::random_atoms;
using testing::random_box;
using testing::Vectors;

RC_GTEST_PROP(listed_pairs, have_the_bits_of_all_distances_in_any_box, (unsigned seed)) {
    std::mt19937 random(seed);
    const Vectors vectors = random_box(*rc::gen::inRange(0, n_box_kinds), random);
    const auto a = random_atoms(vectors, 9, 3, random), b = random_atoms(vectors, 6, 3, random);
    const PeriodicBox box = make_periodic_box(vectors);
    std::vector<double> all(54), squares(80);
    distance_matrix(a, b, box, all);
    std::vector<ListedPair> pairs;
    for (std::size_t k = 0; k < squares.size(); ++k)
        pairs.push_back({static_cast<std::uint32_t>(random() % 9), static_cast<std::uint32_t>(random() % 6)});
    listed_squares(a, b, pairs, box, squares);
    for (std::size_t k = 0; k < squares.size(); ++k)
        RC_ASSERT(std::sqrt(squares[k]) == all[6 * pairs[k].i + pairs[k].j]);
}

TEST(largest_square_within, divides_squares_exactly_as_roots_divide_distances) {
    std::mt19937_64 random(3);
    std::uniform_real_distribution<double> exponent(-600, 600);
    for (int i = 0; i < 20000; ++i) {
        const double distance = i == 0 ? 0 : std::exp2(i % 2 == 0 ? exponent(random) : exponent(random) / 100);
        const double square = largest_square_within(distance);
        ASSERT_LE(std::sqrt(square), distance);
        ASSERT_GT(std::sqrt(std::nextafter(square, INFINITY)), distance);
    }
    EXPECT_EQ(largest_square_within(0), 0);
    EXPECT_EQ(largest_square_within(3), 9);
    EXPECT_EQ(largest_square_within(1.25), std::nextafter(1.5625, 2.0));  // whose root rounds to 1.25
}

}  // namespace
}  // namespace mdloom::kernels

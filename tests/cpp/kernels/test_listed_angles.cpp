#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "mdloom/kernels/distances.hpp"
#include "mdloom/kernels/lanes.hpp"
#include "mdloom/kernels/listed_angles.hpp"
#include "random_boxes.hpp"
#include "support/levels.hpp"

namespace mdloom::kernels {
namespace {

using testing::n_box_kinds;
using testing::random_atoms;
using testing::random_box;

struct Found {
    std::vector<double> distances, angles;
};

Found found_by(const std::vector<float>& a, const std::vector<float>& b, const std::vector<ListedTriple>& triples,
               const PeriodicBox& box, Simd level) {
    const std::size_t room = (triples.size() + n_lanes - 1) / n_lanes * n_lanes;
    Found found{std::vector<double>(room), std::vector<double>(room)};
    listed_angles(a, b, triples, box, found.distances.data(), found.angles.data(), level);
    return found;
}

void expect_same_bits(double found, double expected, Simd level) {
    if (std::isnan(expected))
        EXPECT_TRUE(std::isnan(found)) << name(level);
    else
        EXPECT_EQ(std::bit_cast<std::uint64_t>(found), std::bit_cast<std::uint64_t>(expected))
            << found << ' ' << expected << ' ' << name(level);
}

/// Against what measures one after the other.
void expect_all(const std::vector<float>& a, const std::vector<float>& b, const std::vector<ListedTriple>& triples,
                const PeriodicBox& box) {
    std::vector<float> i, j, k;
    for (const ListedTriple& triple : triples)
        for (std::size_t c = 0; c < 3; ++c)
            i.push_back(a[3 * triple.i + c]), j.push_back(b[3 * triple.j + c]), k.push_back(a[3 * triple.k + c]);
    std::vector<double> distances_expected(triples.size()), angles_expected(triples.size());
    distances(i, k, box, distances_expected);
    angles(i, j, k, box, angles_expected);
    for (Simd level : levels_here()) {
        const Found found = found_by(a, b, triples, box, level);
        for (std::size_t n = 0; n < triples.size(); ++n) {
            expect_same_bits(found.distances[n], distances_expected[n], level);
            expect_same_bits(found.angles[n], angles_expected[n], level);
        }
    }
}

TEST(listed_angles, are_those_of_one_triple_after_the_other_in_any_box_wherever_the_atoms_are) {
    std::mt19937 random(20261126);
    for (int round = 0; round < 40; ++round)
        for (int kind = 0; kind < n_box_kinds; ++kind)
            for (double boxes : {0.0, 0.3, 20.0}) {
                const auto vectors = random_box(kind, random);
                const auto a = random_atoms(vectors, 60, boxes, random), b = random_atoms(vectors, 40, boxes, random);
                std::vector<ListedTriple> triples(static_cast<std::size_t>(random() % 40));
                for (ListedTriple& triple : triples)
                    triple = {static_cast<std::uint32_t>(random() % 60), static_cast<std::uint32_t>(random() % 40),
                              static_cast<std::uint32_t>(random() % 60)};
                expect_all(a, b, triples, make_periodic_box(vectors));
            }
}

TEST(listed_angles, of_straight_right_and_flat_triples_and_of_atoms_that_coincide) {
    const std::vector<float> a{0, 0, 0, 2, 0, 0, 1, 1, 0, 1, 0, 0, -3, 1e-6F, 0}, b{1, 0, 0, 0.5F, 0, 0, -1, 0, 0};
    std::vector<ListedTriple> triples;
    for (std::uint32_t i = 0; i < 5; ++i)
        for (std::uint32_t j = 0; j < 3; ++j)
            for (std::uint32_t k = 0; k < 5; ++k) triples.push_back({i, j, k});
    const std::vector<float> cube{50, 0, 0, 0, 50, 0, 0, 0, 50};
    for (const PeriodicBox& box : {make_periodic_box({}), make_periodic_box(cube)}) expect_all(a, b, triples, box);
    const Found found = found_by(a, b, {{0, 0, 1}, {0, 0, 2}, {0, 2, 1}}, make_periodic_box({}), Simd::portable);
    EXPECT_EQ(found.angles[0], 180);
    EXPECT_EQ(found.angles[1], 90);
    EXPECT_EQ(found.angles[2], 0);
    EXPECT_EQ(found.distances[0], 2);
}

}  // namespace
}  // namespace mdloom::kernels

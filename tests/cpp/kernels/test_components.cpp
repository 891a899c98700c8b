#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "mdloom/base/error.hpp"
#include "mdloom/kernels/components.hpp"
#include "mdloom/kernels/distances.hpp"
#include "random_boxes.hpp"

namespace mdloom::kernels {
namespace {

using testing::random_atoms;
using testing::random_box;
using testing::row_major;
using testing::Vectors;

/// Plain reference: labels spread over measured pairs until nothing changes.
std::vector<Index> spread_labels(Positions positions, const PeriodicBox& box, double cutoff) {
    const std::size_t n = positions.size() / 3;
    std::vector<double> distance(n * n);
    distance_matrix(positions, positions, box, distance);
    std::vector<std::size_t> lowest(n);
    for (std::size_t i = 0; i < n; ++i) lowest[i] = i;
    for (bool changed = true; changed;) {
        changed = false;
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = i + 1; j < n; ++j)
                if (distance[i * n + j] <= cutoff && lowest[i] != lowest[j])
                    lowest[i] = lowest[j] = std::min(lowest[i], lowest[j]), changed = true;
    }
    std::map<std::size_t, Index> numbers;
    std::vector<Index> labels;
    for (std::size_t i = 0; i < n; ++i)
        labels.push_back(numbers.emplace(lowest[i], index_of(numbers.size())).first->second);
    return labels;
}

RC_GTEST_PROP(components, are_those_of_all_measured_pairs_in_any_box_at_any_cutoff, ()) {
    std::mt19937 random(*rc::gen::arbitrary<unsigned>());
    const auto vectors = random_box(*rc::gen::inRange(0, testing::n_box_kinds), random);
    const auto n = *rc::gen::inRange<std::size_t>(1, 260);
    const auto positions = random_atoms(vectors, n, *rc::gen::element(0.0, 0.5, 3.0), random);
    const PeriodicBox box = make_periodic_box(vectors);
    const double width = vectors.empty() ? 20 : std::min({box.widths[0], box.widths[1], box.widths[2]});
    const double typical = width / std::cbrt(static_cast<double>(n));
    const double cutoff = *rc::gen::element(0.0, 0.3, 0.7, 1.0, 1.5, 3.0) * typical;
    RC_ASSERT(components(positions, box, cutoff) == spread_labels(positions, box, cutoff));
}

TEST(components, a_distance_equal_to_the_cutoff_joins_and_chains_hang_together) {
    std::vector<float> chain;
    for (int i = 0; i < 300; ++i) chain.insert(chain.end(), {3.f * static_cast<float>(i), 0, 0});
    EXPECT_EQ(components(chain, {}, 3), std::vector<Index>(300, 0));
    const auto alone = components(chain, {}, std::nextafter(3.0, 0.0));
    for (std::size_t i = 0; i < 300; ++i) EXPECT_EQ(alone[i], index_of(i));
}

TEST(components, are_numbered_in_order_of_their_first_atom) {
    EXPECT_EQ(components(std::vector<float>{50, 0, 0, 0, 0, 0, 51, 0, 0, 9, 9, 9, 1, 0, 0}, {}, 1.5),
              (std::vector<Index>{0, 1, 0, 2, 1}));
    EXPECT_EQ(components({}, {}, 1), std::vector<Index>{});
}

TEST(components, two_leaflets_meet_across_the_box_only_with_one) {
    std::vector<float> leaflets;
    for (int side : {0, 1})
        for (int i = 0; i < 12; ++i)
            for (int j = 0; j < 12; ++j)
                leaflets.insert(leaflets.end(),
                                {8.f * static_cast<float>(i), 8.f * static_cast<float>(j), side == 0 ? 2.f : 38.f});
    const PeriodicBox thick = make_periodic_box(std::vector<float>{96, 0, 0, 0, 96, 0, 0, 0, 60}),
                      thin = make_periodic_box(std::vector<float>{96, 0, 0, 0, 96, 0, 0, 0, 44});
    std::vector<Index> two(288, 0);
    std::fill(two.begin() + 144, two.end(), 1);
    EXPECT_EQ(components(leaflets, {}, 10), two);
    EXPECT_EQ(components(leaflets, thick, 10), two);
    EXPECT_EQ(components(leaflets, thin, 10), std::vector<Index>(288, 0));
}

/// Layers so dense that whole cells hang together, about a cut-off apart from each other, and some atoms on their own.
std::vector<float> dense_layers(const Vectors& vectors, std::size_t n, double gap, std::mt19937& random) {
    std::uniform_real_distribution<double> part(0, 1);
    std::vector<float> atoms;
    for (std::size_t i = 0; i < n; ++i) {
        const double layer = std::floor(part(random) * 3);
        const double f[] = {part(random), part(random), (4 * layer + part(random)) / 12};
        const bool is_alone = i % 50 == 0;
        for (std::size_t k = 0; k < 3; ++k) {
            double at = 0;
            for (std::size_t row = 0; row < 3; ++row)
                at += f[row] * (vectors.empty() ? (row == k ? 40 : 0) : static_cast<double>(vectors[3 * row + k]));
            if (k == 2) at += gap * layer + (is_alone ? 7 + 3 * part(random) : 0);
            atoms.push_back(static_cast<float>(at));
        }
    }
    return atoms;
}

TEST(components, of_dense_layers_are_those_of_all_measured_pairs) {
    std::mt19937 random(20261126);
    std::size_t n_apart = 0;
    for (const Vectors& vectors :
         {Vectors{}, row_major({40, 0, 0, 0, 40, 0, 0, 0, 60}), row_major({40, 0, 0, 20, 35, 0, 0, 0, 60}),
          row_major({40, 0, 0, 9, 44, 0, 7, -9, 60})})
        for (double cutoff : {6.0, 8.0, 10.5})
            for (double gap : {-8.0, -4.0, -1.0, 0.0}) {
                const auto atoms = dense_layers(vectors, 700, gap, random);
                const PeriodicBox box = make_periodic_box(vectors);
                const auto found = components(atoms, box, cutoff);
                EXPECT_EQ(found, spread_labels(atoms, box, cutoff)) << cutoff << ' ' << gap;
                n_apart += std::ranges::max(found) > 0 ? 1 : 0;
            }
    EXPECT_GT(n_apart, 10U);
}

TEST(components, impossible_cutoffs_and_positions_are_refused) {
    const std::vector<float> one{0, 0, 0}, lost{0, std::nanf(""), 0};
    for (double cutoff : {-1.0, std::nan(""), std::numeric_limits<double>::infinity()})
        EXPECT_THROW(components(one, {}, cutoff), ArgumentError) << cutoff;
    EXPECT_THROW(components(lost, {}, 1), ArgumentError);
}

}  // namespace
}  // namespace mdloom::kernels

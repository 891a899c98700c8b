#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>
#include <limits>

#include "mdloom/base/error.hpp"
#include "mdloom/kernels/distances.hpp"
#include "mdloom/kernels/pairs.hpp"
#include "random_boxes.hpp"

namespace mdloom::kernels {
namespace {

using testing::n_box_kinds;
using testing::PlainImages;
using testing::random_atoms;
using testing::random_box;
using testing::row_major;
using testing::Vectors;

/// The same cases on every machine; RC_PARAMS="seed=..." throws others.
const int fixed_seed = setenv("RC_PARAMS", "seed=20260822 max_success=300", 0);

/// All pairs as `distance_matrix` measures them; that this is right is shown in test_distances.
Pairs all_pairs(const std::vector<float>& a, const std::vector<float>& b, const PeriodicBox& box, double cutoff,
                bool within) {
    const std::size_t n_a = a.size() / 3, n_b = b.size() / 3;
    std::vector<double> matrix(n_a * n_b);
    distance_matrix(a, b, box, matrix);
    Pairs expected;
    for (std::size_t i = 0; i < n_a; ++i)
        for (std::size_t j = within ? i + 1 : 0; j < n_b; ++j)
            if (matrix[i * n_b + j] <= cutoff) {
                expected.atoms.insert(expected.atoms.end(), {index_of(i), index_of(j)});
                expected.distances.push_back(matrix[i * n_b + j]);
            }
    return expected;
}

void expect_same(const Pairs& found, const Pairs& expected) {
    ASSERT_EQ(found.atoms, expected.atoms);
    ASSERT_EQ(found.distances, expected.distances);
}

/// A cut-off as a part of the box: from none to beyond all of it.
double a_cutoff(const Vectors& vectors, std::mt19937& random) {
    const double part = std::uniform_real_distribution<double>(0, 1)(random);
    const PeriodicBox box = make_periodic_box(vectors);
    const double width = vectors.empty() ? 20 : std::min({box.widths[0], box.widths[1], box.widths[2]});
    return part < 0.5 ? part * width : part < 0.9 ? part * part * width : 2 * width;
}

RC_GTEST_PROP(pairs, are_those_of_all_pairs_in_any_box_at_any_cutoff, (unsigned seed)) {
    std::mt19937 random(seed);
    const Vectors vectors = random_box(*rc::gen::inRange(0, n_box_kinds), random);
    const double boxes = *rc::gen::element(0.0, 0.3, 20.0);
    const auto n_a = *rc::gen::inRange<std::size_t>(100, 700), n_b = *rc::gen::inRange<std::size_t>(20, 300);
    const auto a = random_atoms(vectors, n_a, boxes, random), b = random_atoms(vectors, n_b, boxes, random);
    const PeriodicBox box = make_periodic_box(vectors);
    const double cutoff = a_cutoff(vectors, random);
    const Pairs both = pairs(a, b, box, cutoff), one = pairs_within(a, box, cutoff);
    const Pairs expected_both = all_pairs(a, b, box, cutoff, false), expected_one = all_pairs(a, a, box, cutoff, true);
    RC_ASSERT(both.atoms == expected_both.atoms);
    RC_ASSERT(both.distances == expected_both.distances);
    RC_ASSERT(one.atoms == expected_one.atoms);
    RC_ASSERT(one.distances == expected_one.distances);
}

TEST(pairs, of_many_atoms_are_those_of_all_pairs) {
    std::mt19937 random(3);
    for (int kind : {0, 1, 2, 3, 6, 7}) {
        SCOPED_TRACE(kind);
        const Vectors vectors = random_box(kind, random);
        const auto a = random_atoms(vectors, 4000, 1, random);
        const PeriodicBox box = make_periodic_box(vectors);
        for (double cutoff : {0.3, 1.1, 2.5})
            expect_same(pairs_within(a, box, cutoff), all_pairs(a, a, box, cutoff, true));
    }
}

TEST(pairs, a_cutoff_includes_the_pairs_that_are_just_so_far) {
    const auto row = row_major({0, 0, 0, 3, 0, 0, 6, 0, 0, 9, 0, 0});
    const Pairs found = pairs_within(row, make_periodic_box({}), 3);
    EXPECT_EQ(found.atoms, (std::vector<Index>{0, 1, 1, 2, 2, 3}));
    EXPECT_EQ(found.distances, (std::vector<double>{3, 3, 3}));
    EXPECT_EQ(pairs_within(row, make_periodic_box({}), std::nextafter(3, 0)).distances.size(), 0u);
    const Pairs periodic = pairs_within(row, make_periodic_box(row_major({12, 0, 0, 0, 5, 0, 0, 0, 5})), 3);
    EXPECT_EQ(periodic.atoms, (std::vector<Index>{0, 1, 0, 3, 1, 2, 2, 3}));
}

/// A cubic lattice: its pairs at each distance are known, and all of them stand on the edges of cells.
TEST(pairs, of_a_lattice_that_fills_the_box_are_counted_by_hand) {
    constexpr int n = 12;
    std::vector<float> atoms;
    for (int i = 0; i < n * n * n; ++i)
        for (int k : {i / (n * n), i / n % n, i % n}) atoms.push_back(static_cast<float>(k));
    const PeriodicBox cube = make_periodic_box(row_major({n, 0, 0, 0, n, 0, 0, 0, n}));
    const PeriodicBox skewed =
        make_periodic_box(row_major({n, 0, 0, 5 * n, n, 0, -2 * n, 3 * n, n}));  // the same lattice
    for (const PeriodicBox& box : {cube, skewed}) {
        EXPECT_EQ(pairs_within(atoms, box, 1).distances.size(), n * n * n * 6u / 2);
        EXPECT_EQ(pairs_within(atoms, box, 1.5).distances.size(), n * n * n * 18u / 2);
        EXPECT_EQ(pairs_within(atoms, box, 2).distances.size(), n * n * n * 32u / 2);
        EXPECT_EQ(pairs(atoms, atoms, box, 1.5).distances.size(), n * n * n * 19u);
    }
    EXPECT_EQ(pairs_within(atoms, make_periodic_box({}), 1).distances.size(), 3u * n * n * (n - 1));
}

TEST(pairs, each_is_listed_once_where_several_images_are_within_the_cutoff) {
    const PeriodicBox box = make_periodic_box(row_major({2, 0, 0, 0, 2, 0, 0, 0, 2}));
    const Pairs found = pairs_within(row_major({0, 0, 0, 0.5, 0, 0}), box, 50);
    EXPECT_EQ(found.atoms, (std::vector<Index>{0, 1}));
    EXPECT_EQ(found.distances, (std::vector<double>{0.5}));
}

TEST(pairs, no_atom_and_one_atom_have_none) {
    const PeriodicBox box = make_periodic_box(row_major({9, 0, 0, 0, 9, 0, 0, 0, 9}));
    for (const PeriodicBox& any : {box, make_periodic_box({})}) {
        EXPECT_TRUE(pairs_within({}, any, 5).atoms.empty());
        EXPECT_TRUE(pairs_within(row_major({1, 2, 3}), any, 5).atoms.empty());
        EXPECT_TRUE(pairs(row_major({1, 2, 3}), {}, any, 5).atoms.empty());
        EXPECT_TRUE(pairs({}, row_major({1, 2, 3}), any, 5).atoms.empty());
    }
}

TEST(pairs, atoms_at_the_same_place_are_found_also_with_a_cutoff_of_zero) {
    const std::vector<float> same(3 * 300, 1.25F);
    for (const Vectors& vectors : {Vectors{}, row_major({9, 0, 0, 1, 9, 0, 2, 3, 9})}) {
        const PeriodicBox box = make_periodic_box(vectors);
        for (double cutoff : {0.0, 2.0}) EXPECT_EQ(pairs_within(same, box, cutoff).distances.size(), 300u * 299 / 2);
    }
}

TEST(pairs, coordinates_as_far_apart_as_float32_has_them_are_measured_without_a_box) {
    std::vector<float> atoms;
    for (int i = 0; i < 400; ++i) atoms.insert(atoms.end(), {static_cast<float>(i), 0, 0});
    atoms.insert(atoms.end(), {3e38F, -3e38F, 3e38F});
    const PeriodicBox none = make_periodic_box({});
    expect_same(pairs_within(atoms, none, 1.5), all_pairs(atoms, atoms, none, 1.5, true));
    expect_same(pairs_within(atoms, none, 1e39), all_pairs(atoms, atoms, none, 1e39, true));
}

template <class Work>
std::string refusal(Work&& work) {
    try {
        work();
    } catch (const ArgumentError& error) {
        return error.what();
    }
    return "nothing was refused";
}

TEST(pairs, what_is_not_a_number_is_refused_by_name) {
    const float nan = std::numeric_limits<float>::quiet_NaN(), infinite = std::numeric_limits<float>::infinity();
    const PeriodicBox none = make_periodic_box({}), box = make_periodic_box(row_major({9, 0, 0, 0, 9, 0, 0, 0, 9}));
    const std::vector<float> good = row_major({1, 2, 3});
    for (const PeriodicBox& any : {none, box}) {
        EXPECT_EQ(refusal([&] { pairs(good, std::vector<float>{0, 0, 0, 1, nan, 2}, any, 3); }),
                  "b: position 1 is (1, nan, 2): coordinates must be finite; leave such atoms out");
        EXPECT_EQ(refusal([&] { pairs_within(std::vector<float>{infinite, 0, 0}, any, 3); }),
                  "a: position 0 is (inf, 0, 0): coordinates must be finite; leave such atoms out");
        EXPECT_EQ(refusal([&] { pairs(good, good, any, std::nan("")); }),
                  "cutoff is nan: a distance in Å is needed, finite and not negative");
        EXPECT_EQ(refusal([&] { pairs(good, good, any, -1); }),
                  "cutoff is -1: a distance in Å is needed, finite and not negative");
    }
    EXPECT_EQ(
        refusal([&] { pairs_within(std::vector<float>{1e8F, 0, 0}, box, 3); }),
        "a: position 0 is (100000000, 0, 0), more than a million boxes away: check the units of positions and box");
}

}  // namespace
}  // namespace mdloom::kernels

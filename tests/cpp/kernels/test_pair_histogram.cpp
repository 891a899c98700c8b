#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>

#include "mdloom/base/error.hpp"
#include "mdloom/kernels/distances.hpp"
#include "mdloom/kernels/pair_histogram.hpp"
#include "random_boxes.hpp"
#include "support/levels.hpp"

namespace mdloom::kernels {
namespace {

using testing::n_box_kinds;
using testing::random_atoms;
using testing::random_box;
using testing::row_major;
using testing::Vectors;

/// The same cases on every machine; RC_PARAMS="seed=..." throws others.
const int fixed_seed = setenv("RC_PARAMS", "seed=20260822 max_success=300", 0);

using Counts = std::vector<Index>;

/// Every distance that `distance_matrix` measures, compared with every edge.
Counts plain_counts(const GroupPair& groups, const PeriodicBox& box, const DistanceBins& bins) {
    std::vector<double> matrix(groups.n_a() * groups.n_b());
    distance_matrix(groups.a, groups.b, box, matrix);
    Counts counts(bins.size());
    for (std::size_t i = 0; i < groups.n_a(); ++i)
        for (std::size_t j = groups.within ? i + 1 : 0; j < groups.n_b(); ++j) {
            const double d = matrix[i * groups.n_b() + j];
            const auto above = std::ranges::upper_bound(bins.edges(), d) - bins.edges().begin();
            if (d == bins.last())
                ++counts.back();
            else if (above > 0 && above < std::ssize(bins.edges()))
                ++counts[usize(above - 1)];
        }
    return counts;
}

void expect_exact(const GroupPair& groups, const PeriodicBox& box, const DistanceBins& bins) {
    const Counts expected = plain_counts(groups, box, bins);
    for (Simd level : levels_here()) {
        SCOPED_TRACE(name(level));
        Counts found(bins.size(), 5);  // added to what is there
        count_pairs(groups, box, bins, level, found);
        for (Index& count : found) count -= 5;
        ASSERT_EQ(found, expected);
    }
}

/// From a small part of the box to beyond all of it, and some that start above 0.
DistanceBins random_bins(const Vectors& vectors, std::mt19937& random) {
    const auto part = [&] { return std::uniform_real_distribution<double>(0, 1)(random); };
    const PeriodicBox box = make_periodic_box(vectors);
    const double width = vectors.empty() ? 20 : std::min({box.widths[0], box.widths[1], box.widths[2]});
    const double last = width * (part() < 0.6 ? 0.5 * part() : part() < 0.7 ? 0.5 : 1.5 * part()) + 1e-3;
    const auto n = std::uniform_int_distribution<Index>(1, part() < 0.8 ? 100 : 20000)(random);
    return {n, part() < 0.5 ? 0 : part() * last, last};
}

RC_GTEST_PROP(pair_histogram, counts_all_pairs_in_any_box_at_any_cutoff_on_any_cpu, (unsigned seed)) {
    std::mt19937 random(seed);
    const Vectors vectors = random_box(*rc::gen::inRange(0, n_box_kinds), random);
    const double boxes = *rc::gen::element(0.0, 0.3, 20.0);
    const auto n_a = *rc::gen::inRange<std::size_t>(1, 700), n_b = *rc::gen::inRange<std::size_t>(1, 300);
    const auto a = random_atoms(vectors, n_a, boxes, random), b = random_atoms(vectors, n_b, boxes, random);
    const PeriodicBox box = make_periodic_box(vectors);
    DistanceBins bins;
    try {
        bins = random_bins(vectors, random);
    } catch (const ArgumentError&) {  // too narrow in a tiny box
        bins = {10, 0, 1};
    }
    for (const GroupPair& groups : {GroupPair{a, b, false}, GroupPair{a, a, true}}) {
        const Counts expected = plain_counts(groups, box, bins);
        for (Simd level : levels_here()) {
            Counts found(bins.size());
            count_pairs(groups, box, bins, level, found);
            RC_ASSERT(found == expected);
        }
    }
}

TEST(pair_histogram, of_many_atoms_counts_all_pairs) {
    std::mt19937 random(3);
    for (int kind : {0, 1, 2, 3, 6, 7, 8}) {
        SCOPED_TRACE(kind);
        const Vectors vectors = random_box(kind, random);
        const auto a = random_atoms(vectors, 1500, 1, random), b = random_atoms(vectors, 1000, 2, random);
        const PeriodicBox box = make_periodic_box(vectors);
        for (double last : {0.3, 1.1, 2.4})
            for (const GroupPair& groups : {GroupPair{a, b, false}, GroupPair{a, a, true}})
                expect_exact(groups, box, {75, 0, last});
    }
}

/// A cubic lattice: all distances are on edges, and known.
TEST(pair_histogram, distances_on_edges_belong_to_the_bin_above_but_the_last) {
    constexpr int n = 12;
    std::vector<float> atoms;
    for (int i = 0; i < n * n * n; ++i)
        for (int k : {i / (n * n), i / n % n, i % n}) atoms.push_back(static_cast<float>(k));
    const GroupPair groups{atoms, atoms, true};
    const Vectors cube = row_major({n, 0, 0, 0, n, 0, 0, 0, n}),
                  skewed = row_major({n, 0, 0, 5 * n, n, 0, -2 * n, 3 * n, n});
    for (const Vectors& vectors : {cube, skewed})
        for (Simd level : levels_here()) {
            Counts counts(3);
            count_pairs(groups, make_periodic_box(vectors), {3, 0, 3}, level, counts);
            // at 1 (3) and sqrt 2 (6), sqrt 3 (4); 2 (3), sqrt 5 (12), sqrt 6 (12), sqrt 8 (6) and 3 (15)
            EXPECT_EQ(counts, (Counts{0, 13 * n * n * n, 48 * n * n * n}));
            Counts thin(2);
            count_pairs(groups, make_periodic_box(vectors), {2, 1, 2}, level, thin);
            EXPECT_EQ(thin, (Counts{9 * n * n * n, 7 * n * n * n}));
        }
}

/// Elongated boxes, where cells wrap around in one direction only, up to half of the short side exactly.
TEST(pair_histogram, of_boxes_with_one_short_side_counts_all_pairs_up_to_half_of_it) {
    std::mt19937 random(11);
    for (const Vectors& vectors : {row_major({4, 0, 0, 0, 40, 0, 0, 0, 40}), row_major({40, 0, 0, 0, 40, 0, 0, 0, 4}),
                                   row_major({40, 0, 0, 20, 34.64, 0, 1, 1, 5})}) {
        const PeriodicBox box = make_periodic_box(vectors);
        const auto a = random_atoms(vectors, 1200, 1, random), b = random_atoms(vectors, 800, 0, random);
        for (double last : {0.7, 1.9, 2.0, 2.5, 3.0})
            for (const GroupPair& groups : {GroupPair{a, b, false}, GroupPair{a, a, true}})
                expect_exact(groups, box, {33, 0, last});
    }
}

/// One lattice of atoms and a box of whole steps: every pair is on an edge, and half a box away is met twice.
TEST(pair_histogram, of_a_lattice_up_to_half_the_box_counts_all_pairs) {
    std::vector<float> atoms;
    for (int i = 0; i < 8 * 8 * 8; ++i)
        for (int k : {i / 64, i / 8 % 8, i % 8}) atoms.push_back(static_cast<float>(k));
    const PeriodicBox cube = make_periodic_box(row_major({8, 0, 0, 0, 8, 0, 0, 0, 8}));
    for (Index n : {1, 4, 40, 3000, 30000}) expect_exact({atoms, atoms, true}, cube, {n, 0, 4});
    for (Index n : {1, 7}) expect_exact({atoms, atoms, false}, cube, {n, 3, 4});
}

TEST(pair_histogram, half_the_box_is_met_from_both_sides_and_counts_once) {
    const auto atoms = row_major({0, 0, 0, 4, 0, 0, 4, 4, 0, 4, 4, 4});
    std::vector<float> many;
    for (int copy = 0; copy < 100; ++copy) many.insert(many.end(), atoms.begin(), atoms.end());
    const PeriodicBox cube = make_periodic_box(row_major({8, 0, 0, 0, 8, 0, 0, 0, 8}));
    for (double last : {4., 4.5, 8.}) {
        expect_exact({many, many, true}, cube, {4, 0, last});
        expect_exact({many, atoms, false}, cube, {4, 0, last});
    }
}

TEST(pair_histogram, atoms_all_at_one_place_and_far_outliers_are_counted) {
    std::vector<float> atoms(3 * 400, 1.25F);
    atoms.insert(atoms.end(), {4e6F, -4e6F, 4e6F, 4e6F, -4e6F, 4e6F - 1});
    for (const Vectors& vectors : {Vectors{}, row_major({40, 0, 0, 1, 41, 0, 2, 3, 42})})
        for (double first : {0., 0.5}) expect_exact({atoms, atoms, true}, make_periodic_box(vectors), {20, first, 2});
}

TEST(pair_histogram, of_no_atoms_is_empty) {
    const auto atom = row_major({1, 2, 3});
    for (const GroupPair& groups : {GroupPair{{}, {}, false}, GroupPair{atom, {}, false}, GroupPair{{}, atom, false},
                                    GroupPair{atom, atom, true}})
        expect_exact(groups, make_periodic_box({}), {3, 0, 1});
}

std::string refusal(Index n, double first, double last) {
    try {
        DistanceBins(n, first, last);
    } catch (const ArgumentError& error) {
        return error.what();
    }
    return "no refusal";
}

TEST(distance_bins, are_closed_below_and_the_last_above_too) {
    const DistanceBins bins(3, 0, 0.3);
    EXPECT_EQ(bins.edges(), (std::vector<double>{0, 0.3 / 3, 2 * (0.3 / 3), 0.3}));
    for (std::size_t k = 0; k < 4; ++k) {
        const double edge = bins.edges()[k];
        EXPECT_EQ(bins.of_square(edge * edge), std::min<std::size_t>(k, 2));
        if (k > 0) {
            EXPECT_EQ(bins.of_square(edge * edge * (1 - 1e-15)), k - 1);
        }
    }
    EXPECT_EQ(bins.of_square(0.09 * (1 + 1e-15)), 3u);
}

/// sqrt rounds: the squares of a few doubles have the same root, and that is what is binned.
RC_GTEST_PROP(distance_bins, are_decided_by_the_rounded_root, ()) {
    const auto part = [](int of) { return *rc::gen::inRange(0, of) / double{1 << 20}; };
    const double first = *rc::gen::element(0.0, 0.1, 2.0), last = first + 1e-3 + 20 * part(1 << 20);
    const DistanceBins bins(*rc::gen::inRange(1, 300), first, last);
    const double edge = bins.edges()[*rc::gen::inRange<std::size_t>(0, bins.edges().size())];
    double square = edge * edge;
    for (int step = *rc::gen::inRange(-4, 5); step != 0; step += step < 0 ? 1 : -1)
        square = std::nextafter(square, step < 0 ? 0 : 1e9);
    const double d = std::sqrt(square);
    std::size_t expected = bins.size();
    for (std::size_t k = 0; k < bins.size(); ++k)
        if (bins.edges()[k] <= d && (d < bins.edges()[k + 1] || (d == last && k + 1 == bins.size()))) expected = k;
    RC_ASSERT(bins.of_square(square) == expected);
}

TEST(distance_bins, that_cannot_be_are_refused) {
    EXPECT_EQ(refusal(0, 0, 1), "there are 0 bins: at least one is needed");
    EXPECT_EQ(refusal(5, -1, 1), "the range of distances is (-1, 1): 0 <= first < last is needed, in Å");
    EXPECT_EQ(refusal(5, 1, 1), "the range of distances is (1, 1): 0 <= first < last is needed, in Å");
    EXPECT_EQ(refusal(5, 0, NAN), "the range of distances is (0, nan): 0 <= first < last is needed, in Å");
    EXPECT_EQ(refusal(5, 0, INFINITY), "the range of distances is (0, inf): 0 <= first < last is needed, in Å");
    EXPECT_EQ(refusal(1000000, 0, 1e-4),
              "1000000 bins from 0 to 0.0001 are each 1e-10 Å wide: at least 1e-09 Å are needed");
}

}  // namespace
}  // namespace mdloom::kernels

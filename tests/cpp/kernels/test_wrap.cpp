#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>
#include <limits>

#include "mdloom/base/error.hpp"
#include "mdloom/kernels/wrap.hpp"
#include "random_boxes.hpp"

namespace mdloom::kernels {
namespace {

using testing::n_box_kinds;
using testing::random_atoms;
using testing::random_box;
using testing::row_major;
using testing::Vectors;

/// The same cases on every machine; RC_PARAMS="seed=..." throws others.
const int fixed_seed = setenv("RC_PARAMS", "seed=20260822 max_success=300", 0);

std::vector<float> wrapped(const std::vector<float>& atoms, const PeriodicBox& box) {
    std::vector<float> out(atoms.size());
    wrap(atoms, box, out);
    return out;
}

RC_GTEST_PROP(wrap, moves_atoms_into_the_cell_by_whole_vectors_and_leaves_them_there, (unsigned seed)) {
    std::mt19937 random(seed);
    const Vectors vectors = random_box(*rc::gen::inRange(1, n_box_kinds), random);
    const double boxes = *rc::gen::element(0.0, 1e-7, 2.0, 500.0);
    const auto atoms = random_atoms(vectors, 100, boxes, random);
    const PeriodicBox box = make_periodic_box(vectors);
    const auto once = wrapped(atoms, box);
    RC_ASSERT(wrapped(once, box) == once);
    double size = 0;  // of what float32 rounds
    for (float value : vectors) size += std::abs(static_cast<double>(value));
    double skew = 1;  // how far along a vector it is from a face to a float32 on its other side
    for (std::size_t row = 0; row < 3; ++row) {
        const Point &v = box.given.vectors[row], &r = box.given.reciprocal[row];
        skew = std::max(skew, std::sqrt(dot(v, v) * dot(r, r)));
    }
    for (std::size_t i = 0; i < 100; ++i) {
        const Point before = point_at(atoms, i), after = point_at(once, i);
        const Point f = box.given.fractions(after);
        Point off{after[0] - before[0], after[1] - before[1], after[2] - before[2]};
        const Point moved = box.given.fractions(off);
        for (std::size_t row = 0; row < 3; ++row) {
            RC_ASSERT(0 <= f[row] && f[row] < 1);
            for (std::size_t k = 0; k < 3; ++k)
                off[k] -= std::round(moved[row]) * static_cast<double>(vectors[3 * row + k]);
        }
        RC_ASSERT(std::sqrt(dot(off, off)) <= 2 * 0x1p-24 * size * skew);
    }
}

TEST(wrap, just_below_zero_is_zero_and_not_the_length_of_the_box) {
    const PeriodicBox box = make_periodic_box(row_major({10.1, 0, 0, 0, 20.2, 0, 0, 0, 30.3}));
    const auto out = wrapped(row_major({-1e-9, 20.2, -30.3, 10.1, -0.2, 1e-9}), box);
    EXPECT_EQ(out, row_major({0, 0, 0, 0, 20, 1e-9}));
}

TEST(wrap, without_a_box_nothing_moves) {
    const auto atoms = row_major({-1, 200, 3e9});
    EXPECT_EQ(wrapped(atoms, make_periodic_box({})), atoms);
}

TEST(wrap, a_triclinic_corner_is_known_by_hand) {
    const PeriodicBox box = make_periodic_box(row_major({4, 0, 0, 2, 4, 0, 0, 2, 4}));
    EXPECT_EQ(wrapped(row_major({-1, -1, -1, 6, 6, 4}), box), row_major({-1 + 4 + 2, -1 + 4 + 2, -1 + 4, 0, 0, 0}));
}

std::string refusal(const Vectors& vectors) {
    try {
        make_periodic_box(vectors);
    } catch (const ArgumentError& error) {
        return error.what();
    }
    return "nothing was refused";
}

TEST(periodic_box, without_volume_or_numbers_is_refused_by_name) {
    const std::string remedy = ": give three independent vectors in Å, or None for no box";
    EXPECT_EQ(refusal(Vectors(9, 0)), "box vectors [0, 0, 0, 0, 0, 0, 0, 0, 0] span no volume" + remedy);
    EXPECT_EQ(refusal({1, 2, 3, 2, 4, 6, 0, 0, 1}), "box vectors [1, 2, 3, 2, 4, 6, 0, 0, 1] span no volume" + remedy);
    EXPECT_EQ(refusal({1, 0, 0, 0, 1, 0, 0, 0, std::numeric_limits<float>::quiet_NaN()}),
              "box vectors [1, 0, 0, 0, 1, 0, 0, 0, nan] are not finite" + remedy);
    EXPECT_EQ(refusal({1, 0, 0, 1e10F, 1, 0, 0, 0, 1}),
              "box vectors [1, 0, 0, 10000000000, 1, 0, 0, 0, 1] span no volume" + remedy);
    EXPECT_EQ(refusal({1, 2, 3}), "box vectors [1, 2, 3] are not nine numbers" + remedy);
}

RC_GTEST_PROP(periodic_box, the_reduced_cell_spans_the_same_volume_with_short_vectors, (unsigned seed)) {
    std::mt19937 random(seed);
    const PeriodicBox box = make_periodic_box(random_box(*rc::gen::inRange(1, n_box_kinds), random));
    const auto volume = [](const CellVectors& cell) {
        return std::abs(dot(cell.vectors[0], cross(cell.vectors[1], cell.vectors[2])));
    };
    const auto longest = [](const CellVectors& cell) {
        double square = 0;
        for (const Point& v : cell.vectors) square = std::max(square, dot(v, v));
        return square;
    };
    RC_ASSERT(std::abs(volume(box.reduced) / volume(box.given) - 1) < 1e-9);
    RC_ASSERT(longest(box.reduced) <= longest(box.given) * (1 + 1e-9));
    const auto& v = box.reduced.vectors;
    if (box.shape == PeriodicBox::Shape::triclinic)  // what a Minkowski-reduced basis promises
        RC_ASSERT(2 * volume(box.reduced) * volume(box.reduced) >=
                  dot(v[0], v[0]) * dot(v[1], v[1]) * dot(v[2], v[2]) * (1 - 1e-9));
}

}  // namespace
}  // namespace mdloom::kernels

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "mdloom/kernels/superposition.hpp"
#include "support/levels.hpp"

namespace mdloom::kernels {
namespace {

using Points = std::vector<std::array<double, 3>>;

std::vector<double> flat(const Points& points) {
    std::vector<double> values;
    for (const auto& point : points) values.insert(values.end(), point.begin(), point.end());
    return values;
}

std::vector<float> narrow(const Points& points) {
    std::vector<float> values;
    for (const auto& point : points)
        for (double value : point) values.push_back(static_cast<float>(value));
    return values;
}

Points random_points(std::mt19937& random, std::size_t n, double size) {
    std::normal_distribution<double> normal(0, 1);
    Points points(n);
    for (auto& point : points)
        for (double& value : point) value = size * normal(random);
    return points;
}

std::array<double, 3> rotated(const Matrix3& r, const std::array<double, 3>& p) {
    return {r[0] * p[0] + r[1] * p[1] + r[2] * p[2], r[3] * p[0] + r[4] * p[1] + r[5] * p[2],
            r[6] * p[0] + r[7] * p[1] + r[8] * p[2]};
}

Matrix3 rotation_about(std::array<double, 3> axis, double angle) {
    const double n = std::hypot(axis[0], axis[1], axis[2]), c = std::cos(angle), s = std::sin(angle);
    const double x = axis[0] / n, y = axis[1] / n, z = axis[2] / n;
    return {c + x * x * (1 - c),     x * y * (1 - c) - z * s, x * z * (1 - c) + y * s,
            y * x * (1 - c) + z * s, c + y * y * (1 - c),     y * z * (1 - c) - x * s,
            z * x * (1 - c) - y * s, z * y * (1 - c) + x * s, c + z * z * (1 - c)};
}

double weight_of(const std::vector<double>& weights, std::size_t i) {
    return weights.empty() ? 1 : weights[i];
}

/// Plain reference: Kabsch with the singular values by one-sided Jacobi in long double; the sign of the determinant
/// keeps the rotation proper.
double kabsch_rmsd(const std::vector<float>& mobile, const Points& reference, const std::vector<double>& weights) {
    using Real = long double;
    const std::size_t n = reference.size();
    Real total = 0, mean_x[3] = {}, mean_r[3] = {};
    for (std::size_t i = 0; i < n; ++i) total += weight_of(weights, i);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t k = 0; k < 3; ++k) {
            mean_x[k] += weight_of(weights, i) * static_cast<Real>(mobile[3 * i + k]) / total;
            mean_r[k] += weight_of(weights, i) * static_cast<Real>(reference[i][k]) / total;
        }
    Real a[3][3] = {}, squares = 0;
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < 3; ++j) {
            const Real x = mobile[3 * i + j] - mean_x[j], r = reference[i][j] - mean_r[j], w = weight_of(weights, i);
            squares += w * (x * x + r * r);
            for (std::size_t k = 0; k < 3; ++k) a[j][k] += w * x * (reference[i][k] - mean_r[k]);
        }
    const Real determinant = a[0][0] * (a[1][1] * a[2][2] - a[1][2] * a[2][1]) -
                             a[0][1] * (a[1][0] * a[2][2] - a[1][2] * a[2][0]) +
                             a[0][2] * (a[1][0] * a[2][1] - a[1][1] * a[2][0]);
    for (int sweep = 0; sweep < 60; ++sweep)  // columns p and q are turned until they are orthogonal
        for (int p = 0; p < 3; ++p)
            for (int q = p + 1; q < 3; ++q) {
                Real pp = 0, qq = 0, pq = 0;
                for (const auto& row : a) pp += row[p] * row[p], qq += row[q] * row[q], pq += row[p] * row[q];
                const Real angle = std::atan2(2 * pq, pp - qq) / 2, c = std::cos(angle), d = std::sin(angle);
                for (auto& row : a) {
                    const Real x = row[p], y = row[q];
                    row[p] = c * x + d * y, row[q] = c * y - d * x;
                }
            }
    Real singular[3];
    for (int k = 0; k < 3; ++k) singular[k] = std::hypot(a[0][k], a[1][k], a[2][k]);
    std::sort(singular, singular + 3);
    const Real best = singular[2] + singular[1] + (determinant < 0 ? -singular[0] : singular[0]);
    return static_cast<double>(std::sqrt(std::max<Real>(0, squares - 2 * best) / total));
}

/// The RMSD of the moved positions themselves, one atom after the other.
double plain_rmsd(const std::vector<float>& mobile, const Points& reference, const std::vector<double>& weights,
                  const Motion& motion) {
    double squares = 0, total = 0;
    for (std::size_t i = 0; i < reference.size(); ++i) {
        std::array<double, 3> p;
        for (std::size_t k = 0; k < 3; ++k) p[k] = static_cast<double>(mobile[3 * i + k]) - motion.from[k];
        p = rotated(motion.rotation, p);
        double square = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            const double d = p[k] + motion.to[k] - reference[i][k];
            square += d * d;
        }
        squares += weight_of(weights, i) * square;
        total += weight_of(weights, i);
    }
    return std::sqrt(squares / total);
}

void expect_right(const Points& mobile, const Points& reference, const std::vector<double>& weights, double tolerance) {
    const auto positions = narrow(mobile);
    const auto fit = make_fit_reference(flat(reference), weights);
    const double expected = kabsch_rmsd(positions, reference, weights);
    for (Simd level : levels_here()) {
        SCOPED_TRACE(name(level));
        EXPECT_NEAR(superpose(positions.data(), fit, false, level).rmsd, expected, tolerance);
        const auto best = superpose(positions.data(), fit, true, level);
        EXPECT_NEAR(best.rmsd, expected, tolerance);
        EXPECT_NEAR(plain_rmsd(positions, reference, weights, best.motion), expected, tolerance);
        const Matrix3& r = best.motion.rotation;
        EXPECT_NEAR(r[0] * (r[4] * r[8] - r[5] * r[7]) - r[1] * (r[3] * r[8] - r[5] * r[6]) +
                        r[2] * (r[3] * r[7] - r[4] * r[6]),
                    1, 1e-12);
    }
}

TEST(superposition, equals_kabsch_for_random_points_of_any_number) {
    std::mt19937 random(1);
    for (std::size_t n : {3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 214, 1000})
        for (double noise : {0.01, 1.0, 10.0}) {
            SCOPED_TRACE(testing::Message() << n << " points, noise " << noise);
            const Points reference = random_points(random, n, 10), shifts = random_points(random, n, noise);
            const Matrix3 rotation = rotation_about({1, 2, 3}, 0.1 * static_cast<double>(n));
            Points mobile(n);
            std::vector<double> weights(n);
            for (std::size_t i = 0; i < n; ++i) {
                mobile[i] = rotated(rotation, reference[i]);
                for (std::size_t k = 0; k < 3; ++k) mobile[i][k] += shifts[i][k] + 30;
                weights[i] = 1 + static_cast<double>(i % 16);
            }
            expect_right(mobile, reference, {}, 1e-9);
            expect_right(mobile, reference, weights, 1e-9);
        }
}

TEST(superposition, four_points_worked_out_by_hand) {
    // a square of half-diagonal 2 on one of half-diagonal 1, turned and moved: every corner stays 1 away
    const Points reference{{1, 0, 0}, {0, 1, 0}, {-1, 0, 0}, {0, -1, 0}};
    const Points mobile{{5, 7, 1}, {3, 5, 1}, {5, 3, 1}, {7, 5, 1}};
    expect_right(mobile, reference, {}, 1e-12);
    const auto fit = make_fit_reference(flat(reference), {});
    EXPECT_NEAR(superpose(narrow(mobile).data(), fit, false, best_simd()).rmsd, 1, 1e-12);
}

TEST(superposition, all_levels_give_the_same_bits) {
    std::mt19937 random(2);
    for (std::size_t n : {1, 2, 7, 8, 9, 100, 3341}) {
        const Points reference = random_points(random, n, 20);
        const auto positions = narrow(random_points(random, n, 20));
        std::vector<double> weights(n, 1);
        for (std::size_t i = 0; i < n; ++i) weights[i] = 12.011 + static_cast<double>(i % 5);
        for (const auto& w : {std::vector<double>{}, weights}) {
            const auto fit = make_fit_reference(flat(reference), w);
            const auto packed = pack_points(flat(reference), w);
            const auto expected = superpose(positions.data(), fit, true, Simd::portable);
            const auto squares = moved_squares(positions.data(), packed, expected.motion, Simd::portable);
            for (Simd level : levels_here()) {
                const auto found = superpose(positions.data(), fit, true, level);
                EXPECT_EQ(found.rmsd, expected.rmsd) << name(level);
                EXPECT_EQ(found.motion.rotation, expected.motion.rotation) << name(level);
                EXPECT_EQ(moved_squares(positions.data(), packed, expected.motion, level), squares) << name(level);
            }
        }
    }
}

TEST(superposition, identical_points_are_at_zero_up_to_rounding) {
    std::mt19937 random(3);
    for (std::size_t n : {1, 2, 3, 50, 3341}) {
        auto positions = narrow(random_points(random, n, 20));
        Points reference(n);
        for (std::size_t i = 0; i < 3 * n; ++i) reference[i / 3][i % 3] = static_cast<double>(positions[i]);
        const auto fit = make_fit_reference(flat(reference), {});
        EXPECT_LT(superpose(positions.data(), fit, false, best_simd()).rmsd, 3e-6) << n;
        EXPECT_EQ(moved_squares(positions.data(), pack_points(flat(reference), {}), Motion{}, best_simd()), 0) << n;
    }
}

TEST(superposition, one_atom_and_two_atoms_are_right) {
    expect_right({{1, 2, 3}}, {{40, 50, 60}}, {}, 1e-12);
    expect_right({{0, 0, 0}, {0, 0, 3}}, {{0, 0, 0}, {1, 0, 0}}, {}, 1e-12);  // lengths 3 and 1: each end 1 off
    expect_right({{0, 0, 0}, {0, 0, 3}}, {{0, 0, 3}, {0, 0, 0}}, {}, 1e-12);  // turned by 180 degrees
}

TEST(superposition, collinear_and_nearly_collinear_points_are_right) {
    std::mt19937 random(4);
    for (double width : {0.0, 1e-6, 1e-3, 0.1}) {
        SCOPED_TRACE(width);
        Points reference, mobile;
        const Points noise = random_points(random, 40, width);
        for (std::size_t i = 0; i < 40; ++i) {
            const double at = static_cast<double>(i);
            reference.push_back({at + noise[i][0], noise[i][1], noise[i][2]});
            mobile.push_back({noise[39 - i][0] + 5, noise[39 - i][1] + at * 1.25, 7 + noise[39 - i][2]});
        }
        expect_right(mobile, reference, {}, 1e-9);
    }
}

TEST(superposition, planar_points_are_right) {
    std::mt19937 random(5);
    Points reference = random_points(random, 30, 10), mobile(30);
    for (auto& point : reference) point[2] = 0;
    for (std::size_t i = 0; i < 30; ++i) mobile[i] = {reference[i][1] * 1.1, 4, reference[i][0]};
    expect_right(mobile, reference, {}, 1e-9);
}

TEST(superposition, a_mirror_image_is_not_fitted_by_a_reflection) {
    std::mt19937 random(6);
    const Points reference = random_points(random, 60, 10);
    Points mobile = reference;
    for (auto& point : mobile) point[0] = -point[0];
    expect_right(mobile, reference, {}, 1e-9);
    const auto fit = make_fit_reference(flat(reference), {});
    EXPECT_GT(superpose(narrow(mobile).data(), fit, false, best_simd()).rmsd, 1);
}

TEST(superposition, highly_symmetric_points_are_right) {
    const Points cube{{1, 1, 1},  {1, 1, -1},  {1, -1, 1},  {1, -1, -1},
                      {-1, 1, 1}, {-1, 1, -1}, {-1, -1, 1}, {-1, -1, -1}};
    Points mirrored = cube;
    for (auto& point : mirrored) point = {-point[0], -point[1], -point[2]};  // three equal largest eigenvalues
    expect_right(mirrored, cube, {}, 1e-12);
}

TEST(superposition, points_at_the_same_place_are_right) {
    expect_right(Points(5, {1, 1, 1}), Points(5, {2, 2, 2}), {}, 1e-12);
    expect_right({{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, Points(3, {2, 2, 2}), {}, 1e-9);
}

TEST(superposition, far_from_the_reference_nothing_cancels) {
    std::mt19937 random(7);
    const Points reference = random_points(random, 100, 10);
    for (double distance : {900.0, 1e4, 1e6}) {
        Points mobile = reference;
        for (auto& point : mobile) point = {point[0] + distance, point[1] - distance, point[2] * 1.01};
        expect_right(mobile, reference, {}, 1e-9);
    }
}

TEST(superposition, atoms_of_weight_zero_do_not_count) {
    std::mt19937 random(8);
    Points reference = random_points(random, 20, 10), mobile = reference;
    std::vector<double> weights(20, 2.5);
    weights[4] = weights[19] = 0;
    mobile[4] = {500, 500, 500}, mobile[19] = {-500, 3, 3};
    expect_right(mobile, reference, weights, 1e-6);
    EXPECT_LT(superpose(narrow(mobile).data(), make_fit_reference(flat(reference), weights), false, best_simd()).rmsd,
              1e-5);
}

TEST(moved_squares, equals_a_plain_loop) {
    std::mt19937 random(9);
    for (std::size_t n : {1, 6, 8, 13, 214}) {
        const Points reference = random_points(random, n, 10);
        const auto positions = narrow(random_points(random, n, 10));
        std::vector<double> weights(n);
        for (std::size_t i = 0; i < n; ++i) weights[i] = static_cast<double>(i % 3) + 0.5;
        Motion motion;
        motion.rotation = rotation_about({3, 1, -2}, 1.234);
        motion.from = {1, 2, 3}, motion.to = {-4, 5, 6};
        double total = 0;
        for (double w : weights) total += w;
        for (Simd level : levels_here()) {
            EXPECT_NEAR(std::sqrt(moved_squares(positions.data(), pack_points(flat(reference), {}), motion, level) /
                                  static_cast<double>(n)),
                        plain_rmsd(positions, reference, {}, motion), 1e-12);
            EXPECT_NEAR(
                std::sqrt(moved_squares(positions.data(), pack_points(flat(reference), weights), motion, level) /
                          total),
                plain_rmsd(positions, reference, weights, motion), 1e-12);
        }
    }
}

}  // namespace
}  // namespace mdloom::kernels

#include "mdloom/kernels/superposition.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace mdloom::kernels {
namespace {

using Matrix4 = std::array<std::array<double, 4>, 4>;
using Quaternion = std::array<double, 4>;

/// The symmetric, traceless matrix whose largest eigenvalue is max over rotations of sum w (R d) . r (Horn 1987).
Matrix4 key_matrix(const Matrix3& m) {
    const auto [xx, xy, xz, yx, yy, yz, zx, zy, zz] = m;
    return {{{xx + yy + zz, yz - zy, zx - xz, xy - yx},
             {yz - zy, xx - yy - zz, xy + yx, zx + xz},
             {zx - xz, xy + yx, -xx + yy - zz, yz + zy},
             {xy - yx, zx + xz, yz + zy, -xx - yy + zz}}};
}

double determinant(const Matrix3& m) {
    return m[0] * (m[4] * m[8] - m[5] * m[7]) - m[1] * (m[3] * m[8] - m[5] * m[6]) + m[2] * (m[3] * m[7] - m[4] * m[6]);
}

/// Cofactor of (row, column): the determinant of what is left, with its sign.
double cofactor(const Matrix4& k, std::size_t row, std::size_t column) {
    Matrix3 minor;
    std::size_t at = 0;
    for (std::size_t i = 0; i < 4; ++i)
        for (std::size_t j = 0; j < 4; ++j)
            if (i != row && j != column) minor[at++] = k[i][j];
    return ((row + column) % 2 == 0 ? 1 : -1) * determinant(minor);
}

/// Largest root of l^4 + c2 l^2 + c1 l + c0 by Newton's method from a bound above it (Theobald 2005, eq. 5). Nothing
/// when the root is nearly a double one: Newton then finds half the digits only.
std::optional<double> largest_root(const Matrix3& m, const Matrix4& key, double bound) {
    double norm = 0;
    for (double value : m) norm += value * value;
    const double c2 = -2 * norm, c1 = -8 * determinant(m);
    double c0 = 0;
    for (std::size_t column = 0; column < 4; ++column) c0 += key[0][column] * cofactor(key, 0, column);
    double root = std::min(bound, std::sqrt(3 * norm));  // the root is at most s1 + s2 + s3 <= sqrt(3) |m|
    for (int step = 0; step < 50; ++step) {
        const double square = root * root, b = (square + c2) * root, a = b + c1;
        const double slope = 2 * square * root + b + a;
        // a simple root's slope is the product of its distances from the other three
        if (!(slope > 1e-2 * square * root)) return std::nullopt;
        const double change = (a * root + c0) / slope;
        root -= change;
        if (std::abs(change) <= 1e-15 * root) return root;
    }
    return std::nullopt;
}

struct Eigenpair {
    double value;
    Quaternion vector;
};

/// One Jacobi rotation that makes a[p][q] zero; the columns of v follow.
void rotate_pair(Matrix4& a, Matrix4& v, std::size_t p, std::size_t q) {
    const double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
    const double t = (theta < 0 ? -1 : 1) / (std::abs(theta) + std::sqrt(theta * theta + 1));
    const double c = 1 / std::sqrt(t * t + 1), s = t * c;
    for (auto& row : a) {
        const double x = row[p], y = row[q];
        row[p] = c * x - s * y, row[q] = s * x + c * y;
    }
    for (std::size_t k = 0; k < 4; ++k) {
        const double x = a[p][k], y = a[q][k];
        a[p][k] = c * x - s * y, a[q][k] = s * x + c * y;
    }
    for (auto& row : v) {
        const double x = row[p], y = row[q];
        row[p] = c * x - s * y, row[q] = s * x + c * y;
    }
}

/// Jacobi's method: slower than Newton's, and right for multiple roots.
Eigenpair largest_eigenpair(Matrix4 a) {
    Matrix4 v{{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}}};
    for (int sweep = 0; sweep < 30; ++sweep) {
        double off = 0, diagonal = 0;
        for (std::size_t p = 0; p < 4; ++p) {
            diagonal += a[p][p] * a[p][p];
            for (std::size_t q = p + 1; q < 4; ++q) off += a[p][q] * a[p][q];
        }
        if (off <= 1e-34 * diagonal) break;
        for (std::size_t p = 0; p < 4; ++p)
            for (std::size_t q = p + 1; q < 4; ++q)
                if (a[p][q] != 0) rotate_pair(a, v, p, q);
    }
    std::size_t best = 0;
    for (std::size_t k = 1; k < 4; ++k)
        if (a[k][k] > a[best][best]) best = k;
    return {a[best][best], {v[0][best], v[1][best], v[2][best], v[3][best]}};
}

/// The adjoint of key - root is a multiple of v v^T: its largest row is the eigenvector (Liu et al. 2010).
Quaternion eigenvector(Matrix4 key, double root) {
    for (std::size_t i = 0; i < 4; ++i) key[i][i] -= root;
    std::size_t row = 0;
    double largest = -1;
    for (std::size_t i = 0; i < 4; ++i)
        if (const double size = std::abs(cofactor(key, i, i)); size > largest) largest = size, row = i;
    Quaternion q;
    double norm = 0;
    for (std::size_t j = 0; j < 4; ++j) {
        q[j] = cofactor(key, row, j);
        norm += q[j] * q[j];
    }
    for (double& value : q) value /= std::sqrt(norm);
    return q;
}

Matrix3 rotation_of(const Quaternion& quaternion) {
    const auto [w, x, y, z] = quaternion;
    return {w * w + x * x - y * y - z * z, 2 * (x * y - w * z),           2 * (x * z + w * y),
            2 * (x * y + w * z),           w * w - x * x + y * y - z * z, 2 * (y * z - w * x),
            2 * (x * z - w * y),           2 * (y * z + w * x),           w * w - x * x - y * y + z * z};
}

/// Beyond this the frame has moved so far that squares about the reference's centre cancel: it is measured about
/// itself.
constexpr double far_away = 1000;  // Å; 1000^2 * 2^-53 = 1e-10 Å^2

template <class Real>
void move(std::span<const float> positions, const Motion& motion, std::span<Real> out) {
    const Matrix3& r = motion.rotation;
    for (std::size_t first = 0; first < positions.size(); first += 3) {
        Point d;
        for (std::size_t k = 0; k < 3; ++k) d[k] = static_cast<double>(positions[first + k]) - motion.from[k];
        for (std::size_t k = 0; k < 3; ++k)
            out[first + k] =
                static_cast<Real>(r[3 * k] * d[0] + r[3 * k + 1] * d[1] + r[3 * k + 2] * d[2] + motion.to[k]);
    }
}

}  // namespace

Superposition superpose(const float* positions, const FitReference& reference, bool want_rotation,
                        Simd level) noexcept {
    Superposition result;
    result.motion.to = reference.centre;
    Point& centre = result.motion.from;
    centre = reference.centre;
    FitSums sums = fit_sums(positions, reference, centre, level);
    const auto from_mean = [&](std::size_t k) { return sums.sum[k] / reference.total_weight; };
    if (std::max({std::abs(from_mean(0)), std::abs(from_mean(1)), std::abs(from_mean(2))}) > far_away) {
        for (std::size_t k = 0; k < 3; ++k) centre[k] += from_mean(k);
        sums = fit_sums(positions, reference, centre, level);
    }
    double squares = sums.squares;
    for (std::size_t k = 0; k < 3; ++k) {
        squares -= sums.sum[k] * from_mean(k);
        centre[k] += from_mean(k);
    }
    const double half_sum = (std::max(squares, 0.0) + reference.squares) / 2;
    const Matrix4 key = key_matrix(sums.products);
    const std::optional<double> root = largest_root(sums.products, key, half_sum);
    const Eigenpair pair = root && !want_rotation ? Eigenpair{*root, {}}
                           : root                 ? Eigenpair{*root, eigenvector(key, *root)}
                                                  : largest_eigenpair(key);
    result.rmsd = std::sqrt(std::max(0.0, 2 * (half_sum - pair.value)) / reference.total_weight);
    if (want_rotation) result.motion.rotation = rotation_of(pair.vector);
    return result;
}

void move_positions(std::span<const float> positions, const Motion& motion, std::span<float> out) noexcept {
    move(positions, motion, out);
}

void move_positions(std::span<const float> positions, const Motion& motion, std::span<double> out) noexcept {
    move(positions, motion, out);
}

}  // namespace mdloom::kernels

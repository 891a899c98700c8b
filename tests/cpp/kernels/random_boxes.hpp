// Boxes and atoms for the kernels' property tests, and the plain way to the nearest image.
#pragma once
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>
#include <vector>

#include "mdloom/kernels/periodic_box.hpp"

namespace mdloom::kernels::testing {

using Vectors = std::vector<float>;  ///< nine numbers, or none: no box

inline std::vector<float> row_major(std::initializer_list<double> values) {
    std::vector<float> narrow;
    for (double value : values) narrow.push_back(static_cast<float>(value));
    return narrow;
}

/// A random box of one kind, made from a seed: rapidcheck shrinks the seed and the kind only.
inline Vectors random_box(int kind, std::mt19937& random) {
    std::uniform_real_distribution<double> length(5, 30), part(-0.5, 0.5), any(-1, 1);
    const double a = length(random), b = length(random), c = length(random);
    const auto lower = [&](double skew) {
        return row_major({a, 0, 0, skew * any(random) * a, b, 0, skew * any(random) * a, skew * any(random) * b, c});
    };
    switch (kind) {
        case 0:
            return {};
        case 1:
            return row_major({a, 0, 0, 0, b, 0, 0, 0, c});
        case 2:  // as programs write them
            return row_major({a, 0, 0, part(random) * a, b, 0, part(random) * a, part(random) * b, c});
        case 3:
            return lower(3);
        case 4:
            return lower(40);
        case 5:  // flat and long
            return row_major({a, 0, 0, any(random) * a, b / 20, 0, any(random) * a, any(random) * b, c * 5});
        case 6:  // any orientation and hand
            return row_major({a * any(random), a * any(random), a + 1, b * any(random), b + 1, b * any(random), c + 1,
                              c * any(random), c * any(random)});
        case 7: {  // rhombic dodecahedron: every point near a face has several images at nearly the same distance
            return row_major({a, 0, 0, 0, a, 0, a / 2, a / 2, a * std::sqrt(0.5)});
        }
        case 8:  // truncated octahedron
            return row_major(
                {a, 0, 0, a / 3, a * std::sqrt(8.) / 3, 0, -a / 3, a * std::sqrt(2.) / 3, a * std::sqrt(2. / 3)});
        default:  // tiny, or huge
            const double size = kind == 9 ? 0.02 : 1e5;
            return row_major(
                {a * size, 0, 0, part(random) * a * size, b * size, 0, 0, part(random) * b * size, c * size});
    }
}
inline constexpr int n_box_kinds = 11;

/// Atoms in the cell and up to `boxes` cells around it; some on edges, some twice.
inline std::vector<float> random_atoms(const Vectors& vectors, std::size_t n, double boxes, std::mt19937& random) {
    std::uniform_real_distribution<double> fraction(-boxes, 1 + boxes), side(0, 1);
    std::vector<float> atoms;
    for (std::size_t i = 0; i < n; ++i) {
        if (i > 2 && side(random) < 0.1) {
            for (std::size_t k = 0; k < 3; ++k) atoms.push_back(atoms[3 * (i / 2) + k]);
            continue;
        }
        double at[3] = {};
        for (std::size_t row = 0; row < 3; ++row) {
            double f = fraction(random);
            if (side(random) < 0.1) f = std::round(f);
            for (std::size_t k = 0; k < 3; ++k)
                at[k] += f * (vectors.empty() ? (row == k ? 20 : 0) : static_cast<double>(vectors[3 * row + k]));
        }
        for (double value : at) atoms.push_back(static_cast<float>(value));
    }
    return atoms;
}

/// Least distance by trying all images that can be nearer than the best so far, one direction after the other, in axes
/// along which the cell vectors are triangular. Knows nothing of reduced cells.
class PlainImages {
public:
    explicit PlainImages(const Vectors& vectors) {
        if (vectors.empty()) return;
        has_box_ = true;
        std::array<Point, 3> axes;
        for (std::size_t row = 0; row < 3; ++row) {
            const Point v = point_at(vectors, row);
            longest_ = std::max(longest_, std::sqrt(dot(v, v)));
            axes[row] = v;
            for (std::size_t k = 0; k < row; ++k) {
                const double along = dot(v, axes[k]);
                for (std::size_t x = 0; x < 3; ++x) axes[row][x] -= along * axes[k][x];
            }
            const double length = std::sqrt(dot(axes[row], axes[row]));
            for (double& x : axes[row]) x /= length;
            for (std::size_t k = 0; k <= row; ++k) v_[row][k] = dot(v, axes[k]);
        }
        axes_ = axes;
    }

    double operator()(const Point& d) const {
        if (!has_box_) return std::sqrt(dot(d, d));
        const Point along{dot(d, axes_[0]), dot(d, axes_[1]), dot(d, axes_[2])};
        Point near = along;
        for (std::size_t row = 3; row-- > 0;) move(near, std::round(near[row] / v_[row][row]), row);
        double best = std::sqrt(dot(near, near));
        try_images(along, 2, best);
        return best;
    }

    double longest_side() const { return longest_; }

private:
    void move(Point& d, double times, std::size_t row) const {
        for (std::size_t k = 0; k <= row; ++k) d[k] -= times * v_[row][k];
    }
    /// What the rows below `row` do leaves d[row] as it is.
    void try_images(const Point& d, std::size_t row, double& best) const {
        const double first = std::ceil((d[row] - best) / v_[row][row] - 1e-6),
                     last = std::floor((d[row] + best) / v_[row][row] + 1e-6);
        for (double times = first; times <= last; ++times) {
            Point image = d;
            move(image, times, row);
            if (row > 0)
                try_images(image, row - 1, best);
            else
                best = std::min(best, std::sqrt(dot(image, image)));
        }
    }
    bool has_box_ = false;
    double longest_ = 1;
    std::array<Point, 3> axes_{}, v_{};  ///< v_[row][k]: of vector `row` along axis k
};

}  // namespace mdloom::kernels::testing

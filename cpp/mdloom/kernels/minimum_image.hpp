// The least of all periodic images of a difference vector, exactly: for every box, also strongly skewed ones, and every
// distance, also beyond half the box. Inline, for the loops of this folder; pure and noexcept.
#pragma once
#include <utility>

#include "mdloom/kernels/periodic_box.hpp"

namespace mdloom::kernels {

/// To the nearest whole number, ties to even, |x| < 2^51: the sum drops the fraction. std::nearbyint is a call on the
/// oldest CPUs.
inline double whole(double x) {
    constexpr double shift = 0x1.8p52;
    return (x + shift) - shift;
}

struct NoImages {
    explicit NoImages(const PeriodicBox&) {}
    Point operator()(const Point& d) const noexcept { return d; }
};

struct OrthorhombicImages {
    explicit OrthorhombicImages(const PeriodicBox& box) {
        for (std::size_t k = 0; k < 3; ++k) lengths[k] = box.given.vectors[k][k], inverse[k] = 1 / lengths[k];
    }
    Point operator()(const Point& d) const noexcept {
        return {d[0] - lengths[0] * whole(d[0] * inverse[0]), d[1] - lengths[1] * whole(d[1] * inverse[1]),
                d[2] - lengths[2] * whole(d[2] * inverse[2])};
    }
    Point lengths, inverse;
};

struct TriclinicImages {
    explicit TriclinicImages(const PeriodicBox& periodic) : box(periodic) {}
    Point operator()(Point d) const noexcept {
        if (dot(d, d) <= box.least_square) return d;
        const Point f = box.reduced.fractions(d);
        for (std::size_t row = 0; row < 3; ++row) move(d, whole(f[row]), box.reduced.vectors[row]);
        // Every move shortens d, and what no face can shorten is in the Voronoi cell. Two or three rounds do; the bound
        // is for what is not a number.
        for (int round = 0; round < 64 && dot(d, d) > box.least_square && crossed_a_face(d); ++round) continue;
        return d;
    }
    const PeriodicBox& box;

private:
    static void move(Point& d, double times, const Point& v) {
        for (std::size_t k = 0; k < 3; ++k) d[k] -= times * v[k];
    }
    bool crossed_a_face(Point& d) const noexcept {
        bool moved = false;
        for (std::size_t face = 0; face < box.faces.size(); ++face) {
            const double times = dot(d, box.faces_scaled[face]);
            if (times > 0.5 + 1e-12 || times < -0.5 - 1e-12) {
                move(d, whole(times), box.faces[face]);
                moved = true;
            }
        }
        return moved;
    }
};

/// Calls work(images) with the one of the three that this box needs: loops choose once, not for every pair.
template <class Work>
auto with_images(const PeriodicBox& box, Work&& work) {
    switch (box.shape) {
        case PeriodicBox::Shape::orthorhombic:
            return std::forward<Work>(work)(OrthorhombicImages(box));
        case PeriodicBox::Shape::triclinic:
            return std::forward<Work>(work)(TriclinicImages(box));
        case PeriodicBox::Shape::none:
            break;
    }
    return std::forward<Work>(work)(NoImages(box));
}

inline Point between(const Point& from, const Point& to) {
    return {to[0] - from[0], to[1] - from[1], to[2] - from[2]};
}

}  // namespace mdloom::kernels

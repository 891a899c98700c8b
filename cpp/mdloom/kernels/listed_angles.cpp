#include "mdloom/kernels/listed_angles.hpp"

#include <algorithm>
#include <cmath>

#include "mdloom/kernels/arc_tangent.hpp"
#include "mdloom/kernels/arc_tangent_of.hpp"
#include "mdloom/kernels/lanes.hpp"
#include "mdloom/kernels/minimum_image.hpp"

namespace mdloom::kernels {
namespace {

/// Of eight triples: i, j, k; component after component.
struct Block {
    alignas(64) float at[3][3][n_lanes];
};

void gather(Positions a, Positions b, const ListedTriple* triples, std::size_t n, Block& block) {
    for (std::size_t lane = 0; lane < n_lanes; ++lane) {
        const ListedTriple& triple = triples[std::min(lane, n - 1)];
        const float* const from[3] = {a.data() + 3 * std::size_t{triple.i}, b.data() + 3 * std::size_t{triple.j},
                                      a.data() + 3 * std::size_t{triple.k}};
        for (std::size_t atom = 0; atom < 3; ++atom)
            for (std::size_t c = 0; c < 3; ++c) block.at[atom][c][lane] = from[atom][c];
    }
}

template <int W>
MDLOOM_INLINE Points<W> points_at(const float (&at)[3][n_lanes], std::size_t lane) {
    return {detail::widen<W>(at[0] + lane), detail::widen<W>(at[1] + lane), detail::widen<W>(at[2] + lane)};
}

template <int W>
MDLOOM_INLINE Lanes<W> product(const Points<W>& u, const Points<W>& v) {
    return u.x * v.x + u.y * v.y + u.z * v.z;
}

template <int W>
MDLOOM_INLINE Lanes<W> product(const Points<W>& u, const Point& v) {
    return u.x * v[0] + u.y * v[1] + u.z * v[2];
}

template <int W>
MDLOOM_INLINE Points<W> between(const Points<W>& from, const Points<W>& to) {
    return {to.x - from.x, to.y - from.y, to.z - from.z};
}

template <int W>
MDLOOM_INLINE Lanes<W> whole_of(const Lanes<W>& x) {
    constexpr double shift = 0x1.8p52;
    return (x + shift) - shift;
}

template <int W>
MDLOOM_INLINE Lanes<W> roots(const Lanes<W>& squares) {
    Lanes<W> found;
    for (int lane = 0; lane < W; ++lane) found[lane] = __builtin_sqrt(squares[lane]);
    return found;
}

template <int W>
MDLOOM_INLINE bool is_any_above(const Lanes<W>& lanes, double limit) {
    double most = lanes[0];
    for (int lane = 1; lane < W; ++lane) most = lanes[lane] > most ? lanes[lane] : most;
    return most > limit;
}

template <int W>
MDLOOM_INLINE void move(const NoImages&, Points<W>&) {}

template <int W>
MDLOOM_INLINE void move(const OrthorhombicImages& images, Points<W>& d) {
    const Point &l = images.lengths, &i = images.inverse;
    d.x -= l[0] * whole_of<W>(d.x * i[0]);
    d.y -= l[1] * whole_of<W>(d.y * i[1]);
    d.z -= l[2] * whole_of<W>(d.z * i[2]);
}

/// As one after the other, all at once; what then is not near enough goes one after the other.
template <int W>
MDLOOM_INLINE void move(const TriclinicImages& images, Points<W>& d) {
    const PeriodicBox& box = images.box;
    const Lanes<W> square = product<W>(d, d);
    if (!is_any_above<W>(square, box.least_square)) return;
    const Points<W> given = d;
    Lanes<W> times[3];
    for (std::size_t k = 0; k < 3; ++k) {
        const Lanes<W> whole = whole_of<W>(product<W>(given, box.reduced.reciprocal[k]));
        times[k] = square > box.least_square ? whole : whole - whole;
    }
    for (std::size_t k = 0; k < 3; ++k) {
        const Point& v = box.reduced.vectors[k];
        d.x -= times[k] * v[0], d.y -= times[k] * v[1], d.z -= times[k] * v[2];
    }
    const Lanes<W> moved = product<W>(d, d);
    if (!is_any_above<W>(moved, box.least_square)) return;
    for (int lane = 0; lane < W; ++lane) {
        const Point nearest = images({given.x[lane], given.y[lane], given.z[lane]});
        d.x[lane] = nearest[0], d.y[lane] = nearest[1], d.z[lane] = nearest[2];
    }
}

template <int W>
MDLOOM_INLINE Lanes<W> angle_between(const Points<W>& u, const Points<W>& v) {
    const Points<W> normal{u.y * v.z - u.z * v.y, u.z * v.x - u.x * v.z, u.x * v.y - u.y * v.x};
    const Lanes<W> height = roots<W>(product<W>(normal, normal)), along = product<W>(u, v),
                   width = along < 0 ? -along : along;
    const Lanes<W> small = height > width ? width : height, large = height > width ? height : width;
    using Angle = detail::TwoPart<Lanes<W>>;
    Angle angle = detail::angle_in_octant<Lanes<W>>(small, large);
    const Angle steep = detail::difference(detail::half_pi, angle);
    angle = {height > width ? steep.high : angle.high, height > width ? steep.low : angle.low};
    const Angle blunt = detail::difference(detail::pi, angle);
    angle = {along < 0 ? blunt.high : angle.high, along < 0 ? blunt.low : angle.low};
    return (angle.high + angle.low) * degrees_per_radian;
}

template <int W, class Images>
MDLOOM_INLINE void measure(Positions a, Positions b, std::span<const ListedTriple> triples, const Images& images,
                           double* distances, double* angles) {
    Block block;
    for (std::size_t at = 0; at < triples.size(); at += n_lanes) {
        gather(a, b, triples.data() + at, triples.size() - at, block);
        for (std::size_t lane = 0; lane < n_lanes; lane += W) {
            const Points<W> i = points_at<W>(block.at[0], lane), j = points_at<W>(block.at[1], lane),
                            k = points_at<W>(block.at[2], lane);
            Points<W> d = between<W>(i, k), u = between<W>(j, i), v = between<W>(j, k);
            move<W>(images, d);
            move<W>(images, u);
            move<W>(images, v);
            store<W>(roots<W>(product<W>(d, d)), distances + at + lane);
            store<W>(angle_between<W>(u, v), angles + at + lane);
        }
    }
}

template <int W>
MDLOOM_INLINE void measure_in(Positions a, Positions b, std::span<const ListedTriple> triples, const PeriodicBox& box,
                              double* distances, double* angles) {
    switch (box.shape) {
        case PeriodicBox::Shape::orthorhombic:
            return measure<W>(a, b, triples, OrthorhombicImages(box), distances, angles);
        case PeriodicBox::Shape::triclinic:
            return measure<W>(a, b, triples, TriclinicImages(box), distances, angles);
        case PeriodicBox::Shape::none:
            return measure<W>(a, b, triples, NoImages(box), distances, angles);
    }
}

#if defined(__x86_64__)
MDLOOM_TARGET_AVX2 void measure_avx2(Positions a, Positions b, std::span<const ListedTriple> triples,
                                     const PeriodicBox& box, double* distances, double* angles) {
    measure_in<4>(a, b, triples, box, distances, angles);
}
MDLOOM_TARGET_AVX512 void measure_avx512(Positions a, Positions b, std::span<const ListedTriple> triples,
                                         const PeriodicBox& box, double* distances, double* angles) {
    measure_in<8>(a, b, triples, box, distances, angles);
}
#endif

}  // namespace

void listed_angles(Positions a, Positions b, std::span<const ListedTriple> triples, const PeriodicBox& box,
                   double* distances, double* angles, Simd level) noexcept {
    switch (level) {
#if defined(__x86_64__)
        case Simd::avx512:
            return measure_avx512(a, b, triples, box, distances, angles);
        case Simd::avx2:
            return measure_avx2(a, b, triples, box, distances, angles);
#endif
        default:
            return measure_in<2>(a, b, triples, box, distances, angles);
    }
}

}  // namespace mdloom::kernels

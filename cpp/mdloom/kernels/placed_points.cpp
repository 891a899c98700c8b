#include "mdloom/kernels/placed_points.hpp"

#include <algorithm>

#include "mdloom/kernels/lanes.hpp"

namespace mdloom::kernels {
namespace {

template <int W>
struct FloatsOf {
    typedef float type __attribute__((vector_size(4 * W)));
};

/// The whole number at or below x, |x| < 2^51.
template <int W>
MDLOOM_INLINE Lanes<W> whole_below(const Lanes<W>& x) {
    constexpr double shift = 0x1.8p52;
    const Lanes<W> nearest = (x + shift) - shift;
    return nearest > x ? nearest - 1 : nearest;
}

template <int W>
MDLOOM_INLINE void narrow(const Lanes<W>& lanes, float* to) {
    const auto floats = __builtin_convertvector(lanes, typename FloatsOf<W>::type);
    std::memcpy(to, &floats, sizeof floats);
}

/// One direction after the other, so that few registers are enough.
template <int W>
MDLOOM_INLINE void place_lanes(const float* points, const Division& division, std::size_t at, PlacedPoints& placed) {
    Points<W> p;
    load_points<W>(points, p);
    float* const along[3] = {placed.along_x.data() + at, placed.along_y.data() + at, placed.along_z.data() + at};
    if (division.periodic) {
        Points<W> image = p;
        for (std::size_t k = 0; k < 3; ++k) {
            const Point &r = division.cell.reciprocal[k], &v = division.cell.vectors[k];
            const Lanes<W> f = p.x * r[0] + p.y * r[1] + p.z * r[2];
            const Lanes<W> cells = whole_below<W>(f);
            narrow<W>((f - cells) * static_cast<double>(division.n[k]), along[k]);
            image.x -= cells * v[0], image.y -= cells * v[1], image.z -= cells * v[2];
        }
        p = image;
    } else {
        const Point &o = division.origin, &i = division.inverse;
        p.x -= o[0], p.y -= o[1], p.z -= o[2];
        narrow<W>(p.x * (i[0] * static_cast<double>(division.n[0])), along[0]);
        narrow<W>(p.y * (i[1] * static_cast<double>(division.n[1])), along[1]);
        narrow<W>(p.z * (i[2] * static_cast<double>(division.n[2])), along[2]);
    }
    narrow<W>(p.x, placed.x.data() + at);
    narrow<W>(p.y, placed.y.data() + at);
    narrow<W>(p.z, placed.z.data() + at);
}

template <int W>
MDLOOM_INLINE void place_any(Positions points, const Division& division, PlacedPoints& placed) {
    const std::size_t n = placed.n, whole = n - n % n_lanes;
    for (std::size_t i = 0; i < whole; i += W) place_lanes<W>(points.data() + 3 * i, division, i, placed);
    if (whole == n) return;
    float rest[3 * n_lanes] = {};
    std::copy(points.begin() + index_of(3 * whole), points.end(), rest);
    for (std::size_t i = 0; i < n_lanes; i += W) place_lanes<W>(rest + 3 * i, division, whole + i, placed);
}

#if defined(__x86_64__)
MDLOOM_TARGET_AVX2 void place_avx2(Positions points, const Division& division, PlacedPoints& placed) {
    place_any<4>(points, division, placed);
}
MDLOOM_TARGET_AVX512 void place_avx512(Positions points, const Division& division, PlacedPoints& placed) {
    place_any<8>(points, division, placed);
}
#endif

}  // namespace

void PlacedPoints::resize(std::size_t n_points) {
    n = n_points;
    const std::size_t room = (n + n_lanes - 1) / n_lanes * n_lanes;
    for (std::vector<float>* values : {&x, &y, &z, &along_x, &along_y, &along_z}) values->resize(room);
}

void place_points(Positions points, const Division& division, Simd level, PlacedPoints& placed) noexcept {
    placed.resize(points.size() / 3);
    switch (level) {
#if defined(__x86_64__)
        case Simd::avx512:
            return place_avx512(points, division, placed);
        case Simd::avx2:
            return place_avx2(points, division, placed);
#endif
        default:
            return place_any<2>(points, division, placed);
    }
}

}  // namespace mdloom::kernels

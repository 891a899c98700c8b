#include "mdloom/kernels/rmsd_sums.hpp"

#include "mdloom/kernels/lanes.hpp"

namespace mdloom::kernels {
namespace {

template <int W>
struct FitAccumulators {
    Lanes<W> x{}, y{}, z{}, squares{};
    Lanes<W> xx{}, xy{}, xz{}, yx{}, yy{}, yz{}, zx{}, zy{}, zz{};

    template <bool weighted, bool tail>
    MDLOOM_INLINE void add(const float* positions, const PackedPoints::Block& reference,
                           const PackedPoints::Weights* weights, const double* present, const Point& origin,
                           int first) {
        Points<W> d;
        load_points<W>(positions + 3 * first, d);
        d.x -= origin[0], d.y -= origin[1], d.z -= origin[2];
        if constexpr (tail) {
            const Lanes<W> one_or_zero = load<W>(present + first);
            d.x *= one_or_zero, d.y *= one_or_zero, d.z *= one_or_zero;
        }
        Lanes<W> square = d.x * d.x;
        add_product<W>(d.y, d.y, square);
        add_product<W>(d.z, d.z, square);
        if constexpr (weighted) {
            const Lanes<W> w = load<W>(weights->values + first);
            add_product<W>(w, d.x, x), add_product<W>(w, d.y, y), add_product<W>(w, d.z, z);
            add_product<W>(w, square, squares);
        } else {
            x += d.x, y += d.y, z += d.z;
            squares += square;
        }
        const Lanes<W> rx = load<W>(reference.x + first);
        add_product<W>(d.x, rx, xx), add_product<W>(d.y, rx, yx), add_product<W>(d.z, rx, zx);
        const Lanes<W> ry = load<W>(reference.y + first);
        add_product<W>(d.x, ry, xy), add_product<W>(d.y, ry, yy), add_product<W>(d.z, ry, zy);
        const Lanes<W> rz = load<W>(reference.z + first);
        add_product<W>(d.x, rz, xz), add_product<W>(d.y, rz, yz), add_product<W>(d.z, rz, zz);
    }
};

constexpr int n_fit_sums = 13;

/// sums: [n_fit_sums][n_lanes]
template <int W, bool weighted>
MDLOOM_INLINE void fit_lanes(const float* positions, const FitReference& reference, const Point& origin, double* sums) {
    const PackedPoints::Block* blocks = reference.weighted.blocks.data();
    const PackedPoints::Weights* weights = reference.weighted.weights.data();
    const std::size_t n = usize(reference.weighted.n_points), n_full = n / n_lanes;
    const Tail tail(positions + 3 * n_lanes * n_full, n % n_lanes);
    for (int first = 0; first < n_lanes; first += W) {
        FitAccumulators<W> to;
        for (std::size_t b = 0; b < n_full; ++b)
            to.template add<weighted, false>(positions + 3 * n_lanes * b, blocks[b], weighted ? weights + b : nullptr,
                                             nullptr, origin, first);
        if (n % n_lanes != 0)
            to.template add<weighted, true>(tail.positions, blocks[n_full], weighted ? weights + n_full : nullptr,
                                            tail.present, origin, first);
        double* out = sums + first;
        for (const Lanes<W>* lanes : {&to.x, &to.y, &to.z, &to.squares, &to.xx, &to.xy, &to.xz, &to.yx, &to.yy, &to.yz,
                                      &to.zx, &to.zy, &to.zz}) {
            store<W>(*lanes, out);
            out += n_lanes;
        }
    }
}

template <int W, bool weighted>
struct MovedAccumulator {
    Lanes<W> squares{};

    template <bool tail>
    MDLOOM_INLINE void add(const float* positions, const PackedPoints::Block& reference,
                           const PackedPoints::Weights* weights, const double* present, const Motion& motion,
                           int first) {
        Points<W> p;
        load_points<W>(positions + 3 * first, p);
        p.x -= motion.from[0], p.y -= motion.from[1], p.z -= motion.from[2];
        Lanes<W> square{};
        const double* component[3] = {reference.x, reference.y, reference.z};
        for (std::size_t k = 0; k < 3; ++k) {
            const double* row = motion.rotation.data() + 3 * k;
            Lanes<W> moved = p.x * row[0];
            moved += p.y * row[1];
            moved += p.z * row[2];
            moved += motion.to[k];
            moved -= load<W>(component[k] + first);
            add_product<W>(moved, moved, square);
        }
        if constexpr (tail) square *= load<W>(present + first);
        if constexpr (weighted)
            add_product<W>(load<W>(weights->values + first), square, squares);
        else
            squares += square;
    }
};

template <int W, bool weighted>
MDLOOM_INLINE void moved_lanes(const float* positions, const PackedPoints& reference, const Motion& motion,
                               double* sums) {
    const PackedPoints::Weights* weights = reference.weights.data();
    const std::size_t n = usize(reference.n_points), n_full = n / n_lanes;
    const Tail tail(positions + 3 * n_lanes * n_full, n % n_lanes);
    for (int first = 0; first < n_lanes; first += W) {
        MovedAccumulator<W, weighted> to;
        for (std::size_t b = 0; b < n_full; ++b)
            to.template add<false>(positions + 3 * n_lanes * b, reference.blocks[b], weighted ? weights + b : nullptr,
                                   nullptr, motion, first);
        if (n % n_lanes != 0)
            to.template add<true>(tail.positions, reference.blocks[n_full], weighted ? weights + n_full : nullptr,
                                  tail.present, motion, first);
        store<W>(to.squares, sums + first);
    }
}

template <int W>
MDLOOM_INLINE void fit_any(const float* positions, const FitReference& reference, const Point& origin, double* sums) {
    if (reference.weighted.weights.empty())
        fit_lanes<W, false>(positions, reference, origin, sums);
    else
        fit_lanes<W, true>(positions, reference, origin, sums);
}

template <int W>
MDLOOM_INLINE void moved_any(const float* positions, const PackedPoints& reference, const Motion& motion,
                             double* sums) {
    if (reference.weights.empty())
        moved_lanes<W, false>(positions, reference, motion, sums);
    else
        moved_lanes<W, true>(positions, reference, motion, sums);
}

#if defined(__x86_64__)
MDLOOM_TARGET_AVX512 void fit_avx512(const float* x, const FitReference& r, const Point& o, double* s) {
    fit_any<8>(x, r, o, s);
}
MDLOOM_TARGET_AVX2 void fit_avx2(const float* x, const FitReference& r, const Point& o, double* s) {
    fit_any<4>(x, r, o, s);
}
MDLOOM_TARGET_AVX512 void moved_avx512(const float* x, const PackedPoints& r, const Motion& m, double* s) {
    moved_any<8>(x, r, m, s);
}
MDLOOM_TARGET_AVX2 void moved_avx2(const float* x, const PackedPoints& r, const Motion& m, double* s) {
    moved_any<4>(x, r, m, s);
}
#endif
void fit_portable(const float* x, const FitReference& r, const Point& o, double* s) {
    fit_any<2>(x, r, o, s);
}
void moved_portable(const float* x, const PackedPoints& r, const Motion& m, double* s) {
    moved_any<2>(x, r, m, s);
}

}  // namespace

FitReference make_fit_reference(std::span<const double> points, std::span<const double> weights) {
    FitReference reference;
    const std::size_t n = points.size() / 3;
    const auto weight = [&](std::size_t i) { return weights.empty() ? 1.0 : weights[i]; };
    for (std::size_t i = 0; i < n; ++i) reference.total_weight += weight(i);
    // The second round removes what rounding left of the first: frames far away multiply it.
    for (int round = 0; round < 2; ++round) {
        Point sum{};
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t k = 0; k < 3; ++k) sum[k] += weight(i) * (points[3 * i + k] - reference.centre[k]);
        for (std::size_t k = 0; k < 3; ++k) reference.centre[k] += sum[k] / reference.total_weight;
    }
    std::vector<double> weighted(3 * n);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t k = 0; k < 3; ++k) {
            const double r = points[3 * i + k] - reference.centre[k];
            weighted[3 * i + k] = weight(i) * r;
            reference.squares += weight(i) * r * r;
        }
    reference.weighted = pack_points(weighted, weights);
    return reference;
}

FitSums fit_sums(const float* positions, const FitReference& reference, const Point& origin, Simd level) noexcept {
    alignas(64) double lanes[n_fit_sums * n_lanes];
    switch (level) {
#if defined(__x86_64__)
        case Simd::avx512:
            fit_avx512(positions, reference, origin, lanes);
            break;
        case Simd::avx2:
            fit_avx2(positions, reference, origin, lanes);
            break;
#endif
        default:
            fit_portable(positions, reference, origin, lanes);
    }
    FitSums sums;
    for (std::size_t k = 0; k < 3; ++k) sums.sum[k] = sum_of_lanes(lanes + n_lanes * k);
    sums.squares = sum_of_lanes(lanes + n_lanes * 3);
    for (std::size_t k = 0; k < 9; ++k) sums.products[k] = sum_of_lanes(lanes + n_lanes * (4 + k));
    return sums;
}

double moved_squares(const float* positions, const PackedPoints& reference, const Motion& motion, Simd level) noexcept {
    alignas(64) double lanes[n_lanes];
    switch (level) {
#if defined(__x86_64__)
        case Simd::avx512:
            moved_avx512(positions, reference, motion, lanes);
            break;
        case Simd::avx2:
            moved_avx2(positions, reference, motion, lanes);
            break;
#endif
        default:
            moved_portable(positions, reference, motion, lanes);
    }
    return sum_of_lanes(lanes);
}

}  // namespace mdloom::kernels

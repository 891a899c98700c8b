#include "mdloom/kernels/projections.hpp"

#include <algorithm>

#include "mdloom/kernels/lanes.hpp"

namespace mdloom::kernels {
namespace {

constexpr std::size_t width = n_lanes;

/// Of four frames with two vectors, named one by one, so that they stay in registers.
template <int W>
struct Sums {
    Lanes<W> a0{}, b0{}, c0{}, d0{}, a1{}, b1{}, c1{}, d1{};

    MDLOOM_INLINE void add(const double* x, const double* vectors, std::size_t length) {
        const Lanes<W> v0 = load<W>(vectors), v1 = load<W>(vectors + length);
        const Lanes<W> a = load<W>(x), b = load<W>(x + length), c = load<W>(x + 2 * length),
                       d = load<W>(x + 3 * length);
        add_product<W>(a, v0, a0), add_product<W>(a, v1, a1);
        add_product<W>(b, v0, b0), add_product<W>(b, v1, b1);
        add_product<W>(c, v0, c0), add_product<W>(c, v1, c1);
        add_product<W>(d, v0, d0), add_product<W>(d, v1, d1);
    }
};

/// out: [2][4], of each vector the four frames.
template <int W>
MDLOOM_INLINE void project_four(const double* x, const double* vectors, std::size_t length, double* out) {
    alignas(64) double sums[8][width];
    for (std::size_t first = 0; first < width; first += W) {
        Sums<W> to;
        for (std::size_t i = first; i < length; i += width) to.add(x + i, vectors + i, length);
        double* row = sums[0] + first;
        for (const Lanes<W>* lanes : {&to.a0, &to.b0, &to.c0, &to.d0, &to.a1, &to.b1, &to.c1, &to.d1}) {
            store<W>(*lanes, row);
            row += width;
        }
    }
    for (std::size_t k = 0; k < 8; ++k) out[k] = sum_of_lanes(sums[k]);
}

#if defined(__x86_64__)
MDLOOM_TARGET_AVX512 void four_avx512(const double* x, const double* v, std::size_t n, double* out) {
    project_four<8>(x, v, n, out);
}
MDLOOM_TARGET_AVX2 void four_avx2(const double* x, const double* v, std::size_t n, double* out) {
    project_four<4>(x, v, n, out);
}
#endif

void four_at(Simd level, const double* x, const double* v, std::size_t n, double* out) {
    switch (level) {
#if defined(__x86_64__)
        case Simd::avx512:
            return four_avx512(x, v, n, out);
        case Simd::avx2:
            return four_avx2(x, v, n, out);
#endif
        default:
            project_four<2>(x, v, n, out);
    }
}

}  // namespace

PackedVectors::PackedVectors(std::span<const double> vectors, std::size_t n)
    : n_vectors_(vectors.size() / n), length_((n + width - 1) / width * width) {
    values_.resize((n_vectors_ + n_vectors_ % 2) * length_);  // whole pairs
    for (std::size_t i = 0; i < n_vectors_; ++i)
        std::copy_n(vectors.begin() + static_cast<std::ptrdiff_t>(i * n), n,
                    values_.begin() + static_cast<std::ptrdiff_t>(i * length_));
}

void project(const double* displacements, std::size_t n_frames, const PackedVectors& vectors, double* out,
             Simd level) noexcept {
    constexpr std::size_t n_together = projected_together;
    const std::size_t n = vectors.n_vectors();
    for (std::size_t v = 0; v < n; v += 2)
        for (std::size_t frame = 0; frame < n_frames; frame += n_together) {
            double found[2 * n_together];
            four_at(level, displacements + frame * vectors.length(), vectors[v], vectors.length(), found);
            for (std::size_t k = 0; k < 2 * n_together; ++k)
                if (v + k / n_together < n) out[(frame + k % n_together) * n + v + k / n_together] = found[k];
        }
}

}  // namespace mdloom::kernels

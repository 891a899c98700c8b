#include "mdloom/kernels/grid_cells.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "mdloom/kernels/lanes.hpp"

namespace mdloom::kernels {
namespace {

using EvenAxis = GridCells::EvenAxis;
using EvenAxes = std::array<EvenAxis, 3>;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float doubt = 1e-3f;  // of a bin, about its edges: far more than rounding moves a product
constexpr std::uint32_t doubtful = std::numeric_limits<std::uint32_t>::max();

/// The smallest float32 that is not below x.
float at_least(double x) {
    const auto near = static_cast<float>(x);
    return static_cast<double>(near) < x ? std::nextafter(near, infinity) : near;
}

struct BinRange {
    std::int32_t low, high;
};

/// Neither end falls when x grows, as none of the steps to it does.
MDLOOM_INLINE BinRange bins_of(float x, float first, float per_unit) {
    const float place = (x - first) * per_unit;
    return {static_cast<std::int32_t>(place - doubt), static_cast<std::int32_t>(place + doubt)};
}

/// Whether bins_of() holds the bin of every coordinate: when it does for the first and the last of each bin.
bool is_even(const EvenAxis& axis, const std::vector<double>& edges) {
    const std::size_t n_bins = edges.size() - 1;
    float first = axis.first;
    for (std::size_t bin = 0; bin < n_bins; ++bin) {
        const float beyond = at_least(edges[bin + 1]);
        const float last = bin + 1 < n_bins ? std::nextafter(beyond, -infinity) : axis.last;
        const auto here = static_cast<std::int32_t>(bin);
        if (first <= last && (bins_of(last, axis.first, axis.per_unit).low > here ||
                              bins_of(first, axis.first, axis.per_unit).high < here))
            return false;
        first = beyond;
    }
    return true;
}

/// No bins when they are not even enough.
EvenAxis make_even(const std::vector<double>& edges) {
    constexpr double farthest = 1e30, most_bins = 1e6;
    const double n = static_cast<double>(edges.size() - 1), per_unit = n / (edges.back() - edges.front());
    if (!(edges.front() > -farthest && edges.back() < farthest && per_unit < farthest && n < most_bins)) return {};
    EvenAxis axis{at_least(edges.front()), -at_least(-edges.back()), static_cast<float>(per_unit), 0};
    if (is_even(axis, edges)) axis.n_bins = static_cast<std::uint32_t>(edges.size() - 1);
    return axis;
}

constexpr std::size_t block = 256;  // positions, which stay in the nearest cache

/// One axis of a block. Plain loops, which compilers turn into vectors.
MDLOOM_INLINE void find_bins(const EvenAxis& axis, const float* at, std::uint32_t* cells, std::uint32_t* outside,
                             std::uint32_t* doubted) {
    const float first = axis.first, last = axis.last, per_unit = axis.per_unit;
    const std::uint32_t n_bins = axis.n_bins;
    for (std::size_t i = 0; i < block; ++i) {
        const float x = at[i] >= first ? at[i] : first, inside = x <= last ? x : last;  // first for NaN
        const BinRange bins = bins_of(inside, first, per_unit);
        cells[i] = cells[i] * n_bins + static_cast<std::uint32_t>(bins.low);
        outside[i] |= static_cast<std::uint32_t>(inside != at[i]);
        doubted[i] |= static_cast<std::uint32_t>(bins.low ^ bins.high);
    }
}

/// A whole block.
MDLOOM_INLINE void find_cells(const EvenAxes& axes, const float* positions, std::uint32_t size, std::uint32_t* out) {
    alignas(64) float at[3][block];
    alignas(64) std::uint32_t cells[block] = {}, outside[block] = {}, doubted[block] = {};
    for (std::size_t i = 0; i < block; ++i)
        at[0][i] = positions[3 * i], at[1][i] = positions[3 * i + 1], at[2][i] = positions[3 * i + 2];
    for (std::size_t k = 0; k < 3; ++k) find_bins(axes[k], at[k], cells, outside, doubted);
    for (std::size_t i = 0; i < block; ++i) {
        const std::uint32_t cell = doubted[i] ? doubtful : cells[i];
        out[i] = outside[i] ? size : cell;
    }
}

#if defined(__x86_64__)
MDLOOM_TARGET_AVX512 void find_avx512(const EvenAxes& axes, const float* at, std::uint32_t size, std::uint32_t* out) {
    find_cells(axes, at, size, out);
}
MDLOOM_TARGET_AVX2 void find_avx2(const EvenAxes& axes, const float* at, std::uint32_t size, std::uint32_t* out) {
    find_cells(axes, at, size, out);
}
#endif

void find_at(Simd level, const EvenAxes& axes, const float* at, std::uint32_t size, std::uint32_t* out) {
    switch (level) {
#if defined(__x86_64__)
        case Simd::avx512:
            return find_avx512(axes, at, size, out);
        case Simd::avx2:
            return find_avx2(axes, at, size, out);
#endif
        default:
            find_cells(axes, at, size, out);
    }
}

}  // namespace

GridCells::GridCells(const std::array<std::vector<double>, 3>& edges) : is_even_(true), size_(1) {
    for (std::size_t k = 0; k < 3; ++k) {
        bins_[k] = AxisBins(edges[k]);
        axes_[k] = make_even(edges[k]);
        is_even_ &= axes_[k].n_bins > 0;
        size_ *= bins_[k].size();
    }
}

std::uint32_t GridCells::cell_of(const float* at) const noexcept {
    const Index x = bins_[0](double{at[0]}), y = bins_[1](double{at[1]}), z = bins_[2](double{at[2]});
    const bool is_inside = (x | y | z) >= 0;  // none is AxisBins::outside
    return static_cast<std::uint32_t>(is_inside ? (x * bins_[1].size() + y) * bins_[2].size() + z : size_);
}

void GridCells::find(Positions positions, std::uint32_t* cells, Simd level) const noexcept {
    const std::size_t n = positions.size() / 3, n_whole = is_even_ ? n / block * block : 0;
    const float* at = positions.data();
    for (std::size_t i = 0; i < n_whole; i += block) {
        find_at(level, axes_, at + 3 * i, static_cast<std::uint32_t>(size_), cells + i);
        for (std::size_t k = i; k < i + block; ++k)
            if (cells[k] == doubtful) cells[k] = cell_of(at + 3 * k);
    }
    for (std::size_t i = n_whole; i < n; ++i) cells[i] = cell_of(at + 3 * i);
}

}  // namespace mdloom::kernels

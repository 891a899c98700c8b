#include "mdloom/kernels/coordinate_products.hpp"

#include <algorithm>

#include "mdloom/kernels/lanes.hpp"

namespace mdloom::kernels {
namespace {

constexpr std::size_t width = multiplied_width;
static_assert(width == n_lanes);

constexpr double to_grid = 0x1.8p21;  // (x + to_grid) - to_grid is a multiple of 2^-31 where |x| < 2^20
constexpr double to_high = 0x1.8p44;  // the same with 2^-8
constexpr int high_steps = 23;        // a step of h is 2^23 steps of l

/// Sums over frames of the products of 8 coordinates with 8 others.
struct Tile {
    alignas(64) double sums[SplitFrames::n_parts][width * width];
};

/// Row by row without a loop, so that the sums stay in registers. A fused multiply-add would not be faster.
template <int W, std::size_t... row>
MDLOOM_INLINE void sum_rows(const double* rows, const double* columns, std::size_t n_frames, double* sums,
                            std::index_sequence<row...>) {
    Lanes<W> sum[sizeof...(row)]{};
    for (std::size_t at = 0; at < n_frames * width; at += width) {
        const Lanes<W> column = load<W>(columns + at);
        ((sum[row] += rows[at + row] * column), ...);
    }
    (store<W>(sum[row], sums + row * width), ...);
}

template <int W>
MDLOOM_INLINE void sum_products(const double* rows, const double* columns, std::size_t n_frames, double* sums) {
    for (std::size_t first = 0; first < width; first += W)
        sum_rows<W>(rows, columns + first, n_frames, sums + first, std::make_index_sequence<width>());
}

template <int W>
MDLOOM_INLINE void sum_tile(const SplitFrames& frames, std::size_t rows, std::size_t columns, Tile& tile) {
    for (const auto part : {SplitFrames::high, SplitFrames::low, SplitFrames::both})
        sum_products<W>(frames.panel(rows, part), frames.panel(columns, part), frames.n_frames(), tile.sums[part]);
}

#if defined(__x86_64__)
MDLOOM_TARGET_AVX512 void sum_tile_avx512(const SplitFrames& f, std::size_t i, std::size_t j, Tile& t) {
    sum_tile<8>(f, i, j, t);
}
MDLOOM_TARGET_AVX2 void sum_tile_avx2(const SplitFrames& f, std::size_t i, std::size_t j, Tile& t) {
    sum_tile<4>(f, i, j, t);
}
#endif

void sum_tile_at(Simd level, const SplitFrames& frames, std::size_t rows, std::size_t columns, Tile& tile) {
    switch (level) {
#if defined(__x86_64__)
        case Simd::avx512:
            return sum_tile_avx512(frames, rows, columns, tile);
        case Simd::avx2:
            return sum_tile_avx2(frames, rows, columns, tile);
#endif
        default:
            sum_tile<2>(frames, rows, columns, tile);
    }
}

Int128 product_of(const Tile& tile, std::size_t i) {
    const double high = tile.sums[SplitFrames::high][i], low = tile.sums[SplitFrames::low][i];
    const double mixed = (tile.sums[SplitFrames::both][i] - high) - low;
    return (Int128{static_cast<std::int64_t>(high)} << (2 * high_steps)) +
           (Int128{static_cast<std::int64_t>(mixed)} << high_steps) + static_cast<std::int64_t>(low);
}

}  // namespace

void SplitFrames::resize(std::size_t n_coordinates) {
    n_coordinates_ = n_coordinates;
    n_frames_ = 0;
    const std::size_t n_panels = (n_coordinates + width - 1) / width;
    values_.assign(n_panels * n_parts * most_multiplied_frames * width, 0);
}

void SplitFrames::add(std::span<const float> coordinates) {
    double* to = values_.data() + n_frames_ * width;
    for (std::size_t first = 0; first < n_coordinates_; first += width) {
        const std::size_t n = std::min(width, n_coordinates_ - first);
        double* parts[n_parts];
        for (double*& part : parts) {
            part = to;
            to += most_multiplied_frames * width;
        }
        for (std::size_t i = 0; i < n; ++i) {
            const double x = (double{coordinates[first + i]} + to_grid) - to_grid;
            const double h = (x + to_high) - to_high;
            parts[high][i] = h * 0x1p8;
            parts[low][i] = (x - h) * 0x1p31;
            parts[both][i] = parts[high][i] + parts[low][i];
        }
    }
    ++n_frames_;
}

void add_sums(const SplitFrames& frames, std::span<Int128> sums) noexcept {
    for (std::size_t i = 0; i < frames.n_coordinates(); ++i) {
        const double *high = frames.panel(i / width, SplitFrames::high) + i % width,
                     *low = frames.panel(i / width, SplitFrames::low) + i % width;
        double high_sum = 0, low_sum = 0;
        for (std::size_t at = 0; at < frames.n_frames() * width; at += width) {
            high_sum += high[at];
            low_sum += low[at];
        }
        sums[i] += (Int128{static_cast<std::int64_t>(high_sum)} << high_steps) + static_cast<std::int64_t>(low_sum);
    }
}

void add_products(const SplitFrames& frames, std::span<Int128> products, Simd level) noexcept {
    const std::size_t n = frames.n_coordinates(), n_panels = (n + width - 1) / width;
    Tile tile;
    for (std::size_t rows = 0; rows < n_panels; ++rows)
        for (std::size_t columns = rows; columns < n_panels; ++columns) {
            sum_tile_at(level, frames, rows, columns, tile);
            const std::size_t stop = std::min(n, width * (columns + 1));
            for (std::size_t i = width * rows; i < std::min(n, width * (rows + 1)); ++i) {
                std::size_t j = std::max(i, width * columns);
                for (Int128* to = products.data() + place_in_triangle(i, j, n); j < stop; ++j, ++to)
                    *to += product_of(tile, (i % width) * width + j % width);
            }
        }
}

}  // namespace mdloom::kernels

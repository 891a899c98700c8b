#include "mdloom/kernels/displacements.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mdloom/base/error.hpp"
#include "mdloom/kernels/minimum_image.hpp"

namespace mdloom::kernels {
namespace {

constexpr double most_boxes = 0x1p20;

Point position(const Walk& walk, std::size_t k, std::size_t atom) {
    return point_at(walk.positions, usize(walk.frames[k]) * walk.n_atoms + atom);
}

/// Beyond, nothing is left of the fraction of a box.
double longest_square(const PeriodicBox& box) {
    const double longest = most_boxes * std::ranges::min(box.widths);
    return longest * longest;
}

[[noreturn]] void refuse_step(std::size_t atom, const Point& step) {
    throw ArgumentError(fmt::format(
        "atom {} of the group moves by {:.6g} Å from one frame to the next, more than a million boxes: check "
        "the units of positions and box",
        atom, std::sqrt(dot(step, step))));
}

Point nearest(const PeriodicBox& box, std::size_t atom, const Point& step) {
    if (box.shape == PeriodicBox::Shape::none) return step;
    if (!(dot(step, step) < longest_square(box))) refuse_step(atom, step);
    return with_images(box, [&](const auto& images) { return images(step); });
}

}  // namespace

void follow(const Walk& walk, std::size_t first, std::size_t stop, bool unwrap, std::span<double> paths) {
    const std::size_t n = walk.size();
    for (std::size_t k = 0; k < n; ++k) {
        double* out = paths.data() + k;
        for (std::size_t atom = first; atom < stop; ++atom) {
            const Point here = position(walk, k, atom);
            const bool by_steps = unwrap && k > 0;
            Point moved = between(position(walk, by_steps ? k - 1 : 0, atom), here);
            if (by_steps) moved = nearest(walk.boxes[k], atom, moved);
            for (std::size_t d = 0; d < 3; ++d, out += n) *out = by_steps ? out[-1] + moved[d] : moved[d];
        }
    }
}

std::optional<Jump> first_jump(const Walk& walk, std::size_t first, std::size_t stop) {
    for (std::size_t k = 1; k < walk.size(); ++k)
        for (std::size_t atom = first; atom < stop; ++atom) {
            const Point step = between(position(walk, k - 1, atom), position(walk, k, atom));
            const Point least = nearest(walk.boxes[k], atom, step);
            const double square = dot(step, step), least_square = dot(least, least);
            // what is as near as its image by all that float32 tells did not jump
            if (least_square < square * (1 - 1e-6)) return Jump{k, atom, std::sqrt(square), std::sqrt(least_square)};
        }
    return std::nullopt;
}

void mean_squares_by_lag(std::span<const double> path, std::span<double> mean) noexcept {
    const std::size_t n = mean.size();
    std::ranges::fill(mean, 0.0);
    for (std::size_t k = 0; k < n; ++k)
        for (std::size_t from = k; from < path.size(); from += n) {
            const double here = path[from], *later = path.data() + from;
            double* sums = mean.data();
            for (std::size_t lag = 1; lag < n - k; ++lag) {  // each lag has its own sum: runs in vectors
                const double step = later[lag] - here;
                sums[lag] += step * step;
            }
        }
    for (std::size_t lag = 1; lag < n; ++lag) mean[lag] /= static_cast<double>(n - lag);
}

void mean_squares_by_label(std::span<const double> path, std::size_t n, std::span<const std::int32_t> labels,
                           std::span<const Index> counts, std::span<double> mean) noexcept {
    std::ranges::fill(mean, 0.0);
    auto label = labels.begin();
    for (std::size_t k = 0; k < n; ++k)
        for (std::size_t l = k + 1; l < n; ++l, ++label) {
            if (*label < 0) continue;
            double square = 0;
            for (std::size_t from = 0; from < path.size(); from += n) {
                const double step = path[from + l] - path[from + k];
                square += step * step;
            }
            mean[usize(*label)] += square;
        }
    for (std::size_t i = 0; i < mean.size(); ++i)
        if (counts[i] > 0) mean[i] /= static_cast<double>(counts[i]);
}

}  // namespace mdloom::kernels

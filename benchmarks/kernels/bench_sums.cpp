// RMSF: exact sums of coordinates and their squares. PCA: of their products, and projections.
#include <algorithm>

#include "data.hpp"
#include "mdloom/kernels/coordinate_products.hpp"
#include "mdloom/kernels/coordinate_sums.hpp"
#include "mdloom/kernels/projections.hpp"
#include "measured.hpp"

namespace mdloom::bench {
namespace {

constexpr std::size_t n_coordinates = 3 * 214, n_vectors = 64;

struct Frames {
    std::vector<std::vector<float>> few;  ///< [most_frames_at_once][n_coordinates]
    std::vector<kernels::RunningSums> sums{(n_coordinates + 7) / 8};
    kernels::SplitFrames split;    ///< full, of n_coordinates
    std::vector<Int128> products;  ///< the upper triangle
    kernels::PackedVectors vectors;
    std::vector<double> displacements;

    Frames() {
        const auto atoms = models::protein(index_of(n_coordinates / 3));
        split.resize(n_coordinates);
        for (std::uint32_t k = 0; !split.is_full(); ++k) {
            const auto frame = flat(models::moved(atoms, k));
            if (few.size() < kernels::most_frames_at_once) few.push_back(frame);
            split.add(frame);
        }
        products.resize(n_coordinates * (n_coordinates + 1) / 2);
        vectors = kernels::PackedVectors(std::vector<double>(n_coordinates * n_vectors, 0.5), n_coordinates);
        displacements.resize(kernels::projected_together * vectors.length(), 0.25);
    }
};

}  // namespace

void add_sums() {
    const auto frames = std::make_shared<Frames>();
    constexpr double n_summed = double{kernels::most_frames_at_once} * n_coordinates;
    const Work sums{.n_items = n_summed / 3, .bytes = 4 * n_summed, .flops = 3 * n_summed};
    constexpr double n_products = n_coordinates * (n_coordinates + 1) / 2 * double{kernels::most_multiplied_frames};
    const Work products{.n_items = n_products, .bytes = 0, .flops = 3 * 2 * n_products};
    constexpr double n_projected = n_coordinates * n_vectors * double{kernels::projected_together};
    const Work projections{.n_items = n_projected, .bytes = 8.0 * n_coordinates * n_vectors, .flops = 2 * n_projected};
    for (Simd level : levels_here()) {
        add("rmsf/coordinate_sums", level, sums, [frames, level] {
            std::array<const float*, kernels::most_frames_at_once> places;
            std::ranges::transform(frames->few, places.begin(), [](const auto& frame) { return frame.data(); });
            kernels::add_coordinates(places, n_coordinates, 0, frames->sums.data(), level);
            benchmark::DoNotOptimize(frames->sums.data());
        });
        add("pca/add_products", level, products,
            [frames, level] { kernels::add_products(frames->split, frames->products, level); });
        add("pca/project", level, projections, [frames, level] {
            std::array<double, n_vectors * kernels::projected_together> out;
            kernels::project(frames->displacements.data(), kernels::projected_together, frames->vectors, out.data(),
                             level);
            benchmark::DoNotOptimize(out);
        });
    }
}

}  // namespace mdloom::bench

#include "mdloom/kernels/packed_points.hpp"

namespace mdloom::kernels {

PackedPoints pack_points(std::span<const double> points, std::span<const double> weights) {
    const std::size_t n = points.size() / 3;
    PackedPoints packed{index_of(n), std::vector<PackedPoints::Block>((n + 7) / 8), {}};
    for (std::size_t i = 0; i < n; ++i) {
        PackedPoints::Block& block = packed.blocks[i / 8];
        block.x[i % 8] = points[3 * i];
        block.y[i % 8] = points[3 * i + 1];
        block.z[i % 8] = points[3 * i + 2];
    }
    if (!weights.empty()) packed.weights.resize(packed.blocks.size());
    for (std::size_t i = 0; i < weights.size(); ++i) packed.weights[i / 8].values[i % 8] = weights[i];
    return packed;
}

}  // namespace mdloom::kernels

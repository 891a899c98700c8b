#include "mdloom/kernels/pair_histogram.hpp"

namespace mdloom::kernels {

void count_pairs(const GroupPair& groups, const PeriodicBox& box, const DistanceBins& bins, Simd,
                 std::span<Index> counts) {
    for_each_near(groups, box, bins.last(), [&](std::size_t, std::size_t, double square) {
        if (const std::size_t bin = bins.of_square(square); bin < counts.size()) ++counts[bin];
    });
}

}  // namespace mdloom::kernels

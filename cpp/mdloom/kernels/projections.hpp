// Scalar products of some frames' displacements with many vectors: their projections on principal components. Vectors
// are larger than a cache, frames are not: several of them share each vector.
//
// All levels give the same bits: eight virtual lanes, fused multiply-adds (lanes.hpp).
#pragma once
#include <span>
#include <vector>

#include "mdloom/base/simd.hpp"

namespace mdloom::kernels {

/// Vectors made ready: each filled up with zeros to a whole number of lanes.
class PackedVectors {
public:
    PackedVectors() = default;
    /// vectors: [n_vectors * n], one after the other, n above 0.
    PackedVectors(std::span<const double> vectors, std::size_t n);

    std::size_t n_vectors() const { return n_vectors_; }
    std::size_t length() const { return length_; }
    const double* operator[](std::size_t i) const { return values_.data() + i * length_; }

private:
    std::size_t n_vectors_ = 0, length_ = 0;
    std::vector<double> values_;
};

inline constexpr std::size_t projected_together = 4;  ///< frames

/// out[f * vectors.n_vectors() + v] = sum_i displacements[f * vectors.length() + i] vectors[v][i]. displacements: of
/// n_frames, a multiple of projected_together, zeros behind the last of each. noexcept: call from any thread.
void project(const double* displacements, std::size_t n_frames, const PackedVectors& vectors, double* out,
             Simd level) noexcept;

}  // namespace mdloom::kernels

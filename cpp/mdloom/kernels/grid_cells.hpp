// Which cell of a rectangular grid each of many positions falls in, exactly as the edges of its axes say.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "mdloom/base/simd.hpp"
#include "mdloom/kernels/axis_bins.hpp"
#include "mdloom/kernels/distances.hpp"

namespace mdloom::kernels {

/// A grid over bins of x, y and z, as AxisBins has them; cell (i, j, k) has the number (i n_y + j) n_z + k.
class GridCells {
public:
    static constexpr Index most_cells = (Index{1} << 32) - 2;

    GridCells() = default;
    explicit GridCells(const std::array<std::vector<double>, 3>& edges);

    Index size() const { return size_; }

    /// cells: [n], for each position the number of its cell, size() for one outside. Every level gives the same.
    void find(Positions positions, std::uint32_t* cells, Simd level) const noexcept;

    /// One axis for float32 coordinates: where bins are about equally wide, a product says which, but next to edges.
    struct EvenAxis {
        float first = 0, last = 0;  ///< coordinates that are inside
        float per_unit = 0;
        std::uint32_t n_bins = 0;  ///< 0: they are not
    };

private:
    std::uint32_t cell_of(const float* at) const noexcept;

    std::array<AxisBins, 3> bins_;
    std::array<EvenAxis, 3> axes_;
    bool is_even_ = false;  ///< all axes are
    Index size_ = 0;
};

}  // namespace mdloom::kernels

// Which bin of an axis a coordinate falls in, exactly as its edges say: [edge k, edge k + 1), the last bin closed.
#pragma once
#include <vector>

#include "mdloom/base/index.hpp"

namespace mdloom::kernels {

/// Edges rise, finite, at least two. Meant for bins that are about equally wide: they are found in one step or two.
class AxisBins {
public:
    static constexpr Index outside = -1;

    AxisBins() = default;
    explicit AxisBins(std::vector<double> edges)
        : edges_(std::move(edges)),
          last_(index_of(edges_.size()) - 2),
          per_unit_(static_cast<double>(last_ + 1) / (edges_.back() - edges_.front())) {}

    Index size() const { return last_ + 1; }

    Index operator()(double x) const noexcept {
        if (!(x >= edges_.front() && x <= edges_.back())) return outside;
        Index bin = std::min(last_, static_cast<Index>((x - edges_.front()) * per_unit_));
        while (x < edges_[usize(bin)]) --bin;  // the product is only about right
        while (bin < last_ && x >= edges_[usize(bin) + 1]) ++bin;
        return bin;
    }

private:
    std::vector<double> edges_;
    Index last_ = -1;
    double per_unit_ = 0;
};

}  // namespace mdloom::kernels

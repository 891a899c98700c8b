// Equal bins of distances, as numpy.histogram has them: each holds its lower edge, the last one both. A distance is
// binned by its square against the squares that the edges are rounded from, so no root decides and no edge is missed.
#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

#include "mdloom/base/index.hpp"

namespace mdloom::kernels {

class DistanceBins {
public:
    DistanceBins() = default;

    /// n bins from first to last, Å. Throws ArgumentError for no bins, for 0 <= first < last not being so, and for bins
    /// narrower than 1e-9 Å.
    DistanceBins(Index n, double first, double last);

    std::size_t size() const { return edges_.size() - 1; }
    double first() const { return edges_.front(); }
    double last() const { return edges_.back(); }
    const std::vector<double>& edges() const { return edges_; }  ///< Å, [n + 1], those of numpy.linspace
    double per_length() const { return per_length_; }            ///< bins per Å

    /// The bin of the distance sqrt(square), or size() when there is none.
    std::size_t of_square(double square) const noexcept {
        if (!(square >= squares_.front() && square < squares_.back())) return size();
        const double estimate = (std::sqrt(square) - first()) * per_length_;
        std::size_t bin = std::min(static_cast<std::size_t>(estimate), size() - 1);
        while (square < squares_[bin]) --bin;
        while (square >= squares_[bin + 1]) ++bin;
        return bin;
    }

private:
    std::vector<double> edges_;
    std::vector<double> squares_;  ///< the least whose root is not below each edge; the last: whose root is above it
    double per_length_ = 0;
};

}  // namespace mdloom::kernels

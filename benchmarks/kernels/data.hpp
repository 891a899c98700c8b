// The numbers that benchmarks work on, in the shapes that kernels take.
#pragma once
#include <memory>

#include "mdloom/kernels/periodic_box.hpp"
#include "support/model_systems.hpp"

namespace mdloom::bench {

template <class T = float>
std::vector<T> flat(const std::vector<Vec3>& positions) {
    std::vector<T> values;
    for (const Vec3& at : positions) values.insert(values.end(), at.begin(), at.end());
    return values;
}

/// The oxygens of 22^3 waters: 10,648 atoms in a cube of 68 Å.
struct Oxygens {
    Oxygens() {
        const Frame frame = models::water(22);
        for (std::size_t i = 0; i < frame.positions.size(); i += 3)
            positions.insert(positions.end(), frame.positions[i].begin(), frame.positions[i].end());
        box = kernels::make_periodic_box(frame.box);
        density = static_cast<double>(size()) / (double{frame.box[0]} * double{frame.box[4]} * double{frame.box[8]});
    }
    std::size_t size() const { return positions.size() / 3; }

    /// Pairs of different atoms within that distance, about, each once.
    double n_pairs(double distance) const {
        constexpr double ball = 4.18879;
        return static_cast<double>(size()) * density * ball * distance * distance * distance / 2;
    }

    std::vector<float> positions;
    kernels::PeriodicBox box;
    double density = 0;  ///< 1/Å^3
};

}  // namespace mdloom::bench

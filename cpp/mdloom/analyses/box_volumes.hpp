// The sum of the volumes of frames, exact for any cut of them.
#pragma once
#include <cmath>

#include "mdloom/frame/frame.hpp"
#include "mdloom/kernels/cell_volume.hpp"
#include "mdloom/partials/exact_sum.hpp"

namespace mdloom::analyses {

/// Whole Å^3 and the rest are summed apart, so that nothing is lost of a volume above 2^-8 Å^3, nor up to 2^62 Å^3.
struct BoxVolumes {
    ExactSum whole, rest;

    static BoxVolumes none() { return {ExactSum::zeros(1, Grid{0}), ExactSum::zeros(1, Grid{-60})}; }

    /// Of a frame that has a box. Throws StateError beyond 2^62 Å^3.
    void add(const Frame& frame) {
        const double volume = volume_of(frame), below = std::floor(volume);
        whole.add(0, below);
        rest.add(0, volume - below);
    }
    void merge(BoxVolumes&& other) {
        whole.merge(std::move(other.whole));
        rest.merge(std::move(other.rest));
    }
    /// Å^3. Throws StateError for a state that was damaged on its way.
    double sum() const {
        if (whole.sums.size() != 1 || rest.sums.size() != 1) throw StateError("state is damaged: no sum of volumes");
        return whole.sum(0) + rest.sum(0);
    }

private:
    /// GROMACS' vectors are in nm: MDAnalysis rounds their lengths before it multiplies them, not the vectors after.
    /// The difference is 2e-8, which a sharp peak of g(r) shows in the fourth digit behind the point.
    static double volume_of(const Frame& frame) {
        Box in_nm{};
        bool is_in_nm = frame.stored.n_cell == 9;
        for (std::size_t k = 0; is_in_nm && k < 9; ++k) {
            in_nm[k] = static_cast<float>(frame.stored.cell[k]);
            is_in_nm = in_nm[k] * 10.F == frame.box[k];
        }
        return is_in_nm ? kernels::cell_volume(in_nm, 10) : kernels::cell_volume(frame.box);
    }
};

}  // namespace mdloom::analyses

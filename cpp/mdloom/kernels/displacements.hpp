// How far atoms go: their paths, also through periodic boxes, and mean squares of displacements.
//
// Positions are float32, Å; everything after them is double, summed in order of time: the same bits on every CPU and
// for any choice of atoms. Const: call from any thread.
#pragma once
#include <optional>
#include <vector>

#include "mdloom/kernels/periodic_box.hpp"

namespace mdloom::kernels {

/// Atoms over some frames.
struct Walk {
    Positions positions;             ///< [n_frames * n_atoms * 3], Å
    std::size_t n_atoms = 0;         ///< in each frame
    std::vector<Index> frames;       ///< which of them, in order of time
    std::vector<PeriodicBox> boxes;  ///< of each of those

    std::size_t size() const { return frames.size(); }
};

/// Coordinates of atoms [first, stop) over the walk, less those where it begins, Å: [stop - first][3][walk.size()].
///
/// unwrap: steps are those to nearest images in the box of the later frame, and added up (von Buelow, Bullerjahn &
/// Hummer 2020, doi:10.1063/5.0008316); the box may change. Throws ArgumentError for a step of more than a million
/// boxes.
void follow(const Walk& walk, std::size_t first, std::size_t stop, bool unwrap, std::span<double> paths);

/// A step whose nearest image is shorter.
struct Jump {
    std::size_t step, atom;    ///< from frames[step - 1] to frames[step]
    double distance, nearest;  ///< Å
};

/// The first in time, and of those the one of the least atom. Atoms [first, stop). Throws as follow().
std::optional<Jump> first_jump(const Walk& walk, std::size_t first, std::size_t stop);

/// mean[lag] over k of |path(k + lag) - path(k)|^2. path: n_dimensions times [n], one after the other; mean: [n].
void mean_squares_by_lag(std::span<const double> path, std::span<double> mean) noexcept;

/// The same over pairs k < l that have a label in common: labels of (0, 1), (0, 2), ..., (1, 2), ..., each in
/// [0, counts.size()), and how many pairs have each; negative: the pair does not count. A label without pairs gives 0.
void mean_squares_by_label(std::span<const double> path, std::size_t n, std::span<const std::int32_t> labels,
                           std::span<const Index> counts, std::span<double> mean) noexcept;

}  // namespace mdloom::kernels

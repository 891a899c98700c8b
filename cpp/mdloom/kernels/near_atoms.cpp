#include "mdloom/kernels/near_atoms.hpp"

#include <cmath>
#include <limits>

namespace mdloom::kernels {
namespace {

constexpr std::size_t most_atoms = std::numeric_limits<std::uint32_t>::max() / 8;  // with all their images

constexpr Index finer = 3;

}  // namespace

bool NearAtoms::prepare(Positions from, Positions atoms, const PeriodicBox& box, double cutoff) {
    const std::size_t n_from = from.size() / 3, n_atoms = atoms.size() / 3;
    if (n_from == 0 || n_atoms == 0 || n_from <= few_pairs / n_atoms || n_atoms > most_atoms) return false;
    division_ = divide(from, atoms, box, cutoff);
    if (!division_.one_image() || division_.share() > most_of_space) return false;
    // Along the first direction cells lie next to each other: finer ones leave less to look at, and cost nothing.
    division_.n[0] *= finer, division_.reach[0] *= finer;
    const double limit = cutoff + rounding_in_grid(division_, cutoff);
    limit_square_ = limit * limit;
    Index n_cells = 1;
    for (std::size_t k = 0; k < 3; ++k) strides_[k] = n_cells, n_cells *= division_.n[k] + 2 * division_.reach[k];
    images_.clear();
    for (std::size_t i = 0; i < n_atoms; ++i)
        copy_into_cells(static_cast<std::uint32_t>(i), place_of(point_at(atoms, i), division_));
    sort_into(usize(n_cells));
    return true;
}

/// Along each direction an atom is in its cell and, near a face of the box, in the layer beyond the other one.
void NearAtoms::copy_into_cells(std::uint32_t atom, const Place& place) {
    const std::size_t first = images_.size();
    Index cell = 0;
    for (std::size_t k = 0; k < 3; ++k) cell += (place.cell[k] + division_.reach[k]) * strides_[k];
    images_.push_back({usize(cell), atom, place.at});
    if (!division_.periodic) return;
    for (std::size_t k = 0; k < 3; ++k) {
        const bool at_start = place.cell[k] < division_.reach[k];
        if (!at_start && place.cell[k] < division_.n[k] - division_.reach[k]) continue;
        const Index cells = (at_start ? 1 : -1) * division_.n[k] * strides_[k];
        for (std::size_t i = first, n = images_.size(); i < n; ++i) {
            Image image = images_[i];
            image.cell = usize(index_of(image.cell) + cells);
            for (std::size_t c = 0; c < 3; ++c) image.at[c] += (at_start ? 1 : -1) * division_.cell.vectors[k][c];
            images_.push_back(image);
        }
    }
}

void NearAtoms::sort_into(std::size_t n_cells) {
    start_.assign(n_cells + 2, 0);
    for (const Image& image : images_) ++start_[image.cell + 2];
    for (std::size_t cell = 2; cell < start_.size(); ++cell) start_[cell] += start_[cell - 1];
    atom_.resize(images_.size());
    found_.resize(images_.size());
    for (std::vector<double>* values : {&x_, &y_, &z_}) values->resize(images_.size());
    for (const Image& image : images_) {  // start_[cell + 1] runs from the cell's first image to its end
        const std::size_t to = start_[image.cell + 1]++;
        atom_[to] = image.atom;
        x_[to] = image.at[0], y_[to] = image.at[1], z_[to] = image.at[2];
    }
}

std::span<const std::uint32_t> NearAtoms::around(const Point& point) {
    const Place place = place_of(point, division_);
    const auto& reach = division_.reach;
    const Point from = place.at;
    const double limit = limit_square_;
    const double *const x = x_.data(), *const y = y_.data(), *const z = z_.data();
    const std::uint32_t *const start = start_.data(), *const atom = atom_.data();
    std::uint32_t* const found = found_.data();
    std::size_t n = 0;
    for (Index c2 = place.cell[2]; c2 <= place.cell[2] + 2 * reach[2]; ++c2)
        for (Index c1 = place.cell[1]; c1 <= place.cell[1] + 2 * reach[1]; ++c1) {
            const Index row = c2 * strides_[2] + c1 * strides_[1] + place.cell[0];
            // Every candidate is written, and kept only when it counts: no branch that the CPU must guess.
            for (std::size_t k = start[row], stop = start[row + 2 * reach[0] + 1]; k < stop; ++k) {
                const double dx = x[k] - from[0], dy = y[k] - from[1], dz = z[k] - from[2];
                found[n] = atom[k];
                n += static_cast<std::size_t>(dx * dx + dy * dy + dz * dz <= limit);
            }
        }
    return {found, n};
}

}  // namespace mdloom::kernels

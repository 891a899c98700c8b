#include "mdloom/kernels/near_atoms.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mdloom::kernels {
namespace {

constexpr std::size_t most_atoms = std::numeric_limits<std::uint32_t>::max() / 64;  // with all their images
constexpr double most_along = 4096;  // cells; float32 then leaves 2^-12 of one
constexpr double slack = 1e-3;       // of a cell, for what float32 leaves, twice
constexpr double float_step = 0x1p-24;
constexpr double in_a_run = 4;        // atoms: half as many as lanes, so that rarely there are more
constexpr double cells_in_reach = 3;  // along the first direction
constexpr double cells_per_atom = 2;

/// The largest coordinate of an atom's image that is within reach.
double farthest(const Division& division, const Point& extents) {
    double most = 0;
    for (std::size_t k = 0; k < 3; ++k) {
        double along = extents[k];
        for (const Point& v : division.cell.vectors) along += 1.5 * std::abs(v[k]);
        most = std::max(most, along);
    }
    return most;
}

std::int32_t whole(float x) {
    return static_cast<std::int32_t>(x);
}

}  // namespace

bool NearAtoms::prepare(Positions from, Positions atoms, const PeriodicBox& box, double cutoff, Simd level) {
    const std::size_t n_from = from.size() / 3, n_atoms = atoms.size() / 3;
    if (n_from == 0 || n_atoms == 0 || n_from <= few_pairs / n_atoms || n_atoms > most_atoms) return false;
    level_ = level;
    if (!divide_space(from, atoms, box, cutoff)) return false;
    is_same_ = from.data() == atoms.data() && n_from == n_atoms;
    place_points(atoms, division_, level, placed_);
    if (!is_same_) place_points(from, division_, level, from_);
    copy_into_cells();
    sort_images();
    return true;
}

bool NearAtoms::divide_space(Positions from, Positions atoms, const PeriodicBox& box, double cutoff) {
    division_ = Division{box.shape != PeriodicBox::Shape::none, box.reduced, {}, {}, {}, {}};
    Point widths = box.widths, extents{};
    if (!division_.periodic) widths = extents = set_extent(from, atoms, division_);
    // Along each of three directions an atom is rounded, its image again, the point, and their difference.
    error_ = rounding_in_grid(division_, cutoff) + (5 * farthest(division_, extents) + 4 * cutoff) * float_step;
    const double limit = cutoff + error_;
    limit_square_ = static_cast<float>(limit * limit * (1 + 8 * float_step));
    const double narrowest = 2 * limit * (1 + 4 * slack);
    if (division_.periodic && std::ranges::min(widths) < narrowest) return false;
    set_cells(widths, limit, narrowest, static_cast<double>(atoms.size() / 3));
    return true;
}

/// Along the second direction as wide as twice the reach, along the third as wide, or wider where atoms are few.
void NearAtoms::set_cells(const Point& widths, double limit, double narrowest, double n_atoms) {
    const auto& v = division_.cell.vectors;
    double volume = std::abs(dot(v[0], cross(v[1], v[2])));
    if (!division_.periodic)
        volume = std::max(widths[0], limit) * std::max(widths[1], limit) * std::max(widths[2], limit);
    const double per_area = n_atoms / std::max(volume, 1e-290) * limit * (2 + 1 / cells_in_reach);
    const double width = std::max(narrowest / 2, std::sqrt(in_a_run / 2 / per_area));
    const auto cells = [](double wanted, double most) { return std::clamp(std::floor(wanted), 1.0, most); };
    Point n;
    n[1] = cells(widths[1] / (2 * width), most_along), n[2] = cells(widths[2] / width, most_along);
    const double most = std::max(cells_per_atom * n_atoms / (n[1] * n[2]), 8.0);
    n[0] = cells(widths[0] / limit * (cells_in_reach - 2 * slack), std::min(most, most_along));
    std::int32_t stride = 1;
    for (std::size_t k = 0; k < 3; ++k) {
        division_.n[k] = static_cast<Index>(n[k]);
        n_[k] = static_cast<std::int32_t>(n[k]);
        const double reach = widths[k] > 0 ? limit / widths[k] * n[k] : 0;
        reach_[k] = static_cast<float>(std::min(reach, n[k]) + slack);
        around_[k] = k == 0 ? whole(reach_[k]) + 1 : 1;
        strides_[k] = stride;
        stride *= n_[k] + 2 * around_[k];
    }
    reached_ = static_cast<std::int32_t>(std::ceil(reach_[0]));
    n_cells_ = usize(stride);
}

/// Along each direction an atom is in its cell and, near a face of the box, in the layer beyond the other one.
void NearAtoms::copy_into_cells() {
    const float *const x = placed_.along_x.data(), *const y = placed_.along_y.data(), *const z = placed_.along_z.data();
    const auto cell_along = [&](std::size_t k, float along) {
        return (std::min(whole(along), n_[k] - 1) + around_[k]) * strides_[k];
    };
    cells_.resize(placed_.n);
    std::uint32_t* const cells = cells_.data();
    corners_.resize(placed_.n);
    std::uint32_t* const corners = corners_.data();
    for (std::size_t i = 0; i < placed_.n; ++i) {
        const std::int32_t along_x = cell_along(0, x[i]), along_z = cell_along(2, z[i]);
        cells[i] = static_cast<std::uint32_t>(along_x + cell_along(1, y[i]) + along_z);
        corners[i] =
            static_cast<std::uint32_t>(along_x - reached_ + whole(y[i] + 0.5F) * strides_[1] + along_z - strides_[2]);
    }
    images_.clear();
    if (!division_.periodic) return;
    // One direction after the other: what was copied across one face is copied across the next, too. Every atom is
    // written, and kept only near a face: no branch that the CPU must guess.
    near_face_.resize(placed_.n + 1);
    std::uint32_t* const near_face = near_face_.data();
    for (std::size_t k = 0; k < 3; ++k) {
        const std::size_t n_before = images_.size();
        const float* const along = std::array{x, y, z}[k];
        const float least = reach_[k], most = static_cast<float>(n_[k]) - reach_[k];
        std::size_t n_near = 0;
        for (std::size_t i = 0; i < placed_.n; ++i) {
            near_face[n_near] = static_cast<std::uint32_t>(i);
            n_near += static_cast<std::size_t>(static_cast<int>(along[i] < least) | static_cast<int>(along[i] >= most));
        }
        for (std::size_t j = 0; j < n_near; ++j) {
            const std::uint32_t i = near_face[j];
            copy_across({cells[i], i, {placed_.x.data()[i], placed_.y.data()[i], placed_.z.data()[i]}}, along[i], k);
        }
        for (std::size_t i = 0; i < n_before; ++i) {
            const float where = along[images_[i].atom];
            if (where < least || where >= most) copy_across(images_[i], where, k);
        }
    }
}

void NearAtoms::copy_across(Image image, float where, std::size_t k) {
    const int times = where < reach_[k] ? 1 : -1;
    const Point& v = division_.cell.vectors[k];
    image.cell += static_cast<std::uint32_t>(times * n_[k] * strides_[k]);
    for (std::size_t c = 0; c < 3; ++c)
        image.at[c] = static_cast<float>(static_cast<double>(image.at[c]) + times * v[c]);
    images_.push_back(image);
}

void NearAtoms::sort_images() {
    start_.assign(n_cells_ + 2, 0);
    std::uint32_t* const start = start_.data();
    for (std::uint32_t cell : cells_) ++start[cell + 2];
    for (const Image& image : images_) ++start[image.cell + 2];
    for (std::size_t cell = 2; cell < n_cells_ + 2; ++cell) start[cell] += start[cell - 1];
    const std::size_t room = cells_.size() + images_.size() + scan_padding;
    sorted_.atom.resize(room);
    sorted_.corner.resize(room);
    for (std::vector<float>* values : {&sorted_.x, &sorted_.y, &sorted_.z}) values->resize(room);
    float *const x = sorted_.x.data(), *const y = sorted_.y.data(), *const z = sorted_.z.data();
    std::uint32_t *const atom = sorted_.atom.data(), *const corner = sorted_.corner.data();
    const auto put = [&](std::uint32_t cell, std::uint32_t number, float at_x, float at_y, float at_z) {
        const std::uint32_t to = start[cell + 1]++;  // runs from the cell's first image to its end
        atom[to] = number, x[to] = at_x, y[to] = at_y, z[to] = at_z;
        return to;
    };
    const float *const from_x = placed_.x.data(), *const from_y = placed_.y.data(), *const from_z = placed_.z.data();
    const std::uint32_t *const cells = cells_.data(), *const corners = corners_.data();
    for (std::size_t i = 0; i < placed_.n; ++i)
        corner[put(cells[i], static_cast<std::uint32_t>(i), from_x[i], from_y[i], from_z[i])] = corners[i];
    for (const Image& image : images_) put(image.cell, image.atom, image.at[0], image.at[1], image.at[2]);
}

CellStarts NearAtoms::cells() const {
    return {start_.data(), usize(2 * reached_ + 1), usize(strides_[1]), usize(strides_[2])};
}

/// Along the second direction: the cell where the point is, and the one next to the half where it is. Along the third:
/// that and both next to it.
const NearList& NearAtoms::around(std::size_t i) {
    const PlacedPoints& from = is_same_ ? placed_ : from_;
    const float x = from.along_x.data()[i] + static_cast<float>(around_[0]);
    const std::int32_t row = whole(from.along_y.data()[i] + 0.5F) * strides_[1] +
                             std::min(whole(from.along_z.data()[i]), n_[2] - 1) * strides_[2];
    const std::int32_t first = whole(x - reach_[0]), last = whole(x + reach_[0]);
    const Runs runs = cells().runs_from(usize(row + first), usize(last + 1 - first));
    std::size_t most = scan_padding;
    for (const PlaceRun& run : runs) most += run.stop - run.first;
    if (near_.atom.size() < most) make_room(2 * most);
    const float at[3] = {from.x.data()[i], from.y.data()[i], from.z.data()[i]};
    scan_runs(sorted_, runs, at, limit_square_, near_, level_);
    return near_;
}

void NearAtoms::make_room(std::size_t n) {
    near_.atom.resize(n);
    for (std::vector<float>* values : {&near_.x, &near_.y, &near_.z}) values->resize(n);
}

const StraightList& NearAtoms::straight(const std::uint32_t* first_leg, std::span<const Leg> legs,
                                        const Angles& angles) {
    straight_.of_leg.resize(legs.size());
    straight_.more.clear();
    straight_.crowded.clear();
    const std::uint32_t* const start = start_.data();
    for (std::int32_t z = 0; z < n_[2]; ++z)
        for (std::int32_t y = 0; y < n_[1]; ++y) {
            const std::size_t row = usize(around_[0] + (y + around_[1]) * strides_[1] + (z + around_[2]) * strides_[2]);
            find_straight(sorted_, cells(), {start[row], start[row + usize(n_[0])]}, first_leg, legs, angles, straight_,
                          level_);
        }
    return straight_;
}

}  // namespace mdloom::kernels

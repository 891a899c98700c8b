#include "mdloom/kernels/components.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "mdloom/base/error.hpp"
#include "mdloom/kernels/cell_grid.hpp"
#include "mdloom/kernels/minimum_image.hpp"

namespace mdloom::kernels {
namespace {

constexpr std::size_t few_atoms = 100;  // cells cost more than they save
constexpr double cells_per_atom = 4;    // at the most

/// Disjoint sets of atoms; a set's root is its first atom.
class Sets {
public:
    explicit Sets(std::size_t n) : parents_(n) { std::iota(parents_.begin(), parents_.end(), 0U); }

    std::uint32_t root(std::uint32_t atom) {
        while (parents_[atom] != atom) atom = parents_[atom] = parents_[parents_[atom]];
        return atom;
    }
    void join_roots(std::uint32_t a, std::uint32_t b) { parents_[std::max(a, b)] = std::min(a, b); }

    std::vector<Index> numbers() {
        std::vector<Index> number_of(parents_.size());
        Index next = 0;
        for (std::uint32_t atom = 0; atom < parents_.size(); ++atom) {
            const std::uint32_t first = root(atom);
            number_of[atom] = first == atom ? next++ : number_of[first];
        }
        return number_of;
    }

private:
    std::vector<std::uint32_t> parents_;
};

/// Measures a pair as `pairs_within` does, from the first atom to the second: the other way the last bit may differ.
template <class Images>
struct Measure {
    Positions positions;
    const Images& images;
    double cutoff;

    bool is_near(std::size_t i, std::size_t j) const {
        const Point d = images(between(point_at(positions, std::min(i, j)), point_at(positions, std::max(i, j))));
        return std::sqrt(dot(d, d)) <= cutoff;
    }
};

/// Each atom is looked at from the atoms of its component only until it is found: few measurements where most are near.
template <class Images>
void join_all(const Measure<Images>& measure, Sets& sets) {
    std::vector<std::uint32_t> unseen(measure.positions.size() / 3), waiting;
    std::iota(unseen.rbegin(), unseen.rend(), 0U);
    while (!unseen.empty()) {
        const std::uint32_t first = unseen.back();
        unseen.pop_back();
        waiting.push_back(first);
        while (!waiting.empty()) {
            const std::uint32_t i = waiting.back();
            waiting.pop_back();
            std::erase_if(unseen, [&](std::uint32_t j) {
                if (!measure.is_near(i, j)) return false;
                sets.join_roots(first, j);
                waiting.push_back(j);
                return true;
            });
        }
    }
}

/// What an atom is seen with in a grid rounds otherwise than what `Measure` computes: between the two limits, it
/// decides.
struct Limits {
    double surely_near, perhaps_near;  ///< squares, Å^2

    Limits(const Division& division, double cutoff) {
        const double error = rounding_in_grid(division, cutoff);
        surely_near = cutoff > error ? (cutoff - error) * (cutoff - error) : -1;
        // Where a direction of the box is as short as the reach, cells do not say which image is meant.
        perhaps_near =
            division.one_image() ? (cutoff + error) * (cutoff + error) : std::numeric_limits<double>::infinity();
    }
};

/// Joins each atom of a cell to the atoms behind it in the grid that are near.
template <class Images>
void join_cell(const Measure<Images>& measure, const CellGrid& grid, std::size_t cell, const std::vector<Run>& runs,
               const Limits& limits, Sets& sets) {
    for (std::size_t i = grid.start[cell]; i < grid.start[cell + 1]; ++i) {
        std::uint32_t mine = sets.root(grid.atom[i]);
        for (const Run& run : runs) {
            const Point from = between(run.shift, {grid.x[i], grid.y[i], grid.z[i]});
            for (std::size_t k = std::max(run.first, i + 1); k < run.stop; ++k) {
                const double dx = grid.x[k] - from[0], dy = grid.y[k] - from[1], dz = grid.z[k] - from[2];
                const double square = dx * dx + dy * dy + dz * dz;
                if (!(square <= limits.perhaps_near)) continue;
                const std::uint32_t other = sets.root(grid.atom[k]);
                if (other == mine) continue;
                if (!(square <= limits.surely_near) && !measure.is_near(grid.atom[i], grid.atom[k])) continue;
                sets.join_roots(mine, other);
                mine = std::min(mine, other);
            }
        }
    }
}

template <class Images>
void join_near(const Measure<Images>& measure, const Division& division, Sets& sets) {
    const CellGrid grid = make_cell_grid(measure.positions, division);
    const Limits limits(division, measure.cutoff);
    std::vector<Run> runs;
    std::size_t cell = 0;
    for (Index c2 = 0; c2 < division.n[2]; ++c2)
        for (Index c1 = 0; c1 < division.n[1]; ++c1)
            for (Index c0 = 0; c0 < division.n[0]; ++c0, ++cell) {
                if (grid.start[cell] == grid.start[cell + 1]) continue;
                grid.runs_around({c0, c1, c2}, runs);
                join_cell(measure, grid, cell, runs, limits, sets);
            }
}

/// Cells that are dense and so small that all atoms in one are within the cut-off of each other.
std::optional<Division> clumps(Positions positions, const PeriodicBox& box, double cutoff) {
    const double n_atoms = static_cast<double>(positions.size() / 3);
    for (double parts : {2.0, 2.5, 3.0, 4.0}) {
        Division division = divide(positions, positions, box, cutoff, parts);
        if (n_cells(division) > cells_per_atom * n_atoms || !division.one_image()) return std::nullopt;
        if (division.diameter() * (1 + 1e-4) + 2 * rounding_in_grid(division, cutoff) < cutoff) return division;
    }
    return std::nullopt;
}

/// Joins clumps, each of which is of one component, where a pair of their atoms is near: one is enough.
template <class Images>
class ClumpJoiner {
public:
    ClumpJoiner(const Measure<Images>& measure, const Division& division, Sets& sets)
        : measure_(measure),
          grid_(make_cell_grid(measure.positions, division)),
          limits_(division, measure.cutoff),
          sets_(sets),
          cell_of_(grid_.atom.size()) {
        for (std::size_t cell = 0; cell + 1 < grid_.start.size(); ++cell)
            for (std::size_t i = grid_.start[cell]; i < grid_.start[cell + 1]; ++i) {
                cell_of_[i] = static_cast<std::uint32_t>(cell);
                join(grid_.atom[grid_.start[cell]], grid_.atom[i]);
            }
    }
    /// Neighbours first: most is then of one component, and only what is not has to look further.
    void join_all() {
        const auto reach = grid_.division.reach;
        for (Index& cells : grid_.division.reach) cells = std::min<Index>(cells, 1);
        for_each_clump([&](std::size_t cell) { join_around(cell); });
        grid_.division.reach = reach;
        const std::uint32_t largest = largest_component();
        std::vector<std::size_t> outside;
        for_each_clump([&](std::size_t cell) {
            if (sets_.root(atom_of(cell)) != largest) outside.push_back(cell);
        });
        for (std::size_t cell : outside) join_around(cell);
    }

private:
    std::uint32_t atom_of(std::size_t cell) const { return grid_.atom[grid_.start[cell]]; }

    template <class Work>
    void for_each_clump(Work&& work) {
        const std::size_t n = grid_.start.size() - 1;
        for (std::size_t cell = 0; cell < n; ++cell)
            if (grid_.start[cell] < grid_.start[cell + 1]) work(cell);
    }
    std::uint32_t largest_component() {
        std::vector<std::uint32_t> n_clumps(measure_.positions.size() / 3);
        for_each_clump([&](std::size_t cell) { ++n_clumps[sets_.root(atom_of(cell))]; });
        return static_cast<std::uint32_t>(std::ranges::max_element(n_clumps) - n_clumps.begin());
    }
    void join_around(std::size_t cell) {
        const auto& n = grid_.division.n;
        const Index row = index_of(cell) / n[0];
        grid_.runs_around({index_of(cell) % n[0], row % n[1], row / n[1]}, runs_);
        const std::uint32_t mine = atom_of(cell);
        std::uint32_t root = sets_.root(mine);
        for (const Run& run : runs_)
            for (std::size_t k = run.first; k < run.stop; k = grid_.start[cell_of_[k] + 1]) {
                const std::uint32_t other = grid_.atom[k];
                if (sets_.root(other) == root || !are_near(cell, cell_of_[k], run.shift)) continue;
                join(mine, other);
                root = sets_.root(mine);
            }
    }
    bool are_near(std::size_t cell, std::size_t other, const Point& shift) const {
        for (std::size_t i = grid_.start[cell]; i < grid_.start[cell + 1]; ++i) {
            const Point from = between(shift, {grid_.x[i], grid_.y[i], grid_.z[i]});
            for (std::size_t k = grid_.start[other]; k < grid_.start[other + 1]; ++k) {
                const double dx = grid_.x[k] - from[0], dy = grid_.y[k] - from[1], dz = grid_.z[k] - from[2];
                const double square = dx * dx + dy * dy + dz * dz;
                if (square <= limits_.surely_near) return true;
                if (square <= limits_.perhaps_near && measure_.is_near(grid_.atom[i], grid_.atom[k])) return true;
            }
        }
        return false;
    }
    void join(std::uint32_t a, std::uint32_t b) { sets_.join_roots(sets_.root(a), sets_.root(b)); }

    const Measure<Images>& measure_;
    CellGrid grid_;
    Limits limits_;
    Sets& sets_;
    std::vector<std::uint32_t> cell_of_;  ///< of each place in the grid
    std::vector<Run> runs_;
};

}  // namespace

std::vector<Index> components(Positions positions, const PeriodicBox& box, double cutoff) {
    if (!(cutoff >= 0 && std::isfinite(cutoff)))
        throw ArgumentError(fmt::format("cutoff is {}: a distance in Å is needed, finite and not negative", cutoff));
    const std::size_t n = positions.size() / 3;
    if (n > std::numeric_limits<std::uint32_t>::max())
        throw ArgumentError(fmt::format("{} atoms are more than components can number: give at most {}", n,
                                        std::numeric_limits<std::uint32_t>::max()));
    require_usable("positions", positions, box);
    Sets sets(n);
    with_images(box, [&](const auto& images) {
        const Measure<std::decay_t<decltype(images)>> measure{positions, images, cutoff};
        if (n <= few_atoms) return join_all(measure, sets);
        if (const auto dense = clumps(positions, box, cutoff)) return ClumpJoiner(measure, *dense, sets).join_all();
        const Division division = divide(positions, positions, box, cutoff);
        if (division.share() > most_of_space) return join_all(measure, sets);
        join_near(measure, division, sets);
    });
    return sets.numbers();
}

}  // namespace mdloom::kernels

#include "mdloom/kernels/components.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "mdloom/base/error.hpp"
#include "mdloom/kernels/cell_grid.hpp"
#include "mdloom/kernels/minimum_image.hpp"

namespace mdloom::kernels {
namespace {

constexpr std::size_t few_atoms = 100;  // cells cost more than they save

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
    const Division division = n <= few_atoms ? Division{} : divide(positions, positions, box, cutoff);
    with_images(box, [&](const auto& images) {
        const Measure<std::decay_t<decltype(images)>> measure{positions, images, cutoff};
        if (n <= few_atoms || division.share() > most_of_space)
            join_all(measure, sets);
        else
            join_near(measure, division, sets);
    });
    return sets.numbers();
}

}  // namespace mdloom::kernels

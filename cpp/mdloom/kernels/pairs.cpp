#include "mdloom/kernels/pairs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "mdloom/base/error.hpp"
#include "mdloom/kernels/near_squares.hpp"

namespace mdloom::kernels {
namespace {

struct Task {
    GroupPair groups;
    const PeriodicBox& box;
    double cutoff;
};

void require_possible(const Task& task) {
    if (!(task.cutoff >= 0 && std::isfinite(task.cutoff)))
        throw ArgumentError(
            fmt::format("cutoff is {}: a distance in Å is needed, finite and not negative", task.cutoff));
    const auto& [a, b, within] = task.groups;
    for (const Positions& positions : {a, b})
        if (positions.size() / 3 > std::numeric_limits<std::uint32_t>::max())
            throw ArgumentError(fmt::format("{} atoms are more than pairs can number: give at most {}",
                                            positions.size() / 3, std::numeric_limits<std::uint32_t>::max()));
    require_usable("a", a, task.box);
    if (!within) require_usable("b", b, task.box);
}

/// Lists a pair, measured as `distances` does, when it is near enough.
template <class Images>
struct Measure {
    const Task& task;
    const Images& images;
    Pairs found{};

    double distance(std::size_t i, std::size_t j) const { return std::sqrt(square_between(task.groups, i, j, images)); }
    void operator()(std::size_t i, std::size_t j, double square) {
        const double d = std::sqrt(square);
        if (!(d <= task.cutoff)) return;
        found.atoms.push_back(index_of(i));
        found.atoms.push_back(index_of(j));
        found.distances.push_back(d);
    }
};

/// The atoms of b that may be near one of a. What an atom is seen with rounds otherwise than what `Measure` computes:
/// `limit` is a little above the cut-off.
class Neighbours {
public:
    Neighbours(const CellGrid& grid, double limit) : grid_(grid), limit_square_(limit * limit) {}

    /// Of those numbered `first` and up.
    std::vector<std::uint32_t>& of(const Point& x, std::uint32_t first) {
        const Place place = place_of(x, grid_.division);
        grid_.runs_around(place.cell, runs_);
        std::size_t most = 0, n = 0;
        for (const Run& run : runs_) most += run.stop - run.first;
        found_.resize(most);
        for (const Run& run : runs_) n = add(run, between(run.shift, place.at), first, n);
        found_.resize(n);
        return found_;
    }

private:
    /// Every candidate is written, and kept only when it counts: no branch that the CPU must guess.
    std::size_t add(const Run& run, const Point& from, std::uint32_t first, std::size_t n) {
        const double* const x = grid_.x.data();
        const double* const y = grid_.y.data();
        const double* const z = grid_.z.data();
        const std::uint32_t* const atom = grid_.atom.data();
        std::uint32_t* const found = found_.data();
        for (std::size_t k = run.first; k < run.stop; ++k) {
            const double dx = x[k] - from[0], dy = y[k] - from[1], dz = z[k] - from[2];
            found[n] = atom[k];
            n += static_cast<std::size_t>(dx * dx + dy * dy + dz * dz <= limit_square_) &
                 static_cast<std::size_t>(atom[k] >= first);
        }
        return n;
    }

    const CellGrid& grid_;
    double limit_square_;
    std::vector<Run> runs_;
    std::vector<std::uint32_t> found_;
};

/// Where a direction of the box is as short as the reach, cells do not say which image is meant: the distance decides.
template <class Images>
void keep_near(const Measure<Images>& measure, std::size_t i, std::vector<std::uint32_t>& atoms) {
    std::erase_if(atoms, [&](std::uint32_t j) { return !(measure.distance(i, j) <= measure.task.cutoff); });
}

template <class Images>
void measure_near(Measure<Images>& measure, const Division& division) {
    const auto& [groups, box, cutoff] = measure.task;
    const CellGrid grid = make_cell_grid(groups.b, division);
    const double limit =
        division.one_image() ? cutoff + rounding_in_grid(division, cutoff) : std::numeric_limits<double>::infinity();
    Neighbours neighbours(grid, limit);
    for (std::size_t i = 0; i < groups.n_a(); ++i) {
        const auto first = static_cast<std::uint32_t>(groups.within ? i + 1 : 0);
        std::vector<std::uint32_t>& atoms = neighbours.of(point_at(groups.a, i), first);
        if (!division.one_image()) keep_near(measure, i, atoms);
        std::ranges::sort(atoms);
        for (std::uint32_t j : atoms) measure(i, j, square_between(groups, i, j, measure.images));
    }
}

Pairs find(const Task& task) {
    require_possible(task);
    const Division division =
        is_small(task.groups) ? Division{} : divide(task.groups.a, task.groups.b, task.box, task.cutoff);
    return with_images(task.box, [&](const auto& images) {
        Measure<std::decay_t<decltype(images)>> measure{task, images};
        if (is_small(task.groups) || division.share() > most_of_space)
            detail::visit_all(task.groups, images, measure);
        else
            measure_near(measure, division);
        return std::move(measure.found);
    });
}

}  // namespace

Pairs pairs(Positions a, Positions b, const PeriodicBox& box, double cutoff) {
    return find({{a, b, false}, box, cutoff});
}

Pairs pairs_within(Positions a, const PeriodicBox& box, double cutoff) {
    return find({{a, a, true}, box, cutoff});
}

}  // namespace mdloom::kernels

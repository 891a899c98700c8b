// The squared distances of all pairs within a cut-off, one after the other, each as `distances` measures it: for any
// box and any cut-off, also beyond half the box. For the loops of this folder and for analyses that ask which pair.
#pragma once
#include "mdloom/kernels/cell_grid.hpp"
#include "mdloom/kernels/minimum_image.hpp"

namespace mdloom::kernels {

/// Two groups, or one of which each pair is looked at once, i < j.
struct GroupPair {
    Positions a, b;
    bool within = false;  ///< a and b are one group

    std::size_t n_a() const { return a.size() / 3; }
    std::size_t n_b() const { return b.size() / 3; }
};

inline bool is_small(const GroupPair& groups) {
    return groups.n_a() == 0 || groups.n_b() == 0 || groups.n_a() <= few_pairs / groups.n_b();
}

/// Å^2, between nearest images.
template <class Images>
double square_between(const GroupPair& groups, std::size_t i, std::size_t j, const Images& images) {
    const Point d = images(between(point_at(groups.a, i), point_at(groups.b, j)));
    return dot(d, d);
}

namespace detail {

template <class Images, class Visit>
void visit_all(const GroupPair& groups, const Images& images, Visit& visit) {
    for (std::size_t i = 0; i < groups.n_a(); ++i)
        for (std::size_t j = groups.within ? i + 1 : 0; j < groups.n_b(); ++j)
            visit(i, j, square_between(groups, i, j, images));
}

template <class Images, class Visit>
void visit_near(const GroupPair& groups, const Division& division, const Images& images, Visit& visit) {
    const CellGrid grid = make_cell_grid(groups.b, division);
    std::vector<Run> runs;
    for (std::size_t i = 0; i < groups.n_a(); ++i) {
        grid.runs_around(place_of(point_at(groups.a, i), division).cell, runs);
        for (const Run& run : runs)
            for (std::size_t k = run.first; k < run.stop; ++k)
                if (const std::size_t j = grid.atom[k]; !groups.within || j > i)
                    visit(i, j, square_between(groups, i, j, images));
    }
}

}  // namespace detail

/// Calls visit(i, j, square in Å^2) for every pair within the cut-off (Å), and for others. Usable positions
/// (require_usable) and at most 2^32 - 1 atoms; cutoff finite, not negative.
template <class Visit>
void for_each_near(const GroupPair& groups, const PeriodicBox& box, double cutoff, Visit&& visit) {
    with_images(box, [&](const auto& images) {
        if (is_small(groups)) return detail::visit_all(groups, images, visit);
        const Division division = divide(groups.a, groups.b, box, cutoff);
        if (division.share() > most_of_space) return detail::visit_all(groups, images, visit);
        detail::visit_near(groups, division, images, visit);
    });
}

}  // namespace mdloom::kernels

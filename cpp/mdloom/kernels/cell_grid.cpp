#include "mdloom/kernels/cell_grid.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mdloom::kernels {
namespace {

/// Fractions of atoms a million boxes away are right to 1e-9, their cells to 4096 times that: reach has more to spare.
constexpr double slack = 1e-4;
constexpr double most_along = 4096;
constexpr double cells_per_atom = 2;

double product(const Point& n) {
    return n[0] * n[1] * n[2];
}

/// Cells as wide as cutoff / parts, in so far as the widths allow.
Point cells_of_width(const Point& widths, double cutoff, double parts) {
    Point n;
    for (std::size_t k = 0; k < 3; ++k)
        n[k] =
            std::clamp(std::floor(widths[k] / cutoff * parts * (1 - slack)), 1.0, most_along);  // 0 / 0: see divide_by
    return n;
}

/// Half the cut-off is the best width where atoms are dense, the cut-off where they are not, more where they are few.
Point cells_along(const Point& widths, double cutoff, double n_atoms) {
    const double most = std::max(cells_per_atom * n_atoms, 64.0);
    for (double parts : {2.0, 1.0})
        if (const Point n = cells_of_width(widths, cutoff, parts); product(n) <= most) return n;
    Point n = cells_of_width(widths, cutoff, 1);
    while (product(n) > most) {
        double& longest = *std::ranges::max_element(n);
        longest = std::max(std::floor(longest / 2), 1.0);
    }
    return n;
}

/// The least interval along axis k that holds all atoms.
std::pair<double, double> extent(Positions a, Positions b, std::size_t k) {
    double least = std::numeric_limits<double>::max(), most = std::numeric_limits<double>::lowest();
    for (const Positions& positions : {a, b})
        for (std::size_t i = k; i < positions.size(); i += 3) {
            least = std::min(least, static_cast<double>(positions[i]));
            most = std::max(most, static_cast<double>(positions[i]));
        }
    return {least, most};
}

/// Runs along the first direction in one row of cells, with the shift of the row's image.
struct RowOfCells {
    const CellGrid& grid;
    std::size_t row;
    Point shift;
    std::vector<Run>& runs;

    void add(Index first, Index last, double image) const {
        const Point& v = grid.division.cell.vectors[0];
        const Run run{grid.start[row + usize(first)],
                      grid.start[row + usize(last) + 1],
                      {shift[0] + image * v[0], shift[1] + image * v[1], shift[2] + image * v[2]}};
        if (run.first < run.stop) runs.push_back(run);
    }
    void add_around(Index cell) const {
        const Division& division = grid.division;
        const Index n = division.n[0], first = cell - division.reach[0], last = cell + division.reach[0];
        if (!division.periodic || division.reaches_all(0)) {
            const bool all = division.reaches_all(0);
            add(all ? 0 : std::max<Index>(first, 0), all ? n - 1 : std::min(last, n - 1), 0);
            return;
        }
        if (first < 0) add(first + n, n - 1, -1);
        add(std::max<Index>(first, 0), std::min(last, n - 1), 0);
        if (last >= n) add(0, last - n, 1);
    }
};

/// Calls work(cell, image) for every cell within reach along direction k; image: whole cells that it is away.
template <class Work>
void for_each_within_reach(const Division& division, std::size_t k, Index cell, Work&& work) {
    const Index n = division.n[k];
    if (division.reaches_all(k)) {
        for (Index other = 0; other < n; ++other) work(other, 0.0);
        return;
    }
    for (Index other = cell - division.reach[k]; other <= cell + division.reach[k]; ++other) {
        if (0 <= other && other < n)
            work(other, 0.0);
        else if (division.periodic)
            work(other < 0 ? other + n : other - n, other < 0 ? -1.0 : 1.0);
    }
}

}  // namespace

double Division::share() const {
    double share = 1;
    for (std::size_t k = 0; k < 3; ++k)
        share *= std::min(1.0, static_cast<double>(2 * reach[k] + 1) / static_cast<double>(n[k]));
    return share;
}

Point set_extent(Positions a, Positions b, Division& division) {
    Point widths;
    for (std::size_t k = 0; k < 3; ++k) {
        const auto [least, most] = extent(a, b, k);
        division.origin[k] = least;
        widths[k] = most - least;
        division.inverse[k] = widths[k] > 0 ? 1 / widths[k] : 0;
    }
    return widths;
}

double Division::diameter() const {
    std::array<Point, 3> sides{};
    for (std::size_t k = 0; k < 3; ++k) {
        const auto cells = static_cast<double>(n[k]);
        if (periodic)
            for (std::size_t c = 0; c < 3; ++c) sides[k][c] = cell.vectors[k][c] / cells;
        else
            sides[k][k] = inverse[k] > 0 ? 1 / (inverse[k] * cells) : 0;
    }
    double most = 0;
    for (double second : {1.0, -1.0})
        for (double third : {1.0, -1.0}) {
            Point d;
            for (std::size_t c = 0; c < 3; ++c) d[c] = sides[0][c] + second * sides[1][c] + third * sides[2][c];
            most = std::max(most, dot(d, d));
        }
    return std::sqrt(most);
}

namespace {

/// cells_for(widths, width): how many cells along each direction, for cells about so wide.
template <class CellsFor>
Division divide_by(Positions a, Positions b, const PeriodicBox& box, double cutoff, CellsFor cells_for) {
    Division division{box.shape != PeriodicBox::Shape::none, box.reduced, {}, {}, {}, {}};
    const Point widths = division.periodic ? box.widths : set_extent(a, b, division);
    // Below float32's resolution of what there is, smaller cells separate nothing; and 0 / 0 is not a number of cells.
    const double least_cutoff = std::max({widths[0], widths[1], widths[2], 1e-30}) * 1e-7;
    const Point n = cells_for(widths, std::max(cutoff, least_cutoff));
    for (std::size_t k = 0; k < 3; ++k) {
        division.n[k] = static_cast<Index>(n[k]);
        const double cells = widths[k] > 0 ? cutoff / widths[k] * n[k] : 0;
        division.reach[k] = static_cast<Index>(std::min(std::ceil(cells * (1 + slack / 10) + slack / 10), n[k]));
    }
    return division;
}

}  // namespace

Division divide(Positions a, Positions b, const PeriodicBox& box, double cutoff) {
    const double n_atoms = static_cast<double>(std::max(a.size(), b.size()) / 3);
    return divide_by(a, b, box, cutoff,
                     [&](const Point& widths, double width) { return cells_along(widths, width, n_atoms); });
}

Division divide(Positions a, Positions b, const PeriodicBox& box, double cutoff, double parts) {
    return divide_by(a, b, box, cutoff,
                     [&](const Point& widths, double width) { return cells_of_width(widths, width, parts); });
}

double rounding_in_grid(const Division& division, double cutoff) noexcept {
    double error = cutoff * 1e-8 + std::numeric_limits<double>::min();
    for (const Point& v : division.cell.vectors) error += 1e-8 * std::sqrt(dot(v, v));
    return error;
}

Place place_of(const Point& x, const Division& division) noexcept {
    Place place{{}, x};
    Point f;
    if (division.periodic) {
        f = division.cell.fractions(x);
        for (std::size_t k = 0; k < 3; ++k) {
            const double whole_cells = std::floor(f[k]);
            f[k] -= whole_cells;
            for (std::size_t c = 0; c < 3; ++c) place.at[c] -= whole_cells * division.cell.vectors[k][c];
        }
    } else {
        for (std::size_t k = 0; k < 3; ++k) f[k] = (x[k] - division.origin[k]) * division.inverse[k];
    }
    for (std::size_t k = 0; k < 3; ++k)
        place.cell[k] = std::min(static_cast<Index>(f[k] * static_cast<double>(division.n[k])), division.n[k] - 1);
    return place;
}

CellGrid make_cell_grid(Positions positions, const Division& division) {
    const std::size_t n_atoms = positions.size() / 3;
    const std::size_t n_cells = usize(division.n[0] * division.n[1] * division.n[2]);
    CellGrid grid{division,
                  std::vector<std::uint32_t>(n_cells + 2),
                  std::vector<std::uint32_t>(n_atoms),
                  std::vector<double>(n_atoms),
                  std::vector<double>(n_atoms),
                  std::vector<double>(n_atoms)};
    std::vector<std::uint32_t> cell_of(n_atoms);
    std::vector<Point> at(n_atoms);
    for (std::size_t i = 0; i < n_atoms; ++i) {
        const Place place = place_of(point_at(positions, i), division);
        const auto& [c0, c1, c2] = place.cell;
        cell_of[i] = static_cast<std::uint32_t>((c2 * division.n[1] + c1) * division.n[0] + c0);
        at[i] = place.at;
        ++grid.start[cell_of[i] + 2];
    }
    for (std::size_t cell = 2; cell < n_cells + 2; ++cell) grid.start[cell] += grid.start[cell - 1];
    for (std::size_t i = 0; i < n_atoms; ++i) {  // start[cell + 1] runs from the cell's first atom to its end
        const std::size_t to = grid.start[cell_of[i] + 1]++;
        grid.atom[to] = static_cast<std::uint32_t>(i);
        grid.x[to] = at[i][0], grid.y[to] = at[i][1], grid.z[to] = at[i][2];
    }
    grid.start.pop_back();
    return grid;
}

void CellGrid::runs_around(const std::array<Index, 3>& cell, std::vector<Run>& runs) const {
    runs.clear();
    const auto& v = division.cell.vectors;
    for_each_within_reach(division, 2, cell[2], [&](Index c2, double image2) {
        for_each_within_reach(division, 1, cell[1], [&](Index c1, double image1) {
            Point shift;
            for (std::size_t k = 0; k < 3; ++k) shift[k] = image2 * v[2][k] + image1 * v[1][k];
            RowOfCells{*this, usize((c2 * division.n[1] + c1) * division.n[0]), shift, runs}.add_around(cell[0]);
        });
    });
}

}  // namespace mdloom::kernels

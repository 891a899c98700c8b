#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "mdloom/kernels/straight_scan.hpp"
#include "support/levels.hpp"

namespace mdloom::kernels {
namespace {

constexpr double rounding = 1e-4;

/// Rows and layers of cells around one in the middle, with so many atoms in each cell, all in a cube of 8 Å.
struct Cells {
    static constexpr std::size_t row = 3, layer = 9, corner = 0;
    SortedAtoms atoms;
    std::vector<std::uint32_t> start{0};
    std::vector<std::uint32_t> first_leg;
    PlaceRun own{};

    Cells(std::size_t in_a_cell, std::mt19937& random) {
        const std::size_t room = 27 * in_a_cell + scan_padding;
        std::uniform_real_distribution<float> along(-4, 4);
        for (std::vector<float>* values : {&atoms.x, &atoms.y, &atoms.z}) {
            values->resize(room);
            for (float& value : *values) value = along(random);  // also what is behind: it must not be found
        }
        atoms.atom.resize(room);
        atoms.corner.assign(room, corner);
        for (std::size_t cell = 0; cell < 27; ++cell)
            start.push_back(start.back() + static_cast<std::uint32_t>(in_a_cell));
        start.push_back(start.back());
        own = {start[13], start[14]};
        std::iota(atoms.atom.begin(), atoms.atom.end(), 0U);
        std::shuffle(atoms.atom.begin(), atoms.atom.begin() + static_cast<std::ptrdiff_t>(27 * in_a_cell), random);
    }
    CellStarts starts() const { return {start.data(), 3, row, layer}; }
};

/// Of atom `place` as it is seen from another: what a leg of a direction and a length has for it.
struct SeenAngle {
    double square, cosine;
};
SeenAngle seen_angle(const SortedAtoms& atoms, std::size_t from, std::size_t place, const std::array<double, 3>& leg) {
    const auto difference = [&](const std::vector<float>& x) { return static_cast<double>(x[place] - x[from]); };
    const std::array<double, 3> v{difference(atoms.x), difference(atoms.y), difference(atoms.z)};
    double along = 0, square = 0, end = 0, length = 0;
    for (std::size_t k = 0; k < 3; ++k) {
        along += (v[k] - leg[k]) * leg[k], square += v[k] * v[k], length += leg[k] * leg[k];
        end += (v[k] - leg[k]) * (v[k] - leg[k]);
    }
    return {square, -along / std::sqrt(end * length)};
}

TEST(straight_scan, keeps_every_angle_that_is_straight_enough_on_every_level) {
    std::mt19937 random(7);
    std::uniform_real_distribution<double> part(-0.6, 0.6);
    std::size_t n_kept = 0, n_dropped = 0;
    for (int round = 0; round < 60; ++round) {
        Cells cells(static_cast<std::size_t>(1 + round % 7), random);
        const std::size_t n = cells.start.back();
        const double cosine = std::uniform_real_distribution<double>(-0.99, 0)(random), slope = -cosine * cosine;
        std::vector<std::array<double, 3>> wanted;
        std::vector<Leg> legs;
        double longest = 0;
        for (std::size_t atom = 0; atom < n; ++atom) {
            cells.first_leg.push_back(static_cast<std::uint32_t>(legs.size()));
            for (std::size_t i = 0; i < atom % 4; ++i) {
                const auto& leg = wanted.emplace_back(std::array{part(random), part(random), part(random)});
                const double length = std::sqrt(leg[0] * leg[0] + leg[1] * leg[1] + leg[2] * leg[2]);
                const auto along = [&](std::size_t k) { return static_cast<float>(leg[k] / length); };
                legs.push_back({along(0), along(1), along(2), static_cast<float>(length * (1 + slope))});
                longest = std::max(longest, length);
            }
        }
        cells.first_leg.push_back(static_cast<std::uint32_t>(legs.size()));
        const auto rest = static_cast<float>(-slope * (1 + slope) * longest * longest + rounding);
        const Angles angles{1, 9, 4, static_cast<float>(slope), rest};
        for (Simd level : levels_here()) {
            StraightList found;
            found.of_leg.resize(legs.size());
            find_straight(cells.atoms, cells.starts(), cells.own, cells.first_leg.data(), legs, angles, found, level);
            for (std::uint32_t place = cells.own.first; place < cells.own.stop; ++place) {
                const std::uint32_t atom = cells.atoms.atom[place];
                for (std::uint32_t leg = cells.first_leg[atom]; leg < cells.first_leg[atom + 1]; ++leg) {
                    const StraightAtoms& here = found.of_leg[leg];
                    const bool has_more = here.n > StraightAtoms::usual;
                    const std::uint32_t* const first = has_more ? found.more.data() + here.atom[0] : here.atom.data();
                    const std::vector<std::uint32_t> straight(first, first + here.n);
                    EXPECT_TRUE(std::ranges::is_sorted(straight));
                    EXPECT_EQ(std::ranges::adjacent_find(straight), straight.end());
                    std::size_t n_known = 0;
                    for (std::size_t run = 0; run < 6; ++run) {
                        const std::size_t cell = run % 2 * Cells::row + run / 2 * Cells::layer;
                        for (std::uint32_t k = cells.start[cell]; k < cells.start[cell + 3]; ++k) {
                            const SeenAngle its = seen_angle(cells.atoms, place, k, wanted[leg]);
                            const bool is_found = std::ranges::binary_search(straight, cells.atoms.atom[k]);
                            const bool is_wanted =
                                its.cosine <= cosine && its.square > 1 + 1e-5 && its.square < 9 - 1e-5;
                            EXPECT_TRUE(is_found || !is_wanted) << its.cosine << ' ' << cosine << ' ' << its.square;
                            EXPECT_TRUE(!is_found || (its.square > 1 - 1e-5 && its.square < 9 + 1e-5));
                            n_known += is_found ? 1 : 0;
                            (is_found ? n_kept : n_dropped) += 1;
                        }
                    }
                    EXPECT_EQ(n_known, straight.size()) << "an atom that is in no run";
                }
            }
        }
    }
    EXPECT_GT(n_kept, 300U);
    EXPECT_GT(n_dropped, 3 * n_kept);
}

TEST(straight_scan, a_leg_of_no_length_keeps_all_that_is_within_reach) {
    std::mt19937 random(3);
    Cells cells(5, random);
    for (std::uint32_t atom = 0; atom <= cells.start.back(); ++atom) cells.first_leg.push_back(atom);
    const std::vector<Leg> legs(cells.start.back(), Leg::any());
    for (Simd level : levels_here()) {
        StraightList found;
        found.of_leg.resize(legs.size());
        find_straight(cells.atoms, cells.starts(), cells.own, cells.first_leg.data(), legs, {0, 1000, -1, -0.75F, 0.1F},
                      found, level);
        for (std::uint32_t place = cells.own.first; place < cells.own.stop; ++place)
            EXPECT_EQ(found.of_leg[cells.atoms.atom[place]].n, 90U);
        EXPECT_TRUE(found.crowded.empty());
    }
}

TEST(straight_scan, tells_which_atoms_have_a_close_one) {
    std::mt19937 random(11);
    std::size_t n_crowded = 0;
    for (int round = 0; round < 40; ++round) {
        Cells cells(2, random);
        cells.atoms.corner.assign(cells.atoms.x.size(), 4);  // the atoms' own cell is within reach
        cells.first_leg.assign(cells.start.back() + 1, 0);
        cells.start.resize(64, cells.start.back());
        for (Simd level : levels_here()) {
            StraightList found;
            find_straight(cells.atoms, {cells.start.data(), 3, Cells::row, Cells::layer}, cells.own,
                          cells.first_leg.data(), {}, {1, 9, 2, -0.75F, 0.1F}, found, level);
            for (std::uint32_t place = cells.own.first; place < cells.own.stop; ++place) {
                bool is_crowded = false;
                for (std::size_t run = 0; run < 6; ++run) {
                    const std::size_t cell = 4 + run % 2 * Cells::row + run / 2 * Cells::layer;
                    for (std::uint32_t k = cells.start[cell]; k < cells.start[cell + 3]; ++k)
                        is_crowded |= k != place && seen_angle(cells.atoms, place, k, {1, 0, 0}).square < 2;
                }
                const bool is_told = std::ranges::find(found.crowded, cells.atoms.atom[place]) != found.crowded.end();
                EXPECT_TRUE(is_told || !is_crowded) << name(level);
                n_crowded += is_told ? 1 : 0;
            }
        }
    }
    EXPECT_GT(n_crowded, 10U);
}

}  // namespace
}  // namespace mdloom::kernels

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "mdloom/kernels/near_scan.hpp"
#include "support/levels.hpp"

namespace mdloom::kernels {
namespace {

constexpr double rounding = 1e-4;

NearList room_for(std::size_t n) {
    NearList near;
    for (std::vector<float>* values : {&near.x, &near.y, &near.z}) values->resize(n + scan_padding);
    near.atom.resize(n + scan_padding);
    near.close.resize(n + scan_padding);
    return near;
}

/// In a cube of 8 Å, in any order of their numbers.
SortedAtoms random_sorted(std::size_t n, std::mt19937& random) {
    std::uniform_real_distribution<float> along(-4, 4);
    SortedAtoms atoms;
    for (std::vector<float>* values : {&atoms.x, &atoms.y, &atoms.z}) {
        values->resize(n + scan_padding);
        for (float& value : *values) value = along(random);  // also what is behind: it must not be found
    }
    atoms.atom.resize(n + scan_padding);
    std::iota(atoms.atom.begin(), atoms.atom.end(), 0U);
    std::shuffle(atoms.atom.begin(), atoms.atom.end(), random);
    return atoms;
}

TEST(near_scan, finds_the_atoms_of_its_runs_on_every_level_and_no_others) {
    std::mt19937 random(20261126);
    for (std::size_t n : {0U, 3U, 8U, 9U, 60U, 300U})
        for (int round = 0; round < 20; ++round) {
            const SortedAtoms atoms = random_sorted(n, random);
            std::array<std::uint32_t, 8> cuts;
            for (std::uint32_t& cut : cuts)
                cut = std::uniform_int_distribution<std::uint32_t>(0, static_cast<std::uint32_t>(n))(random);
            std::ranges::sort(cuts);
            const std::array<PlaceRun, 4> runs{
                {{cuts[0], cuts[1]}, {cuts[2], cuts[3]}, {cuts[4], cuts[5]}, {cuts[6], cuts[7]}}};
            const float at[3] = {0.5F, -1, 2}, limit = 9;
            for (Simd level : levels_here()) {
                NearList near = room_for(n);
                scan_runs(atoms, runs, at, limit, near, level);
                std::size_t next = 0;
                for (const PlaceRun& run : runs)
                    for (std::uint32_t k = run.first; k < run.stop; ++k) {
                        const float x = atoms.x[k] - at[0], y = atoms.y[k] - at[1], z = atoms.z[k] - at[2];
                        const bool is_here = next < near.n && near.atom[next] == atoms.atom[k];
                        EXPECT_NEAR(x * x + y * y + z * z, limit, is_here ? limit : 100);
                        if (!is_here) {
                            EXPECT_GT(x * x + y * y + z * z, limit - 1e-5F);
                            continue;
                        }
                        EXPECT_EQ(near.x[next], x);
                        EXPECT_EQ(near.y[next], y);
                        EXPECT_EQ(near.z[next], z);
                        ++next;
                    }
                EXPECT_EQ(next, near.n) << "an atom that is in no run, or out of order";
            }
        }
}

TEST(near_scan, keeps_every_angle_that_is_straight_enough_on_every_level) {
    std::mt19937 random(7);
    std::uniform_real_distribution<float> along(-3, 3), part(-0.8F, 0.8F);
    std::size_t n_kept = 0, n_dropped = 0;
    for (int round = 0; round < 200; ++round) {
        NearList near = room_for(static_cast<std::size_t>(round % 20));
        near.n = static_cast<std::size_t>(round % 20);
        for (std::size_t i = 0; i < near.n; ++i)
            near.x[i] = along(random), near.y[i] = along(random), near.z[i] = along(random),
            near.atom[i] = static_cast<std::uint32_t>(100 + i);
        const double cosine = std::uniform_real_distribution<double>(-0.99, 0.9)(random);
        std::vector<Leg> legs;
        for (int leg = 0; leg < round % 4; ++leg) {
            Leg one{part(random), part(random), part(random), 0, 0, 0};
            one.square = one.x * one.x + one.y * one.y + one.z * one.z;
            one.cosine = static_cast<float>(cosine * std::abs(cosine)) * one.square;
            one.margin = static_cast<float>(rounding) * one.square;
            legs.push_back(one);
        }
        const Distances distances{1, 9, 4};
        for (Simd level : levels_here()) {
            std::vector<Straight> found(near.n * legs.size());
            found.resize(find_straight(near, legs, distances, found.data(), level));
            std::size_t n_close = 0;
            for (std::size_t i = 0; i < near.n; ++i) {
                const double x = static_cast<double>(near.x[i]), y = static_cast<double>(near.y[i]),
                             z = static_cast<double>(near.z[i]), square = x * x + y * y + z * z;
                const auto stop = near.close.begin() + static_cast<std::ptrdiff_t>(near.n_close);
                const bool is_close = std::find(near.close.begin(), stop, i) != stop;
                n_close += is_close ? 1 : 0;
                EXPECT_LE(is_close ? square : -square, is_close ? 4 + 1e-5 : 1e-5 - 4);
                for (std::size_t leg = 0; leg < legs.size(); ++leg) {
                    const double lx = static_cast<double>(legs[leg].x), ly = static_cast<double>(legs[leg].y),
                                 lz = static_cast<double>(legs[leg].z);
                    const double dx = x - lx, dy = y - ly, dz = z - lz;
                    const double its = -(dx * lx + dy * ly + dz * lz) /
                                       std::sqrt((dx * dx + dy * dy + dz * dz) * (lx * lx + ly * ly + lz * lz));
                    const auto is_it = [&](const Straight& one) { return one.leg == leg && one.atom == near.atom[i]; };
                    const auto n = std::ranges::count_if(found, is_it);
                    EXPECT_LE(n, 1);
                    const bool is_bond = its <= cosine && square > 1 + 1e-5 && square < 9 - 1e-5;
                    EXPECT_TRUE(n == 1 || !is_bond) << its << ' ' << cosine << ' ' << square;
                    EXPECT_TRUE(n == 0 || its <= cosine + 0.1) << its << ' ' << cosine;
                    (n == 1 ? n_kept : n_dropped) += 1;
                }
            }
            EXPECT_EQ(n_close, near.n_close);
        }
    }
    EXPECT_GT(n_kept, 300U);
    EXPECT_GT(n_dropped, 300U);
}

TEST(near_scan, a_leg_with_the_largest_margin_keeps_all_that_is_far_enough) {
    NearList near = room_for(3);
    near.n = 3;
    near.x[0] = 0.5F, near.x[1] = 2, near.y[2] = -3;
    const Leg any{0, 0, 0, 0, 0, std::numeric_limits<float>::max()};
    std::vector<Straight> found(3);
    for (Simd level : levels_here()) {
        EXPECT_EQ(find_straight(near, {&any, 1}, {1, 16, -1}, found.data(), level), 2U);
    }
}

}  // namespace
}  // namespace mdloom::kernels

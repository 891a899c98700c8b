#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "mdloom/kernels/near_scan.hpp"
#include "support/levels.hpp"

namespace mdloom::kernels {
namespace {

NearList room_for(std::size_t n) {
    NearList near;
    for (std::vector<float>* values : {&near.x, &near.y, &near.z}) values->resize(n + scan_padding);
    near.atom.resize(n + scan_padding);
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
            std::array<std::uint32_t, 2 * n_runs> cuts;
            for (std::uint32_t& cut : cuts)
                cut = std::uniform_int_distribution<std::uint32_t>(0, static_cast<std::uint32_t>(n))(random);
            std::ranges::sort(cuts);
            Runs runs;
            for (std::size_t r = 0; r < n_runs; ++r) runs[r] = {cuts[2 * r], cuts[2 * r + 1]};
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

}  // namespace
}  // namespace mdloom::kernels

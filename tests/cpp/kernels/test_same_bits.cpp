// What the kernels give, to the last bit, as one number each: the same on every instruction set and every CPU, 64-bit
// ARM included (`cmake --preset aarch64`). A number changes only with the arithmetic it stands for, and then results of
// users do.
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "mdloom/kernels/arc_tangent.hpp"
#include "mdloom/kernels/cell_volume.hpp"
#include "mdloom/kernels/components.hpp"
#include "mdloom/kernels/coordinate_products.hpp"
#include "mdloom/kernels/coordinate_sums.hpp"
#include "mdloom/kernels/displacements.hpp"
#include "mdloom/kernels/distances.hpp"
#include "mdloom/kernels/exponential.hpp"
#include "mdloom/kernels/grid_cells.hpp"
#include "mdloom/kernels/lanes.hpp"
#include "mdloom/kernels/listed_angles.hpp"
#include "mdloom/kernels/pair_histogram.hpp"
#include "mdloom/kernels/pairs.hpp"
#include "mdloom/kernels/point_moments.hpp"
#include "mdloom/kernels/projections.hpp"
#include "mdloom/kernels/soft_contacts.hpp"
#include "mdloom/kernels/superposition.hpp"
#include "mdloom/kernels/wrap.hpp"
#include "support/bits.hpp"
#include "support/levels.hpp"

namespace mdloom::kernels {
namespace {

/// Numbers that need no libm: multiples of 2^-17, evenly in [-size, size).
template <class T>
std::vector<T> numbers(std::size_t n, int size, std::uint32_t seed) {
    std::mt19937 random(seed);
    std::vector<T> found(n);
    for (T& number : found) {
        const auto step = static_cast<std::int64_t>(random() % (static_cast<std::uint32_t>(size) << 18));
        number = static_cast<T>(step - (std::int64_t{size} << 17)) * static_cast<T>(0x1p-17);
    }
    return found;
}

std::vector<double> weights(std::size_t n) {
    std::vector<double> found = numbers<double>(n, 1, 99);
    for (double& weight : found) weight += 1.5;
    return found;
}

/// None, orthorhombic, triclinic; about 100 Å wide.
std::vector<PeriodicBox> boxes() {
    const std::vector<float> cuboid{97.25F, 0, 0, 0, 101.5F, 0, 0, 0, 110.125F},
        skewed{98.75F, 0, 0, 33.25F, 95.5F, 0, -31.75F, 44.125F, 90.0625F};
    return {make_periodic_box({}), make_periodic_box(cuboid), make_periodic_box(skewed)};
}

TEST(same_bits, of_superpositions) {
    constexpr std::size_t n = 1003;  // not whole blocks
    const auto reference = numbers<double>(3 * n, 40, 1);
    const auto positions = numbers<float>(3 * n, 40, 2);
    for (Simd level : levels_here()) {
        Bits bits;
        for (const auto& w : {std::vector<double>(), weights(n)}) {
            const FitReference fit = make_fit_reference(reference, w);
            const FitSums sums = fit_sums(positions.data(), fit, fit.centre, level);
            bits.add_all(sums.sum).add(sums.squares).add_all(sums.products);
            const Superposition found = superpose(positions.data(), fit, true, level);
            bits.add(found.rmsd).add_all(found.motion.rotation).add_all(found.motion.from).add_all(found.motion.to);
            bits.add(moved_squares(positions.data(), pack_points(reference, w), found.motion, level));
            std::vector<float> moved(3 * n);
            move_positions(positions, found.motion, moved);
            bits.add_all(moved);
        }
        EXPECT_EQ(bits.value(), 0x9a06a4a8a654b811U) << name(level);
    }
}

TEST(same_bits, of_sums_and_products_of_coordinates) {
    constexpr std::size_t n = 123;
    for (Simd level : levels_here()) {
        Bits bits;
        constexpr std::size_t n_summed = 64, n_frames = 32;
        const auto frames = numbers<float>(n_frames * n_summed, 30, 3);
        std::array<RunningSums, n_summed / summed_width> sums;
        for (std::size_t k = 0; k < n_frames; k += 2) {
            const float* const places[] = {&frames[k * n_summed], &frames[(k + 1) * n_summed]};
            add_coordinates(places, n_summed, 0, sums.data(), level);
        }
        std::vector<ExactSums> exact;
        for (std::size_t i = 0; i < n_summed; ++i)
            exact.push_back(exact_sums(sums[i / summed_width], n_frames)[i % summed_width]);
        for (const ExactSums& each : exact) bits.add(each.sum);
        for (const ExactSums& each : exact) bits.add(each.squares);
        SplitFrames split;
        split.resize(n);
        for (std::uint32_t seed = 0; !split.is_full(); ++seed) split.add(numbers<float>(n, 100, seed));
        std::vector<Int128> products(n * (n + 1) / 2), added(n);
        add_products(split, products, level);
        add_sums(split, added);
        bits.add_all(products).add_all(added);
        EXPECT_EQ(bits.value(), 0x4cdc6b1770ca702fU) << name(level);
    }
}

TEST(same_bits, of_moments_and_cells_of_points) {
    constexpr std::size_t n = 1003;
    const auto positions = numbers<float>(3 * n, 40, 23);
    std::vector<double> edges;
    for (int i = 0; i <= 60; ++i) edges.push_back(-30.1 + 1.03 * i);
    for (Simd level : levels_here()) {
        Bits bits;
        for (const auto& w : {std::vector<double>(), weights(n)}) {
            const PointMoments found = point_moments(positions, PointWeights(w, n), level);
            bits.add_all(found.mean).add_all(found.squares);
        }
        std::vector<std::uint32_t> cells(n);
        GridCells({edges, edges, edges}).find(positions, cells.data(), level);
        EXPECT_EQ(bits.add_all(cells).value(), 0xbac5466e407461faU) << name(level);
    }
}

TEST(same_bits, of_projections) {
    constexpr std::size_t n = 451, n_vectors = 5, n_frames = projected_together;
    const PackedVectors vectors(numbers<double>(n_vectors * n, 1, 4), n);
    const auto displacements = numbers<double>(n_frames * vectors.length(), 10, 5);
    for (Simd level : levels_here()) {
        std::vector<double> found(n_frames * n_vectors);
        project(displacements.data(), n_frames, vectors, found.data(), level);
        EXPECT_EQ(Bits().add_all(found).value(), 0xcc9a6b0794d8fdd6U) << name(level);
    }
}

TEST(same_bits, of_listed_distances_and_angles) {
    constexpr std::size_t n = 803, room = (n + n_lanes - 1) / n_lanes * n_lanes;
    const auto a = numbers<float>(3 * 300, 80, 31), b = numbers<float>(3 * 200, 80, 32);
    std::vector<ListedTriple> triples;
    for (std::uint32_t i = 0; i < n; ++i) triples.push_back({7 * i % 300, 3 * i % 200, 11 * i % 300});
    for (Simd level : levels_here()) {
        Bits bits;
        for (const PeriodicBox& box : boxes()) {
            std::vector<double> distances(room), angles(room);
            listed_angles(a, b, triples, box, distances.data(), angles.data(), level);
            distances.resize(n), angles.resize(n);
            std::erase_if(angles, [](double angle) { return angle != angle; });  // i is k
            bits.add_all(distances).add_all(angles);
        }
        EXPECT_EQ(bits.value(), 0xd6361ac66aa48385U) << name(level);
    }
}

TEST(same_bits, of_soft_contacts) {
    auto squares = numbers<double>(777, 8, 6), limits = numbers<double>(777, 2, 7);
    for (double& square : squares) square *= square;
    for (double& limit : limits) limit += 4;
    for (Simd level : levels_here())
        EXPECT_EQ(Bits().add(soft_contact_sum(squares, limits, 5, level)).value(), 0x13011741aa9b1b91U) << name(level);
}

TEST(same_bits, of_pair_histograms) {
    const auto a = numbers<float>(3 * 700, 60, 8), b = numbers<float>(3 * 900, 60, 9);
    const DistanceBins bins(75, 0, 15);
    for (Simd level : levels_here()) {
        Bits all;
        for (const PeriodicBox& box : boxes()) {
            std::vector<Index> counts(bins.size());
            count_pairs({a, b, false}, box, bins, level, counts);
            count_pairs({a, a, true}, box, bins, level, counts);
            all.add_all(counts);
        }
        EXPECT_EQ(all.value(), 0xedaad79dadfb90f2U) << name(level);
    }
}

TEST(same_bits, of_pairs_and_components) {
    const auto a = numbers<float>(3 * 1200, 80, 10), b = numbers<float>(3 * 800, 80, 11);
    Bits all;
    for (const PeriodicBox& box : boxes()) {
        const Pairs between = pairs(a, b, box, 9), within = pairs_within(a, box, 9);
        for (const Pairs& found : {between, within}) all.add_all(found.atoms).add_all(found.distances);
        all.add_all(components(a, box, 7));
    }
    EXPECT_EQ(all.value(), 0xd85931056394cf60U);
}

TEST(same_bits, of_distances_angles_and_dihedrals) {
    constexpr std::size_t n = 500;
    const auto a = numbers<float>(3 * n, 200, 12), b = numbers<float>(3 * n, 200, 13),
               c = numbers<float>(3 * n, 200, 14), d = numbers<float>(3 * n, 200, 15);
    Bits all;
    for (const PeriodicBox& box : boxes()) {
        std::vector<double> found(n);
        distances(a, b, box, found);
        all.add_all(found);
        angles(a, b, c, box, found);
        all.add_all(found);
        dihedrals(a, b, c, d, box, found);
        all.add_all(found);
    }
    EXPECT_EQ(all.value(), 0x133e26e0f76715b7U);
}

TEST(same_bits, of_wrapped_atoms_and_of_paths_through_the_box) {
    constexpr std::size_t n_atoms = 50, n_frames = 20;
    const auto positions = numbers<float>(3 * n_atoms * n_frames, 300, 16);
    Bits all;
    for (const PeriodicBox& box : boxes()) {
        std::vector<float> wrapped(positions.size());
        wrap(positions, box, wrapped);
        all.add_all(wrapped);
        Walk walk;
        walk.positions = positions, walk.n_atoms = n_atoms;
        for (std::size_t frame = 0; frame < n_frames; ++frame) {
            walk.frames.push_back(index_of(frame));
            walk.boxes.push_back(box);
        }
        std::vector<double> paths(positions.size()), means(n_frames);
        follow(walk, 0, n_atoms, true, paths);
        mean_squares_by_lag(std::span(paths).first(3 * n_frames), means);
        all.add_all(paths).add_all(means);
    }
    EXPECT_EQ(all.value(), 0x6cfd6bfa9e226f83U);
}

TEST(same_bits, of_functions_that_libm_has_too) {
    Bits all;
    const auto x = numbers<double>(3000, 700, 17), y = numbers<double>(3000, 700, 18);
    for (std::size_t i = 0; i < x.size(); ++i) all.add(arc_tangent(y[i], x[i])).add(exponential(x[i]));
    auto vectors = numbers<float>(9, 50, 19);
    all.add(cell_volume(std::span<const float, 9>(vectors), 10));
    EXPECT_EQ(all.value(), 0x51d5fba97485c1aeU);
}

}  // namespace
}  // namespace mdloom::kernels

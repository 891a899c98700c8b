#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "mdloom/kernels/projections.hpp"
#include "support/levels.hpp"

namespace mdloom::kernels {
namespace {

struct Problem {
    std::size_t n, n_frames;
    std::vector<double> vectors, displacements;
    PackedVectors packed;

    Problem(std::mt19937_64& random, std::size_t n_coordinates, std::size_t n_vectors, std::size_t frames)
        : n(n_coordinates), n_frames(frames), vectors(n * n_vectors) {
        std::normal_distribution<double> normal(0, 3);
        for (double& x : vectors) x = normal(random);
        packed = PackedVectors(vectors, n);
        displacements.resize(n_frames * packed.length());
        for (std::size_t frame = 0; frame < n_frames; ++frame)
            for (std::size_t i = 0; i < n; ++i) displacements[frame * packed.length() + i] = normal(random);
    }
    std::vector<double> projected(Simd level) const {
        std::vector<double> out(n_frames * packed.n_vectors());
        project(displacements.data(), n_frames, packed, out.data(), level);
        return out;
    }
};

TEST(projections, are_scalar_products_for_any_number_of_coordinates_vectors_and_frames) {
    std::mt19937_64 random(3);
    for (std::size_t n : {1, 2, 3, 7, 8, 9, 15, 16, 33, 642})
        for (std::size_t n_vectors : {1, 2, 3, 4, 5, 8, 11})
            for (std::size_t n_frames : {0, 4, 12}) {
                const Problem problem(random, n, n_vectors, n_frames);
                const auto found = problem.projected(best_simd());
                for (std::size_t k = 0; k < n_frames * n_vectors; ++k) {
                    const double *x = problem.displacements.data() + k / n_vectors * problem.packed.length(),
                                 *v = problem.vectors.data() + k % n_vectors * n;
                    long double sum = 0;
                    for (std::size_t i = 0; i < n; ++i) sum += static_cast<long double>(x[i]) * v[i];
                    EXPECT_NEAR(found[k], static_cast<double>(sum), 1e-12 * static_cast<double>(n));
                }
            }
}

TEST(projections, have_the_same_bits_from_every_instruction_set_and_in_any_company) {
    std::mt19937_64 random(4);
    for (std::size_t n : {3, 17, 100}) {
        const Problem problem(random, n, 7, 8);
        const auto expected = problem.projected(Simd::portable);
        for (Simd level : levels_here()) EXPECT_EQ(problem.projected(level), expected);
        const PackedVectors last(std::span(problem.vectors).subspan(6 * n), n);
        std::vector<double> frames(4 * last.length()), alone(4);  // frame 5 and three of zeros
        std::copy_n(problem.displacements.begin() + 5 * static_cast<std::ptrdiff_t>(last.length()), last.length(),
                    frames.begin());
        project(frames.data(), 4, last, alone.data(), best_simd());
        EXPECT_EQ(alone, (std::vector<double>{expected[5 * 7 + 6], 0, 0, 0}));
    }
}

}  // namespace
}  // namespace mdloom::kernels

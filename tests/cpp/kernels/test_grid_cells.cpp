#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "mdloom/kernels/grid_cells.hpp"
#include "support/levels.hpp"

namespace mdloom::kernels {
namespace {

using Edges = std::array<std::vector<double>, 3>;

/// One axis after the other, with AxisBins.
std::vector<std::uint32_t> searched(const Edges& edges, const std::vector<float>& positions) {
    std::vector<std::uint32_t> cells;
    const std::array<AxisBins, 3> axes{AxisBins(edges[0]), AxisBins(edges[1]), AxisBins(edges[2])};
    for (std::size_t i = 0; i < positions.size(); i += 3) {
        Index cell = 0;
        bool is_inside = true;
        for (std::size_t k = 0; k < 3; ++k) {
            const Index bin = axes[k](double{positions[i + k]});
            is_inside &= bin != AxisBins::outside;
            cell = cell * axes[k].size() + bin;
        }
        cells.push_back(static_cast<std::uint32_t>(is_inside ? cell : GridCells(edges).size()));
    }
    return cells;
}

std::vector<std::uint32_t> found(const GridCells& grid, const std::vector<float>& positions, Simd level) {
    std::vector<std::uint32_t> cells(positions.size() / 3);
    grid.find(positions, cells.data(), level);
    return cells;
}

/// Each edge of an axis and its neighbours in float32, and what lies between; with whatever the other axes are.
std::vector<float> positions_about(const Edges& edges, std::mt19937& random) {
    std::vector<float> positions;
    for (std::size_t k = 0; k < 3; ++k)
        for (double edge : edges[k]) {
            const auto near = static_cast<float>(edge);
            const double between = edge + (edges[k].back() - edges[k].front()) / 7;
            for (float x : {near, std::nextafter(near, -1e9f), std::nextafter(near, 1e9f), static_cast<float>(between)})
                for (std::size_t axis = 0; axis < 3; ++axis) {
                    const double first = edges[axis].front(), last = edges[axis].back();
                    std::uniform_real_distribution<float> any(static_cast<float>(first - 0.1 * (last - first)),
                                                              static_cast<float>(last + 0.1 * (last - first)));
                    positions.push_back(axis == k ? x : any(random));
                }
        }
    return positions;
}

Edges random_edges(std::mt19937& random, bool even) {
    std::uniform_real_distribution<double> any(-100, 100), width(1e-3, 3);
    Edges edges;
    for (auto& axis : edges) {
        const int n = 1 + static_cast<int>(random() % 60);
        const double first = any(random), delta = width(random);
        axis = {first};
        for (int i = 1; i <= n; ++i) axis.push_back(even ? first + i * delta : axis.back() + width(random));
    }
    return edges;
}

void expect_searched(const Edges& edges, const std::vector<float>& positions) {
    const GridCells grid(edges);
    const auto expected = searched(edges, positions);
    for (Simd level : levels_here()) EXPECT_EQ(found(grid, positions, level), expected) << name(level);
}

TEST(grid_cells, are_numbered_along_z_then_y_then_x_and_the_last_number_is_outside) {
    const GridCells grid({std::vector<double>{0, 1, 2}, {0, 2, 4, 6}, {-1, 0, 1, 2, 3}});
    ASSERT_EQ(grid.size(), 24);
    EXPECT_EQ(found(grid, {0.5f, 1, -0.5f, 0.5f, 1, 3, 0.5f, 2, -1, 2, 6, 3, 2.1f, 0, 0, 0, 0, -1.1f}, best_simd()),
              (std::vector<std::uint32_t>{0, 3, 4, 23, 24, 24}));
}

TEST(grid_cells, are_those_of_each_axis_next_to_every_edge_of_equal_and_unequal_bins) {
    std::mt19937 random(6);
    for (int round = 0; round < 100; ++round) {
        const Edges edges = random_edges(random, round % 4 != 0);
        expect_searched(edges, positions_about(edges, random));
    }
}

TEST(grid_cells, are_right_where_bins_are_finer_than_float32_and_where_they_are_huge) {
    std::mt19937 random(7);
    for (double width : {1e-9, 1e-6, 1e-4, 1e6, 1e29, 1e300})
        for (double first : {0.0, 1000.0}) {
            Edges edges;
            for (auto& axis : edges)
                for (int i = 0; i <= 40; ++i)
                    if (axis.empty() || first + i * width > axis.back()) axis.push_back(first + i * width);
            if (edges[0].size() > 1)
                expect_searched(edges,
                                width < 1e29 ? positions_about(edges, random) : std::vector<float>(3000, 1000.0f));
        }
}

TEST(grid_cells, take_coordinates_that_are_no_numbers_as_outside) {
    const Edges edges{std::vector<double>{0, 1, 2}, {0, 1, 2}, {0, 1, 2}};
    std::vector<float> positions(3 * 512, 0.25f);
    positions[3] = std::numeric_limits<float>::quiet_NaN();
    positions[7] = std::numeric_limits<float>::infinity();
    positions[11] = -std::numeric_limits<float>::infinity();
    expect_searched(edges, positions);
}

}  // namespace
}  // namespace mdloom::kernels

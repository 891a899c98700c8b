#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "mdloom/kernels/axis_bins.hpp"

namespace mdloom::kernels {
namespace {

/// A search among the edges, as numpy's histogramdd does it.
Index searched(const std::vector<double>& edges, double x) {
    if (x == edges.back()) return index_of(edges.size()) - 2;
    const Index bin = std::upper_bound(edges.begin(), edges.end(), x) - edges.begin() - 1;
    return bin == index_of(edges.size()) - 1 ? AxisBins::outside : bin;
}

TEST(axis_bins, a_bin_holds_its_lower_edge_and_the_last_one_its_upper_too) {
    const AxisBins bins({-1, 0, 1, 2});
    EXPECT_EQ(bins.size(), 3);
    EXPECT_EQ(bins(-1), 0);
    EXPECT_EQ(bins(-0.0), 1);
    EXPECT_EQ(bins(std::nextafter(1.0, 0.0)), 1);
    EXPECT_EQ(bins(1), 2);
    EXPECT_EQ(bins(2), 2);
    EXPECT_EQ(bins(std::nextafter(2.0, 3.0)), AxisBins::outside);
    EXPECT_EQ(bins(std::nextafter(-1.0, -2.0)), AxisBins::outside);
    EXPECT_EQ(bins(std::nan("")), AxisBins::outside);
    EXPECT_EQ(bins(INFINITY), AxisBins::outside);
}

TEST(axis_bins, are_those_of_a_search_next_to_every_edge_of_equal_and_unequal_bins) {
    std::mt19937 random(5);
    std::uniform_real_distribution<double> any(-100, 100), width(1e-3, 3);
    for (int round = 0; round < 200; ++round) {
        const int n = 1 + static_cast<int>(random() % 300);
        const double first = any(random), delta = width(random);
        std::vector<double> edges{first};
        for (int i = 1; i <= n; ++i)
            edges.push_back(round % 2 == 0 ? first + i * (n * delta / n) : edges.back() + width(random));
        const AxisBins bins(edges);
        for (double edge : edges)
            for (double x : {edge, std::nextafter(edge, -1e9), std::nextafter(edge, 1e9), edge + delta / 3,
                             static_cast<double>(static_cast<float>(edge))})
                ASSERT_EQ(bins(x), searched(edges, x)) << round << ", " << x;
    }
}

}  // namespace
}  // namespace mdloom::kernels

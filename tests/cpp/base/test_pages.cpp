#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>

#include "mdloom/base/pages.hpp"

namespace mdloom {
namespace {

bool is_on_a_large_page(const void* memory) {
    return reinterpret_cast<std::uintptr_t>(memory) % large_page == 0;
}

TEST(pages, hold_vectors_of_any_length_that_grow_and_move) {
    PagedVector<double> values;
    for (std::size_t n = 0; n < 1000000; ++n) values.push_back(static_cast<double>(n));
    EXPECT_TRUE(is_on_a_large_page(values.data()));
    const double* const before = values.data();
    PagedVector<double> moved = std::move(values), copied = moved;
    EXPECT_EQ(moved.data(), before);
    double sum = 0;
    for (double value : copied) sum += value;
    EXPECT_EQ(sum, 999999. * 500000);
    EXPECT_THROW(moved.reserve(std::size_t{1} << 59), std::exception);
}

TEST(pages, are_left_as_they_are_by_resize) {
    PagedVector<int> values(300000, 7);
    values.resize(10);
    values.resize(300000);
    EXPECT_EQ(values.back(), 7);
    EXPECT_EQ(PagedVector<int>(3, 5), (PagedVector<int>{5, 5, 5}));
}

TEST(pages, without_spare_room_keep_their_values_and_take_more) {
    for (std::size_t n : {0U, 1U, 511U, 100000U, 262143U, 262144U}) {
        PagedVector<double> values;
        values.reserve(300000);
        values.resize(n);
        std::iota(values.begin(), values.end(), 0.);
        drop_spare_room(values);
        values.resize(300000);
        std::iota(values.begin() + static_cast<std::ptrdiff_t>(n), values.end(), static_cast<double>(n));
        for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], static_cast<double>(i)) << n;
    }
    PagedVector<double> few(10, 1.);
    few.reserve(1000);
    drop_spare_room(few);
    EXPECT_EQ(few.capacity(), 10U);
}

TEST(pages, may_be_expected_of_any_memory) {
    std::vector<double> values;
    expect_plenty(values.data(), 0);
    values.reserve(1000000);
    expect_plenty(values.data(), 8000000);
    expect_plenty(values.data() + 1, 100);
    values.assign(1000000, 2.);
    EXPECT_EQ(values[999999], 2.);
}

}  // namespace
}  // namespace mdloom

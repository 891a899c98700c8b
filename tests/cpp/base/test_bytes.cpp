#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "mdloom/base/bytes.hpp"

namespace mdloom {
namespace {

enum class Kind : std::uint8_t { one = 1, two = 2 };

struct Inner {
    std::vector<double> values;
    std::string text;
    friend bool operator==(const Inner&, const Inner&) = default;
};
struct Everything {
    Index index = 0;
    float number = 0;
    Kind kind = Kind::one;
    bool yes = false;
    std::array<float, 9> box{};
    std::vector<Inner> inners;
    std::vector<Int128> sums;
    std::vector<std::vector<Index>> ragged;
    friend bool operator==(const Everything&, const Everything&) = default;
};

template <class T>
Bytes bytes_of(const T& value) {
    ByteWriter writer;
    writer.write(value);
    return writer.take();
}

template <class T>
T back(std::span<const std::byte> bytes) {
    ByteReader reader(bytes);
    T value = reader.read<T>();
    if (!reader.at_end()) throw StateError("bytes were left");
    return value;
}

Everything random_one(std::mt19937_64& dice) {
    const auto below = [&](std::size_t n) { return dice() % n; };
    Everything made;
    made.index = static_cast<Index>(dice());
    made.number = static_cast<float>(below(1000)) / 7.f;
    made.kind = below(2) == 0 ? Kind::one : Kind::two;
    made.yes = below(2) == 0;
    for (float& x : made.box) x = static_cast<float>(below(100));
    made.inners.resize(below(4));
    for (Inner& inner : made.inners) {
        inner.values.resize(below(5), std::numeric_limits<double>::denorm_min());
        inner.text.resize(below(5), 'x');
    }
    for (auto n = below(4); n > 0; --n)
        made.sums.push_back(Int128{static_cast<Index>(dice())} * static_cast<Index>(dice()));
    made.ragged.resize(below(3), std::vector<Index>(below(3), -1));
    return made;
}

TEST(Bytes, a_struct_survives_them) {
    std::mt19937_64 dice(1);
    for (int i = 0; i < 500; ++i) {
        const Everything value = random_one(dice);
        const Bytes bytes = bytes_of(value);
        EXPECT_EQ(back<Everything>(bytes), value);
        EXPECT_EQ(bytes_of(back<Everything>(bytes)), bytes);
    }
}

TEST(Bytes, are_little_endian_without_padding_in_order_of_declaration) {
    struct Pair {
        std::uint8_t small;
        std::int32_t large;
        std::vector<std::int16_t> array;
    };
    const Bytes bytes = bytes_of(Pair{0x01, 0x02030405, {0x0607}});
    const std::vector<int> expected{1, 5, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 7, 6};
    ASSERT_EQ(bytes.size(), expected.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) EXPECT_EQ(std::to_integer<int>(bytes[i]), expected[i]) << i;
}

TEST(Bytes, of_floats_keep_every_bit_of_nan_and_minus_zero) {
    const std::vector<double> values{-0.0, std::numeric_limits<double>::quiet_NaN(),
                                     std::numeric_limits<double>::signaling_NaN()};
    const Bytes bytes = bytes_of(values);
    EXPECT_EQ(bytes_of(back<std::vector<double>>(bytes)), bytes);
}

TEST(Bytes, cut_anywhere_are_refused) {
    std::mt19937_64 dice(2);
    for (int i = 0; i < 20; ++i) {
        const Bytes bytes = bytes_of(random_one(dice));
        for (std::size_t n = 0; n < bytes.size(); ++n)
            EXPECT_THROW(back<Everything>(std::span(bytes).first(n)), StateError) << n << " of " << bytes.size();
    }
}

TEST(Bytes, damaged_anywhere_are_refused_or_give_a_value) {
    std::mt19937_64 dice(3);
    int n_refused = 0;
    for (int i = 0; i < 3000; ++i) {
        Bytes bytes = bytes_of(random_one(dice));
        bytes[dice() % bytes.size()] ^= static_cast<std::byte>(1 + dice() % 255);
        try {
            const auto value = back<Everything>(bytes);
            EXPECT_EQ(bytes_of(value), bytes);  // what was believed is what stands there
        } catch (const StateError&) {
            ++n_refused;
        }
    }
    EXPECT_GT(n_refused, 100);
}

/// Before anything is allocated.
TEST(Bytes, of_an_impossible_length_are_refused_before_room_is_made) {
    for (Index n :
         {Index{-1}, Index{2}, Index{1} << 61, std::numeric_limits<Index>::max(), std::numeric_limits<Index>::min()}) {
        ByteWriter writer;
        writer.write(n);
        writer.write(1.0);
        const Bytes bytes = writer.take();
        EXPECT_THROW(back<std::vector<double>>(bytes), StateError) << n;
        EXPECT_THROW(back<std::vector<Inner>>(bytes), StateError) << n;
        EXPECT_THROW(back<std::string>(bytes), StateError) << n;
    }
}

TEST(Bytes, of_another_array_length_are_refused) {
    const Bytes bytes = bytes_of(std::vector<float>(8));
    EXPECT_THROW((back<std::array<float, 9>>(bytes)), StateError);
    EXPECT_NO_THROW((back<std::array<float, 8>>(bytes)));
}

TEST(Bytes, of_a_truth_value_are_zero_or_one) {
    EXPECT_TRUE(back<bool>(std::vector{std::byte{1}}));
    EXPECT_FALSE(back<bool>(std::vector{std::byte{0}}));
    EXPECT_THROW(back<bool>(std::vector{std::byte{2}}), StateError);
}

struct Seven {
    int a, b, c, d, e, f, g;
};
struct WithArray {
    std::array<double, 3> a;
    int b;
};
struct None {};

TEST(Members, are_counted) {
    static_assert(detail::count_members<None>() == 0);
    static_assert(detail::count_members<Inner>() == 2);
    static_assert(detail::count_members<WithArray>() == 2);
    static_assert(detail::count_members<Seven>() == 7);
    static_assert(detail::count_members<Everything>() == 8);
    Seven seven{1, 2, 3, 4, 5, 6, 7};
    EXPECT_EQ(with_members(seven, [](auto... member) { return (member + ...); }), 28);
    with_members(seven, [](auto&... member) { ((member *= 2), ...); });
    EXPECT_EQ(seven.g, 14);
}

}  // namespace
}  // namespace mdloom

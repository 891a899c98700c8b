// Plain structs to bytes and back: members are visited in order of declaration, so no struct writes its own code.
#pragma once
#include <bit>
#include <cstddef>
#include <cstring>
#include <ranges>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "mdloom/base/error.hpp"

namespace mdloom {

using Bytes = std::vector<std::byte>;
__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;
static_assert(std::endian::native == std::endian::little, "bytes are little-endian; swap here for other machines");

namespace detail {
struct Anything {
    template <class T>
    operator T() const;
};

template <class S, class... Found>
constexpr int count_members() {
    if constexpr (requires { S{Found{}..., Anything{}}; })
        return count_members<S, Found..., Anything>();
    else
        return static_cast<int>(sizeof...(Found));
}
}  // namespace detail

/// Calls visit(member, member, ...) with all members of a plain struct (an aggregate of at most eight).
template <class S, class Visit>
auto with_members(S& s, Visit&& visit) {
    constexpr int n = detail::count_members<std::remove_const_t<S>>();
    static_assert(n <= 8, "more than eight members: group some of them in a struct");
    if constexpr (n == 0)
        return visit();
    else if constexpr (n == 1) {
        auto& [a] = s;
        return visit(a);
    } else if constexpr (n == 2) {
        auto& [a, b] = s;
        return visit(a, b);
    } else if constexpr (n == 3) {
        auto& [a, b, c] = s;
        return visit(a, b, c);
    } else if constexpr (n == 4) {
        auto& [a, b, c, d] = s;
        return visit(a, b, c, d);
    } else if constexpr (n == 5) {
        auto& [a, b, c, d, e] = s;
        return visit(a, b, c, d, e);
    } else if constexpr (n == 6) {
        auto& [a, b, c, d, e, f] = s;
        return visit(a, b, c, d, e, f);
    } else if constexpr (n == 7) {
        auto& [a, b, c, d, e, f, g] = s;
        return visit(a, b, c, d, e, f, g);
    } else {
        auto& [a, b, c, d, e, f, g, h] = s;
        return visit(a, b, c, d, e, f, g, h);
    }
}

template <class T>
concept Number =
    std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_same_v<T, Int128> || std::is_same_v<T, UInt128>;

/// Stored back to back, so that a whole array moves with one copy.
template <class R>
concept NumberArray = std::ranges::contiguous_range<R> && Number<std::ranges::range_value_t<R>>;

/// Appends values to a byte vector, little-endian, without padding.
class ByteWriter {
public:
    template <class T>
    void write(const T& value) {
        if constexpr (Number<T>)
            append(&value, sizeof value);
        else if constexpr (requires { value.write(*this); })
            value.write(*this);
        else if constexpr (std::ranges::range<const T>)
            write_range(value);
        else
            with_members(value, [this](const auto&... member) { (write(member), ...); });
    }
    Bytes take() { return std::move(bytes_); }

private:
    template <class T>
    void write_range(const T& values) {
        write(index_of(std::ranges::size(values)));
        if constexpr (NumberArray<const T>)
            append(std::ranges::data(values), std::ranges::size(values) * sizeof(std::ranges::range_value_t<T>));
        else
            for (const auto& value : values) write(value);
    }
    void append(const void* data, std::size_t n) {
        const std::size_t before = bytes_.size();
        bytes_.resize(before + n);
        if (n > 0) std::memcpy(bytes_.data() + before, data, n);
    }
    Bytes bytes_;
};

/// Reads what ByteWriter wrote. Every read is bounds checked: StateError when the bytes end too early.
class ByteReader {
public:
    explicit ByteReader(std::span<const std::byte> bytes) : rest_(bytes) {}

    template <class T>
    void read(T& value) {
        if constexpr (std::is_same_v<T, bool>)
            value = read_bool();
        else if constexpr (Number<T>)
            std::memcpy(&value, next(sizeof value), sizeof value);
        else if constexpr (requires { value.read(*this); })
            value.read(*this);
        else if constexpr (std::ranges::range<T>)
            read_range(value);
        else
            with_members(value, [this](auto&... member) { (read(member), ...); });
    }
    template <class T>
    T read() {
        T value{};
        read(value);
        return value;
    }
    bool at_end() const { return rest_.empty(); }

private:
    template <class T>
    void read_range(T& values) {
        constexpr bool is_array = NumberArray<T>;
        constexpr std::size_t least = is_array ? sizeof(std::ranges::range_value_t<T>) : 1;
        const auto n = read<Index>();
        if (n < 0 || usize(n) > rest_.size() / least)
            throw StateError("state is damaged: impossible length " + std::to_string(n));
        if constexpr (requires { values.resize(0); })
            values.resize(usize(n));
        else if (usize(n) != std::ranges::size(values))
            throw StateError("state is damaged: expected another length");
        if constexpr (is_array) {
            if (n > 0) std::memcpy(std::ranges::data(values), next(usize(n) * least), usize(n) * least);
        } else {
            for (auto& value : values) read(value);
        }
    }
    bool read_bool() {
        const auto value = read<std::uint8_t>();
        if (value > 1) throw StateError("state is damaged: a truth value of " + std::to_string(value));
        return value == 1;
    }
    const std::byte* next(std::size_t n) {
        if (n > rest_.size()) throw StateError("state is cut short: write it again");
        const auto* at = rest_.data();
        rest_ = rest_.subspan(n);
        return at;
    }
    std::span<const std::byte> rest_;
};

}  // namespace mdloom

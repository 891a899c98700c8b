// How three numbers are one field of an XTC stream; what all decoders share.
#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "mdloom/base/bytes.hpp"
#include "mdloom/sources/files/byte_order.hpp"
#include "mdloom/sources/formats/xtc_format.hpp"

namespace mdloom::sources {

struct Triple {
    std::uint32_t x, y, z;  // unsigned: damaged input may wrap
};

/// x, y, z and a zero; plain vector arithmetic of GCC and Clang, for any machine.
typedef std::uint32_t Lanes __attribute__((vector_size(16)));
typedef std::int32_t SignedLanes __attribute__((vector_size(16)));
typedef float FloatLanes __attribute__((vector_size(16)));

inline Lanes lanes(Triple t) {
    return Lanes{t.x, t.y, t.z, 0};
}

/// Division by a constant d >= 2 as multiplication; exact for dividends below 2^63 (Granlund & Montgomery 1994,
/// doi:10.1145/773473.178249: with 2^shift <= d, the error of the multiplier is at most d < 2^(shift + 1)).
struct Divisor {
    std::uint64_t multiplier = 0;
    int shift = 0;

    constexpr Divisor() = default;
    constexpr explicit Divisor(std::uint64_t d) {
        shift = static_cast<int>(std::bit_width(d)) - 1;
        multiplier = static_cast<std::uint64_t>((UInt128{1} << (64 + shift)) / d) + 1;
        if (std::has_single_bit(d)) multiplier = 1, multiplier <<= 64 - shift, shift = 0;
    }
    std::uint64_t operator()(std::uint64_t n) const {
        return static_cast<std::uint64_t>((UInt128{n} * multiplier) >> 64) >> shift;
    }
};

/// How three numbers are packed into one field of the stream.
struct Packing {
    int n_bits = 0;
    bool fast = false;  // at most 57 bits, so that one 64-bit load holds them at any bit offset; no divisor is 1
    int last_shift = 0;
    std::uint64_t whole_bytes = 0, last_byte = 0;  // masks
    Divisor by_yz, by_z;
    Triple sizes{};

    constexpr Packing() = default;
    constexpr Packing(Triple s, int bits) : n_bits(bits), fast(bits <= 57 && s.z > 1), sizes(s) {
        if (!fast) return;
        const int n_whole = (bits - 1) / 8, n_last = bits - 8 * n_whole;
        last_shift = 8 - n_last;
        whole_bytes = (std::uint64_t{1} << (8 * n_whole)) - 1;
        last_byte = ((std::uint64_t{1} << n_last) - 1) << (8 * n_whole);
        by_yz = Divisor(std::uint64_t{s.y} * s.z);
        by_z = Divisor(s.z);
    }
};

inline constexpr auto small_packings = [] {
    std::array<Packing, xtc_small_sizes.size()> packings;
    for (std::size_t i = least_small_index; i < xtc_small_sizes.size(); ++i)
        packings[i] = Packing({xtc_small_sizes[i], xtc_small_sizes[i], xtc_small_sizes[i]}, static_cast<int>(i));
    return packings;
}();

/// The 64 bits from `bit` on, left aligned; the lowest bit & 7 of them are zero.
inline std::uint64_t bits_at(const std::byte* stream, Index bit) {
    return load_big<std::uint64_t>(stream + (bit >> 3)) << (bit & 7);
}

/// The same for up to 121 bits.
inline UInt128 long_bits_at(const std::byte* stream, Index bit) {
    const UInt128 high = load_big<std::uint64_t>(stream + (bit >> 3));
    return (high << 64 | load_big<std::uint64_t>(stream + (bit >> 3) + 8)) << (bit & 7);
}

/// Any packing, at any cost.
inline Triple unpack_long(const std::byte* stream, Index bit, const Packing& packing) {
    UInt128 field = long_bits_at(stream, bit), value = 0;
    int n_left = packing.n_bits;
    for (int shift = 0; n_left > 0; shift += 8, n_left -= 8) {
        const int n = n_left < 8 ? n_left : 8;
        value |= (field >> (128 - n)) << shift;
        field <<= n;
    }
    const UInt128 xy = value / packing.sizes.z, x = xy / packing.sizes.y;
    return {static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(xy - x * packing.sizes.y),
            static_cast<std::uint32_t>(value - xy * packing.sizes.z)};
}

inline Triple unpack(const std::byte* stream, Index bit, const Packing& packing) {
    if (!packing.fast) [[unlikely]]
        return unpack_long(stream, bit, packing);
    const std::uint64_t bytes = swap_bytes(bits_at(stream, bit));
    const std::uint64_t value = (bytes & packing.whole_bytes) | ((bytes >> packing.last_shift) & packing.last_byte);
    const std::uint64_t x = packing.by_yz(value), xy = packing.by_z(value);
    return {static_cast<std::uint32_t>(x),
            static_cast<std::uint32_t>(xy) - static_cast<std::uint32_t>(x) * packing.sizes.y,
            static_cast<std::uint32_t>(value) - static_cast<std::uint32_t>(xy) * packing.sizes.z};
}

/// Absolute positions: packed, or one bit field per axis.
struct Absolute {
    Packing packing;
    std::array<int, 3> field_bits{};  // zero: packed
    int n_bits = 0;

    explicit Absolute(const std::array<std::uint32_t, 3>& s) {
        if ((s[0] | s[1] | s[2]) > most_packed_size) {
            for (std::size_t d = 0; d < 3; ++d) n_bits += field_bits[d] = static_cast<int>(std::bit_width(s[d]));
            packing.sizes = {s[0], s[1], s[2]};
        } else {
            const UInt128 product = UInt128{s[0]} * s[1] * s[2];
            const auto high = static_cast<std::uint64_t>(product >> 64);
            n_bits = static_cast<int>(high ? 64 + std::bit_width(high)
                                           : std::bit_width(static_cast<std::uint64_t>(product)));
            packing = Packing({s[0], s[1], s[2]}, n_bits);
        }
    }
    Triple unpack_at(const std::byte* stream, Index bit) const {
        if (field_bits[0] == 0) [[likely]]
            return unpack(stream, bit, packing);
        std::array<std::uint32_t, 3> field;
        for (std::size_t d = 0; d < 3; ++d) {
            field[d] = static_cast<std::uint32_t>(bits_at(stream, bit) >> (64 - field_bits[d]));
            bit += field_bits[d];
        }
        return {field[0], field[1], field[2]};
    }
};

}  // namespace mdloom::sources

// Numbers in files, of either byte order and at any address.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace mdloom::sources {

inline std::uint32_t swap_bytes(std::uint32_t value) {
    return __builtin_bswap32(value);
}
inline std::uint64_t swap_bytes(std::uint64_t value) {
    return __builtin_bswap64(value);
}

/// A 4- or 8-byte number stored in `order`; `at` needs no alignment.
template <class T>
T load(const std::byte* at, std::endian order) {
    static_assert(sizeof(T) == 4 || sizeof(T) == 8);
    using Word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    Word word;
    std::memcpy(&word, at, sizeof word);
    return std::bit_cast<T>(order == std::endian::native ? word : swap_bytes(word));
}

template <class T>
T load_big(const std::byte* at) {
    return load<T>(at, std::endian::big);
}

}  // namespace mdloom::sources

// Appends big-endian numbers to bytes, for writers of test files.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <string_view>

#include "mdloom/base/bytes.hpp"

namespace mdloom::sources {

template <class T>
void put_big(Bytes& out, T value) {
    auto bytes = std::bit_cast<std::array<std::byte, sizeof(T)>>(value);
    if constexpr (std::endian::native == std::endian::little) std::ranges::reverse(bytes);
    out.insert(out.end(), bytes.begin(), bytes.end());
}

/// In single precision, unless `as_double`.
inline void put_real(Bytes& out, double value, bool as_double) {
    as_double ? put_big(out, value) : put_big(out, static_cast<float>(value));
}

inline void put_text(Bytes& out, std::string_view text) {
    for (char c : text) out.push_back(std::byte(c));
}

}  // namespace mdloom::sources

// Of each mask of eight lanes: those that are set, in order. A permutation by them packs eight numbers, as the compress
// instructions of AVX-512 do sixteen.
#pragma once
#include <array>
#include <cstdint>

namespace mdloom::kernels {

inline constexpr std::array<std::uint64_t, 256> lanes_of_mask = [] {
    std::array<std::uint64_t, 256> table{};
    for (unsigned mask = 0; mask < 256; ++mask) {
        unsigned n = 0;
        for (std::uint64_t lane = 0; lane < 8; ++lane)
            if ((mask >> lane & 1U) != 0) table[mask] |= lane << (8 * n++);
    }
    return table;
}();

}  // namespace mdloom::kernels

// Numbers that readers and writers of XTC both know.
#pragma once
#include <array>
#include <cstdint>

#include "mdloom/base/index.hpp"

namespace mdloom::sources {

/// Numbers per axis of a small delta; its three axes fill `index` bits. About 2^(index/3): part of the format.
constexpr std::array<std::uint32_t, 73> xtc_small_sizes = {
    0,       0,       0,       0,       0,        0,        0,       0,       0,       8,       10,
    12,      16,      20,      25,      32,       40,       50,      64,      80,      101,     128,
    161,     203,     256,     322,     406,      512,      645,     812,     1024,    1290,    1625,
    2048,    2580,    3250,    4096,    5060,     6501,     8192,    10321,   13003,   16384,   20642,
    26007,   32768,   41285,   52015,   65536,    82570,    104031,  131072,  165140,  208063,  262144,
    330280,  416127,  524287,  660561,  832255,   1048576,  1321122, 1664510, 2097152, 2642245, 3329021,
    4194304, 5284491, 6658042, 8388607, 10568983, 13316085, 16777216};
constexpr int least_small_index = 9;
constexpr int most_small_index = 72;

constexpr std::uint32_t most_packed_size = 0xffffff;  ///< larger axes have bit fields of their own

constexpr std::int32_t xtc_magic_1995 = 1995;
constexpr std::int32_t xtc_magic_2023 = 2023;  ///< the length of the stream has 64 bits
constexpr Index most_raw_atoms = 9;            ///< so few are stored as plain floats

}  // namespace mdloom::sources

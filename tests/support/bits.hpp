// Many numbers as one that differs when any of their bits does: for tests that hold results to what they have always
// been, on every instruction set and every CPU.
#pragma once
#include <array>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace mdloom {

/// FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv) of the bytes of numbers that are not NaN.
class Bits {
public:
    template <class T>
    Bits& add(const T& number) {
        static_assert(std::has_unique_object_representations_v<T> || std::is_floating_point_v<T>);
        std::array<unsigned char, sizeof number> bytes;
        std::memcpy(bytes.data(), &number, sizeof number);
        for (unsigned char byte : bytes) hash_ = (hash_ ^ byte) * 0x100000001b3ULL;
        return *this;
    }
    template <class Range>
    Bits& add_all(const Range& numbers) {
        for (const auto& number : numbers) add(number);
        return *this;
    }
    std::uint64_t value() const { return hash_; }

private:
    std::uint64_t hash_ = 0xcbf29ce484222325ULL;
};

}  // namespace mdloom

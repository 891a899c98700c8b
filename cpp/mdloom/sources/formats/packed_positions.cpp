#include "mdloom/sources/formats/packed_positions.hpp"

#include <bit>
#include <cstring>

#include "mdloom/sources/files/byte_order.hpp"

namespace mdloom::sources {
namespace {

constexpr Index block_bytes = 256 * 1024;  // read and converted at a time: stays in the cache in between
constexpr Index worth_reading = 4096;      // bytes nobody wants that cost less than one more call to skip them
constexpr Index few_atoms = 4;

/// out[i] = factor * number i, for as many whole vectors as there are; returns their numbers. Plain vector arithmetic
/// of GCC and Clang, 8 instructions for each vector of any length.
template <std::size_t vector_bytes>
[[gnu::always_inline]] inline std::size_t convert_vectors(const std::byte* in, std::size_t n, float factor,
                                                          float* out) {
    typedef std::uint32_t Words __attribute__((vector_size(vector_bytes)));
    typedef float Floats __attribute__((vector_size(vector_bytes)));
    constexpr std::size_t n_floats = vector_bytes / 4;
    std::size_t i = 0;
    for (; i + n_floats <= n; i += n_floats) {
        Words words;
        std::memcpy(&words, in + 4 * i, sizeof words);
        if constexpr (std::endian::native == std::endian::little) {
            words = (words & 0x00ff00ffu) << 8 | (words >> 8 & 0x00ff00ffu);
            words = words << 16 | words >> 16;
        }
        Floats floats;
        std::memcpy(&floats, &words, sizeof floats);
        floats *= factor;
        std::memcpy(out + i, &floats, sizeof floats);
    }
    return i;
}

std::size_t convert_by_4(const std::byte* in, std::size_t n, float factor, float* out) {
    return convert_vectors<16>(in, n, factor, out);
}

/// A loop that the compiler turns into vectors where it has shuffles of bytes.
template <bool swapped>
[[gnu::always_inline]] inline void interleave_floats(const std::byte* x, const std::byte* y, const std::byte* z,
                                                     std::size_t n, Vec3* out) {
    constexpr auto order = swapped ? std::endian::big : std::endian::little;
    for (std::size_t i = 0; i < n; ++i)
        out[i] = {load<float>(x + 4 * i, order), load<float>(y + 4 * i, order), load<float>(z + 4 * i, order)};
}

template <bool swapped>
void interleave_portably(const std::byte* x, const std::byte* y, const std::byte* z, std::size_t n, Vec3* out) {
    interleave_floats<swapped>(x, y, z, n, out);
}

#if defined(__x86_64__)
template <bool swapped>
[[gnu::target("avx2")]] void interleave_by_8(const std::byte* x, const std::byte* y, const std::byte* z, std::size_t n,
                                             Vec3* out) {
    interleave_floats<swapped>(x, y, z, n, out);
}
[[gnu::target("avx2")]] std::size_t convert_by_8(const std::byte* in, std::size_t n, float factor, float* out) {
    return convert_vectors<32>(in, n, factor, out);
}
#else
constexpr auto convert_by_8 = convert_by_4;
template <bool swapped>
constexpr auto interleave_by_8 = interleave_portably<swapped>;
#endif

void convert_floats(const std::byte* in, std::size_t n, float factor, float* out, Simd level) {
    std::size_t i = (level >= Simd::avx2 ? convert_by_8 : convert_by_4)(in, n, factor, out);
    for (; i < n; ++i) out[i] = load_big<float>(in + 4 * i) * factor;
}

void convert(const StoredNumbers& numbers, const std::byte* in, Index n_atoms, Vec3* out, Simd level) {
    float* to = out->data();
    const Index n = 3 * n_atoms;
    const auto factor = static_cast<float>(numbers.factor);
    if (numbers.are_doubles || numbers.scaled_as_doubles)
        for (Index i = 0; i < n; ++i) to[i] = static_cast<float>(number(numbers, in, i));
    else if (n_atoms >= few_atoms)
        convert_floats(in, usize(n), factor, to, level);
    else
        for (Index i = 0; i < n; ++i) to[i] = load_big<float>(in + 4 * i) * factor;
}

/// The end of the run of neighbours that starts at wanted[i].
std::size_t run_stop(std::span<const Index> wanted, std::size_t i) {
    std::size_t stop = i + 1;
    while (stop < wanted.size() && wanted[stop] == wanted[stop - 1] + 1) ++stop;
    return stop;
}

/// The end of what is read together from wanted[i] on: at most so many atoms of the file, without long gaps.
std::size_t block_stop(std::span<const Index> wanted, std::size_t i, Index atom_bytes) {
    const Index most_atoms = block_bytes / atom_bytes, most_gap = worth_reading / atom_bytes;
    const std::size_t farthest = std::min(wanted.size(), i + usize(most_atoms));
    if (wanted[farthest - 1] - wanted[i] == index_of(farthest - 1 - i)) return farthest;
    std::size_t stop = i + 1;
    while (stop < farthest && wanted[stop] - wanted[stop - 1] <= most_gap && wanted[stop] - wanted[i] < most_atoms)
        ++stop;
    return stop;
}

}  // namespace

double number(const StoredNumbers& numbers, const std::byte* in, Index i) {
    if (numbers.scaled_as_doubles || (numbers.are_doubles && numbers.factor == 1))
        return (numbers.are_doubles ? load_big<double>(in + 8 * i) : load_big<float>(in + 4 * i)) * numbers.factor;
    const float stored =
        numbers.are_doubles ? static_cast<float>(load_big<double>(in + 8 * i)) : load_big<float>(in + 4 * i);
    return stored * static_cast<float>(numbers.factor);
}

void PackedPositions::read(ReadAhead& file, Index offset, const StoredNumbers& numbers, std::span<const Index> wanted,
                           std::vector<Vec3>& positions) {
    positions.resize(wanted.size());
    const Index atom_bytes = 3 * numbers.n_bytes();
    for (std::size_t i = 0; i < wanted.size();) {
        const std::size_t stop = block_stop(wanted, i, atom_bytes);
        const Index first = wanted[i], n_atoms = wanted[stop - 1] + 1 - first;
        if (!numbers.are_doubles && n_atoms == index_of(stop - i)) {
            // Numbers of the same length are converted where they are, which spares the cache a block.
            const auto bytes = std::as_writable_bytes(std::span(positions).subspan(i, stop - i));
            file.read_at(offset + first * atom_bytes, bytes);
            convert(numbers, bytes.data(), n_atoms, &positions[i], level_);
            i = stop;
            continue;
        }
        buffer_.resize(std::max(buffer_.size(), usize(n_atoms * atom_bytes)));
        file.read_at(offset + first * atom_bytes, std::span(buffer_).first(usize(n_atoms * atom_bytes)));
        while (i < stop) {
            const std::byte* in = buffer_.data() + (wanted[i] - first) * atom_bytes;
            const std::size_t end = n_atoms == index_of(stop - i) ? stop : run_stop(wanted.first(stop), i);
            convert(numbers, in, index_of(end - i), &positions[i], level_);
            i = end;
        }
    }
}

void interleave(const std::array<const std::byte*, 3>& axes, std::endian order, Index n, Vec3* out, Simd level) {
    const bool by_8 = level >= Simd::avx2;
    const auto [x, y, z] = axes;
    if (order == std::endian::big)
        (by_8 ? interleave_by_8<true> : interleave_portably<true>)(x, y, z, usize(n), out);
    else
        (by_8 ? interleave_by_8<false> : interleave_portably<false>)(x, y, z, usize(n), out);
}

}  // namespace mdloom::sources

#include "mdloom/sources/formats/packed_positions.hpp"

#include <bit>
#include <cstring>

#include "mdloom/sources/files/byte_order.hpp"

namespace mdloom::sources {
namespace {

constexpr Index block_bytes = 128 * 1024;  // read and converted at a time: stays in the cache in between
constexpr Index worth_reading = 4096;      // bytes nobody wants that cost less than one more call to skip them
constexpr Index few_atoms = 4;

/// Plain vector arithmetic of GCC and Clang, for any machine.
typedef std::uint32_t Words __attribute__((vector_size(16)));
typedef float Floats __attribute__((vector_size(16)));
constexpr std::size_t n_words = 4;

inline Words swap_words(Words w) {
    const Words halves = (w & 0x00ff00ffu) << 8 | (w >> 8 & 0x00ff00ffu);
    return halves << 16 | halves >> 16;
}

/// out[i] = factor * number i. The common case at the speed of memory: 8 instructions for 4 numbers.
void convert_floats(const std::byte* in, std::size_t n, float factor, float* out) {
    std::size_t i = 0;
    for (; i + n_words <= n; i += n_words) {
        Words words;
        std::memcpy(&words, in + 4 * i, sizeof words);
        if constexpr (std::endian::native == std::endian::little) words = swap_words(words);
        const Floats floats = std::bit_cast<Floats>(words) * factor;
        std::memcpy(out + i, &floats, sizeof floats);
    }
    for (; i < n; ++i) out[i] = load_big<float>(in + 4 * i) * factor;
}

void convert(const StoredNumbers& numbers, const std::byte* in, Index n_atoms, Vec3* out) {
    float* to = out->data();
    const Index n = 3 * n_atoms;
    if (!numbers.are_doubles && !numbers.scaled_as_doubles && n_atoms >= few_atoms)
        convert_floats(in, usize(n), static_cast<float>(numbers.factor), to);
    else
        for (Index i = 0; i < n; ++i) to[i] = static_cast<float>(number(numbers, in, i));
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

void PackedPositions::read(const File& file, Index offset, const StoredNumbers& numbers, std::span<const Index> wanted,
                           std::vector<Vec3>& positions) {
    positions.resize(wanted.size());
    const Index atom_bytes = 3 * numbers.n_bytes();
    for (std::size_t i = 0; i < wanted.size();) {
        const std::size_t stop = block_stop(wanted, i, atom_bytes);
        const Index first = wanted[i], n_atoms = wanted[stop - 1] + 1 - first;
        buffer_.resize(std::max(buffer_.size(), usize(n_atoms * atom_bytes)));
        file.read_at(offset + first * atom_bytes, std::span(buffer_).first(usize(n_atoms * atom_bytes)));
        while (i < stop) {
            const std::byte* in = buffer_.data() + (wanted[i] - first) * atom_bytes;
            const std::size_t end = n_atoms == index_of(stop - i) ? stop : run_stop(wanted.first(stop), i);
            convert(numbers, in, index_of(end - i), &positions[i]);
            i = end;
        }
    }
}

}  // namespace mdloom::sources

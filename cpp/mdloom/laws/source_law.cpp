#include "mdloom/laws/source_law.hpp"

#include <cstring>

namespace mdloom::laws {

namespace {

std::vector<Index> atoms(Index first, Index stop, Index step = 1) {
    std::vector<Index> wanted;
    for (Index i = first; i < stop; i += step) wanted.push_back(i);
    return wanted;
}

std::vector<Frame> in_sequence(const Source& source) {
    const auto reader = source.open_reader();
    const auto all = atoms(0, source.n_atoms());
    std::vector<Frame> frames(usize(source.n_frames()));
    for (Index k = 0; k < source.n_frames(); ++k) reader->read(k, all, frames[usize(k)]);
    return frames;
}

std::string difference(const Frame& whole, std::span<const Index> wanted, const Frame& part) {
    if (part.index != whole.index) return "its index is " + std::to_string(part.index);
    if (part.positions.size() != wanted.size()) return std::to_string(part.positions.size()) + " atoms came";
    if (std::memcmp(&part.time, &whole.time, sizeof part.time) != 0) return "its time differs";
    if (std::memcmp(&part.box, &whole.box, sizeof part.box) != 0) return "its box differs";
    if (part.stored.step != whole.stored.step) return "its step is " + std::to_string(part.stored.step);
    if (part.stored.n_cell != whole.stored.n_cell ||
        std::memcmp(&part.stored.cell, &whole.stored.cell, sizeof part.stored.cell) != 0)
        return "its cell as it is stored differs";
    for (std::size_t i = 0; i < wanted.size(); ++i)
        if (std::memcmp(&part.positions[i], &whole.positions[usize(wanted[i])], sizeof(Vec3)) != 0)
            return "the position of atom " + std::to_string(wanted[i]) + " differs";
    return {};
}

}  // namespace

std::string broken_source_law(const Source& source) {
    const auto frames = in_sequence(source);
    const Index n = source.n_atoms(), n_frames = source.n_frames();
    const auto first = source.open_reader(), second = source.open_reader();
    Frame frame;
    for (const auto& wanted : {atoms(0, n), atoms(0, n / 2), atoms(n / 3, 2 * n / 3), atoms(1, n, 3), atoms(n - 1, n),
                               atoms(0, 1), atoms(0, 0)})
        for (Index i = 0; i < 2 * n_frames; ++i) {
            const Index k = i < n_frames ? n_frames - 1 - i : (7 * i) % n_frames;
            for (Reader* reader : {first.get(), first.get(), second.get()}) {
                reader->read(k, wanted, frame);
                if (const auto found = difference(frames[usize(k)], wanted, frame); !found.empty())
                    return "frame " + std::to_string(k) + " with " + std::to_string(wanted.size()) +
                           " atoms, not read in sequence: " + found;
            }
        }
    return {};
}

}  // namespace mdloom::laws

#include "mdloom/laws/source_law.hpp"

#include <cstring>
#include <utility>

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

/// One source's frames, as they come in sequence.
class FramesAreTheSame {
public:
    explicit FramesAreTheSame(const Source& source) : frames_(in_sequence(source)) {}

    std::string broken(Reader& reader, Index k, std::span<const Index> wanted, const char* how) {
        reader.read(k, wanted, frame_);
        const auto found = difference(frames_[usize(k)], wanted, frame_);
        if (found.empty()) return {};
        return "frame " + std::to_string(k) + " with " + std::to_string(wanted.size()) + " atoms, " + how + ": " +
               found;
    }

    /// Whatever is expected, kept or not.
    std::string broken_by_hint(const Source& source, Reader& reader, std::span<const Index> wanted) {
        const Index n = source.n_frames();
        for (const auto& [first, step] : {std::pair{Index{0}, Index{1}}, {0, 2}, {n - 1, -1}, {n / 2, 1}}) {
            const Index n_expected = step > 0 ? (n - first + step - 1) / step : first + 1;
            reader.expect({first, step, n_expected, wanted});
            for (Index i = 0; i < n_expected; ++i)
                for (const Index k : {first + i * step, (5 * i) % n})
                    if (auto found = broken(reader, k, wanted, "expected or not"); !found.empty()) return found;
        }
        return {};
    }

private:
    std::vector<Frame> frames_;
    Frame frame_;
};

}  // namespace

std::string broken_source_law(const Source& source) {
    FramesAreTheSame frames(source);
    const Index n = source.n_atoms(), n_frames = source.n_frames();
    const auto first = source.open_reader(), second = source.open_reader();
    for (const auto& wanted : {atoms(0, n), atoms(0, n / 2), atoms(n / 3, 2 * n / 3), atoms(1, n, 3), atoms(n - 1, n),
                               atoms(0, 1), atoms(0, 0)}) {
        for (Index i = 0; i < 2 * n_frames; ++i) {
            const Index k = i < n_frames ? n_frames - 1 - i : (7 * i) % n_frames;
            for (Reader* reader : {first.get(), first.get(), second.get()})
                if (auto found = frames.broken(*reader, k, wanted, "not read in sequence"); !found.empty())
                    return found;
        }
        if (auto found = frames.broken_by_hint(source, *second, wanted); !found.empty()) return found;
    }
    return {};
}

}  // namespace mdloom::laws

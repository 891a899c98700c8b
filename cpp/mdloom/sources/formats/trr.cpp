#include "mdloom/sources/formats/trr.hpp"

#include <fmt/format.h>

#include "mdloom/sources/files/byte_order.hpp"
#include "mdloom/sources/formats/packed_positions.hpp"
#include "mdloom/sources/indexed_source.hpp"
#include "mdloom/sources/wanted_atoms.hpp"

namespace mdloom::sources {
namespace {

constexpr std::int32_t trr_magic = 1993;
constexpr std::string_view version = "GMX_trn_file";
constexpr Index first_size = 24;  // byte of the first of the ten sizes, after magic, lengths of the version, version
constexpr Index n_front = first_size + 4 * 11;           // up to the number of atoms
constexpr Index float_head = n_front + 16;               // with step, nre, time and lambda
constexpr Index double_head = n_front + 24;              // the last two of which are doubles
constexpr Index most_front_bytes = double_head + 9 * 8;  // with the box behind it

/// The parts of a frame in the file's order, and how many numbers they hold for a frame and for an atom.
struct Part {
    std::string_view name;
    Index per_frame, per_atom;
};
constexpr std::array<Part, 10> parts = {{{"ir_size", 0, 0},
                                         {"e_size", 0, 0},
                                         {"box_size", 9, 0},
                                         {"vir_size", 9, 0},
                                         {"pres_size", 9, 0},
                                         {"top_size", 0, 0},
                                         {"sym_size", 0, 0},
                                         {"x_size", 0, 3},
                                         {"v_size", 0, 3},
                                         {"f_size", 0, 3}}};
constexpr std::size_t box_part = 2, first_data_part = 7;

/// Everything in front of a frame's data, and where that is.
struct Head {
    FrameHead frame;
    Index n_bytes = 0;  // of the head
    Index n_width = 0;  // bytes of a number
    std::array<Index, parts.size()> sizes{};

    Index n_in_front_of(std::size_t part) const {
        Index n = n_bytes;
        for (std::size_t i = 0; i < part; ++i) n += sizes[i];
        return n;
    }
    bool has_box() const { return sizes[box_part] > 0; }
    bool has_positions() const { return sizes[first_data_part] > 0; }
    double number(const std::byte* at) const { return n_width == 8 ? load_big<double>(at) : load_big<float>(at); }
};

Index n_numbers(const Part& part, Index n_atoms) {
    return part.per_frame + part.per_atom * n_atoms;
}

/// Bytes of a number, told by the first part there is.
Index find_width(const FramePlace& place, const Head& head) {
    for (std::size_t i = 0; i < parts.size(); ++i)
        if (const Index n = n_numbers(parts[i], head.frame.n_atoms); n > 0 && head.sizes[i] > 0)
            return head.sizes[i] == 8 * n ? 8 : 4;
    refuse(place, "holds neither a box nor anything of its atoms, expected some of it");
}

void parse_sizes(const FramePlace& place, const std::byte* at, Head& head) {
    head.frame.n_atoms = load_big<std::int32_t>(at + n_front - 4);
    const Index most_atoms = place.file.size() / 12;  // of a frame with positions
    if (head.frame.n_atoms < 1 || head.frame.n_atoms > most_atoms)
        refuse(place, "has {} atoms, but the file has room for 1 to {}: was it cut off?", head.frame.n_atoms,
               most_atoms);
    for (std::size_t i = 0; i < parts.size(); ++i)
        head.sizes[i] = load_big<std::int32_t>(at + first_size + 4 * static_cast<Index>(i));
    head.n_width = find_width(place, head);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const Index expected = head.n_width * n_numbers(parts[i], head.frame.n_atoms);
        if (head.sizes[i] != 0 && head.sizes[i] != expected)
            refuse(place, "{} is {}, expected {} or 0 for {} atoms in {} precision", parts[i].name, head.sizes[i],
                   expected, head.frame.n_atoms, head.n_width == 8 ? "double" : "single");
    }
}

void require_trr(const FramePlace& place, const std::byte* at, Index n) {
    if (const auto magic = load_big<std::int32_t>(at); magic != trr_magic)
        refuse(place, "starts with {}, expected the TRR number {}", magic, trr_magic);
    if (n < first_size) return;
    const std::string_view found(reinterpret_cast<const char*>(at) + 12, version.size());
    const auto length = index_of(version.size());
    if (load_big<std::int32_t>(at + 4) != length + 1 || load_big<std::int32_t>(at + 8) != length || found != version)
        refuse(place, "is of another version of the format, expected {}", version);
}

/// Nothing: the bytes end inside the head.
std::optional<Head> parse_head(const FramePlace& place, std::span<const std::byte> bytes) {
    const std::byte* at = bytes.data();
    const Index n = index_of(bytes.size());
    if (n < 4) return {};
    require_trr(place, at, n);
    if (n < n_front) return {};
    Head head;
    parse_sizes(place, at, head);
    head.n_bytes = head.n_width == 8 ? double_head : float_head;
    if (n < head.n_bytes) return {};
    head.frame.step = load_big<std::int32_t>(at + n_front);
    head.frame.time = static_cast<float>(head.number(at + n_front + 8));  // as MDAnalysis has it
    head.frame.n_bytes = head.n_in_front_of(parts.size());
    return head;
}

class TrrReader final : public Reader {
public:
    explicit TrrReader(const IndexedSource& source)
        : source_(source), frames_(source), ahead_(source.file()), unit_(source.options().file_units ? 1 : 10) {}

    void expect(const Upcoming& upcoming) override {
        const Index n_frames = are_readable(source_, upcoming) ? upcoming.n_frames : 0;
        ahead_.expect_short(n_frames, [this, first = upcoming.first, step = upcoming.step](Index i) {
            return frames_.bytes(first + i * step, frames_.expected(first + i * step).n_bytes);
        });
    }

    void read(Index frame_index, std::span<const Index> wanted, Frame& frame) override {
        require_readable(source_, frame_index, wanted);
        const Head head = fetch_head(frame_index);
        frame.index = frame_index;
        frame.time = head.frame.time;
        frame.box = {};
        frame.stored = {.step = head.frame.step, .n_cell = head.has_box() ? 9 : 0, .cell = {}};
        for (std::size_t i = 0; i < usize(frame.stored.n_cell); ++i) {
            const double nm = head.number(front_.data() + head.n_bytes + head.n_width * index_of(i));
            frame.stored.cell[i] = nm;
            frame.box[i] = static_cast<float>(nm) * 10.0f;
        }
        if (!wanted.empty() && !head.has_positions())
            refuse(frames_.place(frame_index),
                   "holds no positions (x_size is 0), only velocities, forces or a box: leave it out with step= or "
                   "frames=");
        positions_.read(ahead_, frames_.place(frame_index).offset + head.n_in_front_of(first_data_part),
                        {.are_doubles = head.n_width == 8, .factor = unit_}, wanted, frame.positions);
    }

private:
    /// Reads the head and what may be the box.
    Head fetch_head(Index frame_index) {
        return frames_.head<parse_head>(frame_index, [&](const FramePlace& here, const FrameHead& expected) {
            const auto bytes = std::span(front_).first(usize(std::min(expected.n_bytes, most_front_bytes)));
            ahead_.read_at(here.offset, bytes);
            return bytes;
        });
    }

    const IndexedSource& source_;
    FrameFinder frames_;
    ReadAhead ahead_;
    const double unit_;  // of positions, in 1/nm
    std::array<std::byte, most_front_bytes> front_{};
    PackedPositions positions_;
};

const IndexedFormat format{
    "TRR", head_format<parse_head, double_head>(),
    [](const IndexedSource& source) -> std::unique_ptr<Reader> { return std::make_unique<TrrReader>(source); }};

}  // namespace

bool is_trr(std::span<const std::byte> head) {
    return head.size() >= 4 && load_big<std::int32_t>(head.data()) == trr_magic;
}

std::shared_ptr<const Source> open_trr(std::shared_ptr<const File> file, const OpenOptions& options,
                                       const std::optional<Snapshot>& expected) {
    return open_indexed(format, std::move(file), options, expected);
}

}  // namespace mdloom::sources

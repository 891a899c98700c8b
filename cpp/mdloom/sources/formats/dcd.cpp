#include "mdloom/sources/formats/dcd.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "mdloom/sources/files/byte_order.hpp"
#include "mdloom/sources/files/read_ahead.hpp"
#include "mdloom/sources/formats/dcd_header.hpp"
#include "mdloom/sources/formats/packed_positions.hpp"
#include "mdloom/sources/formats/unit_cell.hpp"
#include "mdloom/sources/wanted_atoms.hpp"

namespace mdloom::sources {
namespace {

constexpr Index cell_record = 48;  // 6 doubles

/// Where the parts of each frame stand.
struct Layout {
    DcdRecords records;
    Index n_atoms = 0, n_moving = 0;  // all, and those in frames after the first
    Index first_frame = 0;            // byte
    Index cell_bytes = 0;             // of the cell record with its lengths; 0: none
    bool has_4th = false;

    Index n_stored(Index k) const { return k == 0 ? n_atoms : n_moving; }
    Index axis_bytes(Index k) const { return records.size(4 * n_stored(k)); }
    Index frame_bytes(Index k) const { return cell_bytes + (has_4th ? 4 : 3) * axis_bytes(k); }
    Index offset(Index k) const { return first_frame + (k == 0 ? 0 : frame_bytes(0) + (k - 1) * frame_bytes(1)); }
};

Layout find_layout(const File& file, const DcdHeader& header) {
    Layout layout{header.records, header.n_atoms, header.n_atoms - header.n_fixed, header.n_bytes, 0, header.has_4th};
    if (header.records.marker == 4 && header.n_atoms > INT32_MAX / 4)
        throw FormatError(
            fmt::format("{}: {} atoms do not fit into records with 32-bit lengths", file.path(), header.n_atoms));
    if (header.has_cell) {
        Bytes marker(usize(header.records.marker));
        file.read_at(header.n_bytes, marker);  // 12 bytes per atom were there
        const Index n = header.records.length(marker.data());
        if (n < 0 || n > file.size())
            throw FormatError(fmt::format("{}: frame 0 at byte {}: unit cell of {} bytes, expected {}", file.path(),
                                          header.n_bytes, n, cell_record));
        layout.cell_bytes = header.records.size(n);
    }
    return layout;
}

Index count_frames(const Layout& layout, Index file_size) {
    const Index n_left = file_size - layout.offset(1);
    return n_left < 0 ? 0 : 1 + n_left / layout.frame_bytes(1);
}

class DcdSource final : public FileSource {
public:
    DcdSource(std::shared_ptr<const File> opened, const OpenOptions& how, const std::optional<Snapshot>& expected)
        : FileSource("DCD", std::move(opened), how),
          header_(read_dcd_header(file())),
          layout_(find_layout(file(), header_)) {
        const Index n_frames = count_frames(layout_, file().size()), end = layout_.offset(n_frames);
        if (n_frames == 0)
            throw FormatError(fmt::format("{}: ends at byte {}, inside its first frame, which needs {}: no whole frame",
                                          file().path(), file().size(), layout_.offset(1)));
        if (!expected) report(n_frames, end);
        // The counts of frames and steps in the header change when frames are appended.
        const Index numbers = layout_.records.marker + 4;
        take_snapshot(header_.n_atoms, n_frames, end, expected, {{numbers, numbers + 4}, {numbers + 12, numbers + 16}});
        if (header_.n_fixed > 0) read_fixed();
    }
    std::shared_ptr<const Source> refresh() const override {
        return std::make_shared<const DcdSource>(reopen(), options(), std::nullopt);
    }
    std::unique_ptr<Reader> open_reader() const override;

    const Layout& layout() const { return layout_; }
    double time(Index frame_index) const {
        return (static_cast<double>(frame_index) + header_.time_offset) * header_.dt;
    }
    Index step(Index frame_index) const { return header_.first_step + frame_index * header_.interval; }
    bool has_fixed() const { return !places_.empty(); }
    const Vec3& fixed(Index atom) const { return fixed_[usize(atom)]; }
    Index place(Index atom) const { return places_[usize(atom)]; }  ///< in frames after the first; -1: fixed

private:
    void report(Index n_frames, Index end) const;
    void read_fixed();

    DcdHeader header_;
    Layout layout_;
    std::vector<Vec3> fixed_;  // positions in the first frame
    std::vector<Index> places_;
};

class DcdReader final : public Reader {
public:
    explicit DcdReader(const DcdSource& source) : source_(source), layout_(source.layout()), ahead_(source.file()) {}

    void expect(const Upcoming& upcoming) override {
        const Index n_frames = are_readable(source_, upcoming) ? upcoming.n_frames : 0;
        ahead_.expect_short(n_frames, [this, first = upcoming.first, step = upcoming.step](Index i) {
            const Index k = first + i * step;
            return Range{layout_.offset(k), layout_.offset(k + 1)};
        });
    }

    void read(Index frame_index, std::span<const Index> wanted, Frame& frame) override {
        require_readable(source_, frame_index, wanted);
        k_ = frame_index;
        frame.index = k_;
        frame.time = source_.time(k_);
        frame.positions.resize(wanted.size());
        const bool places_differ = source_.has_fixed() && k_ > 0;
        const bool whole =
            places_differ || (!wanted.empty() && 2 * (wanted.back() - wanted.front()) >= layout_.n_atoms);
        const Range atoms = whole            ? Range{0, layout_.n_stored(k_)}
                            : wanted.empty() ? Range{0, 0}
                                             : Range{wanted.front(), wanted.back() + 1};
        whole ? fetch_whole() : fetch_parts(atoms);
        read_cell(frame);
        const bool swapped = layout_.records.order != std::endian::native;
        if (!places_differ && !wanted.empty() && wanted.back() - wanted.front() + 1 == index_of(wanted.size()))
            unpack_neighbours(wanted.front() - atoms.first, frame);
        else if (places_differ)
            swapped ? unpack_moving<true>(wanted, frame) : unpack_moving<false>(wanted, frame);
        else
            swapped ? unpack<true>(wanted, atoms.first, frame) : unpack<false>(wanted, atoms.first, frame);
    }

private:
    [[noreturn]] void refuse(Index at, const std::string& what) const {
        throw FormatError(fmt::format("{}: frame {} at byte {}: {}", source_.file().path(), k_, at, what));
    }
    void require_length(Index at_in_buffer, Index at_in_frame, Index expected) const {
        const Index found = layout_.records.length(buffer_.data() + at_in_buffer);
        if (found != expected)
            refuse(layout_.offset(k_) + at_in_frame,
                   fmt::format("record length is {}, expected {}: the file is damaged, the "
                               "frames before it can be analysed with stop={}",
                               found, expected, k_));
    }
    void require_cell() const {
        if (layout_.cell_bytes == 0) return;
        const Index marker = layout_.records.marker, n = layout_.cell_bytes - 2 * marker;
        require_length(0, 0, n);
        require_length(marker + n, marker + n, n);
    }

    void fetch_whole() {
        const Index axis = layout_.axis_bytes(k_), marker = layout_.records.marker, n = 4 * layout_.n_stored(k_);
        buffer_.resize(usize(layout_.cell_bytes + 3 * axis));
        ahead_.read_at(layout_.offset(k_), buffer_);
        require_cell();
        for (Index d = 0; d < 3; ++d) {
            const Index start = layout_.cell_bytes + d * axis;
            require_length(start, start, n);
            require_length(start + marker + n, start + marker + n, n);
            axes_[usize(d)] = start + marker;
        }
    }

    /// The cell, the first length of x, and then of each axis only what is wanted.
    void fetch_parts(Range atoms) {
        const Index offset = layout_.offset(k_), marker = layout_.records.marker, n = 4 * atoms.size();
        const Index n_front = layout_.cell_bytes + marker;
        buffer_.resize(usize(n_front + 3 * n));
        ahead_.read_at(offset, std::span(buffer_).first(usize(n_front)));
        require_cell();
        require_length(layout_.cell_bytes, layout_.cell_bytes, 4 * layout_.n_stored(k_));
        for (Index d = 0; d < 3; ++d) {
            axes_[usize(d)] = n_front + d * n;
            ahead_.read_at(offset + n_front + d * layout_.axis_bytes(k_) + 4 * atoms.first,
                           std::span(buffer_).subspan(usize(n_front + d * n), usize(n)));
        }
    }

    void read_cell(Frame& frame) const {
        frame.stored = {.step = source_.step(k_), .n_cell = 0, .cell = {}};
        frame.box = {};
        if (layout_.cell_bytes != layout_.records.size(cell_record)) return;
        std::array<double, 6> cell;
        for (std::size_t i = 0; i < 6; ++i)
            cell[i] = load<double>(buffer_.data() + layout_.records.marker + 8 * i, layout_.records.order);
        frame.stored.n_cell = 6;
        std::ranges::copy(cell, frame.stored.cell.begin());
        frame.box = box_of_dcd_cell(cell);
    }

    template <bool swapped>
    float number(std::size_t axis, Index i) const {
        return load<float>(buffer_.data() + axes_[axis] + 4 * i, swapped ? std::endian::big : std::endian::little);
    }
    void unpack_neighbours(Index first, Frame& frame) const {
        std::array<const std::byte*, 3> starts;
        for (std::size_t d = 0; d < 3; ++d) starts[d] = buffer_.data() + axes_[d] + 4 * first;
        interleave(starts, layout_.records.order, index_of(frame.positions.size()), frame.positions.data(), level_);
    }
    template <bool swapped>
    void unpack(std::span<const Index> wanted, Index first, Frame& frame) const {
        for (std::size_t i = 0; i < wanted.size(); ++i)
            for (std::size_t d = 0; d < 3; ++d) frame.positions[i][d] = number<swapped>(d, wanted[i] - first);
    }
    template <bool swapped>
    void unpack_moving(std::span<const Index> wanted, Frame& frame) const {
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            const Index place = source_.place(wanted[i]);
            if (place < 0)
                frame.positions[i] = source_.fixed(wanted[i]);
            else
                for (std::size_t d = 0; d < 3; ++d) frame.positions[i][d] = number<swapped>(d, place);
        }
    }

    const DcdSource& source_;
    const Layout& layout_;
    ReadAhead ahead_;
    Index k_ = 0;
    Bytes buffer_;
    std::array<Index, 3> axes_{};  // where in buffer_ the x, y and z start
    const Simd level_ = chosen_simd();
};

std::unique_ptr<Reader> DcdSource::open_reader() const {
    return std::make_unique<DcdReader>(*this);
}

void DcdSource::report(Index n_frames, Index end) const {
    if (end < file().size()) report_torn_frame(n_frames, end);
    if (header_.interval == 0 && options().warn)
        options().warn(fmt::format("{} says that frames are 0 steps apart: times are counted as if it were 1", name()));
}

void DcdSource::read_fixed() {
    std::vector<Index> all(usize(header_.n_atoms));
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = index_of(i);
    Frame first;
    open_reader()->read(0, all, first);
    fixed_ = std::move(first.positions);
    places_.assign(all.size(), -1);
    for (std::size_t i = 0; i < header_.free_atoms.size(); ++i) places_[usize(header_.free_atoms[i])] = index_of(i);
}

}  // namespace

bool is_dcd(std::span<const std::byte> head) {
    return find_dcd_records(head).has_value();
}

std::shared_ptr<const Source> open_dcd(std::shared_ptr<const File> file, const OpenOptions& options,
                                       const std::optional<Snapshot>& expected) {
    return std::make_shared<const DcdSource>(std::move(file), options, expected);
}

}  // namespace mdloom::sources

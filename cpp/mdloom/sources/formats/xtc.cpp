#include "mdloom/sources/formats/xtc.hpp"

#include <fmt/format.h>

#include <cmath>

#include "mdloom/sources/files/byte_order.hpp"
#include "mdloom/sources/files/read_ahead.hpp"
#include "mdloom/sources/formats/xtc_decode.hpp"
#include "mdloom/sources/formats/xtc_format.hpp"
#include "mdloom/sources/formats/xtc_skim.hpp"
#include "mdloom/sources/indexed_source.hpp"
#include "mdloom/sources/wanted_atoms.hpp"

namespace mdloom::sources {
namespace {

constexpr Index raw_head_bytes = 56;
constexpr Index most_head_bytes = 96;

/// Everything in front of the positions.
struct Head {
    FrameHead frame;
    Box box{};  // nm
    XtcCoding coding;
    Index n_bytes = 0;   // of the head
    Index n_stream = 0;  // bytes of the stream, or of the raw floats
};

void parse_coding(const FramePlace& place, const std::byte* at, bool long_length, Head& head) {
    auto& coding = head.coding;
    const auto precision = load_big<float>(at + 56);
    coding.n_atoms = head.frame.n_atoms;
    coding.inverse_precision = 1.0f / precision;
    if (!(precision > 0) || !std::isfinite(coding.inverse_precision) || !std::isfinite(precision))
        refuse(place, "precision is {}, expected a positive number", precision);
    for (std::size_t d = 0; d < 3; ++d) {
        coding.lowest[d] = load_big<std::int32_t>(at + 60 + 4 * d);
        const Index size = Index{load_big<std::int32_t>(at + 72 + 4 * d)} - coding.lowest[d] + 1;
        if (size < 1 || size > INT32_MAX) refuse(place, "coordinates span {} steps, expected 1 to {}", size, INT32_MAX);
        coding.sizes[d] = static_cast<std::uint32_t>(size);
    }
    coding.small_index = load_big<std::int32_t>(at + 84);
    if (coding.small_index < least_small_index || coding.small_index > most_small_index)
        refuse(place, "small-number index is {}, expected {} to {}", coding.small_index, least_small_index,
               most_small_index);
    const auto length = long_length ? load_big<std::uint64_t>(at + 88) : load_big<std::uint32_t>(at + 88);
    // An atom takes 2 bits at least (one corner for all) and 99 at most (own bit fields, flag and run).
    const Index n = coding.n_atoms;
    if (length > static_cast<std::uint64_t>(13 * n + 64) || n > 4 * static_cast<Index>(length))
        refuse(place, "{} bytes of coordinates for {} atoms, expected {} to {}", length, n, n / 4, 13 * n + 64);
    head.n_stream = static_cast<Index>(length);
}

/// Nothing: the bytes end inside the head.
std::optional<Head> parse_head(const FramePlace& place, std::span<const std::byte> bytes) {
    const std::byte* at = bytes.data();
    if (bytes.size() < 4) return {};
    const auto magic = load_big<std::int32_t>(at);
    if (magic != xtc_magic_1995 && magic != xtc_magic_2023)
        refuse(place, "starts with {}, expected the XTC number {} or {}", magic, xtc_magic_1995, xtc_magic_2023);
    if (index_of(bytes.size()) < raw_head_bytes) return {};
    Head head;
    head.frame.n_atoms = load_big<std::int32_t>(at + 4);
    head.frame.step = load_big<std::int32_t>(at + 8);
    head.frame.time = load_big<float>(at + 12);
    for (std::size_t i = 0; i < 9; ++i) head.box[i] = load_big<float>(at + 16 + 4 * i);
    if (head.frame.n_atoms < 1) refuse(place, "has {} atoms, expected at least 1", head.frame.n_atoms);
    if (const auto again = load_big<std::int32_t>(at + 52); again != head.frame.n_atoms)
        refuse(place, "has {} atoms in one place and {} in another", head.frame.n_atoms, again);
    if (head.frame.n_atoms <= most_raw_atoms) {
        head.n_bytes = raw_head_bytes;
        head.n_stream = 12 * head.frame.n_atoms;
    } else {
        head.n_bytes = magic == xtc_magic_2023 ? 96 : 92;
        if (index_of(bytes.size()) < head.n_bytes) return {};
        parse_coding(place, at, magic == xtc_magic_2023, head);
    }
    head.frame.n_bytes = head.n_bytes + (head.n_stream + 3) / 4 * 4;
    return head;
}

class XtcReader final : public Reader {
public:
    explicit XtcReader(const IndexedSource& source)
        : source_(source), frames_(source), ahead_(source.file()), unit_(source.options().file_units ? 1.0f : 10.0f) {}

    void expect(const Upcoming& upcoming) override {
        const Index stop_atom = upcoming.wanted.empty() ? 0 : upcoming.wanted.back() + 1;
        const Index n_frames = are_readable(source_, upcoming) ? upcoming.n_frames : 0;
        ahead_.expect(n_frames, [this, stop_atom, first = upcoming.first, step = upcoming.step](Index i) {
            const Index frame_index = first + i * step;
            return frames_.bytes(frame_index, n_likely(frames_.expected(frame_index), stop_atom));
        });
    }

    void read(Index frame_index, std::span<const Index> wanted, Frame& frame) override {
        require_readable(source_, frame_index, wanted);
        const Index stop_atom = wanted.empty() ? 0 : wanted.back() + 1;
        Head head = fetch_head(frame_index, stop_atom);
        head.coding.unit = unit_;
        frame.index = frame_index;
        frame.time = head.frame.time;
        frame.stored = {.step = head.frame.step, .n_cell = index_of(head.box.size()), .cell = {}};
        for (std::size_t i = 0; i < head.box.size(); ++i) {
            frame.stored.cell[i] = head.box[i];
            frame.box[i] = head.box[i] * 10.0f;
        }
        if (is_prefix(wanted)) {
            fetch_positions(head, stop_atom, frame.positions);
        } else if (head.n_bytes != raw_head_bytes && is_sparse(wanted, level_)) {
            frame.positions.resize(wanted.size());
            std::size_t n_done = 0;
            unpack(head, stop_atom, [&](const XtcStream& stream, XtcCursor& cursor) {
                return skim_xtc(head.coding, stream, wanted, cursor, n_done, frame.positions);
            });
        } else {
            fetch_positions(head, stop_atom, all_);
            pick(all_, wanted, frame.positions);
        }
    }

private:
    /// Reads the head, and with it about as many bytes as stop_atom atoms need.
    Head fetch_head(Index frame_index, Index stop_atom) {
        return frames_.head<parse_head>(frame_index, [&](const FramePlace& here, const FrameHead& expected) {
            place_ = {frame_index, here.offset};
            n_fetched_ = 0;
            fetch(n_likely(expected, stop_atom));
            return std::span(bytes_).first(usize(n_fetched_));
        });
    }

    /// Of head and stream.
    Index n_likely(const FrameHead& head, Index stop_atom) const {
        return std::min(head.n_bytes, most_head_bytes + n_likely_in_stream(head, stop_atom));
    }

    Index n_likely_in_stream(const FrameHead& head, Index stop_atom) const {
        if (stop_atom == 0) return 0;
        if (stop_atom == head.n_atoms) return head.n_bytes;
        if (stop_atom == last_stop_) return last_used_ + last_used_ / 16 + 2 * xtc_slack_bytes;
        return static_cast<Index>(1.25 * static_cast<double>(head.n_bytes) * static_cast<double>(stop_atom) /
                                  static_cast<double>(head.n_atoms)) +
               1024;
    }

    /// The first n bytes of the frame are then in bytes_, and zeros behind them.
    void fetch(Index n) {
        bytes_.resize(std::max(bytes_.size(), usize(n + xtc_slack_bytes)));
        ahead_.read_at(place_.offset + n_fetched_, std::span(bytes_).subspan(usize(n_fetched_), usize(n - n_fetched_)));
        std::fill_n(bytes_.begin() + n, xtc_slack_bytes, std::byte{});
        n_fetched_ = n;
    }

    void fetch_positions(const Head& head, Index stop_atom, std::vector<Vec3>& positions) {
        positions.resize(usize(stop_atom + (stop_atom ? xtc_room_atoms : 0)));
        if (head.n_bytes == raw_head_bytes)
            copy_raw(head, stop_atom, positions);
        else if (stop_atom > 0)
            decode(head, stop_atom, positions);
        positions.resize(usize(stop_atom));
    }

    void copy_raw(const Head& head, Index stop_atom, std::vector<Vec3>& positions) {
        fetch(head.frame.n_bytes);
        for (std::size_t i = 0; i < usize(stop_atom); ++i)
            for (std::size_t d = 0; d < 3; ++d)
                positions[i][d] = load_big<float>(bytes_.data() + head.n_bytes + 12 * i + 4 * d) * unit_;
    }

    void decode(const Head& head, Index stop_atom, std::vector<Vec3>& positions) {
        unpack(head, stop_atom, [&](const XtcStream& stream, XtcCursor& cursor) {
            return decode_(head.coding, stream, stop_atom, cursor, positions.data()->data());
        });
    }

    /// Calls step(stream, cursor) with more and more of the stream until it has reached what it wants.
    template <class Step>
    void unpack(const Head& head, Index stop_atom, Step step) {
        const Index n_all = head.n_bytes + head.n_stream;
        XtcCursor cursor{.small_index = head.coding.small_index};
        while (true) {
            const Index n = std::min(n_fetched_, n_all);
            const auto outcome = step({bytes_.data() + head.n_bytes, n - head.n_bytes, n == n_all}, cursor);
            if (outcome == XtcOutcome::reached) break;
            if (outcome == XtcOutcome::damaged) refuse_damage(head, cursor);
            fetch(std::min(head.frame.n_bytes, n + std::max<Index>(n / 2, 4096)));
        }
        last_stop_ = stop_atom;
        last_used_ = cursor.bit / 8 + 1;
    }

    [[noreturn]] void refuse_damage(const Head& head, const XtcCursor& cursor) const {
        refuse(frames_.place(place_.frame_index),
               "coordinates are damaged at byte {} (atom {} of {}): the frames before it can be "
               "analysed with stop={}",
               place_.offset + head.n_bytes + cursor.bit / 8, cursor.atom, head.frame.n_atoms, place_.frame_index);
    }

    const IndexedSource& source_;
    FrameFinder frames_;
    ReadAhead ahead_;
    const float unit_;  // of positions, in 1/nm
    const Simd level_ = chosen_simd();
    const DecodeXtc decode_ = xtc_decoder(level_);
    struct {
        Index frame_index = 0, offset = 0;
    } place_;
    Bytes bytes_;                          // start of the frame
    Index n_fetched_ = 0;                  // how many of them are read
    std::vector<Vec3> all_;                // atoms up to the last wanted one
    Index last_stop_ = 0, last_used_ = 0;  // what the last partial frame took, to guess the next
};

const IndexedFormat format{
    "XTC", head_format<parse_head, most_head_bytes>(),
    [](const IndexedSource& source) -> std::unique_ptr<Reader> { return std::make_unique<XtcReader>(source); }};

}  // namespace

bool is_xtc(std::span<const std::byte> head) {
    if (head.size() < 4) return false;
    const auto magic = load_big<std::int32_t>(head.data());
    return magic == xtc_magic_1995 || magic == xtc_magic_2023;
}

std::shared_ptr<const Source> open_xtc(std::shared_ptr<const File> file, const OpenOptions& options,
                                       const std::optional<Snapshot>& expected) {
    return open_indexed(format, std::move(file), options, expected);
}

}  // namespace mdloom::sources

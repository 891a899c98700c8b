#include "xyz.hpp"

#include <mdloom/sources/file_source.hpp>
#include <mdloom/sources/wanted_atoms.hpp>

#include <charconv>
#include <optional>
#include <utility>

namespace {

using mdloom::Index;
using mdloom::usize;
using mdloom::sources::File;

constexpr std::string_view blanks = " \t\r";

std::string_view trimmed(std::string_view line) {
    const auto first = line.find_first_not_of(blanks);
    return first == line.npos ? std::string_view() : line.substr(first, line.find_last_not_of(blanks) - first + 1);
}

[[noreturn]] void refuse(const File& file, Index frame, Index byte, const std::string& expected,
                         std::string_view found) {
    throw mdloom::FormatError(file.path() + ": frame " + std::to_string(frame) + ", byte " + std::to_string(byte) +
                              ": expected " + expected + ", found '" + std::string(found.substr(0, 60)) + "'");
}

/// Lines of a file, from any byte on.
class Lines {
public:
    explicit Lines(const File& file) : file_(file) {}

    void seek(Index frame_index, Index byte) {
        frame = frame_index;
        start_ = stop_ = byte;
        buffer_.clear();
        used_ = 0;
    }
    Index frame = 0;                                                   ///< for messages
    Index byte() const { return start_ + static_cast<Index>(used_); }  ///< where the next line starts

    /// The next whole line, until the next call; nothing when the file ends before its end.
    std::optional<std::string_view> next() {
        auto end = buffer_.find('\n', used_);
        while (end == buffer_.npos) {
            const auto looked_at = buffer_.size() - used_;
            if (looked_at > 1 << 20) refuse(file_, frame, byte(), "a line", "more than 1 MiB without an end");
            if (!read_on()) return std::nullopt;
            end = buffer_.find('\n', looked_at);
        }
        const auto first = std::exchange(used_, end + 1);
        return std::string_view(buffer_).substr(first, end - first);
    }

private:
    bool read_on() {
        const Index n = std::min<Index>(1 << 16, file_.size() - stop_);
        if (n <= 0) return false;
        start_ = byte();
        buffer_.erase(0, std::exchange(used_, 0));
        const auto before = buffer_.size();
        buffer_.resize(before + usize(n));
        file_.read_at(std::exchange(stop_, stop_ + n), std::as_writable_bytes(std::span(buffer_).subspan(before)));
        return true;
    }

    const File& file_;
    std::string buffer_;  ///< the bytes [start_, stop_)
    std::size_t used_ = 0;
    Index start_ = 0, stop_ = 0;
};

/// Reads "name x y z", maybe followed by more.
bool parse_atom(std::string_view line, mdloom::Vec3& position) {
    const auto after = [](std::string_view text, std::string_view what) {
        return text.substr(std::min(text.size(), text.find_first_not_of(what)));
    };
    line = after(line, blanks);
    line.remove_prefix(std::min(line.size(), line.find_first_of(blanks)));
    for (float& x : position) {
        line = after(line, blanks);
        const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), x);
        line.remove_prefix(static_cast<std::size_t>(end - line.data()));
        if (error != std::errc() || (!line.empty() && blanks.find(line[0]) == blanks.npos)) return false;
    }
    return true;
}

class XyzSource final : public mdloom::sources::FileSource {
public:
    XyzSource(std::shared_ptr<const File> file, const mdloom::sources::OpenOptions& options)
        : FileSource("XYZ", std::move(file), options) {
        Index n_atoms = 0;
        Lines lines(this->file());
        while (const auto start = find_frame(lines, n_atoms)) offsets_.push_back(*start);
        if (offsets_.empty()) refuse(this->file(), 0, 0, "a whole frame", "the end of the file");
        take_snapshot(n_atoms, mdloom::index_of(offsets_.size()), lines_end_, std::nullopt);
        if (torn_at_) report_torn_frame(mdloom::index_of(offsets_.size()), *torn_at_);
    }

    mdloom::Bytes describe() const override { return {}; }  // the catalog does not know the format: frames are sent
    std::shared_ptr<const mdloom::Source> refresh() const override {
        return std::make_shared<XyzSource>(reopen(), options());
    }
    std::unique_ptr<mdloom::Reader> open_reader() const override { return std::make_unique<Cursor>(*this); }

private:
    struct Cursor final : mdloom::Reader {
        explicit Cursor(const XyzSource& source) : source(source), lines(source.file()) {}
        void read(Index frame_index, std::span<const Index> wanted, mdloom::Frame& frame) override;
        const XyzSource& source;
        Lines lines;
    };

    /// Where the next whole frame starts; the number of atoms is the first frame's.
    std::optional<Index> find_frame(Lines& lines, Index& n_atoms) {
        const Index frame = lines.frame = mdloom::index_of(offsets_.size());
        Index start = lines.byte();
        auto head = lines.next();
        for (; head && trimmed(*head).empty(); head = lines.next()) start = lines.byte();
        if (head) {
            const Index n = read_head(*head, frame, start);
            if (frame > 0 && n != n_atoms)
                refuse(file(), frame, start, std::to_string(n_atoms) + " atoms as in frame 0", trimmed(*head));
            n_atoms = n;
            Index n_left = n + 1;  // and the comment
            while (n_left > 0 && lines.next()) --n_left;
            if (n_left == 0) {
                lines_end_ = lines.byte();
                return start;
            }
        }
        if (start < file().size()) torn_at_ = start;
        return std::nullopt;
    }

    Index read_head(std::string_view line, Index frame, Index byte) const {
        const auto text = trimmed(line);
        Index n = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
        if (error != std::errc() || end != text.data() + text.size() || n < 1)
            refuse(file(), frame, byte, "a number of atoms", text);
        return n;
    }

    std::vector<Index> offsets_;
    Index lines_end_ = 0;
    std::optional<Index> torn_at_;
};

void XyzSource::Cursor::read(Index frame_index, std::span<const Index> wanted, mdloom::Frame& frame) {
    mdloom::sources::require_readable(source, frame_index, wanted);
    lines.seek(frame_index, source.offsets_[usize(frame_index)]);
    frame.index = frame_index;
    frame.time = static_cast<double>(frame_index);
    frame.box = {};
    frame.positions.resize(wanted.size());
    Index n_skipped = -2;  // the number of atoms and the comment
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        for (; n_skipped < wanted[i]; ++n_skipped) lines.next();
        const Index byte = lines.byte();
        const auto line = lines.next();
        ++n_skipped;
        if (!line || !parse_atom(*line, frame.positions[i]))
            refuse(source.file(), frame_index, byte, "'name x y z' of atom " + std::to_string(wanted[i]),
                   line ? trimmed(*line) : "the end of the file");
    }
}

}  // namespace

std::shared_ptr<const mdloom::Source> open_xyz(const std::string& path, const mdloom::sources::OpenOptions& options) {
    return std::make_shared<XyzSource>(std::make_shared<const File>(path), options);
}

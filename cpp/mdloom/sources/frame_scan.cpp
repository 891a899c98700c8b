#include "mdloom/sources/frame_scan.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <utility>

namespace mdloom::sources {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr Index leg_frames = 32;  // found before the rest is cut into pieces; visited between two looks of a watcher
constexpr Seconds piece_time{0.001};  // finding the first frame of a piece takes some 50 us, or two heads' time
constexpr Index block_bytes = 64 * 1024;
constexpr int most_candidates = 16;  // that turn out to be no heads, in one piece

void append(FrameIndex& frames, const FrameHead& head) {
    frames.offsets.push_back(frames.end() + head.n_bytes);
    frames.steps.push_back(head.step);
    frames.times.push_back(head.time);
}

/// The frames of `more` from the one that starts where `frames` end.
void append_from(FrameIndex& frames, const FrameIndex& more, std::size_t first) {
    const auto rest = index_of(first);
    frames.offsets.insert(frames.offsets.end(), more.offsets.begin() + rest + 1, more.offsets.end());
    frames.steps.insert(frames.steps.end(), more.steps.begin() + rest, more.steps.end());
    frames.times.insert(frames.times.end(), more.times.begin() + rest, more.times.end());
}

/// What all heads of a file begin with, most likely: its kind, and in XTC the number of atoms.
using Beginning = std::array<std::byte, 8>;

/// Searches one piece without knowing what is in front of it.
class PieceSearch {
public:
    PieceSearch(const File& file, const HeadFormat& format, const Beginning& beginning, Index n_atoms)
        : file_(file), heads_(file, format), beginning_(beginning), n_atoms_(n_atoms) {}

    /// Frames that follow one another, the first of which starts in `piece`, and the last ends in it or behind it. None
    /// when the first is not found within `patience` bytes. What is wrong with a head is left to whoever comes by.
    FrameIndex find(Range piece, Index patience) {
        FrameIndex frames{n_atoms_, {}, {}, {}};
        const auto first = first_head({piece.first, std::min(piece.stop, piece.first + patience)});
        if (!first) return frames;
        frames.offsets = {*first};
        while (frames.end() < piece.stop) {
            const auto head = head_at(frames.end());
            if (!head) break;
            append(frames, *head);
        }
        return frames;
    }

private:
    std::optional<FrameHead> head_at(Index offset) try {
        const auto head = offset < file_.size() ? heads_.find(offset, 0) : std::nullopt;
        return head && head->n_atoms == n_atoms_ ? head : std::nullopt;
    } catch (const Error&) {
        return {};
    }

    /// Of a head with another one behind its frame, or the end of the file. Frames start at multiples of four bytes.
    std::optional<Index> first_head(Range range) try {
        Bytes block;
        int n_candidates = 0;
        for (Index start = (range.first + 3) / 4 * 4; start < range.stop; start += block_bytes) {
            const Index n = std::min(block_bytes + index_of(sizeof(Beginning)), file_.size() - start);
            block.resize(usize(n));
            file_.read_at(start, block);
            for (Index i = 0; i + index_of(sizeof(Beginning)) <= n && i < block_bytes; i += 4) {
                if (std::memcmp(block.data() + i, beginning_.data(), sizeof(Beginning)) != 0) continue;
                const auto head = head_at(start + i);
                if (head && (start + i + head->n_bytes == file_.size() || head_at(start + i + head->n_bytes)))
                    return start + i;
                if (++n_candidates == most_candidates) return {};
            }
        }
        return {};
    } catch (const Error&) {
        return {};
    }

    const File& file_;
    HeadFinder heads_;
    const Beginning beginning_;
    const Index n_atoms_;
};

class Scan {
public:
    Scan(const File& file, const HeadFormat& format, const ForEach& for_each, FrameIndex known, const Cutting& cutting)
        : file_(file),
          format_(format),
          for_each_(for_each),
          cutting_(cutting),
          heads_(file, format),
          found_(std::move(known)) {}

    FrameIndex all() {
        const auto started = std::chrono::steady_clock::now();
        if (follow(file_.size())) {
            const auto pieces = cut((std::chrono::steady_clock::now() - started) / double{leg_frames});
            std::vector<FrameIndex> chains(pieces.size());
            search(pieces, chains);
            for (auto& chain : chains) join(std::exchange(chain, {}));
            while (follow(file_.size())) {
            }
        }
        return std::move(found_);
    }

private:
    /// One leg towards byte `stop`. False: it is reached, or there are no more whole frames.
    bool follow(Index stop) {
        bool more = true;
        for_each_(1, [&](Index) {
            for (Index i = 0; i < leg_frames && more; ++i) more = found_.end() < stop && visit_next();
        });
        return more && found_.end() < stop;
    }

    bool visit_next() {
        const Index offset = found_.end(), frame_index = found_.n_frames();
        const auto head = heads_.find(offset, frame_index);
        if (!head) return false;
        if (frame_index == 0) found_.n_atoms = head->n_atoms;
        if (head->n_atoms != found_.n_atoms)
            throw FormatError(
                fmt::format("{}: frame {} at byte {} has {} atoms, expected {} as in the first frame: split the "
                            "file where the system changes",
                            file_.path(), frame_index, offset, head->n_atoms, found_.n_atoms));
        append(found_, *head);
        return true;
    }

    /// None when it does not pay: `visit` is what one head takes.
    std::vector<Range> cut(Seconds visit) const {
        const Index mean = found_.end() / found_.n_frames(), n_left = file_.size() - found_.end();
        if (visit.count() * static_cast<double>(n_left / mean) < cutting_.worth_seconds) return {};
        const auto [fewest, most] = cutting_.piece_frames;
        const Index n_frames = std::clamp(static_cast<Index>(piece_time / visit), fewest, most);
        const Index length = std::max<Index>(1, n_frames * mean);
        std::vector<Range> pieces;
        for (Index first = found_.end(); first < file_.size(); first += length)
            pieces.push_back({first, std::min(first + length, file_.size())});
        return pieces;
    }

    void search(const std::vector<Range>& pieces, std::vector<FrameIndex>& chains) const {
        if (pieces.empty()) return;
        Beginning beginning;
        file_.read_at(0, beginning);
        const auto last = index_of(found_.offsets.size()) - 1;
        Index longest = 0;
        for (Index i = std::max<Index>(0, last - leg_frames); i < last; ++i)
            longest = std::max(longest, found_.offsets[usize(i) + 1] - found_.offsets[usize(i)]);
        for_each_(index_of(pieces.size()), [&](Index i) {
            PieceSearch piece(file_, format_, beginning, found_.n_atoms);
            chains[usize(i)] = piece.find(pieces[usize(i)], 4 * longest + block_bytes);
        });
    }

    /// The head at a byte is the same for whoever finds it: once both have come to the same byte, all that follows is
    /// the same, too.
    void join(const FrameIndex& chain) {
        for (;;) {
            const auto next = std::ranges::lower_bound(chain.offsets, found_.end());
            if (next == chain.offsets.end()) return;
            if (*next == found_.end()) return append_from(found_, chain, usize(next - chain.offsets.begin()));
            if (const Index before = found_.n_frames(); !follow(*next) && found_.n_frames() == before) return;
        }
    }

    const File& file_;
    const HeadFormat format_;
    const ForEach& for_each_;
    const Cutting cutting_;
    HeadFinder heads_;
    FrameIndex found_;
};

}  // namespace

FrameIndex scan_frames(const File& file, const HeadFormat& format, const ForEach& for_each, FrameIndex known,
                       const Cutting& cutting) {
    return Scan(file, format, for_each, std::move(known), cutting).all();
}

}  // namespace mdloom::sources

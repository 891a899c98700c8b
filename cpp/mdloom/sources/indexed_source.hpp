// What trajectory files share whose frames differ in length: a head in front of each frame says how long it is. Where
// frames start is in the frame index (frame_index.hpp), with which every head that is read is compared.
#pragma once
#include "mdloom/sources/file_source.hpp"
#include "mdloom/sources/frame_index.hpp"

namespace mdloom::sources {

class IndexedSource;

/// One such format.
struct IndexedFormat {
    const char* name;  ///< in the catalog
    HeadFormat heads;
    std::unique_ptr<Reader> (*open_reader)(const IndexedSource& source);
};

class IndexedSource final : public FileSource {
public:
    IndexedSource(const IndexedFormat& format, std::shared_ptr<const File> opened, const OpenOptions& how,
                  const std::optional<Snapshot>& expected, FrameIndex known);

    std::shared_ptr<const Source> refresh() const override;
    std::unique_ptr<Reader> open_reader() const override { return format_.open_reader(*this); }

    const std::shared_ptr<const FrameIndex>& frames() const { return index_; }
    /// As renew_frame_index().
    std::shared_ptr<const FrameIndex> renewed(const FrameIndex& known) const;

private:
    IndexedFormat format_;
    std::shared_ptr<const FrameIndex> index_;
};

/// As the catalog opens files. Throws FileError and FormatError.
std::shared_ptr<const Source> open_indexed(const IndexedFormat& format, std::shared_ptr<const File> file,
                                           const OpenOptions& options, const std::optional<Snapshot>& expected);

/// Where one reader finds frames.
class FrameFinder {
public:
    explicit FrameFinder(const IndexedSource& source) : source_(source), frames_(source.frames()) {}

    FramePlace place(Index frame_index) const {
        return {source_.file(), frame_index, frames_->offsets[usize(frame_index)]};
    }
    /// What the index says.
    FrameHead expected(Index frame_index) const { return frames_->head(frame_index); }
    /// The first n of a frame.
    Range bytes(Index frame_index, Index n) const {
        const Index offset = frames_->offsets[usize(frame_index)];
        return {offset, offset + n};
    }

    /// The head of a frame; fetch(place, head) gives the frame's first bytes. When it is not what the index says,
    /// the index is renewed once. Throws FormatError when it is still another one.
    template <auto parse_head, class Fetch>
    auto head(Index frame_index, Fetch fetch) {
        for (bool renewed = false;; renewed = true) {
            const FramePlace here = place(frame_index);
            const FrameHead wanted = expected(frame_index);
            const std::span<const std::byte> bytes = fetch(here, wanted);
            try {
                const auto head = parse_head(here, bytes);
                if (head && head->frame == wanted) return *head;
            } catch (const FormatError&) {
                if (renewed) throw;
            }
            if (renewed) refuse(here, "changes while it is being read");
            frames_ = source_.renewed(*frames_);
        }
    }

private:
    const IndexedSource& source_;
    std::shared_ptr<const FrameIndex> frames_;
};

}  // namespace mdloom::sources

#include "mdloom/sources/indexed_source.hpp"

#include "mdloom/sources/frame_scan.hpp"

namespace mdloom::sources {

IndexedSource::IndexedSource(const IndexedFormat& format, std::shared_ptr<const File> opened, const OpenOptions& how,
                             const std::optional<Snapshot>& expected, FrameIndex known)
    : FileSource(format.name, std::move(opened), how),
      format_(format),
      index_(std::make_shared<const FrameIndex>(std::move(known))) {
    if (index_->n_frames() == 0)
        throw FormatError(
            fmt::format("{}: ends inside its first frame (at byte {}): no whole frame", file().path(), file().size()));
    if (index_->end() < file().size() && !expected) report_torn_frame(index_->n_frames(), index_->end());
    take_snapshot(index_->n_atoms, index_->n_frames(), index_->end(), expected);
}

std::shared_ptr<const Source> IndexedSource::refresh() const {
    auto now = reopen();
    auto frames = scan_frames(*now, format_.heads, options().for_each, *index_);
    return std::make_shared<const IndexedSource>(format_, std::move(now), options(), std::nullopt, std::move(frames));
}

std::shared_ptr<const FrameIndex> IndexedSource::renewed(const FrameIndex& known) const {
    return renew_frame_index(file(), format_.heads, options().warn, known);
}

std::shared_ptr<const Source> open_indexed(const IndexedFormat& format, std::shared_ptr<const File> file,
                                           const OpenOptions& options, const std::optional<Snapshot>& expected) {
    auto frames = find_frame_index(*file, format.heads, options.for_each, options.warn);
    return std::make_shared<const IndexedSource>(format, std::move(file), options, expected, std::move(frames));
}

}  // namespace mdloom::sources

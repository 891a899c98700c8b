#include "mdloom/sources/file_source.hpp"

#include <fmt/format.h>

namespace mdloom::sources {
namespace {

/// 190331904 -> "190,331,904"
std::string grouped(Index n) {
    std::string digits = std::to_string(n);
    for (Index at = index_of(digits.size()) - 3; at > 0; at -= 3) digits.insert(usize(at), 1, ',');
    return digits;
}

}  // namespace

Bytes FileSource::describe() const {
    ByteWriter writer;
    writer.write(FileDescription{format_, file_->path(), snapshot_});
    return writer.take();
}

void FileSource::require_unchanged() const {
    reopen();
}

std::shared_ptr<const File> FileSource::reopen() const {
    auto now = std::make_shared<const File>(file_->path());
    require_same(*now, snapshot_.fingerprint);
    return now;
}

void FileSource::take_snapshot(Index n_atoms, Index n_frames, Index end, const std::optional<Snapshot>& expected,
                               std::vector<Range> rewritten) {
    rewritten_ = std::move(rewritten);
    if (!expected) {
        snapshot_ = {file_->fingerprint(end, rewritten_), n_atoms, n_frames};
        return;
    }
    require_same(*file_, expected->fingerprint);
    if (expected->n_atoms != n_atoms || expected->n_frames > n_frames || expected->n_frames < 0)
        throw FileError(fmt::format("{}: holds {} frames of {} atoms, expected {} of {}: the file was replaced",
                                    file_->path(), n_frames, n_atoms, expected->n_frames, expected->n_atoms));
    snapshot_ = *expected;
}

void FileSource::require_same(const File& now, const Fingerprint& expected) const {
    if (now.size() < expected.size)
        throw FileError(
            fmt::format("{}: has {} bytes, expected at least {}: the file was shortened or replaced since it "
                        "was opened",
                        now.path(), now.size(), expected.size));
    if (expected.size < 0 || now.fingerprint(expected.size, rewritten_) != expected)
        throw FileError(
            fmt::format("{}: is not the file that was opened: its first or last 64 KiB differ", now.path()));
}

void FileSource::report_torn_frame(Index n_frames, Index end) const {
    const auto text =
        fmt::format("{} ends inside frame {} (byte {} of {})", name(), n_frames, grouped(end), grouped(file_->size()));
    if (options_.strict) throw FormatError(text + ": strict=True refuses a torn last frame");
    if (options_.warn)
        options_.warn(text + fmt::format(": {} whole frame{} used. was the run still writing? strict=True refuses.",
                                         n_frames, n_frames == 1 ? " is" : "s are"));
}

}  // namespace mdloom::sources

// What all trajectory files have in common as Sources: a snapshot of one file, and how another process finds it again.
#pragma once
#include <memory>
#include <optional>

#include "mdloom/contracts/source.hpp"
#include "mdloom/sources/files/file.hpp"
#include "mdloom/sources/open_options.hpp"

namespace mdloom::sources {

/// The whole frames a file held when it was opened; the fingerprint is of the bytes up to the end of the last of them.
struct Snapshot {
    Fingerprint fingerprint;
    Index n_atoms = 0;
    Index n_frames = 0;
};

/// What describe() gives: enough to open the same frames elsewhere.
struct FileDescription {
    std::string format;  ///< its name in the catalog
    std::string path;
    Snapshot snapshot;
};

class FileSource : public Source {
public:
    Index n_atoms() const override { return snapshot_.n_atoms; }
    Index n_frames() const override { return snapshot_.n_frames; }
    std::string name() const override { return file_->name(); }
    Bytes describe() const override;
    void require_unchanged() const override;

    const File& file() const { return *file_; }
    const OpenOptions& options() const { return options_; }

protected:
    FileSource(std::string format, std::shared_ptr<const File> file, const OpenOptions& options)
        : format_(std::move(format)), file_(std::move(file)), options_(options) {}

    /// What the file holds: n_frames whole frames, the last of which ends at byte `end`. With `expected`, the snapshot
    /// is that one: throws FileError when the file does not start with it. Bytes in `rewritten` change while a file
    /// grows.
    void take_snapshot(Index n_atoms, Index n_frames, Index end, const std::optional<Snapshot>& expected,
                       std::vector<Range> rewritten = {});

    /// The file as it is now. Throws FileError when it is not the same file, grown or not.
    std::shared_ptr<const File> reopen() const;

    /// Says that the file ends inside frame `n_frames`, which starts at byte `end`: warns, or throws when strict.
    void report_torn_frame(Index n_frames, Index end) const;

private:
    void require_same(const File& now, const Fingerprint& expected) const;

    std::string format_;
    std::shared_ptr<const File> file_;
    OpenOptions options_;
    Snapshot snapshot_;
    std::vector<Range> rewritten_;
};

}  // namespace mdloom::sources

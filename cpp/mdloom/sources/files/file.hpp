// Bytes of a regular file, read at any offset. All POSIX calls of the sources are made here.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "mdloom/base/bytes.hpp"
#include "mdloom/base/index.hpp"

namespace mdloom::sources {

/// Tells one file from another without reading all of it: its length, and hashes of its first and last 64 KiB.
struct Fingerprint {
    Index size = 0;
    std::uint64_t head = 0;
    std::uint64_t tail = 0;
    friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

/// Open for reading, as it was when it was opened. Shared by all readers: const functions may be called from any
/// thread.
class File {
public:
    /// Throws FileError when there is no readable regular file with something in it.
    explicit File(const std::string& path);
    ~File();
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    const std::string& path() const { return path_; }  ///< absolute
    std::string name() const;                          ///< last part of the path
    Index size() const { return size_; }               ///< when it was opened
    std::int64_t mtime_ns() const { return mtime_ns_; }
    std::uint64_t inode() const { return inode_; }

    /// Fills all of `out`. Throws FileError when the file cannot be read or ends before that.
    void read_at(Index offset, std::span<std::byte> out) const;

    /// Asks the kernel to fetch them; does not wait.
    void will_need(Range bytes) const noexcept;

    /// Of its first `size` bytes; those in `rewritten` (a header's frame count) count as zero.
    Fingerprint fingerprint(Index size, std::span<const Range> rewritten = {}) const;

private:
    std::uint64_t hash(Range bytes, std::span<const Range> rewritten) const;

    std::string path_;
    int descriptor_ = -1;
    Index size_ = 0;
    std::int64_t mtime_ns_ = 0;
    std::uint64_t inode_ = 0;
};

/// The whole file is there afterwards, or nothing has changed (temporary file, fsync, rename). False: it could not be
/// written.
bool replace_file(const std::string& path, std::span<const std::byte> content) noexcept;

/// xxh3, 64 bits.
std::uint64_t hash_bytes(std::span<const std::byte> bytes);

}  // namespace mdloom::sources

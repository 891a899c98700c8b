#include "mdloom/sources/files/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <random>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace mdloom::sources {
namespace {

constexpr Index hashed_length = 64 * 1024;

std::string reason() {
    return std::generic_category().message(errno);
}

const char* kind_of(mode_t mode) {
    if (S_ISDIR(mode)) return "a directory";
    if (S_ISFIFO(mode)) return "a pipe";
    if (S_ISSOCK(mode)) return "a socket";
    return "a device";
}

void require_regular(const std::string& path, const struct stat& status) {
    if (!S_ISREG(status.st_mode))
        throw FileError(fmt::format("{}: is {}, expected a regular file", path, kind_of(status.st_mode)));
}

/// Writes, syncs and closes; the descriptor is used up.
bool write_all(int descriptor, std::span<const std::byte> content) {
    bool good = true;
    while (good && !content.empty()) {
        const auto n = ::write(descriptor, content.data(), content.size());
        if (n >= 0)
            content = content.subspan(static_cast<std::size_t>(n));
        else
            good = errno == EINTR;
    }
    good = good && ::fsync(descriptor) == 0;
    return ::close(descriptor) == 0 && good;
}

}  // namespace

File::File(const std::string& path) {
    std::error_code error;
    path_ = std::filesystem::absolute(path, error).string();
    if (path.empty() || error) throw FileError(fmt::format("'{}' is no file name", path));
    struct stat status{};
    if (::stat(path_.c_str(), &status) != 0) throw FileError(fmt::format("{}: {}", path_, reason()));
    require_regular(path_, status);
    do descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    while (descriptor_ < 0 && errno == EINTR);
    if (descriptor_ < 0) throw FileError(fmt::format("{}: cannot be opened for reading: {}", path_, reason()));
    try {
        if (::fstat(descriptor_, &status) != 0) throw FileError(fmt::format("{}: {}", path_, reason()));
        require_regular(path_, status);
        if (status.st_size == 0) throw FileError(fmt::format("{}: is empty", path_));
    } catch (...) {
        ::close(descriptor_);
        throw;
    }
    size_ = status.st_size;
    mtime_ns_ = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
    inode_ = status.st_ino;
}

File::~File() {
    ::close(descriptor_);
}

std::string File::name() const {
    return std::filesystem::path(path_).filename().string();
}

void File::read_at(Index offset, std::span<std::byte> out) const {
    while (!out.empty()) {
        const auto n = ::pread(descriptor_, out.data(), out.size(), offset);
        if (n > 0) {
            offset += n;
            out = out.subspan(static_cast<std::size_t>(n));
        } else if (n == 0) {
            throw FileError(fmt::format("{}: ends at byte {}, expected {} more: it was shortened while being read",
                                        path_, offset, out.size()));
        } else if (errno != EINTR) {
            throw FileError(fmt::format("{}: cannot be read at byte {}: {}", path_, offset, reason()));
        }
    }
}

void File::will_need([[maybe_unused]] Range bytes) const noexcept {
#ifdef POSIX_FADV_WILLNEED
    ::posix_fadvise(descriptor_, bytes.first, bytes.size(), POSIX_FADV_WILLNEED);
#endif
}

Fingerprint File::fingerprint(Index size, std::span<const Range> rewritten) const {
    return {size, hash({0, std::min(size, hashed_length)}, rewritten),
            hash({std::max<Index>(0, size - hashed_length), size}, rewritten)};
}

std::uint64_t File::hash(Range bytes, std::span<const Range> rewritten) const {
    Bytes buffer(usize(bytes.size()));
    read_at(bytes.first, buffer);
    for (Range range : rewritten)
        for (Index at = std::max(range.first, bytes.first); at < std::min(range.stop, bytes.stop); ++at)
            buffer[usize(at - bytes.first)] = {};
    return hash_bytes(buffer);
}

bool replace_file(const std::string& path, std::span<const std::byte> content) noexcept try {
    std::random_device random;
    const std::string temporary = fmt::format("{}.{}-{:08x}", path, ::getpid(), random());
    const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0) return false;
    if (write_all(descriptor, content) && ::rename(temporary.c_str(), path.c_str()) == 0) return true;
    ::unlink(temporary.c_str());
    return false;
} catch (...) {
    return false;
}

std::uint64_t hash_bytes(std::span<const std::byte> bytes) {
    return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace mdloom::sources

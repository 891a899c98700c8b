#include "mdloom/writers/part_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <random>
#include <system_error>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace mdloom::writers {
namespace {

/// So much is written at once: few calls, and not much memory for each worker.
constexpr std::size_t enough_bytes = 8 << 20;

constexpr std::uint64_t magic = 0x656d'6172'664d'4c6dU;

/// Stands before the bytes of each frame.
struct RecordHead {
    std::uint64_t magic = 0;
    FrameRecord frame;
    std::uint64_t checksum = 0;  ///< of what stands before it
};
constexpr std::size_t head_bytes = 40;

std::uint64_t hash_of(std::span<const std::byte> bytes) {
    return XXH3_64bits(bytes.data(), bytes.size());
}

Bytes to_bytes(const FrameRecord& frame) {
    ByteWriter start;
    start.write(magic);
    start.write(frame);
    Bytes bytes = start.take();
    ByteWriter rest;
    rest.write(hash_of(bytes));
    const Bytes checksum = rest.take();
    bytes.insert(bytes.end(), checksum.begin(), checksum.end());
    return bytes;
}

/// False: this is none.
bool read_head(std::span<const std::byte> bytes, FrameRecord& frame) {
    ByteReader reader(bytes);
    const auto head = reader.read<RecordHead>();
    frame = head.frame;
    return head.magic == magic && head.checksum == hash_of(bytes.first(bytes.size() - sizeof head.checksum)) &&
           frame.ordinal >= 0 && frame.n_bytes >= 0;
}

std::string unique_name() {
    std::random_device random;
    return fmt::format("{:08x}{:08x}{:08x}.part", random(), random(), random());
}

[[noreturn]] void refuse(const std::string& folder, int error) {
    std::array<char, 256> host{};
    ::gethostname(host.data(), host.size() - 1);
    if (error == ENOENT)
        throw FileError(
            fmt::format("the folder {} for parts of the trajectory is not there on {}: all workers must "
                        "see the file system that the trajectory is written to",
                        folder, host.data()));
    throw FileError(fmt::format("parts of the trajectory cannot be written to {}: {}", folder,
                                std::generic_category().message(error)));
}

int open_again(const char* path, int flags) {
    int descriptor = -1;
    do descriptor = ::open(path, flags | O_CLOEXEC, 0666);
    while (descriptor < 0 && errno == EINTR);
    return descriptor;
}

/// 0, or what went wrong.
int write_all(int descriptor, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const auto n = ::write(descriptor, bytes.data(), bytes.size());
        if (n >= 0)
            bytes = bytes.subspan(static_cast<std::size_t>(n));
        else if (errno != EINTR)
            return errno;
    }
    return 0;
}

}  // namespace

FrameRecord describe(Index ordinal, std::span<const std::byte> encoded) {
    return {ordinal, index_of(encoded.size()), hash_of(encoded)};
}

PartWriter::PartWriter(std::string folder) : folder_(std::move(folder)), path_(folder_ + '/' + unique_name()) {}

FrameRecord PartWriter::add(Index ordinal, const std::function<void(Bytes&)>& append) {
    const std::size_t before = pending_.size(), start = before + head_bytes;
    FrameRecord frame;
    try {
        pending_.resize(start);
        append(pending_);
        frame = describe(ordinal, std::span(pending_).subspan(start));
        std::ranges::copy(to_bytes(frame), pending_.begin() + static_cast<std::ptrdiff_t>(before));
    } catch (...) {
        pending_.resize(before);
        throw;
    }
    if (pending_.size() >= enough_bytes) flush();
    return frame;
}

void PartWriter::flush() {
    if (pending_.empty()) return;
    write_pending();
    pending_.clear();
}

void PartWriter::write_pending() {
    const int descriptor = open_again(path_.c_str(), O_WRONLY | O_APPEND | (is_there_ ? 0 : O_CREAT | O_EXCL));
    if (descriptor < 0) refuse(folder_, errno);
    is_there_ = true;
    int error = write_all(descriptor, pending_);
    if (::close(descriptor) != 0 && error == 0 && errno != EINTR) error = errno;
    if (error != 0) refuse(folder_, error);
}

PartReader::PartReader(const std::string& path) : path_(path), descriptor_(open_again(path.c_str(), O_RDONLY)) {
    if (descriptor_ < 0)
        throw FileError(fmt::format("{}: cannot be opened: {}", path, std::generic_category().message(errno)));
}

PartReader::~PartReader() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

PartReader::PartReader(PartReader&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

std::vector<FoundFrame> PartReader::frames() const {
    struct stat status{};
    if (::fstat(descriptor_, &status) != 0)
        throw FileError(fmt::format("{}: {}", path_, std::generic_category().message(errno)));
    std::vector<FoundFrame> found;
    std::array<std::byte, head_bytes> head;
    for (Index offset = 0; offset + index_of(head_bytes) <= status.st_size;) {
        FoundFrame next;
        if (!read(offset, head) || !read_head(head, next.frame)) break;
        offset += index_of(head_bytes);
        if (next.frame.n_bytes > status.st_size - offset) break;
        next.offset = offset;
        found.push_back(next);
        offset += next.frame.n_bytes;
    }
    return found;
}

bool PartReader::read(Index offset, std::span<std::byte> out) const {
    while (!out.empty()) {
        const auto n = ::pread(descriptor_, out.data(), out.size(), offset);
        if (n == 0) return false;
        if (n > 0) {
            offset += n;
            out = out.subspan(static_cast<std::size_t>(n));
        } else if (errno != EINTR) {
            throw FileError(fmt::format("{}: cannot be read at byte {}: {}", path_, offset,
                                        std::generic_category().message(errno)));
        }
    }
    return true;
}

}  // namespace mdloom::writers

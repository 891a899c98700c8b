#include "mdloom/writers/joined_parts.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <list>
#include <system_error>
#include <utility>

namespace mdloom::writers {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t enough_bytes = 8 << 20;
constexpr std::size_t most_open = 64;
constexpr std::size_t most_listed = 5;

/// A new file; what it is given is gathered to large pieces.
class NewFile {
public:
    NewFile(const std::string& path, const std::function<void()>& between) : path_(path), between_(between) {
        descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor_ < 0) refuse();
    }
    ~NewFile() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;

    /// Room for n more bytes; they count when keep() says so.
    std::span<std::byte> room(std::size_t n) {
        if (gathered_ > 0 && gathered_ + n > enough_bytes) write();
        if (buffer_.size() < gathered_ + n) buffer_.resize(std::max(gathered_ + n, enough_bytes));
        return std::span(buffer_).subspan(gathered_, n);
    }
    void keep(std::size_t n) { gathered_ += n; }

    Index close() {
        write();
        if (::close(std::exchange(descriptor_, -1)) != 0 && errno != EINTR) refuse();
        return n_bytes_;
    }

private:
    void write() {
        for (auto rest = std::span(buffer_).first(gathered_); !rest.empty();) {
            const auto n = ::write(descriptor_, rest.data(), rest.size());
            if (n >= 0)
                rest = rest.subspan(static_cast<std::size_t>(n));
            else if (errno != EINTR)
                refuse();
        }
        n_bytes_ += index_of(gathered_);
        gathered_ = 0;
        if (between_) between_();
    }
    [[noreturn]] void refuse() const {
        throw FileError(fmt::format("{} cannot be written: {}", path_, std::generic_category().message(errno)));
    }

    const std::string& path_;
    const std::function<void()>& between_;
    int descriptor_ = -1;
    Bytes buffer_;
    std::size_t gathered_ = 0;
    Index n_bytes_ = 0;
};

struct Place {
    FoundFrame found;
    std::size_t part = 0;
};

/// All that lies in a folder of parts.
class Parts {
public:
    explicit Parts(const std::string& folder) {
        touch(folder);
        std::error_code error;
        for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
            if (it->path().extension() == ".part") paths_.push_back(it->path().string());
        if (error) throw FileError(fmt::format("{}: cannot be read: {}", folder, error.message()));
        std::ranges::sort(paths_);
        for (std::size_t part = 0; part < paths_.size(); ++part)
            for (const FoundFrame& found : PartReader(paths_[part]).frames()) places_.push_back({found, part});
        std::ranges::stable_sort(places_, {}, ordinal_of);
    }

    /// False: such a frame is not there, or its bytes are no longer those that were written.
    bool read(const FrameRecord& wanted, std::span<std::byte> out) {
        for (const Place& place : std::ranges::equal_range(places_, wanted.ordinal, {}, ordinal_of))
            if (place.found.frame == wanted && part(place.part).read(place.found.offset, out) &&
                describe(wanted.ordinal, out) == wanted)
                return true;
        return false;
    }
    bool has(const FrameRecord& wanted) const {
        return std::ranges::any_of(std::ranges::equal_range(places_, wanted.ordinal, {}, ordinal_of),
                                   [&](const Place& place) { return place.found.frame == wanted; });
    }

private:
    static Index ordinal_of(const Place& place) { return place.found.frame.ordinal; }

    /// A network file system looks anew at a folder that this machine has changed; what other machines made there is
    /// seen then. Whoever may not write here has nothing to fear from that.
    static void touch(const std::string& folder) {
        const std::string path = folder + "/looked";
        const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
        if (descriptor >= 0) ::close(descriptor);
        ::unlink(path.c_str());
    }

    const PartReader& part(std::size_t number) {
        for (auto& [known, reader] : open_)
            if (known == number) return reader;
        if (open_.size() >= most_open) open_.pop_front();
        return open_.emplace_back(number, PartReader(paths_[number])).second;
    }

    std::vector<std::string> paths_;
    std::vector<Place> places_;  ///< by ordinal
    std::list<std::pair<std::size_t, PartReader>> open_;
};

void require_all(const Parts& parts, std::span<const FrameRecord> frames, const std::string& folder,
                 const std::function<std::string(Index)>& name) {
    std::string missing;
    std::size_t n_missing = 0;
    for (const FrameRecord& frame : frames)
        if (!parts.has(frame) && ++n_missing <= most_listed)
            missing += fmt::format("{}{}", missing.empty() ? "" : ", ", name(frame.ordinal));
    if (n_missing == 0) return;
    throw FileError(
        fmt::format("{}{} {} not among what workers wrote to {}: all of them must see the file system that "
                    "the trajectory is written to",
                    missing, n_missing > most_listed ? fmt::format(", ... ({} in all)", n_missing) : "",
                    n_missing == 1 ? "is" : "are", folder));
}

}  // namespace

Index join_parts(const std::string& folder, std::span<const std::byte> header, std::span<const FrameRecord> frames,
                 const std::string& path, const std::function<std::string(Index ordinal)>& name,
                 const std::function<void()>& between) {
    Parts parts(folder);
    require_all(parts, frames, folder, name);
    NewFile file(path, between);
    std::ranges::copy(header, file.room(header.size()).begin());
    file.keep(header.size());
    for (const FrameRecord& frame : frames) {
        if (!parts.read(frame, file.room(usize(frame.n_bytes))))
            throw FileError(fmt::format("{} was damaged in {} after a worker wrote it: is the disk sound?",
                                        name(frame.ordinal), folder));
        file.keep(usize(frame.n_bytes));
    }
    return file.close();
}

}  // namespace mdloom::writers

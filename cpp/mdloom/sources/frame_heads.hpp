// The heads in front of frames that differ in length: what they say, and how they are found in a file.
#pragma once
#include <fmt/format.h>

#include <bit>
#include <optional>

#include "mdloom/sources/files/file.hpp"

namespace mdloom::sources {

/// What a frame's head says.
struct FrameHead {
    Index n_bytes = 0;  ///< of the whole frame
    Index n_atoms = 0;
    Index step = 0;
    double time = 0;                                                  ///< ps
    friend bool operator==(const FrameHead& a, const FrameHead& b) {  // NaN is a time, too, and equals itself
        return a.n_bytes == b.n_bytes && a.n_atoms == b.n_atoms && a.step == b.step &&
               std::bit_cast<std::uint64_t>(a.time) == std::bit_cast<std::uint64_t>(b.time);
    }
};

/// A frame, for messages.
struct FramePlace {
    const File& file;
    Index frame_index, offset;
};

template <class... Args>
[[noreturn]] void refuse(const FramePlace& place, fmt::format_string<Args...> format, Args&&... args) {
    throw FormatError(fmt::format("{}: frame {} at byte {}: {}", place.file.path(), place.frame_index, place.offset,
                                  fmt::format(format, std::forward<Args>(args)...)));
}

/// The heads of one format.
struct HeadFormat {
    Index most_bytes;  ///< of a head
    /// Of most_bytes bytes or what is left of the file; nothing when they end inside the head. The place is for
    /// messages: the same bytes give the same head anywhere in a file. Throws FormatError.
    std::optional<FrameHead> (*parse)(const FramePlace& place, std::span<const std::byte> bytes);
};

/// parse_head(place, bytes) gives what stands in front of a frame's data, with a member `frame` (FrameHead).
template <auto parse_head, Index most_bytes>
constexpr HeadFormat head_format() {
    return {most_bytes, [](const FramePlace& place, std::span<const std::byte> bytes) -> std::optional<FrameHead> {
                const auto head = parse_head(place, bytes);
                if (!head) return {};
                return head->frame;
            }};
}

/// Reads heads of one file; belongs to one thread.
class HeadFinder {
public:
    HeadFinder(const File& file, const HeadFormat& format) : file_(file), format_(format) {}

    /// The head of the frame that starts at `offset`; nothing when the file ends inside it. Throws FormatError when
    /// there is no frame of this format.
    std::optional<FrameHead> find(Index offset, Index frame_index);

private:
    std::span<const std::byte> fetch(Index offset);

    const File& file_;
    const HeadFormat format_;
    Bytes bytes_;
    Index start_ = 0, stop_ = 0;  // which bytes of the file are in bytes_
    Index next_ = -1;             // where the frame ends that was found last
    bool many_ = false;           // it is a short one
};

}  // namespace mdloom::sources

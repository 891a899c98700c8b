// Encoded frames on their way from the workers of a run to one file. Each worker appends records to a part file of its
// own, in a folder that all of them see; joined_parts.hpp puts them in order.
#pragma once
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "mdloom/base/bytes.hpp"

namespace mdloom::writers {

/// What is known of a frame's bytes, but for where they are: that depends on who worked on it.
struct FrameRecord {
    Index ordinal = 0;
    Index n_bytes = 0;
    std::uint64_t checksum = 0;  ///< xxh3, 64 bits
    friend bool operator==(const FrameRecord&, const FrameRecord&) = default;
};
FrameRecord describe(Index ordinal, std::span<const std::byte> encoded);

/// Where a part file says that such a frame is.
struct FoundFrame {
    FrameRecord frame;
    Index offset = 0;  ///< of its bytes
};

/// One worker's part. Belongs to one thread.
class PartWriter {
public:
    PartWriter() = default;
    /// The file is made when there is something to write; its name is nobody else's.
    explicit PartWriter(std::string folder);

    /// `append` puts the frame's bytes behind what it is given; when it throws, nothing was added. Writes when more
    /// than a few MB have come together, and throws what flush() throws.
    FrameRecord add(Index ordinal, const std::function<void(Bytes&)>& append);

    /// The file is opened, appended to and closed each time: only then do the other machines of a network file system
    /// see what is in it. Throws FileError; the part must then not be added to.
    void flush();

private:
    void write_pending();

    std::string folder_, path_;
    Bytes pending_;
    bool is_there_ = false;
};

/// One part, open for reading.
class PartReader {
public:
    /// Throws FileError.
    explicit PartReader(const std::string& path);
    ~PartReader();
    PartReader(PartReader&& other) noexcept;
    PartReader& operator=(PartReader&&) = delete;

    /// In the order in which they were written. A record that is not whole (its worker was killed) ends the part.
    std::vector<FoundFrame> frames() const;

    /// False: those bytes are not there.
    bool read(Index offset, std::span<std::byte> out) const;

private:
    std::string path_;
    int descriptor_ = -1;
};

}  // namespace mdloom::writers

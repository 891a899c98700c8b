// One reader's way to a file: reads with what will be read next in mind.
#pragma once
#include <functional>

#include "mdloom/sources/files/file.hpp"

namespace mdloom::sources {

/// What is read is the same as from the file itself, and nothing beyond what is expected is touched. Needs 128 KiB at
/// most. Belongs to one thread; must not outlive the file.
class ReadAhead {
public:
    explicit ReadAhead(const File& file) : file_(file) {}

    /// The stretches bytes(0) to bytes(n - 1) will be read, in turn, most likely. What was expected before no longer
    /// is. Short ones that lie close together come in blocks; what lies apart on a slow disk is asked for in advance.
    void expect(Index n, std::function<Range(Index)> bytes);

    /// n whole frames, when they are so short that even what nobody wants of them costs less than a call more.
    void expect_short(Index n, std::function<Range(Index)> frame);

    /// As File::read_at().
    void read_at(Index offset, std::span<std::byte> out);

private:
    bool read_from_block(Index offset, std::span<std::byte> out);
    void read_apart(std::span<std::byte> out);

    const File& file_;
    Range together_;  // read in blocks
    Range in_block_;  // the part of it that is there
    Bytes block_;
    Index next_ = 0, n_apart_ = 0;  // of the stretches that lie apart
    std::function<Range(Index)> bytes_;
};

}  // namespace mdloom::sources

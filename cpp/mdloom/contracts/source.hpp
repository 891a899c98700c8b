// Contract: where frames come from.
#pragma once
#include <memory>
#include <span>
#include <string>

#include "mdloom/base/bytes.hpp"
#include "mdloom/frame/frame.hpp"

namespace mdloom {

/// Frames that are read next, most likely: `first`, `first + step`, ... and of each the same atoms.
struct Upcoming {
    Index first = 0, step = 1, n_frames = 0;
    std::span<const Index> wanted = {};
};

/// One worker's private cursor into a Source. Used by one thread at a time; must not outlive its Source.
class Reader {
public:
    virtual ~Reader() = default;

    /// Fills index, time, box, stored and the positions of `wanted` (ascending, unique, below n_atoms), reusing the
    /// frame's buffers. Frames may be asked for in any order, and again: the same frame gives the same bytes. Decodes
    /// no more than the wanted atoms need. Throws FileError or FormatError when the frame cannot be read, leaving
    /// `frame` unspecified and the Reader usable.
    virtual void read(Index frame_index, std::span<const Index> wanted, Frame& frame) = 0;

    /// A hint: these may be read ahead, and no others. What was expected before no longer is. `wanted` is looked at
    /// during the call only.
    virtual void expect(const Upcoming&) {}
};

/// An immutable snapshot of a trajectory, shared by all workers; const functions may be called from any thread.
class Source {
public:
    virtual ~Source() = default;

    virtual Index n_atoms() const = 0;
    virtual Index n_frames() const = 0;

    /// What a person would call it, for messages: a file name, "memory".
    virtual std::string name() const = 0;

    /// Enough for the catalog to open the same frames in another process, or nothing: then frames must be sent.
    virtual Bytes describe() const = 0;

    /// Throws when what it reads is no longer what was opened (replaced, shortened). A grown file is still the same.
    virtual void require_unchanged() const = 0;

    /// A snapshot that sees what was appended since; the same frames keep the same bytes.
    virtual std::shared_ptr<const Source> refresh() const = 0;

    virtual std::unique_ptr<Reader> open_reader() const = 0;
};

}  // namespace mdloom

// What happens to a frame between its file and the analyses. A transform is a function of the frame alone: those that
// remember earlier frames cannot be one.
#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include "mdloom/base/bytes.hpp"
#include "mdloom/frame/frame.hpp"

namespace mdloom::transforms {

/// A transform at work in one reader, for the atoms that this one reads; used by one thread at a time.
class Mover {
public:
    virtual ~Mover() = default;

    /// Throws FormatError when the frame has no box and needs one, naming what to do, but not the frame.
    virtual void move(Frame& frame) = 0;
};

/// Immutable, shared by all readers.
class Transform {
public:
    virtual ~Transform() = default;

    virtual std::string_view name() const = 0;
    virtual void write_spec(ByteWriter& writer) const = 0;

    /// Throws ArgumentError when it names an atom that a system of so many has not.
    virtual void require_atoms_below(Index n_atoms) const = 0;

    /// Adds what must be read so that `atoms` (ascending, unique, and so they stay) are moved rightly.
    virtual void add_needed(std::vector<Index>& atoms) const = 0;

    /// For frames of these atoms. What was not among the needed ones may be moved wrongly: nobody looks at it later.
    virtual std::unique_ptr<Mover> mover(const std::vector<Index>& atoms) const = 0;

    /// Then it works also on frames of which no atom is read.
    virtual bool changes_box() const { return false; }
};

using Transforms = std::vector<std::shared_ptr<const Transform>>;

}  // namespace mdloom::transforms

// Which frames of a trajectory are asked for, and in which order: ordinal -> frame index.
#pragma once
#include <variant>
#include <vector>

#include "mdloom/base/bytes.hpp"

namespace mdloom {

/// start, start + step, ... or a list in any order, repeats allowed. Immutable.
class FrameSelection {
public:
    FrameSelection() = default;
    FrameSelection(Index start, Index step, Index n_frames) : start_(start), step_(step), n_frames_(n_frames) {}
    explicit FrameSelection(std::vector<Index> frames) : n_frames_(index_of(frames.size())), list_(std::move(frames)) {}

    Index size() const { return n_frames_; }
    Index operator[](Index ordinal) const { return list_.empty() ? start_ + ordinal * step_ : list_[usize(ordinal)]; }
    void write(ByteWriter& writer) const {
        writer.write(start_), writer.write(step_), writer.write(n_frames_), writer.write(list_);
    }
    void read(ByteReader& reader) {
        reader.read(start_), reader.read(step_), reader.read(n_frames_), reader.read(list_);
        if (!list_.empty() && index_of(list_.size()) != n_frames_)
            throw StateError("spec is damaged: frame list and count differ");
    }

private:
    Index start_ = 0, step_ = 1, n_frames_ = 0;
    std::vector<Index> list_;
};

}  // namespace mdloom

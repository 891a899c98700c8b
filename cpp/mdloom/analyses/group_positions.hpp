// What a frame holds, as the kernels take it: a group's positions without gaps, and the box.
#pragma once
#include <vector>

#include "mdloom/frame/frame.hpp"
#include "mdloom/kernels/periodic_box.hpp"

namespace mdloom::analyses {

/// A group's positions in the user's order. Lives in a Scratch; what of() gives is good until it is called again, or
/// the frame goes.
class GroupPositions {
public:
    /// Most groups stand still during a run, so once per worker is enough; a group that changes is looked at again.
    void look_at(const Group& group) {
        is_run_ = true;
        for (std::size_t i = 1; is_run_ && i < group.size(); ++i) is_run_ = group[i] == group[0] + index_of(i);
        gathered_.resize(is_run_ ? 0 : group.size());
    }
    kernels::Positions of(const Frame& frame, const Group& group) {
        if (group.empty()) return {};
        if (is_run_) return {frame.positions[usize(group[0])].data(), 3 * group.size()};
        for (std::size_t i = 0; i < group.size(); ++i) gathered_[i] = frame.positions[usize(group[i])];
        return {gathered_[0].data(), 3 * group.size()};
    }

private:
    bool is_run_ = false;  ///< the group is a run of the frame's positions: nothing is copied
    std::vector<Vec3> gathered_;
};

/// The frame's box, or none. Throws ArgumentError for vectors that span no volume.
inline kernels::PeriodicBox periodic_box_of(const Frame& frame) {
    return frame.box == Box{} ? kernels::PeriodicBox{} : kernels::make_periodic_box(frame.box);
}

}  // namespace mdloom::analyses

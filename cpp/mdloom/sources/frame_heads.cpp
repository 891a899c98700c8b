#include "mdloom/sources/frame_heads.hpp"

#include <algorithm>

namespace mdloom::sources {
namespace {

constexpr Index short_frame = 4096;       // reading all of it costs as much as one more call, 0.4 us
constexpr Index block_bytes = 64 * 1024;  // of short frames, one after the other: 40 ns for each of 100 atoms

}  // namespace

std::optional<FrameHead> HeadFinder::find(Index offset, Index frame_index) {
    const Index n_left = file_.size() - offset;
    const auto head = format_.parse({file_, frame_index, offset}, fetch(offset));
    if (!head || head->n_bytes > n_left) return {};
    many_ = head->n_bytes <= short_frame;
    next_ = offset + head->n_bytes;
    return head;
}

std::span<const std::byte> HeadFinder::fetch(Index offset) {
    const Index n_left = file_.size() - offset, n_head = std::min(n_left, format_.most_bytes);
    if (offset < start_ || offset + n_head > stop_) {
        const Index n = many_ && offset == next_ ? std::min(n_left, block_bytes) : n_head;
        start_ = stop_ = offset;
        bytes_.resize(usize(n));
        file_.read_at(offset, bytes_);
        stop_ = offset + n;
    }
    return std::span(bytes_).subspan(usize(offset - start_), usize(n_head));
}

}  // namespace mdloom::sources

#include "mdloom/sources/files/read_ahead.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace mdloom::sources {
namespace {

constexpr Index short_stretch = 16 * 1024;  // from 24 KiB on a block gains nothing: the call is a tenth of its copy
constexpr Index worth_reading = 4096;       // bytes nobody wants that cost less than one more call
constexpr Index block_bytes = 128 * 1024;   // longer ones are no faster, even 4 MiB
constexpr Index asked_together = 256;

/// Longer than any read from the page cache: 20 us and 0.5 ns for each byte.
bool is_slow(std::chrono::duration<double> taken, std::size_t n_bytes) {
    return taken.count() > 20e-6 + 0.5e-9 * static_cast<double>(n_bytes);
}

Range stretch(Index offset, std::span<const std::byte> out) {
    return {offset, offset + index_of(out.size())};
}

bool lies_in(Range inner, Range outer) {
    return outer.first <= inner.first && inner.stop <= outer.stop;
}

}  // namespace

void ReadAhead::expect(Index n, std::function<Range(Index)> bytes) {
    together_ = in_block_ = {};
    next_ = n_apart_ = 0;
    if (n < 2) return;
    const Range first = bytes(0), last = bytes(n - 1);
    const Index spacing = (last.first - first.first) / (n - 1), gap = spacing - first.size();
    if (spacing > 0 && gap <= worth_reading) {
        if (first.size() <= short_stretch) together_ = {first.first, last.stop};
        return;  // what follows one another the kernel reads ahead by itself
    }
    n_apart_ = n;
    bytes_ = std::move(bytes);
}

void ReadAhead::expect_short(Index n, std::function<Range(Index)> frame) {
    const bool are_short = n > 0 && frame(0).size() <= short_stretch;
    expect(are_short ? n : 0, std::move(frame));
    n_apart_ = 0;
}

void ReadAhead::read_at(Index offset, std::span<std::byte> out) {
    if (read_from_block(offset, out)) return;
    if (next_ < n_apart_ && bytes_(next_).first == offset)
        read_apart(out);
    else
        file_.read_at(offset, out);
}

bool ReadAhead::read_from_block(Index offset, std::span<std::byte> out) {
    const Range wanted = stretch(offset, out);
    if (!lies_in(wanted, together_) || wanted.size() > block_bytes) return false;
    if (!lies_in(wanted, in_block_)) {
        const Range now{offset, std::min(together_.stop, offset + block_bytes)};
        in_block_ = {};
        block_.resize(usize(block_bytes));
        try {
            file_.read_at(now.first, std::span(block_).first(usize(now.size())));
        } catch (const Error&) {
            together_ = {};  // only what is wanted now may fail
            return false;
        }
        in_block_ = now;
    }
    std::memcpy(out.data(), block_.data() + (offset - in_block_.first), out.size());
    return true;
}

/// 12 KiB of each frame of 166 KiB that are not in the page cache take a quarter of the time when they are asked for
/// before; when they are, asking costs 0.25 us each: a slow read tells.
void ReadAhead::read_apart(std::span<std::byte> out) {
    const Index offset = bytes_(next_).first, now = next_++;
    if (now % asked_together != 0) return file_.read_at(offset, out);
    const auto start = std::chrono::steady_clock::now();
    file_.read_at(offset, out);
    if (!is_slow(std::chrono::steady_clock::now() - start, out.size())) return;
    for (Index i = next_; i < std::min(n_apart_, now + asked_together); ++i) file_.will_need(bytes_(i));
}

}  // namespace mdloom::sources

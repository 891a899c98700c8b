#include "support/xtc_writer.hpp"

#include <algorithm>
#include <bit>

#include "mdloom/sources/formats/xtc_format.hpp"
#include "support/scratch_folder.hpp"

namespace mdloom::sources {
namespace {

using Grid64 = std::array<std::int64_t, 3>;

/// Most significant bit first.
class BitWriter {
public:
    void bits(std::uint64_t value, int n) {
        for (int i = n - 1; i >= 0; --i) bit((value >> i) & 1);
    }
    /// Mixed radix; the bytes of the number in little-endian order, the last one with what bits are left.
    void packed(const Grid64& at, const Grid64& sizes, int n) {
        auto value = static_cast<UInt128>((Int128{at[0]} * sizes[1] + at[1]) * sizes[2] + at[2]);
        for (; n > 8; n -= 8, value >>= 8) bits(static_cast<std::uint64_t>(value & 255), 8);
        bits(static_cast<std::uint64_t>(value), n);
    }
    Bytes bytes;

private:
    void bit(std::uint64_t b) {
        if (n_ % 8 == 0) bytes.push_back({});
        bytes.back() |= std::byte(b << (7 - n_ % 8));
        ++n_;
    }
    int n_ = 0;
};

void append(Bytes& bytes, std::uint64_t value, int n_bytes) {
    for (int i = n_bytes - 1; i >= 0; --i) bytes.push_back(std::byte((value >> (8 * i)) & 255));
}
void append(Bytes& bytes, std::int32_t value) {
    append(bytes, static_cast<std::uint32_t>(value), 4);
}
void append(Bytes& bytes, float value) {
    append(bytes, std::bit_cast<std::uint32_t>(value), 4);
}

struct Span {
    Grid lowest, highest;
    Grid64 sizes;
};
Span span_of(const std::vector<Grid>& grid) {
    Span span{grid[0], grid[0], {}};
    for (const Grid& at : grid)
        for (std::size_t d = 0; d < 3; ++d) {
            span.lowest[d] = std::min(span.lowest[d], at[d]);
            span.highest[d] = std::max(span.highest[d], at[d]);
        }
    for (std::size_t d = 0; d < 3; ++d) span.sizes[d] = std::int64_t{span.highest[d]} - span.lowest[d] + 1;
    return span;
}

int width(UInt128 value) {
    int n = 0;
    for (; value; value >>= 1) ++n;
    return n;
}

class StreamWriter {
public:
    StreamWriter(const XtcFrame& frame, std::uint32_t seed)
        : grid_(frame.grid),
          span_(span_of(grid_)),
          most_run_(frame.most_run),
          calm_(frame.calm),
          small_index_(frame.small_index),
          random_(seed) {}

    Bytes write() {
        for (std::size_t i = 0; i < grid_.size();) i += group(i);
        return std::move(out_.bytes);
    }

private:
    /// Atoms are stored in the order second, first, third, ...; from `first` on, how many follow the second closely
    /// enough?
    int longest_run(std::size_t first, int most) const {
        const std::int64_t size = xtc_small_sizes[static_cast<std::size_t>(small_index_)], half = size / 2;
        int run = 0;
        for (; run < most && first + static_cast<std::size_t>(run) + 1 < grid_.size(); ++run)
            for (std::size_t d = 0; d < 3; ++d) {
                const std::int64_t shifted = delta(first, run, d) + half;
                if (shifted < 0 || shifted >= size) return run;
            }
        return run;
    }
    std::int64_t delta(std::size_t first, int k, std::size_t d) const {
        const std::size_t at = k == 0 ? first : first + static_cast<std::size_t>(k) + 1;
        const std::size_t from = k == 0 ? first + 1 : k == 1 ? first : at - 1;
        return std::int64_t{grid_[at][d]} - grid_[from][d];
    }
    void absolute(const Grid& at) {
        const Grid64& sizes = span_.sizes;
        Grid64 shifted;
        for (std::size_t d = 0; d < 3; ++d) shifted[d] = std::int64_t{at[d]} - span_.lowest[d];
        if (std::ranges::max(sizes) > 0xffffff)
            for (std::size_t d = 0; d < 3; ++d)
                out_.bits(static_cast<std::uint64_t>(shifted[d]), width(static_cast<UInt128>(sizes[d])));
        else
            out_.packed(shifted, sizes, width(static_cast<UInt128>(Int128{sizes[0]} * sizes[1] * sizes[2])));
    }
    std::size_t group(std::size_t first) {
        const bool restless = random_() % calm_ == 0;
        const int most = restless ? static_cast<int>(random_() % static_cast<unsigned>(most_run_ + 1)) : most_run_;
        const int longest = longest_run(first, most);
        const int run = random_() % 4 == 0 && run_ <= longest ? run_ : longest;
        int change = restless && random_() % 3 == 0 ? static_cast<int>(random_() % 3) - 1 : 0;
        const bool has_no_code = run == 10 && change > 0;  // 3 * run + change + 1 has five bits
        if (has_no_code || small_index_ + change < 9 || small_index_ + change > 72) change = 0;
        absolute(grid_[run > 0 ? first + 1 : first]);
        const bool flagged = run != run_ || change != 0 || (restless && random_() % 5 == 0);
        out_.bits(flagged, 1);
        if (flagged) out_.bits(static_cast<std::uint64_t>(3 * run + change + 1), 5);
        const std::int64_t size = xtc_small_sizes[static_cast<std::size_t>(small_index_)];
        for (int k = 0; k < run; ++k)
            out_.packed({delta(first, k, 0) + size / 2, delta(first, k, 1) + size / 2, delta(first, k, 2) + size / 2},
                        {size, size, size}, small_index_);
        small_index_ += change;
        run_ = run;
        return static_cast<std::size_t>(run) + 1;
    }

    const std::vector<Grid>& grid_;
    Span span_;
    int most_run_;
    std::uint32_t calm_;
    int small_index_, run_ = 0;
    std::mt19937 random_;
    BitWriter out_;
};

}  // namespace

Bytes xtc_bytes(const XtcFrame& frame, std::uint32_t seed) {
    Bytes out;
    const auto n = static_cast<std::int32_t>(frame.grid.size());
    append(out, frame.magic), append(out, n), append(out, frame.step), append(out, frame.time);
    for (float value : frame.box) append(out, value);
    append(out, n);
    if (n <= 9) {
        for (const Grid& at : frame.grid)
            for (std::int32_t value : at) append(out, static_cast<float>(value));
        return out;
    }
    const Span span = span_of(frame.grid);
    append(out, frame.precision);
    for (std::int32_t value : span.lowest) append(out, value);
    for (std::int32_t value : span.highest) append(out, value);
    append(out, frame.small_index);
    const Bytes stream = StreamWriter(frame, seed).write();
    append(out, stream.size(), frame.magic == 2023 ? 8 : 4);
    out.insert(out.end(), stream.begin(), stream.end());
    while (out.size() % 4) out.push_back({});
    return out;
}

std::vector<Vec3> xtc_positions(const XtcFrame& frame) {
    const bool raw = frame.grid.size() <= 9;
    const float step = 1.0f / frame.precision;
    std::vector<Vec3> positions;
    for (const Grid& at : frame.grid) {
        Vec3 nm;
        for (std::size_t d = 0; d < 3; ++d) nm[d] = raw ? static_cast<float>(at[d]) : static_cast<float>(at[d]) * step;
        positions.push_back({nm[0] * 10.0f, nm[1] * 10.0f, nm[2] * 10.0f});
    }
    return positions;
}

std::vector<Grid> random_chain(std::mt19937& random, Index n_atoms, std::int32_t stride, std::int32_t box) {
    std::uniform_int_distribution<std::int32_t> anywhere(-box / 2, box / 2), near(-stride, stride);
    std::vector<Grid> chain;
    Grid at{};
    for (Index i = 0; i < n_atoms; ++i) {
        for (auto& value : at)
            value = i % 17 == 0 ? anywhere(random) : std::clamp(value + near(random), -box / 2, box / 2);
        chain.push_back(at);
    }
    return chain;
}

std::vector<XtcFrame> random_frames(Index n_frames, Index n_atoms, std::uint32_t seed) {
    std::mt19937 random(seed);
    std::vector<XtcFrame> frames;
    for (Index k = 0; k < n_frames; ++k)
        frames.push_back({.grid = random_chain(random, n_atoms, 60, 5000),
                          .step = static_cast<std::int32_t>(1000 * k),
                          .time = 2.0f * static_cast<float>(k),
                          .box = {5, 0, 0, 0.5f, 5, 0, 0.25f, 0.125f, 5}});
    return frames;
}

Bytes xtc_file(const std::vector<XtcFrame>& frames) {
    std::vector<Bytes> parts;
    for (const XtcFrame& frame : frames) parts.push_back(xtc_bytes(frame, static_cast<std::uint32_t>(frame.step) + 1));
    return joined(parts);
}

}  // namespace mdloom::sources

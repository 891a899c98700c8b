#include "mdloom/engine/pass.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <bit>
#include <chrono>
#include <cmath>
#include <utility>

namespace mdloom::engine {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

WorkPlace this_place(const std::string& simd) {
    std::array<char, 256> host{};
    gethostname(host.data(), host.size() - 1);
    return {host.data(), getpid(), gettid(), simd};
}

double wall_clock() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// Whether all are finite and below 2^22 Å, of either sign. Bits are compared, as integers, in one plain loop that runs
/// in vectors: 0.3 ns an atom instead of 1.3.
bool is_usable(const std::vector<Vec3>& positions) {
    constexpr auto first_beyond = std::bit_cast<std::uint32_t>(0x1p22f);
    const float* x = positions.empty() ? nullptr : positions.front().data();
    std::uint32_t beyond = 0;  // its highest bit
    for (std::size_t i = 0, n = 3 * positions.size(); i < n; ++i)
        beyond |= first_beyond - 1 - (std::bit_cast<std::uint32_t>(x[i]) & 0x7fffffffu);
    return beyond >> 31 == 0;
}

[[noreturn]] void refuse_coordinate(const Frame& frame, const std::vector<Index>& wanted) {
    for (std::size_t i = 0; i < frame.positions.size(); ++i)
        for (float x : frame.positions[i])
            if (!(std::abs(x) < 0x1p22f))
                throw FormatError(
                    fmt::format("atom {} has the coordinate {}: coordinates must be finite and below 4194304 Å; leave "
                                "the frame out or repair the trajectory",
                                wanted[i], x));
    throw FormatError("a coordinate is not usable");
}

}  // namespace

void read_checked(Reader& reader, const FrameSelection& frames, Index ordinal, const std::vector<Index>& wanted,
                  Frame& frame) {
    const Index frame_index = frames[ordinal];
    try {
        reader.read(frame_index, wanted, frame);
    } catch (const Error& error) {
        throw FrameError(ordinal, error.kind(), error.what());  // readers name file and frame themselves
    } catch (const std::exception& error) {
        throw FrameError(ordinal, ErrorKind::format, fmt::format("frame {}: {}", frame_index, error.what()));
    }
    frame.ordinal = ordinal;
    if (is_usable(frame.positions)) return;
    try {
        refuse_coordinate(frame, wanted);
    } catch (const Error& error) {
        throw FrameError(ordinal, error.kind(), fmt::format("frame {}: {}", frame_index, error.what()));
    }
}

PassWorker::PassWorker(const Run& run, std::shared_ptr<const Source> source) : run_(run), source_(std::move(source)) {
    const auto start = Clock::now();
    reader_ = source_->open_reader();
    open_seconds_ = seconds_since(start);
    renew_scratches();
}

Part PassWorker::work(Chunk chunk) {
    Part part = run_.nothing();
    part.ordinals.add(chunk);
    WorkRecord record{chunk, this_place(run_.simd_), wall_clock(), std::exchange(open_seconds_, 0.0), {}, {}};
    record.read_seconds.reserve(usize(chunk.size()));
    record.compute_seconds.reserve(usize(chunk.size()));
    try {
        expect(chunk);
        for (Index ordinal = chunk.first; ordinal < chunk.stop; ++ordinal) pass(ordinal, part, record);
        finish(chunk, part);
    } catch (...) {
        renew_scratches();
        throw;
    }
    part.records.push_back(std::move(record));
    return part;
}

/// Tells the reader what comes: as many frames as are evenly spaced.
void PassWorker::expect(Chunk chunk) {
    if (chunk.size() == 0) return;
    const auto& frames = run_.frames_;
    const Index first = frames[chunk.first], step = chunk.size() > 1 ? frames[chunk.first + 1] - first : 1;
    Index n = 1;
    while (n < chunk.size() && frames[chunk.first + n] == first + n * step) ++n;
    reader_->expect({first, step, n, run_.wanted_});
}

void PassWorker::pass(Index ordinal, Part& part, WorkRecord& record) {
    const auto start = Clock::now();
    read_checked(*reader_, run_.frames_, ordinal, run_.wanted_, frame_);
    const auto read = Clock::now();
    try {
        for (std::size_t i = 0; i < scratches_.size(); ++i)
            run_.analyses_[i]->single_frame(frame_, run_.groups_[i], *scratches_[i], *part.states[i]);
    } catch (const AnalysisError& error) {
        throw FrameError(ordinal, error.kind(), fmt::format("frame {}: {}", frame_.index, error.what()), error.payload);
    } catch (const Error& error) {
        throw FrameError(ordinal, error.kind(), fmt::format("frame {}: {}", frame_.index, error.what()));
    } catch (const std::exception& error) {
        throw FrameError(ordinal, ErrorKind::state, fmt::format("frame {}: {}", frame_.index, error.what()));
    }
    record.read_seconds.push_back(std::chrono::duration<float>(read - start).count());
    record.compute_seconds.push_back(static_cast<float>(seconds_since(read)));
}

void PassWorker::finish(Chunk chunk, Part& part) try {
    for (std::size_t i = 0; i < scratches_.size(); ++i)
        run_.analyses_[i]->finish_chunk(*scratches_[i], *part.states[i]);
} catch (const AnalysisError& error) {
    const std::string text = fmt::format("after frame {}: {}", run_.frames_[chunk.stop - 1], error.what());
    throw FrameError(chunk.stop - 1, error.kind(), text, error.payload);
} catch (const Error& error) {
    // the machine's failure, not a frame's: what comes before the chunk shall not wait for the rest of it
    throw FrameError(chunk.first, error.kind(), fmt::format("frame {}: {}", run_.frames_[chunk.first], error.what()));
}

void PassWorker::renew_scratches() {
    scratches_.clear();
    for (const auto& analysis : run_.analyses_) scratches_.push_back(analysis->make_scratch());
}

}  // namespace mdloom::engine

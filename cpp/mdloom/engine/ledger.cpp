#include "mdloom/engine/ledger.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace mdloom::engine {

namespace {
constexpr std::chrono::milliseconds a_while{50};
}

RunLedger::RunLedger(Index n_frames, Part start, Watch watch, std::vector<Index> cuts)
    : n_frames_(n_frames),
      watch_(std::move(watch)),
      cuts_(std::move(cuts)),
      done_(start.ordinals),
      resting_(std::move(start)) {
    free_.add(Range{0, n_frames});
    free_.remove(done_);
}

void RunLedger::expect(int n_workers, Index length) {
    const std::lock_guard lock(mutex_);
    n_workers_ = std::max(1, n_workers);
    for (const auto& [worker, chunk] : std::exchange(reserved_, {})) free_again(chunk);
    // A quarter of a fair share at most: what a slow worker holds at first must not hold up a short run.
    const Index share = std::clamp<Index>(free_.size() / (4 * n_workers_), 1, std::max<Index>(1, length));
    for (int worker = 0; worker < n_workers && !free_.empty(); ++worker) reserved_[worker] = first_free(share);
}

std::optional<Chunk> RunLedger::take(int worker, Index length, Index least) {
    const std::lock_guard lock(mutex_);
    return take_now(worker, length, least);
}

std::optional<Chunk> RunLedger::take_or_wait(int worker, Index length) {
    std::unique_lock lock(mutex_);
    // With few frames left, states take longer to make and to merge than frames to look at: 1.3 ms for RMSF of 47,681
    // atoms, of which 500 frames take 80. A worker that is alone has nobody to finish together with.
    const Index least = n_workers_ == 1 ? length : length / 8;
    for (;;) {
        if (is_over()) return std::nullopt;
        if (auto chunk = take_now(worker, length, least)) return chunk;
        changed_.wait_for(lock, a_while);
    }
}

std::optional<Chunk> RunLedger::take_now(int worker, Index length, Index least) {
    if (stopped_ || broken_) return std::nullopt;
    std::optional<Chunk> chunk;
    if (const auto own = reserved_.extract(worker)) {
        chunk = own.mapped();
    } else {
        if (free_.empty()) return std::nullopt;
        // Half a fair share of the rest: the last chunks shrink, so that workers finish together.
        const Index fair = std::max<Index>(std::max<Index>(1, least), free_.size() / (2 * n_workers_));
        chunk = first_free(std::clamp<Index>(length, 1, fair));
    }
    held_[worker].push_back(*chunk);
    return chunk;
}

Chunk RunLedger::first_free(Index length) {
    const Range rest = free_.ranges.front();
    const auto cut = std::ranges::upper_bound(cuts_, rest.first);
    const Index stop = cut == cuts_.end() ? rest.first + length : *cut;
    const Chunk chunk{rest.first, std::min(rest.stop, stop)};
    free_.remove(chunk);
    return chunk;
}

void RunLedger::free_again(Range range) {
    free_.add(range);
    forget_done();
}

/// What is done, or lies behind an error, is not handed out.
void RunLedger::forget_done() {
    free_.remove(done_);
    if (earliest_error_) free_.remove(Range{earliest_error_->ordinal, n_frames_});
}

bool RunLedger::record(int worker, const OrdinalSet& ordinals) {
    const std::lock_guard lock(mutex_);
    const bool is_new = !done_.intersects(ordinals);
    if (is_new) {
        done_.add(ordinals);
        ++n_merging_;
    }
    std::erase_if(held_[worker], [&](Chunk chunk) {
        if (!ordinals.contains(chunk)) return false;
        // Of a dropped part some frames may not be done: a late part was cut differently.
        if (!is_new) free_.add(chunk);
        return true;
    });
    forget_done();
    changed_.notify_all();
    return is_new;
}

bool RunLedger::give(int worker, Part part) {
    if (!record(worker, part.ordinals)) return false;
    try {
        absorb(std::move(part));
    } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!broken_) broken_ = std::current_exception();
        --n_merging_;
        changed_.notify_all();
    }
    return true;
}

/// Merges outside the lock: any two parts may meet, so givers pair up instead of queueing for one total.
void RunLedger::absorb(Part part) {
    std::unique_lock lock(mutex_);
    while (resting_) {
        Part other = *std::exchange(resting_, std::nullopt);
        lock.unlock();
        if (other.records.size() > part.records.size()) std::swap(part, other);
        part.merge(std::move(other));
        lock.lock();
    }
    resting_ = std::move(part);
    --n_merging_;
    changed_.notify_all();
}

void RunLedger::fail(int worker, const FrameError& error) {
    const std::lock_guard lock(mutex_);
    // The frames of the failed chunk before the error are sound: nobody need look at them again.
    std::erase_if(held_[worker],
                  [&](Chunk chunk) { return chunk.first <= error.ordinal && error.ordinal < chunk.stop; });
    if (!earliest_error_ || error.ordinal < earliest_error_->ordinal) earliest_error_.emplace(error);
    for (const auto& [other, chunk] : std::exchange(reserved_, {})) free_.add(chunk);
    forget_done();
    changed_.notify_all();
}

void RunLedger::lost(int worker, std::string_view reason) {
    const std::lock_guard lock(mutex_);
    if (const auto own = reserved_.extract(worker)) free_again(own.mapped());
    for (Chunk chunk : std::exchange(held_[worker], {})) free_again(chunk);
    lost_reason_ = reason;
    changed_.notify_all();
}

void RunLedger::stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
}

bool RunLedger::is_over() const {
    if (stopped_ || broken_ || done_.size() == n_frames_) return true;
    if (!earliest_error_) return false;
    const auto is_earlier = [&](Chunk chunk) { return chunk.first < earliest_error_->ordinal; };
    return free_.empty() &&
           std::ranges::none_of(held_, [&](const auto& held) { return std::ranges::any_of(held.second, is_earlier); });
}

bool RunLedger::over() const {
    const std::lock_guard lock(mutex_);
    return is_over();
}

void RunLedger::wait() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, a_while, [&] { return is_over(); });
}

void RunLedger::report() {
    if (watch_) watch_(n_done(), n_frames_);
}

Index RunLedger::n_done() const {
    const std::lock_guard lock(mutex_);
    return done_.size();
}

Index RunLedger::n_free() const {
    const std::lock_guard lock(mutex_);
    return free_.size();
}

void RunLedger::close() const {
    const std::lock_guard lock(mutex_);
    if (broken_) std::rethrow_exception(broken_);
    if (earliest_error_) throw_error(earliest_error_->kind(), earliest_error_->what(), earliest_error_->payload);
    if (const Index n_missing = n_frames_ - done_.size(); n_missing > 0 && !stopped_)
        throw BackendError(
            fmt::format("{} of {} frames were lost with their workers: {}", n_missing, n_frames_, lost_reason_));
}

void RunLedger::visit(const std::function<void(const Part&)>& look) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return n_merging_ == 0; });
    if (broken_) std::rethrow_exception(broken_);
    look(*resting_);
}

void RunLedger::use_up(const std::function<void(Part&)>& use) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return n_merging_ == 0; });
    if (broken_) std::rethrow_exception(broken_);
    try {
        use(*resting_);
    } catch (...) {
        broken_ = std::current_exception();
        throw;
    }
}

}  // namespace mdloom::engine

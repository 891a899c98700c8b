#include "mdloom/backends/work_through.hpp"

#include <algorithm>
#include <chrono>

namespace mdloom::backends {

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

Index next_length(Index length, Seconds worked, Seconds handed_in) {
    const double wish = std::max(Seconds(0.01), 50 * handed_in) / std::max(worked, Seconds(1e-6));
    return std::max<Index>(1, static_cast<Index>(static_cast<double>(length) * std::clamp(wish, 0.25, 4.0)));
}

std::unique_ptr<Worker> make_worker(Ledger& ledger, const Work& work, int id) try {
    return work.make_worker();
} catch (const std::exception& error) {
    ledger.lost(id, error.what());
    return nullptr;
}

/// Gives the length of the next chunk; 0: this worker is lost.
Index work_once(Ledger& ledger, Worker& worker, int id, Chunk chunk) try {
    const auto started = Clock::now();
    Part part = worker.work(chunk);
    const auto worked = Clock::now();
    ledger.give(id, std::move(part));
    return next_length(chunk.size(), worked - started, Clock::now() - worked);
} catch (const FrameError& error) {
    ledger.fail(id, error);
    return 1;
} catch (const std::exception& error) {
    ledger.lost(id, error.what());
    return 0;
}

}  // namespace

void work_through(Ledger& ledger, const Work& work, int id, const std::function<void()>& between_chunks) {
    const auto worker = make_worker(ledger, work, id);
    Index length = worker ? first_length : 0;
    while (length > 0) {
        const auto chunk = ledger.take_or_wait(id, length);
        if (!chunk) return;
        length = work_once(ledger, *worker, id, *chunk);
        if (between_chunks) between_chunks();
    }
}

}  // namespace mdloom::backends

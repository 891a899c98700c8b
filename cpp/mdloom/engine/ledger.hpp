// The engine's ledger: which ordinals are free, held and done, and what the done ones gave.
#pragma once
#include <condition_variable>
#include <exception>
#include <functional>
#include <map>
#include <mutex>

#include "mdloom/contracts/backend.hpp"

namespace mdloom::engine {

/// Told how far a run is, by the thread that drives it; throws to cancel.
using Watch = std::function<void(Index n_done, Index n_frames)>;

class RunLedger final : public Ledger {
public:
    /// `start` holds what is done already (an empty state per analysis for a new run). `cuts`: ascending ordinals, the
    /// last of them n_frames; chunks then end at the next of them, whatever length is asked for.
    RunLedger(Index n_frames, Part start, Watch watch, std::vector<Index> cuts = {});

    void expect(int n_workers, Index length) override;
    std::optional<Chunk> take(int worker, Index length, Index least = 1) override;
    std::optional<Chunk> take_or_wait(int worker, Index length) override;
    bool give(int worker, Part part) override;
    void fail(int worker, const FrameError& error) override;
    void lost(int worker, std::string_view reason) override;
    void stop() override;
    bool over() const override;
    void wait() override;
    void report() override;

    Index n_done() const;
    Index n_free() const;  ///< neither done nor held nor reserved

    /// Throws the earliest error, or BackendError when frames are missing and nobody said stop.
    void close() const;

    /// Looks at everything given so far; merges wait meanwhile.
    void visit(const std::function<void(const Part&)>& look);

    /// The same once and for all: the states may be used up. Throws what `use` throws, and then whenever asked again.
    void use_up(const std::function<void(Part&)>& use);

private:
    std::optional<Chunk> take_now(int worker, Index length, Index least);
    Chunk first_free(Index length);
    void free_again(Range range);
    void forget_done();
    bool record(int worker, const OrdinalSet& ordinals);
    void absorb(Part part);
    bool is_over() const;

    const Index n_frames_;
    const Watch watch_;
    const std::vector<Index> cuts_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    OrdinalSet free_, done_;
    std::map<int, Chunk> reserved_;
    std::map<int, std::vector<Chunk>> held_;
    int n_workers_ = 1;
    bool stopped_ = false;
    int n_merging_ = 0;
    std::optional<Part> resting_;  ///< handed in, waiting for something to merge with
    std::optional<FrameError> earliest_error_;
    std::string lost_reason_;
    std::exception_ptr broken_;  ///< a merge threw: the sum is no longer known
};

}  // namespace mdloom::engine

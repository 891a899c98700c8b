// Contract: who works. A backend is a loop around the run's ledger.
#pragma once
#include <memory>
#include <optional>

#include "mdloom/base/work_record.hpp"
#include "mdloom/contracts/analysis.hpp"

namespace mdloom {

/// Some ordinals and what they gave, one state per analysis. A worker's hand-in, a checkpoint, a resumed run and a
/// partial result are all Parts.
struct Part {
    OrdinalSet ordinals;
    std::vector<std::unique_ptr<State>> states;
    std::vector<WorkRecord> records;  ///< who gave it; in no particular order

    void merge(Part&& other);
};

/// Works through chunks, one at a time. Belongs to one thread.
class Worker {
public:
    virtual ~Worker() = default;

    /// Throws FrameError for the first frame that fails; the chunk then gives nothing.
    virtual Part work(Chunk chunk) = 0;
};

/// What is to be done, as a backend sees it. May be used from any thread.
class Work {
public:
    virtual ~Work() = default;
    virtual std::unique_ptr<Worker> make_worker() const = 0;
    virtual Bytes pack(const Part& part) const = 0;
    virtual Part unpack(std::span<const std::byte> bytes) const = 0;  ///< throws StateError
};

/// Which frames are done, and what they gave. Every call may come from any thread; a worker may hold several chunks.
class Ledger {
public:
    virtual ~Ledger() = default;

    /// Keeps about `length` ordinals for the first take() of each of the workers 0..n-1, so that none starts idle.
    /// Nobody else gets them unless that worker is lost.
    virtual void expect(int n_workers, Index length) = 0;

    /// At most `length` ordinals; near the end fewer, down to `least`, so that workers finish together. Empty: nothing
    /// is free now.
    virtual std::optional<Chunk> take(int worker, Index length, Index least = 1) = 0;

    /// Like take(), but waits while others hold what might come back; empty: the run is over. Near the end not below an
    /// eighth of `length`, and all of it for a worker that is alone.
    virtual std::optional<Chunk> take_or_wait(int worker, Index length) = 0;

    /// False: some of these ordinals were done already, and all of the part was dropped (retries and duplicates exist).
    virtual bool give(int worker, Part part) = 0;

    /// The run ends with the earliest ordinal's error, once every frame before it has been looked at.
    virtual void fail(int worker, const FrameError& error) = 0;

    /// The worker is gone: what it held is handed out again. What it still hands in late is welcome.
    virtual void lost(int worker, std::string_view reason) = 0;

    /// Nothing more is handed out; what was handed in is kept.
    virtual void stop() = 0;

    /// Everything is done, failed or stopped. Whether anybody is left to do the rest, the backend must know.
    virtual bool over() const = 0;

    /// Waits until over(), at most some 50 ms.
    virtual void wait() = 0;

    /// Tells whoever watches the run how far it is. Only from the thread that called drive(), about every 50 ms; throws
    /// what the watcher throws (a cancel).
    virtual void report() = 0;
};

class Backend {
public:
    virtual ~Backend() = default;

    /// Returns when the run is over and no worker works any more, also when report() throws.
    virtual void drive(Ledger& ledger, const Work& work) = 0;
};

}  // namespace mdloom

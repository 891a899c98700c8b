#include "support/chaos.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

namespace mdloom::laws {

namespace {

std::atomic<Index> n_dropped = 0;

struct Parcel {
    int worker;
    Bytes bytes;
};

void hand_in(const Parcel& parcel, int times, Ledger& ledger, const Work& work) {
    for (; times > 0; --times)
        if (!ledger.give(parcel.worker, work.unpack(parcel.bytes))) ++n_dropped;
}

class Chaos final : public Backend {
public:
    explicit Chaos(std::uint64_t seed) : dice_(seed) {}

    void drive(Ledger& ledger, const Work& work) override {
        ledger.expect(5, dice_.between(1, 20));
        parcels_.clear();
        for (int worker = 2; !ledger.over(); ++worker) {
            const bool took = take_some(worker % 40, ledger, work);
            deliver(took ? 0.4 : 1.0, ledger, work);
            if (!took) ledger.lost(static_cast<int>(dice_.between(0, 1)), "never came");
            ledger.report();
        }
        deliver(1.0, ledger, work);
        ledger.report();
    }

private:
    /// False: there was nothing to take.
    bool take_some(int worker, Ledger& ledger, const Work& work) {
        std::vector<Chunk> chunks;
        for (auto n = dice_.between(1, 3); n > 0; --n)
            if (const auto chunk = ledger.take(worker, dice_.between(1, 12), dice_.between(1, 6)))
                chunks.push_back(*chunk);
        std::ranges::shuffle(chunks, dice_.generator());
        for (Chunk chunk : chunks) work_on(chunk, worker, ledger, work);
        if (dice_.chance(0.3)) ledger.lost(worker, "power cut");
        return !chunks.empty();
    }

    void work_on(Chunk chunk, int worker, Ledger& ledger, const Work& work) {
        try {
            Bytes bytes = work.pack(work.make_worker()->work(chunk));
            if (dice_.chance(0.15))
                ledger.lost(worker, "cable pulled");
            else
                parcels_.push_back({worker, std::move(bytes)});
        } catch (const FrameError& error) {
            ledger.fail(worker, error);
        }
    }

    void deliver(double p, Ledger& ledger, const Work& work) {
        std::ranges::shuffle(parcels_, dice_.generator());
        while (!parcels_.empty() && dice_.chance(p)) {
            hand_in(parcels_.back(), dice_.chance(0.2) ? 2 : 1, ledger, work);
            parcels_.pop_back();
        }
    }

    Dice dice_;
    std::vector<Parcel> parcels_;
};

class ThreadedChaos final : public Backend {
public:
    explicit ThreadedChaos(std::uint64_t seed) : dice_(seed) {}

    void drive(Ledger& ledger, const Work& work) override {
        ledger.expect(n_threads, 8);
        next_worker_ = n_threads;
        {
            std::vector<std::jthread> threads;
            for (int worker = 0; worker < n_threads; ++worker)
                threads.emplace_back([&, worker, seed = dice_.seed()] { live(worker, Dice(seed), ledger, work); });
            while (!ledger.over()) ledger.wait(), report_or_stop(ledger);
        }
        ledger.report();
    }

private:
    static constexpr int n_threads = 3;

    /// The threads are joined before the exception leaves drive(), so they must hear of it first.
    static void report_or_stop(Ledger& ledger) {
        try {
            ledger.report();
        } catch (...) {
            ledger.stop();
            throw;
        }
    }

    void live(int worker, Dice dice, Ledger& ledger, const Work& work) {
        const auto hands = work.make_worker();
        while (const auto chunk = ledger.take_or_wait(worker, dice.between(1, 12))) {
            const bool dies = dice.chance(0.3);
            if (dies) ledger.lost(worker, "power cut");  // the others may have it now, in other cuts
            try {
                const Parcel parcel{worker, work.pack(hands->work(*chunk))};
                if (!dies || dice.chance(0.7)) hand_in(parcel, dice.chance(0.2) ? 2 : 1, ledger, work);
            } catch (const FrameError& error) {
                ledger.fail(worker, error);
            }
            if (dies) worker = next_worker_++;
        }
    }

    Dice dice_;
    std::atomic<int> next_worker_ = n_threads;
};

}  // namespace

std::unique_ptr<Backend> chaos(std::uint64_t seed) {
    return std::make_unique<Chaos>(seed);
}
std::unique_ptr<Backend> threaded_chaos(std::uint64_t seed) {
    return std::make_unique<ThreadedChaos>(seed);
}
Index n_dropped_parts() {
    return n_dropped;
}

}  // namespace mdloom::laws

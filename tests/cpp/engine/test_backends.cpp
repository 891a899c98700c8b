#include <gmock/gmock.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <set>
#include <thread>

#include "mdloom/backends/catalog.hpp"
#include "support/case.hpp"

namespace mdloom::engine {
namespace {

using laws::error_of;

/// Gives empty parts, says where it worked, and takes its time.
class SleepyWork final : public Work {
public:
    explicit SleepyWork(std::chrono::microseconds per_frame) : per_frame_(per_frame) {}

    std::unique_ptr<Worker> make_worker() const override { return std::make_unique<Sleeper>(*this); }
    Bytes pack(const Part&) const override { return {}; }
    Part unpack(std::span<const std::byte>) const override { return {}; }

    mutable std::atomic<int> n_working = 0;
    mutable std::atomic<int> n_workers_made = 0;
    mutable std::atomic<Index> longest_chunk = 0;

private:
    struct Sleeper final : Worker {
        explicit Sleeper(const SleepyWork& sleepy) : work_(sleepy) { ++work_.n_workers_made; }
        Part work(Chunk chunk) override {
            ++work_.n_working;
            std::this_thread::sleep_for(work_.per_frame_ * chunk.size());
            Part part;
            part.ordinals.add(chunk);
            part.records.push_back({chunk, {"", getpid(), gettid(), ""}, 0, 0, {}, {}});
            if (chunk.size() > work_.longest_chunk) work_.longest_chunk = chunk.size();
            --work_.n_working;
            return part;
        }
        const SleepyWork& work_;
    };
    const std::chrono::microseconds per_frame_;
};

std::set<Index> threads_of(RunLedger& ledger) {
    std::set<Index> threads;
    ledger.visit([&](const Part& part) {
        for (const WorkRecord& record : part.records) threads.insert(record.place.thread);
    });
    return threads;
}

Index n_threads_of_this_process() {
    Index n = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) ++n;
    return n;
}

TEST(Threads, all_of_them_work_even_on_a_short_run) {
    for (int n : {1, 2, 3, 8})
        for (int times = 0; times < 20; ++times) {
            const SleepyWork work(std::chrono::microseconds(0));
            RunLedger ledger(2 * n, Part{}, {});
            backends::threads(n)->drive(ledger, work);
            ledger.close();
            const auto threads = threads_of(ledger);
            EXPECT_EQ(threads.size(), static_cast<std::size_t>(n));
            EXPECT_FALSE(threads.contains(gettid())) << "the calling thread only watches";
            EXPECT_EQ(work.n_workers_made, n);
        }
}

TEST(Threads, none_is_left_after_the_run) {
    std::jthread([] {}).join();  // the thread sanitizer starts one of its own with the first
    const Index before = n_threads_of_this_process();
    const SleepyWork work(std::chrono::microseconds(10));
    RunLedger ledger(500, Part{}, {});
    backends::threads(6)->drive(ledger, work);
    // A joined thread may still be listed for a moment.
    for (int i = 0; i < 500 && n_threads_of_this_process() > before; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_LE(n_threads_of_this_process(), before);
}

TEST(Threads, fewer_than_one_are_one) {
    const SleepyWork work(std::chrono::microseconds(0));
    RunLedger ledger(5, Part{}, {});
    backends::threads(0)->drive(ledger, work);
    EXPECT_EQ(threads_of(ledger).size(), 1u);
}

TEST(Threads, make_chunks_of_some_10_ms) {
    const SleepyWork work(std::chrono::microseconds(100));
    RunLedger ledger(4000, Part{}, {});
    backends::threads(2)->drive(ledger, work);
    EXPECT_GT(work.longest_chunk, 32);
    EXPECT_LT(work.longest_chunk, 500);
}

TEST(Threads, tell_the_watch_regularly_in_the_calling_thread_and_at_the_end) {
    std::vector<Index> told;
    std::set<Index> threads;
    RunLedger ledger(400, Part{}, [&](Index n_done, Index n_frames) {
        told.push_back(n_done);
        threads.insert(gettid());
        EXPECT_EQ(n_frames, 400);
    });
    backends::threads(2)->drive(ledger, SleepyWork(std::chrono::microseconds(1000)));  // 200 ms
    EXPECT_GE(told.size(), 3u);
    EXPECT_TRUE(std::ranges::is_sorted(told));
    EXPECT_EQ(told.back(), 400);
    EXPECT_EQ(threads, std::set<Index>{gettid()});
}

class Cancelling : public testing::TestWithParam<int> {
protected:
    static std::unique_ptr<Backend> backend() {
        return GetParam() == 0 ? backends::serial() : backends::threads(GetParam());
    }
};

TEST_P(Cancelling, what_the_watch_throws_stops_the_run_within_a_chunk_and_is_thrown_again) {
    const SleepyWork work(std::chrono::microseconds(2000));
    RunLedger ledger(100'000, Part{}, [](Index, Index) { throw std::runtime_error("ctrl-c"); });
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(error_of([&] { backend()->drive(ledger, work); }), "ctrl-c");
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(900));
    EXPECT_EQ(work.n_working, 0) << "nobody works any more";
    EXPECT_TRUE(ledger.over());
    EXPECT_EQ(error_of([&] { ledger.close(); }), "no error") << "stopped is not lost";
    EXPECT_GT(ledger.n_done(), 0);
    EXPECT_EQ(threads_of(ledger).empty(), false);
}

TEST_P(Cancelling, slow_frames_can_be_cancelled_within_a_second) {
    const SleepyWork work(std::chrono::milliseconds(200));
    RunLedger ledger(1000, Part{}, [](Index, Index) { throw std::runtime_error("ctrl-c"); });
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(error_of([&] { backend()->drive(ledger, work); }), "ctrl-c");
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(1000));
}

TEST_P(Cancelling, a_watch_that_throws_at_the_end_takes_nothing_away) {
    RunLedger ledger(20, Part{}, [](Index n_done, Index n_frames) {
        if (n_done == n_frames) throw std::runtime_error("too late");
    });
    EXPECT_EQ(error_of([&] { backend()->drive(ledger, SleepyWork(std::chrono::microseconds(0))); }), "too late");
    EXPECT_EQ(ledger.n_done(), 20);
}

INSTANTIATE_TEST_SUITE_P(all, Cancelling, testing::Values(0, 1, 3), [](const auto& n) {
    return n.param == 0 ? std::string("serial") : "threads_" + std::to_string(n.param);
});

TEST(Serial, starts_no_thread_and_works_in_the_calling_one) {
    const Index before = n_threads_of_this_process();
    Index during = 0;
    RunLedger ledger(400, Part{}, [&](Index, Index) { during = std::max(during, n_threads_of_this_process()); });
    backends::serial()->drive(ledger, SleepyWork(std::chrono::microseconds(500)));
    EXPECT_LE(during, before);
    EXPECT_EQ(threads_of(ledger), std::set<Index>{gettid()});
}

TEST(Threads, four_runs_at_a_time_do_not_disturb_each_other) {
    laws::Dice dice(11);
    laws::Case given = laws::Case::random(dice);
    for (Index i = 0; i < 2000; ++i) given.frames.push_back(i % index_of(given.moments.size()));
    const engine::Run run = laws::make_run(given, laws::toys(), 11);
    const Bytes expected = run.knowledge(laws::work_in_one_go(run));
    std::array<Bytes, 4> found;
    {
        std::vector<std::jthread> callers;
        for (Bytes& bytes : found)
            callers.emplace_back([&] { bytes = run.knowledge(laws::gather(run, *backends::threads(3))); });
    }
    for (const Bytes& bytes : found) EXPECT_EQ(bytes, expected);
}

}  // namespace
}  // namespace mdloom::engine

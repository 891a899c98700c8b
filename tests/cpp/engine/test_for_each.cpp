#include "mdloom/backends/for_each.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>
#include <thread>

#include "mdloom/base/error.hpp"
#include "support/scratch_folder.hpp"

namespace mdloom::backends {
namespace {

using std::chrono::milliseconds;

TEST(ForEachInThreads, does_every_piece_once) {
    for (const Index n : {0, 1, 2, 3, 40, 5000}) {
        std::vector<std::atomic<int>> counts(usize(n));
        for_each()(n, [&](Index i) { ++counts[usize(i)]; });
        for (const auto& count : counts) EXPECT_EQ(count, 1);
    }
}

TEST(ForEachInThreads, that_wait_are_more_than_the_cores) {
    const sources::Environment one_core("MDLOOM_NUM_JOBS", "1");
    std::atomic<int> n_together = 0, most = 0;
    for_each()(200, [&](Index) {
        const int n = ++n_together;
        for (int before = most; n > before && !most.compare_exchange_weak(before, n);) {
        }
        std::this_thread::sleep_for(milliseconds(10));
        --n_together;
    });
    EXPECT_GT(most, 8);
    EXPECT_LE(most, 32);
}

TEST(ForEachInThreads, throws_what_a_piece_threw_and_leaves_out_the_rest) {
    std::atomic<int> n_done = 0;
    try {
        for_each()(100'000, [&](Index i) {
            ++n_done;
            if (i == 10) throw StateError("piece 10");
        });
        FAIL();
    } catch (const StateError& error) {
        EXPECT_STREQ(error.what(), "piece 10");
    }
    EXPECT_LT(n_done, 100'000);
}

TEST(ForEachInThreads, ends_when_the_watch_throws) {
    struct Cancelled {};
    std::atomic<int> n_done = 0;
    const auto watch = [] { throw Cancelled{}; };
    EXPECT_THROW(for_each(watch)(100'000,
                                 [&](Index) {
                                     ++n_done;
                                     std::this_thread::sleep_for(milliseconds(1));
                                 }),
                 Cancelled);
    EXPECT_LT(n_done, 100'000);
}

TEST(ForEachInThreads, calls_the_watch_in_the_calling_thread_also_between_single_pieces) {
    std::set<std::thread::id> watchers;
    const ForEach each = for_each([&] { watchers.insert(std::this_thread::get_id()); });
    for (int i = 0; i < 30; ++i) each(1, [](Index) { std::this_thread::sleep_for(milliseconds(5)); });
    EXPECT_EQ(watchers, std::set{std::this_thread::get_id()});
}

TEST(ForEachInThreads, takes_one_core_when_nobody_can_say_how_many_there_are) {
    const sources::Environment nonsense("MDLOOM_NUM_JOBS", "many");
    std::atomic<int> n_done = 0;
    for_each()(10, [&](Index) { ++n_done; });
    EXPECT_EQ(n_done, 10);
}

}  // namespace
}  // namespace mdloom::backends

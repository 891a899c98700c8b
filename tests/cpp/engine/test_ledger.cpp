#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "mdloom/engine/ledger.hpp"
#include "support/dice.hpp"

namespace mdloom::engine {
namespace {

using laws::error_of;
using std::chrono::steady_clock;

Part part_of(Range range) {
    Part part;
    part.ordinals.add(range);
    part.records.push_back({range, {}, 0, 0, {}, {}});
    return part;
}

FrameError bad(Index ordinal) {
    return {ordinal, ErrorKind::format, "ordinal " + std::to_string(ordinal)};
}

RunLedger ledger_of(Index n_frames) {
    return {n_frames, Part{}, {}};
}

/// Takes and hands in until nothing more is to be had.
void finish(RunLedger& ledger, int worker = 0) {
    while (const auto chunk = ledger.take(worker, 5)) ledger.give(worker, part_of(*chunk));
}

OrdinalSet known(RunLedger& ledger) {
    OrdinalSet ordinals;
    ledger.visit([&](const Part& part) { ordinals = part.ordinals; });
    return ordinals;
}

OrdinalSet all(Index n_frames) {
    return {{{0, n_frames}}};
}

TEST(RunLedger, hands_out_every_ordinal_once) {
    RunLedger ledger = ledger_of(100);
    OrdinalSet taken;
    Index n = 0;
    while (const auto chunk = ledger.take(static_cast<int>(n % 3), 7)) {
        EXPECT_FALSE(chunk->empty());
        EXPECT_LE(chunk->size(), 7);
        EXPECT_FALSE(taken.intersects(OrdinalSet{{*chunk}}));
        taken.add(*chunk);
        ++n;
    }
    EXPECT_EQ(taken, all(100));
    EXPECT_EQ(ledger.n_free(), 0);
    EXPECT_EQ(ledger.n_done(), 0);
    EXPECT_FALSE(ledger.over()) << "taken is not done";
}

TEST(RunLedger, keeps_a_first_chunk_for_every_expected_worker) {
    RunLedger ledger = ledger_of(8);
    ledger.expect(4, 16);
    EXPECT_EQ(ledger.n_free(), 4);
    OrdinalSet taken;
    while (const auto chunk = ledger.take(0, 16)) taken.add(*chunk), ledger.give(0, part_of(*chunk));
    EXPECT_EQ(taken.size(), 5) << "one reserved for worker 0, four free, three kept for the others";
    EXPECT_EQ(ledger.n_free(), 0);
    EXPECT_FALSE(ledger.over());
    for (int worker : {3, 1, 2}) {
        const auto chunk = ledger.take(worker, 16);
        ASSERT_TRUE(chunk);
        EXPECT_EQ(chunk->size(), 1);
        EXPECT_FALSE(taken.contains(*chunk));
        EXPECT_TRUE(ledger.give(worker, part_of(*chunk)));
        EXPECT_FALSE(ledger.take(worker, 16));
    }
    EXPECT_TRUE(ledger.over());
    EXPECT_EQ(known(ledger), all(8));
}

TEST(RunLedger, gives_a_reservation_to_others_only_when_its_worker_is_lost) {
    RunLedger ledger = ledger_of(4);
    ledger.expect(2, 16);
    finish(ledger, 0);
    EXPECT_EQ(ledger.n_done(), 3);
    EXPECT_FALSE(ledger.take(0, 1));
    ledger.lost(1, "never came");
    EXPECT_EQ(ledger.n_free(), 1);
    finish(ledger, 0);
    EXPECT_TRUE(ledger.over());
    EXPECT_EQ(error_of([&] { ledger.close(); }), "no error");
}

TEST(RunLedger, with_more_workers_than_frames_leaves_some_without) {
    RunLedger ledger = ledger_of(3);
    ledger.expect(10, 16);
    EXPECT_EQ(ledger.n_free(), 0);
    for (int worker : {9, 5, 3}) EXPECT_FALSE(ledger.take(worker, 16)) << worker;
    for (int worker : {2, 0, 1}) {
        const auto chunk = ledger.take(worker, 16);
        ASSERT_TRUE(chunk);
        EXPECT_EQ(*chunk, (Chunk{worker, worker + 1}));
        ledger.give(worker, part_of(*chunk));
    }
    EXPECT_TRUE(ledger.over());
}

TEST(RunLedger, expecting_again_forgets_no_frame) {
    RunLedger ledger = ledger_of(40);
    ledger.expect(2, 16);
    ledger.expect(8, 16);
    for (int worker = 0; worker < 8; ++worker) finish(ledger, worker);
    EXPECT_EQ(ledger.n_done(), 40);
    EXPECT_TRUE(ledger.over());
}

TEST(RunLedger, of_no_frames_is_over_from_the_start) {
    RunLedger ledger = ledger_of(0);
    EXPECT_TRUE(ledger.over());
    ledger.expect(4, 16);
    EXPECT_FALSE(ledger.take(0, 16));
    EXPECT_FALSE(ledger.take_or_wait(0, 16));
    ledger.wait();
    ledger.lost(0, "power cut");
    EXPECT_EQ(error_of([&] { ledger.close(); }), "no error");
    EXPECT_TRUE(known(ledger).empty());
}

TEST(RunLedger, starts_with_what_is_done_already) {
    Part start = part_of({10, 20});
    RunLedger ledger(30, std::move(start), {});
    EXPECT_EQ(ledger.n_done(), 10);
    EXPECT_EQ(ledger.n_free(), 20);
    OrdinalSet taken;
    while (const auto chunk = ledger.take(0, 100)) taken.add(*chunk), ledger.give(0, part_of(*chunk));
    EXPECT_EQ(taken, (OrdinalSet{{{0, 10}, {20, 30}}}));
    EXPECT_EQ(known(ledger), all(30));
}

TEST(RunLedger, lets_a_worker_hold_several_chunks_and_frees_all_of_them_when_it_is_lost) {
    RunLedger ledger = ledger_of(100);
    const auto a = ledger.take(1, 10), b = ledger.take(1, 10), c = ledger.take(1, 10);
    ASSERT_TRUE(a && b && c);
    EXPECT_TRUE(ledger.give(1, part_of(*b)));
    EXPECT_EQ(ledger.n_free(), 70);
    ledger.lost(1, "power cut");
    EXPECT_EQ(ledger.n_free(), 90) << "what it handed in stays";
    EXPECT_EQ(*ledger.take(2, 10), *a);
}

TEST(RunLedger, drops_a_duplicate_whole) {
    RunLedger ledger = ledger_of(20);
    const auto chunk = ledger.take(0, 10);
    EXPECT_TRUE(ledger.give(0, part_of(*chunk)));
    EXPECT_FALSE(ledger.give(0, part_of(*chunk)));
    EXPECT_FALSE(ledger.give(7, part_of({chunk->first, chunk->stop + 1})));
    EXPECT_EQ(known(ledger), (OrdinalSet{{*chunk}}));
    Index n_records = 0;
    ledger.visit([&](const Part& part) { n_records = index_of(part.records.size()); });
    EXPECT_EQ(n_records, 1);
}

TEST(RunLedger, welcomes_a_late_part_and_never_asks_for_its_frames_again) {
    RunLedger ledger = ledger_of(20);
    const auto chunk = ledger.take(0, 10);
    ledger.lost(0, "cable pulled");
    EXPECT_EQ(ledger.n_free(), 20);
    EXPECT_TRUE(ledger.give(0, part_of(*chunk)));
    EXPECT_EQ(ledger.n_free(), 10);
    finish(ledger, 1);
    EXPECT_EQ(known(ledger), all(20));
}

/// The frames of a dropped part that nobody else did must come back: else they would be lost for good.
TEST(RunLedger, hands_out_again_what_a_dropped_part_did_and_the_late_one_did_not) {
    RunLedger ledger = ledger_of(20);
    const auto first = ledger.take(0, 4);
    ASSERT_EQ(*first, (Chunk{0, 4}));
    ledger.lost(0, "cable pulled");
    const auto recut = ledger.take(1, 10);
    ASSERT_EQ(*recut, (Chunk{0, 10}));
    EXPECT_TRUE(ledger.give(0, part_of(*first)));
    EXPECT_FALSE(ledger.give(1, part_of(*recut)));
    EXPECT_EQ(ledger.n_free(), 16);
    EXPECT_EQ(ledger.take(1, 20)->first, 4);
    ledger.lost(1, "power cut");
    finish(ledger, 2);
    EXPECT_TRUE(ledger.over());
    EXPECT_EQ(known(ledger), all(20));
}

TEST(RunLedger, frees_only_what_is_not_done_when_the_holder_of_a_recut_chunk_is_lost) {
    RunLedger ledger = ledger_of(20);
    const auto first = ledger.take(0, 4);
    ledger.lost(0, "cable pulled");
    ledger.take(1, 10);
    ledger.give(0, part_of(*first));
    ledger.lost(1, "power cut");
    EXPECT_EQ(ledger.n_free(), 16);
}

TEST(RunLedger, after_an_error_hands_out_earlier_frames_only) {
    RunLedger ledger = ledger_of(100);
    const auto early = ledger.take(0, 10), late = ledger.take(1, 10);
    ledger.lost(0, "power cut");
    ledger.fail(1, bad(late->first + 3));
    EXPECT_EQ(ledger.n_free(), early->size());
    EXPECT_FALSE(ledger.over());
    EXPECT_EQ(*ledger.take(2, 100), (Chunk{0, 5})) << "half of what is left";
    EXPECT_EQ(*ledger.take(2, 100), (Chunk{5, 7}));
    EXPECT_FALSE(ledger.over());
    ledger.give(2, part_of({0, 5}));
    ledger.give(2, part_of({5, 7}));
    finish(ledger, 2);
    EXPECT_TRUE(ledger.over());
    EXPECT_EQ(error_of([&] { ledger.close(); }), "ordinal 13");
    EXPECT_THROW(ledger.close(), FormatError);
}

TEST(RunLedger, reports_the_earliest_of_several_errors_in_whatever_order_they_come) {
    for (bool early_first : {true, false}) {
        RunLedger ledger = ledger_of(100);
        const auto a = ledger.take(0, 10), b = ledger.take(1, 10), c = ledger.take(2, 10);
        ledger.fail(1, bad(b->first));
        EXPECT_FALSE(ledger.over()) << "an earlier frame is still being looked at";
        if (early_first)
            ledger.fail(0, bad(a->first + 1)), ledger.fail(2, bad(c->first));
        else
            ledger.fail(2, bad(c->first)), ledger.fail(0, bad(a->first + 1));
        EXPECT_TRUE(ledger.over());
        EXPECT_EQ(error_of([&] { ledger.close(); }), "ordinal 1");
    }
}

TEST(RunLedger, a_failing_worker_keeps_its_other_chunks) {
    RunLedger ledger = ledger_of(100);
    const auto a = ledger.take(0, 10), b = ledger.take(0, 10), c = ledger.take(0, 10);
    ASSERT_TRUE(a && b && c);
    ledger.fail(0, bad(b->first));
    EXPECT_FALSE(ledger.over()) << "its earlier chunk may hold an earlier error";
    EXPECT_EQ(ledger.n_free(), 0);
    EXPECT_TRUE(ledger.give(0, part_of(*c))) << "good work behind the error is kept";
    EXPECT_FALSE(ledger.over());
    ledger.give(0, part_of(*a));
    EXPECT_TRUE(ledger.over());
    EXPECT_EQ(known(ledger), (OrdinalSet{{*a, *c}}));
    EXPECT_EQ(error_of([&] { ledger.close(); }), "ordinal 10");
}

TEST(RunLedger, a_lost_worker_s_earlier_chunk_is_looked_at_by_others_after_an_error) {
    RunLedger ledger = ledger_of(100);
    const auto a = ledger.take(0, 10), b = ledger.take(1, 10);
    ledger.fail(1, bad(b->first));
    ledger.lost(0, "power cut");
    EXPECT_FALSE(ledger.over());
    const auto again = ledger.take(2, 4);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->first, a->first);
    ledger.fail(2, bad(again->first));
    EXPECT_TRUE(ledger.over());
    EXPECT_EQ(error_of([&] { ledger.close(); }), "ordinal 0");
}

TEST(RunLedger, an_error_gives_reservations_of_earlier_frames_to_anybody) {
    RunLedger ledger = ledger_of(100);
    ledger.expect(2, 10);  // worker 0 never comes, and its frames lie before the error
    const auto second = ledger.take(1, 10);
    ASSERT_EQ(second->first, 10);
    ledger.fail(1, bad(second->first));
    EXPECT_EQ(ledger.n_free(), 10);
    finish(ledger, 1);
    EXPECT_TRUE(ledger.over());
}

TEST(RunLedger, a_stop_hands_out_nothing_more_and_keeps_what_comes) {
    RunLedger ledger = ledger_of(100);
    const auto chunk = ledger.take(0, 10);
    ledger.stop();
    EXPECT_TRUE(ledger.over());
    EXPECT_FALSE(ledger.take(0, 10));
    EXPECT_FALSE(ledger.take_or_wait(0, 10));
    EXPECT_TRUE(ledger.give(0, part_of(*chunk)));
    EXPECT_EQ(known(ledger), (OrdinalSet{{*chunk}}));
    EXPECT_EQ(error_of([&] { ledger.close(); }), "no error");
}

TEST(RunLedger, close_counts_the_missing_frames_and_gives_the_last_reason) {
    RunLedger ledger = ledger_of(100);
    ledger.give(0, part_of(*ledger.take(0, 10)));
    ledger.lost(0, "out of memory");
    EXPECT_FALSE(ledger.over()) << "somebody else might come";
    EXPECT_EQ(error_of([&] { ledger.close(); }), "90 of 100 frames were lost with their workers: out of memory");
    EXPECT_THROW(ledger.close(), BackendError);
}

TEST(RunLedger, a_waiting_worker_gets_what_a_lost_one_held) {
    RunLedger ledger = ledger_of(1);
    const auto chunk = ledger.take(0, 1);
    std::optional<Chunk> inherited;
    {
        std::jthread heir([&] {
            inherited = ledger.take_or_wait(1, 1);
            if (inherited) ledger.give(1, part_of(*inherited));
        });
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        ledger.lost(0, "power cut");
    }
    EXPECT_EQ(inherited, chunk);
    EXPECT_TRUE(ledger.over());
}

TEST(RunLedger, waiting_workers_go_home_when_the_last_part_comes_the_run_stops_or_fails) {
    for (int how : {0, 1, 2}) {
        RunLedger ledger = ledger_of(1);
        const auto chunk = ledger.take(0, 1);
        std::jthread waiting([&] { EXPECT_FALSE(ledger.take_or_wait(1, 1)); });
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        if (how == 0) ledger.give(0, part_of(*chunk));
        if (how == 1) ledger.stop();
        if (how == 2) ledger.fail(0, bad(0));
    }
}

TEST(RunLedger, waits_some_50_ms_at_most_and_not_at_all_when_over) {
    RunLedger ledger = ledger_of(1);
    auto start = steady_clock::now();
    ledger.wait();
    EXPECT_GE(steady_clock::now() - start, std::chrono::milliseconds(40));
    ledger.stop();
    start = steady_clock::now();
    for (int i = 0; i < 100; ++i) ledger.wait();
    EXPECT_LT(steady_clock::now() - start, std::chrono::milliseconds(1000));
}

TEST(RunLedger, report_tells_the_watch_how_far_it_is_and_throws_what_it_throws) {
    std::vector<std::pair<Index, Index>> told;
    RunLedger ledger(30, part_of({0, 5}), [&](Index n_done, Index n_frames) {
        told.emplace_back(n_done, n_frames);
        if (n_done > 10) throw std::runtime_error("enough");
    });
    ledger.report();
    ledger.give(0, part_of({10, 20}));
    EXPECT_EQ(error_of([&] { ledger.report(); }), "enough");
    EXPECT_EQ(told, (std::vector<std::pair<Index, Index>>{{5, 30}, {15, 30}}));
    ledger_of(3).report();  // nobody watches
}

/// Refuses to merge.
struct Brittle final : State {
    void merge(State&&) override { throw StateError("cannot merge states of different shapes"); }
    void write(ByteWriter&) const override {}
};

TEST(RunLedger, a_merge_that_throws_ends_the_run_with_its_error) {
    const auto brittle = [](Range range) {
        Part part = part_of(range);
        part.states.push_back(std::make_unique<Brittle>());
        return part;
    };
    RunLedger ledger(10, brittle({0, 1}), {});
    EXPECT_TRUE(ledger.give(0, brittle({1, 2})));
    EXPECT_TRUE(ledger.over());
    EXPECT_FALSE(ledger.take(0, 1));
    EXPECT_EQ(error_of([&] { ledger.close(); }), "cannot merge states of different shapes");
    EXPECT_EQ(error_of([&] { known(ledger); }), "cannot merge states of different shapes");
}

TEST(RunLedger, may_be_visited_while_others_give) {
    RunLedger ledger = ledger_of(4000);
    std::atomic<bool> consistent = true;
    Index seen = 0;
    {
        std::vector<std::jthread> workers;
        for (int worker = 0; worker < 3; ++worker)
            workers.emplace_back([&, worker] {
                while (const auto chunk = ledger.take_or_wait(worker, 3)) ledger.give(worker, part_of(*chunk));
            });
        while (!ledger.over())
            ledger.visit([&](const Part& part) {
                Index n = 0;
                for (const WorkRecord& record : part.records) n += record.ordinals.size();
                if (n != part.ordinals.size() || n < seen) consistent = false;
                seen = n;
            });
    }
    EXPECT_TRUE(consistent) << "a visit must see whole parts, and never less than before";
    EXPECT_EQ(known(ledger), all(4000));
}

/// Random workers against what must hold at any time.
TEST(RunLedger, never_loses_a_frame_whatever_workers_do) {
    laws::for_cases(400, [](laws::Dice& dice) {
        const Index n_frames = dice.between(0, 60);
        RunLedger ledger = ledger_of(n_frames);
        std::vector<std::pair<int, Chunk>> held;  // also by those the ledger thinks lost
        const auto at_random = [&] { return held.begin() + dice.between(0, index_of(held.size()) - 1); };
        for (int step = 0; step < 200; ++step) {
            const int worker = static_cast<int>(dice.between(0, 4));
            const Index what = dice.between(0, 9);
            if (what == 0) ledger.lost(worker, "lost");
            if (what == 1 && dice.chance(0.2)) ledger.expect(static_cast<int>(dice.between(0, 5)), dice.between(0, 9));
            if (what >= 2 && what < 6)
                if (const auto chunk = ledger.take(worker, dice.between(1, 12))) held.emplace_back(worker, *chunk);
            if (what >= 6 && !held.empty()) {
                const auto at = at_random();
                ledger.give(at->first, part_of(at->second));
                if (dice.chance(0.8)) held.erase(at);
            }
        }
        for (int worker = 0; worker < 5; ++worker) ledger.lost(worker, "lost");
        finish(ledger, 9);
        EXPECT_TRUE(ledger.over());
        EXPECT_EQ(ledger.n_done(), n_frames);
        EXPECT_EQ(known(ledger).size(), n_frames);
    });
}

}  // namespace
}  // namespace mdloom::engine

// How long chunks are, and where they get short.
#include <gmock/gmock.h>

#include <numeric>

#include "mdloom/engine/ledger.hpp"

namespace mdloom::engine {
namespace {

RunLedger ledger_of(Index n_frames) {
    return {n_frames, Part{}, {}};
}

TEST(RunLedger, makes_the_last_chunks_small_so_that_workers_finish_together) {
    RunLedger ledger = ledger_of(1000);
    ledger.expect(4, 0);
    Index last = 0;
    while (const auto chunk = ledger.take(9, 1'000'000)) {
        EXPECT_LE(chunk->size(), 1000 / 8) << "half a fair share at most";
        last = chunk->size();
    }
    EXPECT_EQ(last, 1);
}

TEST(RunLedger, makes_no_chunk_of_one_who_waits_smaller_than_an_eighth_of_what_was_asked_for) {
    RunLedger ledger = ledger_of(1000);
    ledger.expect(4, 0);
    std::vector<Index> lengths;
    while (ledger.n_free() > 0) lengths.push_back(ledger.take_or_wait(9, 160)->size());
    EXPECT_EQ(lengths.front(), 996 / 8) << "one is kept for each of the workers";
    const Index last = lengths.back();
    lengths.pop_back();
    EXPECT_EQ(lengths.back(), 160 / 8);
    EXPECT_LE(last, 160 / 8) << "the rest";
}

TEST(RunLedger, gives_a_worker_that_is_alone_and_waits_all_that_it_asks_for) {
    RunLedger ledger = ledger_of(250);
    ledger.expect(1, 1);
    EXPECT_EQ(*ledger.take_or_wait(0, 100), (Chunk{0, 1}));
    EXPECT_EQ(*ledger.take_or_wait(0, 100), (Chunk{1, 101}));
    EXPECT_EQ(*ledger.take_or_wait(0, 100), (Chunk{101, 201}));
    EXPECT_EQ(*ledger.take_or_wait(0, 100), (Chunk{201, 250}));
}

TEST(RunLedger, makes_no_chunk_smaller_than_the_least_a_backend_wants_while_there_are_frames_enough) {
    RunLedger ledger = ledger_of(103);
    std::vector<Index> sizes;
    while (const auto chunk = ledger.take(0, 20, 10)) sizes.push_back(chunk->size());
    EXPECT_THAT(std::vector(sizes.begin(), sizes.end() - 1),
                testing::Each(testing::AllOf(testing::Ge(10), testing::Le(20))));
    EXPECT_EQ(std::accumulate(sizes.begin(), sizes.end(), Index{0}), 103);
}

TEST(RunLedger, reserves_at_most_a_quarter_of_a_fair_share_and_at_most_the_length_asked_for) {
    RunLedger small = ledger_of(80), large = ledger_of(100'000);
    small.expect(2, 1000);
    large.expect(2, 16);
    EXPECT_EQ(small.take(0, 1)->size(), 10);
    EXPECT_EQ(large.take(1, 1)->size(), 16);
}

TEST(RunLedger, a_length_of_nothing_still_takes_one) {
    RunLedger ledger = ledger_of(10);
    EXPECT_EQ(ledger.take(0, 0)->size(), 1);
    EXPECT_EQ(ledger.take(0, -5)->size(), 1);
}

}  // namespace
}  // namespace mdloom::engine

// Where chunks must be blocks: analyses that cannot join two halves of one.
#include <gmock/gmock.h>

#include "mdloom/engine/ledger.hpp"
#include "support/dice.hpp"

namespace mdloom::engine {
namespace {

using testing::ElementsAre;

Part part_of(Range range) {
    Part part;
    part.ordinals.add(range);
    return part;
}

RunLedger ledger_of(std::vector<Index> cuts) {
    const Index n_frames = cuts.back();
    return {n_frames, Part{}, {}, std::move(cuts)};
}

std::vector<Range> all_chunks(RunLedger& ledger, Index length) {
    std::vector<Range> chunks;
    while (const auto chunk = ledger.take(0, length)) {
        chunks.push_back(*chunk);
        ledger.give(0, part_of(*chunk));
    }
    return chunks;
}

TEST(RunLedger, hands_out_whole_blocks_whatever_length_is_asked_for) {
    for (Index length : {1, 4, 1000}) {
        RunLedger ledger = ledger_of({3, 4, 10});
        EXPECT_THAT(all_chunks(ledger, length), ElementsAre(Range{0, 3}, Range{3, 4}, Range{4, 10}));
        EXPECT_TRUE(ledger.over());
    }
}

TEST(RunLedger, reserves_whole_blocks_for_expected_workers) {
    RunLedger ledger = ledger_of({30, 60, 90});
    ledger.expect(2, 1);
    EXPECT_EQ(ledger.take(1, 1), (Chunk{30, 60}));
    EXPECT_EQ(ledger.take(7, 1), (Chunk{60, 90}));
    EXPECT_EQ(ledger.take(7, 1), std::nullopt);
    EXPECT_EQ(ledger.take(0, 1), (Chunk{0, 30}));
}

TEST(RunLedger, hands_out_the_whole_block_of_a_lost_worker_again) {
    RunLedger ledger = ledger_of({5, 10});
    EXPECT_EQ(ledger.take(0, 1), (Chunk{0, 5}));
    ledger.lost(0, "gone");
    EXPECT_THAT(all_chunks(ledger, 2), ElementsAre(Range{0, 5}, Range{5, 10}));
}

TEST(RunLedger, keeps_what_came_with_the_earliest_error_of_an_analysis) {
    RunLedger ledger = ledger_of({5, 10});
    ledger.take(0, 1);
    ledger.take(1, 1);
    ledger.fail(1, {7, ErrorKind::analysis, "frame 7: later", "second"});
    ledger.fail(0, {2, ErrorKind::analysis, "frame 2: earlier", "first"});
    ASSERT_TRUE(ledger.over());
    try {
        ledger.close();
        FAIL();
    } catch (const AnalysisError& error) {
        EXPECT_STREQ(error.what(), "frame 2: earlier");
        EXPECT_EQ(error.payload, "first");
    }
}

}  // namespace
}  // namespace mdloom::engine

// What a ledger holds, handed out once and for all.
#include <gtest/gtest.h>

#include "mdloom/engine/ledger.hpp"

namespace mdloom::engine {
namespace {

TEST(RunLedger, whose_states_could_not_be_used_up_says_so_whenever_it_is_asked) {
    RunLedger ledger(20, Part{}, {});
    while (const auto chunk = ledger.take(0, 5)) {
        Part part;
        part.ordinals.add(*chunk);
        ledger.give(0, std::move(part));
    }
    ledger.use_up([](Part& part) { EXPECT_EQ(part.ordinals.size(), 20); });
    ledger.visit([](const Part& part) { EXPECT_EQ(part.ordinals.size(), 20); });
    EXPECT_THROW(ledger.use_up([](Part&) { throw StateError("no room"); }), StateError);
    EXPECT_THROW(ledger.visit([](const Part&) {}), StateError);
    EXPECT_THROW(ledger.close(), StateError);
}

}  // namespace
}  // namespace mdloom::engine

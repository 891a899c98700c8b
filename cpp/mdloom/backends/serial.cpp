#include <chrono>

#include "mdloom/backends/catalog.hpp"
#include "mdloom/backends/work_through.hpp"

namespace mdloom::backends {

namespace {

class Serial final : public Backend {
public:
    void drive(Ledger& ledger, const Work& work) override {
        using Clock = std::chrono::steady_clock;
        auto reported = Clock::now();
        ledger.expect(1, first_length);
        try {
            work_through(ledger, work, 0, [&] {
                if (Clock::now() - reported < std::chrono::milliseconds(50)) return;
                reported = Clock::now();
                ledger.report();
            });
        } catch (...) {
            ledger.stop();
            throw;
        }
        ledger.report();
    }
};

}  // namespace

std::unique_ptr<Backend> serial() {
    return std::make_unique<Serial>();
}

}  // namespace mdloom::backends

#include <algorithm>
#include <atomic>
#include <thread>

#include "mdloom/backends/catalog.hpp"
#include "mdloom/backends/work_through.hpp"

namespace mdloom::backends {

namespace {

class Threads final : public Backend {
public:
    explicit Threads(int n_threads) : n_threads_(std::max(1, n_threads)) {}

    void drive(Ledger& ledger, const Work& work) override {
        ledger.expect(n_threads_, first_length);
        std::atomic<int> n_working = n_threads_;
        {
            std::vector<std::jthread> threads;  // joined at the end of this block, also when a report throws
            try {
                start(threads, n_working, ledger, work);
                while (n_working > 0 && !ledger.over()) {
                    ledger.wait();
                    ledger.report();
                }
            } catch (...) {
                ledger.stop();
                throw;
            }
        }
        ledger.report();
    }

private:
    void start(std::vector<std::jthread>& threads, std::atomic<int>& n_working, Ledger& ledger,
               const Work& work) const {
        for (int worker = 0; worker < n_threads_; ++worker) {
            try {
                threads.emplace_back([&, worker] {
                    work_through(ledger, work, worker);
                    --n_working;
                });
            } catch (const std::system_error& error) {  // no more threads to be had: the others do its share
                ledger.lost(worker, error.what());
                --n_working;
            }
        }
    }

    int n_threads_;
};

}  // namespace

std::unique_ptr<Backend> threads(int n_threads) {
    return std::make_unique<Threads>(n_threads);
}

}  // namespace mdloom::backends

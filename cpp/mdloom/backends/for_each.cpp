#include "mdloom/backends/for_each.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "mdloom/backends/cores.hpp"
#include "mdloom/base/error.hpp"

namespace mdloom::backends {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int first_threads = 4;  // starting one takes as long as reading some 50 heads of frames
constexpr int most_waiting = 32;  // requests that are on their way to a file server at the same time
constexpr milliseconds first_look{2}, between_watches{50};

int cores(int most) try { return std::min(usable_cores(), most); } catch (const ArgumentError&) {
    return 1;  // MDLOOM_NUM_JOBS is no number: the run that follows says so
}

/// Which pieces are handed out and done.
class Pieces {
public:
    explicit Pieces(Index n) : n_(n) {}

    void work_through(const std::function<void(Index)>& work) noexcept {
        for (;;) {
            std::unique_lock lock(mutex_);
            if (next_ == n_) return;
            const Index piece = next_++;
            ++n_working_;
            lock.unlock();
            std::exception_ptr error;
            try {
                work(piece);
            } catch (...) {
                error = std::current_exception();
            }
            lock.lock();
            --n_working_;
            if (error) end(error);
            if (is_over()) changed_.notify_all();
        }
    }

    /// False: all is done.
    bool wait(Clock::duration how_long) {
        std::unique_lock lock(mutex_);
        return !changed_.wait_for(lock, how_long, [this] { return is_over(); });
    }
    Index n_left() {
        const std::scoped_lock lock(mutex_);
        return n_ - next_;
    }
    void stop() {
        const std::scoped_lock lock(mutex_);
        next_ = n_;
    }
    /// Only when nobody works any more.
    void close() const {
        if (error_) std::rethrow_exception(error_);
    }

private:
    void end(std::exception_ptr error) {
        if (!error_) error_ = std::move(error);
        next_ = n_;
    }
    bool is_over() const { return next_ == n_ && n_working_ == 0; }

    const Index n_;
    Index next_ = 0, n_working_ = 0;
    std::exception_ptr error_;
    std::mutex mutex_;
    std::condition_variable changed_;
};

/// Whether n threads used less than half of the cores' time since it was last asked.
class WaitingThreads {
public:
    explicit WaitingThreads(int n_cores) : n_cores_(n_cores) {}

    bool operator()(int n_threads) {
        const auto now = Clock::now();
        const auto cpu = std::clock();
        const double passed = std::chrono::duration<double>(now - std::exchange(time_, now)).count();
        const double used = static_cast<double>(cpu - std::exchange(cpu_, cpu)) / CLOCKS_PER_SEC;
        return used < 0.5 * passed * std::min(n_threads, n_cores_);
    }

private:
    int n_cores_;
    Clock::time_point time_ = Clock::now();
    std::clock_t cpu_ = std::clock();
};

class InThreads {
public:
    InThreads(std::function<void()> watch, int most_cores) : watch_(std::move(watch)), most_cores_(most_cores) {}

    void operator()(Index n, const std::function<void(Index)>& work) {
        if (n > 1)
            share(n, work);
        else
            in_turn(n, work);
        look();
    }

private:
    void share(Index n, const std::function<void(Index)>& work) {
        Pieces pieces(n);
        {
            std::vector<std::jthread> threads;  // joined at the end of this block, also when the watch throws
            try {
                drive(pieces, work, threads);
            } catch (...) {
                pieces.stop();
                throw;
            }
        }
        pieces.close();
    }

    void drive(Pieces& pieces, const std::function<void(Index)>& work, std::vector<std::jthread>& threads) {
        const int n_cores = cores(most_cores_);
        WaitingThreads are_waiting(n_cores);
        add(std::min(n_cores, first_threads), pieces, work, threads);
        for (Clock::duration pause = first_look; pieces.wait(pause);
             pause = std::min<Clock::duration>(2 * pause, between_watches)) {
            look();
            const int n = static_cast<int>(threads.size());
            const int wish = std::min(2 * n, are_waiting(n) ? std::max(n_cores, most_waiting) : n_cores);
            add(wish - n, pieces, work, threads);
        }
    }

    static void add(int n, Pieces& pieces, const std::function<void(Index)>& work,
                    std::vector<std::jthread>& threads) try {
        for (auto n_wanted = std::min<Index>(n, pieces.n_left()); n_wanted > 0; --n_wanted)
            threads.emplace_back([&] { pieces.work_through(work); });
    } catch (const std::system_error&) {  // no more threads to be had
        if (threads.empty()) pieces.work_through(work);
    }

    void look() {
        if (!watch_ || Clock::now() - looked_ < between_watches) return;
        looked_ = Clock::now();
        watch_();
    }

    std::function<void()> watch_;
    int most_cores_;
    Clock::time_point looked_ = Clock::now();
};

}  // namespace

ForEach for_each(std::function<void()> watch, int most_cores) {
    return InThreads(std::move(watch), most_cores);
}

}  // namespace mdloom::backends

#include "forks.hpp"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>

namespace {

using mdloom::Bytes;
using mdloom::Index;
using Clock = std::chrono::steady_clock;

constexpr double chunk_seconds = 0.05;  ///< a fork costs about 1 ms
constexpr int most_lost_in_a_row = 3;   ///< per process

enum class Answer : std::uint8_t { part, frame_error, failure };

Bytes answer_to(const mdloom::Work& work, mdloom::Chunk chunk) {
    mdloom::ByteWriter writer;
    try {
        const Bytes part = work.pack(work.make_worker()->work(chunk));
        writer.write(Answer::part), writer.write(part);
    } catch (const mdloom::FrameError& error) {
        writer.write(Answer::frame_error), writer.write(error.ordinal), writer.write(error.kind());
        writer.write(std::string(error.what()));
    } catch (const std::exception& error) {
        writer.write(Answer::failure), writer.write(std::string(error.what()));
    }
    return writer.take();
}

/// A process on its way with one chunk. Ends it when it is let go of.
class Child {
public:
    Child(const mdloom::Work& work, mdloom::Chunk chunk) : chunk(chunk) {
        int ends[2];
        if (::pipe(ends) != 0) throw mdloom::BackendError(std::strerror(errno));
        pid_ = ::fork();
        if (pid_ == 0) send_and_end(ends[1], answer_to(work, chunk));
        ::close(ends[1]);
        pipe_ = ends[0];
        if (pid_ < 0) throw mdloom::BackendError(std::strerror(errno));
    }
    ~Child() {
        if (pid_ > 0) ::kill(pid_, SIGKILL);
        wait();
        ::close(pipe_);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    int pipe() const { return pipe_; }

    /// Takes what has come; false: nothing more will.
    bool receive() {
        std::byte some[1 << 16];
        const auto n = ::read(pipe_, some, sizeof some);
        if (n > 0) answer.insert(answer.end(), some, some + n);
        return n > 0 || (n < 0 && errno == EINTR);
    }
    /// Why there is no whole answer; nothing: there is one.
    std::optional<std::string> epitaph() {
        const int status = wait();
        if (WIFSIGNALED(status)) return "a process was killed by signal " + std::to_string(WTERMSIG(status));
        if (status != 0) return "a process ended with exit code " + std::to_string(WEXITSTATUS(status));
        return std::nullopt;
    }

    const mdloom::Chunk chunk;
    const Clock::time_point started = Clock::now();
    Bytes answer;

private:
    [[noreturn]] static void send_and_end(int pipe, const Bytes& bytes) {
        for (std::size_t sent = 0; sent < bytes.size();) {
            const auto n = ::write(pipe, bytes.data() + sent, bytes.size() - sent);
            if (n < 0 && errno != EINTR) ::_exit(1);
            if (n > 0) sent += static_cast<std::size_t>(n);
        }
        ::_exit(0);
    }
    int wait() {
        int status = 0;
        if (pid_ > 0)
            while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
        pid_ = 0;
        return status;
    }

    pid_t pid_ = 0;
    int pipe_ = -1;
};

class Forks final : public mdloom::Backend {
public:
    explicit Forks(int n_processes) : n_processes_(std::max(1, n_processes)) {}

    void drive(mdloom::Ledger& ledger, const mdloom::Work& work) override try {
        std::vector<std::unique_ptr<Child>> children(static_cast<std::size_t>(n_processes_));
        ledger.expect(n_processes_, 1);
        length_ = 1;
        n_lost_in_a_row_ = 0;
        while (!ledger.over()) {
            for (std::size_t worker = 0; worker < children.size(); ++worker)
                if (!children[worker] && !has_given_up())
                    start(children[worker], static_cast<int>(worker), ledger, work);
            if (std::ranges::none_of(children, [](auto& child) { return bool(child); })) break;  // nobody can work
            for (const std::size_t worker : waited_for(children))
                if (!children[worker]->receive()) settle(children[worker], static_cast<int>(worker), ledger, work);
            ledger.report();
        }
        ledger.report();
    } catch (...) {
        ledger.stop();
        throw;
    }

private:
    bool has_given_up() const { return n_lost_in_a_row_ >= most_lost_in_a_row * n_processes_; }

    void start(std::unique_ptr<Child>& child, int worker, mdloom::Ledger& ledger, const mdloom::Work& work) {
        const auto chunk = ledger.take(worker, length_);
        if (!chunk) return;
        try {
            child = std::make_unique<Child>(work, *chunk);
        } catch (const mdloom::BackendError& error) {  // no more processes to be had
            ++n_lost_in_a_row_;
            ledger.lost(worker, error.what());
        }
    }

    /// Those whose pipe has something to say, after at most 50 ms.
    static std::vector<std::size_t> waited_for(const std::vector<std::unique_ptr<Child>>& children) {
        std::vector<pollfd> pipes;
        for (const auto& child : children) pipes.push_back({child ? child->pipe() : -1, POLLIN, 0});
        std::vector<std::size_t> ready;
        if (::poll(pipes.data(), pipes.size(), 50) > 0)
            for (std::size_t i = 0; i < pipes.size(); ++i)
                if (pipes[i].revents != 0) ready.push_back(i);
        return ready;
    }

    void settle(std::unique_ptr<Child>& child, int worker, mdloom::Ledger& ledger, const mdloom::Work& work) {
        const auto done = std::move(child);
        ++n_lost_in_a_row_;
        if (const auto epitaph = done->epitaph()) return ledger.lost(worker, *epitaph);
        mdloom::ByteReader reader(done->answer);
        switch (reader.read<Answer>()) {
            case Answer::part:
                ledger.give(worker, work.unpack(reader.read<Bytes>()));
                break;
            case Answer::frame_error: {
                const auto ordinal = reader.read<Index>();
                const auto kind = reader.read<mdloom::ErrorKind>();
                ledger.fail(worker, {ordinal, kind, reader.read<std::string>()});
                break;
            }
            default:
                return ledger.lost(worker, reader.read<std::string>());
        }
        n_lost_in_a_row_ = 0;
        const double seconds = std::chrono::duration<double>(Clock::now() - done->started).count();
        const double wish = std::clamp(chunk_seconds / seconds, 0.25, 4.0) * static_cast<double>(done->chunk.size());
        length_ = std::max<Index>(1, static_cast<Index>(wish));
    }

    const int n_processes_;
    Index length_ = 1;
    int n_lost_in_a_row_ = 0;
};

}  // namespace

std::unique_ptr<mdloom::Backend> forks(int n_processes) {
    return std::make_unique<Forks>(n_processes);
}

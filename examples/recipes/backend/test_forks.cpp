// The recipe: the bits of one thread, and processes that die.
#include "forks.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <mdloom/analyses/analysis_of.hpp>
#include <mdloom/backends/catalog.hpp>
#include <mdloom/laws/run_laws.hpp>
#include <mdloom/partials/exact_moments.hpp>
#include <mdloom/partials/rows.hpp>
#include <mdloom/sources/memory.hpp>
#include <random>
#include <set>

namespace {

using mdloom::Index;

enum class Fate { none, dies_once, dies_always, throws };

/// Positions of an atom, summed and listed; at one frame its process has a fate.
struct Fragile {
    mdloom::Group group;
    Index fatal_frame = 0;
    Fate fate = Fate::none;
    std::string once;  ///< a file that says that it happened

    static constexpr std::string_view name = "fragile";
    static constexpr Index state_version = 1;
    struct State {
        mdloom::ExactMoments sums;
        mdloom::Rows rows;
    };

    std::vector<mdloom::Group> groups() const { return {group}; }
    void prepare(const mdloom::System&) {}
    State empty_state() const { return {mdloom::ExactMoments::zeros(3, {}), mdloom::Rows::of_width(3)}; }
    void single_frame(const mdloom::Frame& frame, const std::vector<mdloom::Group>& groups, State& state) const {
        if (frame.index == fatal_frame) meet_fate();
        const mdloom::Vec3& at = frame.positions[mdloom::usize(groups[0][0])];
        const std::array<double, 3> x{double{at[0]}, double{at[1]}, double{at[2]}};
        state.sums.add_frame(x);
        state.rows.put(frame.ordinal, x);
    }
    mdloom::Result conclude(const State&) const { return {}; }

    void meet_fate() const {
        if (fate == Fate::throws) throw mdloom::ArgumentError("not this one");
        const bool is_first = fate == Fate::dies_once && ::open(once.c_str(), O_CREAT | O_EXCL, 0600) >= 0;
        if (is_first || fate == Fate::dies_always) ::raise(SIGKILL);
    }
};

mdloom::engine::Run run_of(Index n_frames, Fragile fragile, std::uint64_t seed = 1) {
    std::mt19937_64 dice(seed);
    std::normal_distribution<float> around(40.f, 10.f);
    const auto positions = std::make_shared<std::vector<mdloom::Vec3>>(mdloom::usize(2 * n_frames));
    for (auto& position : *positions)
        for (float& x : position) x = around(dice);
    mdloom::sources::MemoryArray array;
    array.first = positions->data();
    array.n_frames = n_frames;
    array.n_atoms = 2;
    array.strides = {24, 12, 4};
    array.owner = positions;
    array.times.resize(mdloom::usize(n_frames));
    fragile.group = {1};
    std::vector<std::unique_ptr<mdloom::Analysis>> analyses;
    analyses.push_back(mdloom::analyses::make_analysis(std::move(fragile)));
    return {mdloom::sources::memory(std::move(array)), {}, {0, 1, n_frames}, std::move(analyses)};
}

mdloom::Bytes serial(const mdloom::engine::Run& run) {
    return mdloom::laws::knowledge_from(run, *mdloom::backends::serial());
}

std::string end_of(const mdloom::engine::Run& run, mdloom::Backend& backend) {
    try {
        mdloom::laws::knowledge_from(run, backend);
    } catch (const mdloom::Error& error) {
        return error.what();
    }
    return "no error";
}

TEST(Forks, the_bits_are_those_of_one_thread) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        std::mt19937_64 dice(seed);
        const auto run = run_of(static_cast<Index>(dice() % 400), {}, seed);
        for (int n_processes : {1, 2, 5})
            EXPECT_EQ(mdloom::laws::knowledge_from(run, *forks(n_processes)), serial(run));
    }
}

TEST(Forks, the_work_is_done_elsewhere) {
    const auto run = run_of(200, {});
    mdloom::engine::RunLedger ledger(run.n_frames(), run.nothing(), {});
    forks(2)->drive(ledger, run);
    std::set<Index> processes;
    ledger.visit([&](const mdloom::Part& part) {
        for (const auto& record : part.records) processes.insert(record.place.pid);
    });
    EXPECT_GT(processes.size(), 1u);
    EXPECT_FALSE(processes.contains(::getpid()));
}

TEST(Forks, a_process_that_dies_costs_its_chunk_and_no_bit) {
    for (int n_processes : {1, 3})
        for (Index fatal : {0, 1, 57, 199}) {
            const auto once =
                std::filesystem::temp_directory_path() / ("once-" + std::to_string(std::random_device()()));
            const auto run = run_of(200, {{}, fatal, Fate::dies_once, once.string()});
            const auto knowledge = mdloom::laws::knowledge_from(run, *forks(n_processes));
            ASSERT_TRUE(std::filesystem::remove(once)) << "nobody died";
            EXPECT_EQ(knowledge, serial(run_of(200, {})));
        }
}

TEST(Forks, a_frame_that_always_kills_is_given_up_and_named_and_the_others_are_kept) {
    const auto run = run_of(40, {{}, 11, Fate::dies_always, {}});
    mdloom::engine::RunLedger ledger(run.n_frames(), run.nothing(), {});
    forks(2)->drive(ledger, run);
    EXPECT_GE(ledger.n_done(), 1);
    EXPECT_LT(ledger.n_done(), 40);
    try {
        ledger.close();
        FAIL() << "no error";
    } catch (const mdloom::BackendError& error) {
        EXPECT_NE(std::string(error.what())
                      .find("of 40 frames were lost with their workers: a process was killed by "
                            "signal 9"),
                  std::string::npos)
            << error.what();
    }
}

TEST(Forks, the_error_of_a_frame_is_that_of_one_thread) {
    const auto run = run_of(100, {{}, 63, Fate::throws, {}});
    EXPECT_EQ(end_of(run, *forks(3)), "frame 63: not this one");
    EXPECT_EQ(end_of(run, *mdloom::backends::serial()), "frame 63: not this one");
}

TEST(Forks, a_cancel_stops_it_and_leaves_no_process) {
    struct Cancelled : std::runtime_error {
        Cancelled() : std::runtime_error("cancelled") {}
    };
    const auto run = run_of(5000, {});
    mdloom::engine::RunLedger ledger(run.n_frames(), run.nothing(), [](Index n_done, Index) {
        if (n_done > 0) throw Cancelled();
    });
    EXPECT_THROW(forks(3)->drive(ledger, run), Cancelled);
    EXPECT_TRUE(ledger.over());
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
}

}  // namespace

// What every backend promises: the same bits, the same error, and nothing lost by stopping.
#include <gmock/gmock.h>

#include "support/case.hpp"
#include "support/chaos.hpp"
#include "support/toys.hpp"

namespace mdloom::laws {
namespace {

constexpr int n_cases = 150;

struct Cancelled : std::runtime_error {
    Cancelled() : std::runtime_error("cancelled") {}
};

/// Passes everything on to the run's ledger, and stops or cancels the run after so many parts.
class Interrupted final : public Ledger {
public:
    Interrupted(Ledger& ledger, Index n_parts, bool by_throwing)
        : ledger_(ledger), n_left_(n_parts), by_throwing_(by_throwing) {
        if (n_parts == 0 && !by_throwing) ledger.stop();
    }
    void expect(int n_workers, Index length) override { ledger_.expect(n_workers, length); }
    std::optional<Chunk> take(int worker, Index length, Index least) override {
        return ledger_.take(worker, length, least);
    }
    std::optional<Chunk> take_or_wait(int worker, Index length) override {
        return ledger_.take_or_wait(worker, length);
    }
    bool give(int worker, Part part) override {
        const bool is_new = ledger_.give(worker, std::move(part));
        if (--n_left_ == 0 && !by_throwing_) ledger_.stop();
        return is_new;
    }
    void fail(int worker, const FrameError& error) override { ledger_.fail(worker, error); }
    void lost(int worker, std::string_view reason) override { ledger_.lost(worker, reason); }
    void stop() override { ledger_.stop(); }
    bool over() const override { return ledger_.over(); }
    void wait() override { ledger_.wait(); }
    void report() override {
        ledger_.report();
        if (by_throwing_ && n_left_ <= 0) throw Cancelled();
    }

private:
    Ledger& ledger_;
    std::atomic<Index> n_left_;
    const bool by_throwing_;
};

/// Drives until the interruption, and gives what is known then.
Part gather_until_interrupted(const engine::Run& run, Backend& backend, Part start, Dice& dice) {
    engine::RunLedger ledger(run.n_frames(), std::move(start), {});
    Interrupted interrupted(ledger, dice.between(0, 12), dice.chance(0.5));
    try {
        backend.drive(interrupted, run);
        EXPECT_TRUE(ledger.over());
    } catch (const Cancelled&) {
    }
    Part known;
    ledger.visit([&](const Part& part) { known = run.unpack(run.pack(part)); });
    EXPECT_EQ(known.ordinals.size(), ledger.n_done());
    return known;
}

TEST(BackendLaws, same_bits_for_any_backend_cut_death_and_duplicate) {
    const Index n_dropped_before = n_dropped_parts();
    for_cases(n_cases, [](Dice& dice) {
        const Case given = Case::random(dice);
        const engine::Run run = make_run(given, all_subjects(), dice.seed());
        const Bytes expected = run.knowledge(work_in_one_go(run));
        for (const auto& [name, backend] : all_backends(dice)) {
            SCOPED_TRACE(name);
            const Part part = gather(run, *backend);
            EXPECT_EQ(run.knowledge(part), expected);
            OrdinalSet worked;
            Index n_worked = 0;
            for (const WorkRecord& record : part.records) {
                worked.add(record.ordinals);
                n_worked += record.ordinals.size();
                EXPECT_EQ(index_of(record.read_seconds.size()), record.ordinals.size());
                EXPECT_EQ(index_of(record.compute_seconds.size()), record.ordinals.size());
            }
            EXPECT_EQ(worked, part.ordinals) << "every frame has a record";
            EXPECT_EQ(n_worked, run.n_frames()) << "and only one";
        }
    });
    EXPECT_GT(n_dropped_parts(), n_dropped_before) << "duplicates never came: the chaos is too tame";
}

TEST(BackendLaws, resume_law_stopped_anywhere_any_number_of_times_and_resumed_from_bytes) {
    Index n_parted = 0;
    for_cases(n_cases, [&](Dice& dice) {
        const Case given = Case::random(dice);
        const engine::Run run = make_run(given, all_subjects(), dice.seed());
        const Bytes expected = run.knowledge(work_in_one_go(run));
        Part part = run.nothing();
        for (const auto& [name, backend] : all_backends(dice)) {
            SCOPED_TRACE(name);
            part = gather_until_interrupted(run, *backend, std::move(part), dice);
            n_parted += part.ordinals.size() > 0 && part.ordinals.size() < run.n_frames();
            if (dice.chance(0.3)) {
                EXPECT_EQ(run.knowledge(gather(run, *backend, std::move(part))), expected);
                part = run.nothing();
            }
        }
    });
    EXPECT_GT(n_parted, 0) << "no run was stopped midway";
}

TEST(BackendLaws, resume_law_run_on_the_first_frames_then_extended) {
    for_cases(n_cases, [](Dice& dice) {
        const Case given = Case::random(dice);
        if (given.frames.empty()) return;  // what prepare() settles on no frame at all may differ
        const std::uint64_t seed = dice.seed();
        const engine::Run longer = make_run(given, all_subjects(), seed);
        const engine::Run shorter = make_run(given, all_subjects(), seed, dice.between(1, given.n_frames()));
        const Bytes expected = longer.knowledge(work_in_one_go(longer));
        for (const auto& [name, backend] : all_backends(dice)) {
            SCOPED_TRACE(name);
            const Bytes checkpoint = shorter.pack(gather(shorter, *backend));
            EXPECT_EQ(longer.knowledge(gather(longer, *backend, longer.unpack(checkpoint))), expected);
        }
    });
}

TEST(BackendLaws, resume_law_more_frames_than_the_run_has_are_refused) {
    for_cases(n_cases, [](Dice& dice) {
        const Case given = Case::random(dice);
        if (given.frames.empty()) return;
        const std::uint64_t seed = dice.seed();
        const engine::Run longer = make_run(given, toys(), seed);
        const engine::Run shorter = make_run(given, toys(), seed, dice.between(0, given.n_frames() - 1));
        EXPECT_THROW(shorter.unpack(longer.pack(work_in_one_go(longer))), StateError);
    });
}

TEST(BackendLaws, error_law_the_earliest_ordinal_s_error_in_the_same_words) {
    Index n_failed = 0;
    for_cases(2 * n_cases, [&](Dice& dice) {
        Case given = Case::random(dice);
        if (given.frames.empty()) return;
        const double p = dice.chance(0.5) ? 0.02 : 0.3;
        for (auto& moment : given.moments)
            if (dice.chance(p)) moment.damage = static_cast<Damage>(dice.between(1, 3));
        const auto bad = std::ranges::find_if(
            given.frames, [&](Index frame) { return given.moments[usize(frame)].damage != Damage::none; });
        if (bad == given.frames.begin()) return;  // the run itself refuses: see below
        const engine::Run run = make_run(given, all_subjects(), dice.seed());
        const Index first_wanted = run.wanted().front();
        const std::string expected = bad == given.frames.end()
                                         ? "no error"
                                         : FakeSource::complaint(*bad, given.moments[usize(*bad)].damage, first_wanted);
        n_failed += expected != "no error";
        for (const auto& [name, backend] : all_backends(dice)) {
            SCOPED_TRACE(name);
            EXPECT_EQ(error_of([&] { gather(run, *backend); }), expected);
        }
    });
    EXPECT_GT(n_failed, 0);
}

/// Refuses some frames.
struct Picky {
    std::vector<Index> refused;
    Group group{0};
    struct State {};
    static constexpr std::string_view name = "picky";
    static constexpr Index state_version = 1;

    std::vector<Group> groups() const { return {group}; }
    void prepare(const System&) {}
    State empty_state() const { return {}; }
    void single_frame(const Frame& frame, const std::vector<Group>&, State&) const {
        if (std::ranges::find(refused, frame.index) != refused.end()) throw ArgumentError("not this one");
    }
    Result conclude(const State&) const { return {}; }
};

TEST(BackendLaws, error_law_what_an_analysis_refuses_names_the_frame_only) {
    for_cases(n_cases, [](Dice& dice) {
        const Case given = Case::random(dice);
        if (given.frames.empty()) return;
        Picky picky;
        for (Index n = dice.between(0, 3); n > 0; --n) picky.refused.push_back(dice.between(0, 60));
        const auto bad = std::ranges::find_first_of(given.frames, picky.refused);
        const std::string expected =
            bad == given.frames.end() ? "no error" : "frame " + std::to_string(*bad) + ": not this one";
        std::vector<std::unique_ptr<Analysis>> analyses;
        analyses.push_back(analyses::make_analysis(picky));
        const engine::Run run(std::make_shared<FakeSource>(given.moments), given.topology, FrameSelection(given.frames),
                              std::move(analyses));
        for (const auto& [name, backend] : all_backends(dice)) {
            SCOPED_TRACE(name);
            EXPECT_EQ(error_of([&] { gather(run, *backend); }), expected);
        }
    });
}

TEST(BackendLaws, error_law_a_first_frame_that_fails_is_refused_in_the_same_words_when_the_run_is_made) {
    for (Damage damage : {Damage::unreadable, Damage::wrong_format, Damage::not_finite}) {
        Dice dice(3);
        Case given = Case::random(dice);
        given.frames = {0, 0};
        given.moments[0].damage = damage;
        std::vector<std::unique_ptr<Analysis>> analyses;
        analyses.push_back(analyses::make_analysis(Total{{2, 4}}));
        EXPECT_EQ(error_of([&] {
                      engine::Run(std::make_shared<FakeSource>(given.moments), given.topology,
                                  FrameSelection(given.frames), std::move(analyses));
                  }),
                  FakeSource::complaint(0, damage, 2));
    }
}

/// Everybody dies, some after good work.
struct Doomed final : Backend {
    explicit Doomed(Index n_chunks) : n_chunks(n_chunks) {}
    void drive(Ledger& ledger, const Work& work) override {
        ledger.expect(2, 4);
        for (Index i = 0; i < n_chunks; ++i)
            if (const auto chunk = ledger.take(0, 4)) ledger.give(0, work.make_worker()->work(*chunk));
        ledger.take(0, 4);
        ledger.lost(0, "out of memory");
        ledger.lost(1, "out of memory");
    }
    Index n_chunks;
};

TEST(BackendLaws, lost_frames_are_counted_and_the_reason_is_named_and_a_resumed_run_finishes) {
    for_cases(n_cases, [](Dice& dice) {
        const Case given = Case::random(dice);
        const engine::Run run = make_run(given, toys(), dice.seed());
        Doomed doomed(dice.between(0, 5));
        engine::RunLedger ledger(run.n_frames(), run.nothing(), {});
        doomed.drive(ledger, run);
        const Index n_missing = run.n_frames() - ledger.n_done();
        EXPECT_EQ(error_of([&] { ledger.close(); }),
                  n_missing == 0 ? "no error"
                                 : std::to_string(n_missing) + " of " + std::to_string(run.n_frames()) +
                                       " frames were lost with their workers: out of memory");
        Part rest;
        ledger.visit([&](const Part& part) { rest = run.unpack(run.pack(part)); });
        const Part whole = gather(run, *chaos(dice.seed()), std::move(rest));
        EXPECT_EQ(run.knowledge(whole), run.knowledge(work_in_one_go(run)));
    });
}

TEST(BackendLaws, workers_that_cannot_start_are_named) {
    struct Unreadable final : Work {
        std::unique_ptr<Worker> make_worker() const override { throw FileError("traj.xtc: permission denied"); }
        Bytes pack(const Part&) const override { return {}; }
        Part unpack(std::span<const std::byte>) const override { return {}; }
    };
    Dice dice(1);
    for (const char* wanted : {"serial", "threads 1", "threads 2", "threads 3", "threads 5"})
        for (const auto& [name, backend] : all_backends(dice)) {
            if (name != wanted) continue;
            SCOPED_TRACE(name);
            engine::RunLedger ledger(10, Part{}, {});
            backend->drive(ledger, Unreadable());
            EXPECT_EQ(error_of([&] { ledger.close(); }),
                      "10 of 10 frames were lost with their workers: traj.xtc: permission denied");
        }
}

}  // namespace
}  // namespace mdloom::laws

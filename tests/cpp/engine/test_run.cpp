#include <gmock/gmock.h>
#include <unistd.h>

#include <cmath>

#include "support/case.hpp"
#include "support/toys.hpp"

namespace mdloom::engine {
namespace {

using laws::Case;
using laws::Dice;
using laws::error_of;
using laws::FakeSource;

Case some_case() {
    Dice dice(5);
    Case given = Case::random(dice);
    given.frames = {0, 0, 0};
    return given;
}

Run run_of(const Case& given, Group group, FrameSelection frames) {
    std::vector<std::unique_ptr<Analysis>> analyses;
    analyses.push_back(analyses::make_analysis(laws::Total{std::move(group)}));
    return {std::make_shared<FakeSource>(given.moments), given.topology, std::move(frames), std::move(analyses)};
}

/// Fails on one frame, or when its chunk is finished.
struct Failing {
    Index bad_frame = -1;
    struct State {};
    struct Scratch {};
    static constexpr std::string_view name = "toy_failing";
    static constexpr Index state_version = 1;

    std::vector<Group> groups() const { return {{0}}; }
    void prepare(const System&) {}
    State empty_state() const { return {}; }
    void single_frame(const Frame& frame, const std::vector<Group>&, Scratch&, State&) const {
        if (frame.index == bad_frame) throw AnalysisError("ValueError: boom", "its pickle");
    }
    void finish_chunk(Scratch&, State&) const {
        if (bad_frame < 0) throw AnalysisError("TypeError: cannot pickle", "its pickle");
    }
    Result conclude(const State&) const { return {}; }
};

FrameError failure_of(Index bad_frame) {
    const Case given = some_case();
    std::vector<std::unique_ptr<Analysis>> analyses;
    analyses.push_back(analyses::make_analysis(Failing{bad_frame}));
    const engine::Run run(std::make_shared<FakeSource>(given.moments), given.topology, FrameSelection(given.frames),
                          std::move(analyses));
    try {
        run.make_worker()->work({0, 2});
    } catch (const FrameError& error) {
        return error;
    }
    return {-1, ErrorKind::state, "nothing was thrown"};
}

/// Writes down what its readers are told to expect.
class Attentive final : public Source {
public:
    explicit Attentive(std::shared_ptr<const Source> source) : source_(std::move(source)) {}

    Index n_atoms() const override { return source_->n_atoms(); }
    Index n_frames() const override { return source_->n_frames(); }
    std::string name() const override { return source_->name(); }
    Bytes describe() const override { return {}; }
    void require_unchanged() const override {}
    std::shared_ptr<const Source> refresh() const override { return source_; }
    std::unique_ptr<Reader> open_reader() const override { return std::make_unique<Cursor>(*this); }

    mutable std::vector<std::array<Index, 4>> expected;  // first, step, how many, how many atoms

private:
    struct Cursor final : Reader {
        explicit Cursor(const Attentive& owner) : owner(owner), reader(owner.source_->open_reader()) {}
        void read(Index frame_index, std::span<const Index> wanted, Frame& frame) override {
            reader->read(frame_index, wanted, frame);
        }
        void expect(const Upcoming& upcoming) override {
            owner.expected.push_back(
                {upcoming.first, upcoming.step, upcoming.n_frames, index_of(upcoming.wanted.size())});
        }
        const Attentive& owner;
        std::unique_ptr<Reader> reader;
    };

    std::shared_ptr<const Source> source_;
};

std::vector<std::array<Index, 4>> expected_by_reader(FrameSelection frames, const std::vector<Chunk>& chunks) {
    const std::vector<FakeSource::Moment> moments(10, {{{1, 2, 3}, {4, 5, 6}}});
    const auto source = std::make_shared<Attentive>(std::make_shared<FakeSource>(moments));
    std::vector<std::unique_ptr<Analysis>> analyses;
    analyses.push_back(analyses::make_analysis(laws::Total{{1}}));
    const Run run(source, Topology{2, {}}, std::move(frames), std::move(analyses));
    const auto worker = run.make_worker();
    for (const Chunk chunk : chunks) worker->work(chunk);
    return source->expected;
}

TEST(Run, tells_readers_which_frames_come) {
    using testing::ElementsAre;
    using Told = std::array<Index, 4>;
    EXPECT_THAT(expected_by_reader({1, 2, 5}, {{0, 1}, {1, 5}}), ElementsAre(Told{1, 1, 1, 1}, Told{3, 2, 4, 1}));
    EXPECT_THAT(expected_by_reader({9, -3, 3}, {{0, 3}}), ElementsAre(Told{9, -3, 3, 1}));
    EXPECT_THAT(expected_by_reader(FrameSelection(std::vector<Index>{4, 6, 8, 0, 1}), {{0, 5}}),
                ElementsAre(Told{4, 2, 3, 1}));
    EXPECT_THAT(expected_by_reader(FrameSelection(std::vector<Index>{4, 4, 4}), {{0, 3}}),
                ElementsAre(Told{4, 0, 3, 1}));
    EXPECT_THAT(expected_by_reader(FrameSelection(std::vector<Index>{4, 6}), {{2, 2}}), ElementsAre());
}

TEST(Run, tells_the_frame_on_which_the_code_of_an_analysis_failed_and_what_it_threw) {
    const FrameError error = failure_of(0);
    EXPECT_EQ(error.ordinal, 0);
    EXPECT_EQ(error.kind(), ErrorKind::analysis);
    EXPECT_STREQ(error.what(), "frame 0: ValueError: boom");
    EXPECT_EQ(error.payload, "its pickle");
}

TEST(Run, tells_of_a_chunk_that_could_not_be_finished_after_which_frame_it_was) {
    const FrameError error = failure_of(-1);
    EXPECT_EQ(error.ordinal, 1);
    EXPECT_STREQ(error.what(), "after frame 0: TypeError: cannot pickle");
    EXPECT_EQ(error.payload, "its pickle");
}

TEST(Run, wants_the_atoms_of_all_groups_once_and_in_order) {
    const Case given = some_case();
    std::vector<std::unique_ptr<Analysis>> analyses;
    analyses.push_back(analyses::make_analysis(laws::Total{{3, 1, 3}}));
    analyses.push_back(analyses::make_analysis(laws::Distances{{4}, {1, 0}, 3}));
    const engine::Run run(std::make_shared<FakeSource>(given.moments), given.topology, FrameSelection(given.frames),
                          std::move(analyses));
    EXPECT_EQ(run.wanted(), (std::vector<Index>{0, 1, 3, 4}));
}

TEST(Run, counts_an_atom_as_often_as_the_user_named_it) {
    const Case given = some_case();
    const engine::Run once = run_of(given, {2}, FrameSelection({0})),
                      thrice = run_of(given, {2, 2, 2}, FrameSelection({0}));
    const double x = once.conclude(laws::work_in_one_go(once))[0][0].values[0];
    EXPECT_NEAR(x, double{given.moments[0].positions[2][0]}, 0x1p-40);
    EXPECT_NEAR(thrice.conclude(laws::work_in_one_go(thrice))[0][0].values[0], 3 * x, 0x1p-38);
}

TEST(Run, refuses_atoms_and_frames_that_do_not_exist_by_number) {
    const Case given = some_case();
    const auto n_atoms = std::to_string(given.topology.n_atoms);
    const auto n_frames = std::to_string(given.moments.size());
    EXPECT_EQ(error_of([&] { run_of(given, {0, given.topology.n_atoms}, FrameSelection({0})); }),
              "atom index " + n_atoms + " is outside fake with its " + n_atoms + " atoms");
    EXPECT_EQ(error_of([&] { run_of(given, {0, -1}, FrameSelection({0})); }),
              "atom index -1 is outside fake with its " + n_atoms + " atoms");
    EXPECT_EQ(error_of([&] { run_of(given, {0}, FrameSelection({0, -1})); }),
              "frame -1 is outside fake with its " + n_frames + " frames");
    EXPECT_EQ(error_of([&] { run_of(given, {0}, FrameSelection(0, 1, index_of(given.moments.size()) + 1)); }),
              "frame " + n_frames + " is outside fake with its " + n_frames + " frames");
}

TEST(Run, refuses_a_topology_of_another_size_with_the_remedy) {
    Case given = some_case();
    ++given.topology.n_atoms;
    EXPECT_THROW(run_of(given, {0}, FrameSelection({0})), TopologyError);
    EXPECT_THAT(error_of([&] { run_of(given, {0}, FrameSelection({0})); }), testing::HasSubstr("make a matching"));
}

TEST(Run, follows_start_and_step_also_backwards) {
    const Case given = some_case();
    const Index last = index_of(given.moments.size()) - 1;
    const engine::Run run = run_of(given, {0}, FrameSelection(last, -1, last + 1));
    EXPECT_EQ(run.n_frames(), last + 1);
    EXPECT_EQ(run.frames()[0], last);
    EXPECT_EQ(run.frames()[last], 0);
}

TEST(Run, refuses_coordinates_that_no_exact_sum_could_hold) {
    using Limits = std::numeric_limits<float>;
    for (float x : {Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN(), -0x1p22f, 0x1p22f, Limits::max()}) {
        Case given = some_case();
        given.moments.push_back(given.moments[0]);
        given.moments.back().positions[3][2] = x;
        const Index frame = index_of(given.moments.size()) - 1;
        const engine::Run run = run_of(given, {3, 1}, FrameSelection({0, frame}));
        try {
            run.make_worker()->work({0, 2});
            FAIL() << x;
        } catch (const FrameError& error) {
            EXPECT_EQ(error.ordinal, 1);
            EXPECT_EQ(error.kind(), ErrorKind::format);
            EXPECT_THAT(error.what(),
                        testing::StartsWith("frame " + std::to_string(frame) + ": atom 3 has the coordinate "));
        }
        EXPECT_NO_THROW(run_of(given, {1}, FrameSelection({0, frame})).make_worker()->work({0, 2}))
            << "an atom nobody wants is nobody's business";
    }
}

TEST(Run, takes_coordinates_up_to_the_last_float_that_an_exact_sum_holds) {
    for (float x : {std::nextafter(0x1p22f, 0.0f), -std::nextafter(0x1p22f, 0.0f), -0.0f, 0x1p-149f}) {
        Case given = some_case();
        given.moments[0].positions[3][2] = x;
        EXPECT_NO_THROW(run_of(given, {3, 1}, FrameSelection({0})).make_worker()->work({0, 1})) << x;
    }
}

TEST(Run, rebuilt_without_a_source_works_on_sent_frames_only) {
    const Case given = some_case();
    const engine::Run here = run_of(given, {2, 1}, FrameSelection({0}));
    const engine::Run there(here.spec(), laws::rebuild_any(), nullptr);
    EXPECT_THROW(there.make_worker(), StateError);
    const Part part = there.make_worker_on(std::make_shared<FakeSource>(given.moments))->work({0, 1});
    EXPECT_EQ(there.knowledge(part), here.knowledge(laws::work_in_one_go(here)));
}

TEST(Run, records_where_when_and_how_long) {
    const Case given = some_case();
    engine::Run run = run_of(given, {0}, FrameSelection(given.frames));
    run.set_simd("portable");
    const auto worker = run.make_worker();
    const Part first = worker->work({0, 2}), second = worker->work({2, 3});
    ASSERT_EQ(first.records.size(), 1u);
    const WorkRecord& record = first.records[0];
    EXPECT_EQ(record.ordinals, (Range{0, 2}));
    EXPECT_EQ(record.place.pid, getpid());
    EXPECT_EQ(record.place.thread, gettid());
    EXPECT_FALSE(record.place.host.empty());
    EXPECT_EQ(record.place.simd, "portable");
    EXPECT_EQ(record.read_seconds.size(), 2u);
    EXPECT_EQ(record.compute_seconds.size(), 2u);
    EXPECT_GT(record.open_seconds, 0);
    EXPECT_EQ(second.records[0].open_seconds, 0) << "opened once";
}

}  // namespace
}  // namespace mdloom::engine

// Laws that find nothing are worth nothing: each is shown what breaks it.
#include "mdloom/backends/catalog.hpp"
#include "mdloom/laws/run_laws.hpp"
#include "mdloom/laws/source_law.hpp"
#include "support/case.hpp"
#include "support/toys.hpp"

namespace mdloom::laws {
namespace {

/// Passes everything on, and breaks what it is told to.
struct Crooked final : Source, std::enable_shared_from_this<Crooked> {
    enum class Way { straight, drifts, misplaces, forgets_index, boxes_by_worker, counts_steps, cell_of_first_read };
    Crooked(std::shared_ptr<const Source> source, Way way) : source(std::move(source)), way(way) {}

    Index n_atoms() const override { return source->n_atoms(); }
    Index n_frames() const override { return source->n_frames(); }
    std::string name() const override { return "crooked"; }
    Bytes describe() const override { return {}; }
    void require_unchanged() const override {}
    std::shared_ptr<const Source> refresh() const override { return shared_from_this(); }
    std::unique_ptr<Reader> open_reader() const override {
        struct Cursor final : Reader {
            Cursor(const Crooked& crooked, Index number)
                : crooked(crooked), number(number), inner(crooked.source->open_reader()) {}
            void read(Index frame_index, std::span<const Index> wanted, Frame& frame) override {
                inner->read(frame_index, wanted, frame);
                const Way way = crooked.way;
                if (way == Way::drifts) frame.time += 0.25 * static_cast<double>(n_reads++);
                if (way == Way::boxes_by_worker) frame.box[8] = static_cast<float>(number);
                if (way == Way::forgets_index) frame.index = n_reads++;
                if (way == Way::counts_steps) frame.stored.step = ++n_reads;
                if (way == Way::cell_of_first_read && n_reads++ == 0) frame.stored.cell[4] = 1;
                if (way == Way::misplaces && wanted.size() > 1 && index_of(wanted.size()) < crooked.n_atoms())
                    std::swap(frame.positions[0], frame.positions[1]);
            }
            const Crooked& crooked;
            const Index number;
            std::unique_ptr<Reader> inner;
            Index n_reads = 0;
        };
        return std::make_unique<Cursor>(*this, n_readers++);
    }

    std::shared_ptr<const Source> source;
    Way way;
    mutable Index n_readers = 0;
};

std::string verdict_on(Crooked::Way way) {
    Dice dice(11);
    Case given = Case::random(dice);
    while (given.moments.size() < 5) given = Case::random(dice);
    const auto crooked = std::make_shared<const Crooked>(std::make_shared<FakeSource>(given.moments), way);
    return broken_source_law(*crooked);
}

TEST(source_law, a_source_that_keeps_it_breaks_nothing) {
    EXPECT_EQ(verdict_on(Crooked::Way::straight), "");
}

TEST(source_law, a_reader_that_remembers_is_found) {
    EXPECT_NE(verdict_on(Crooked::Way::drifts).find("its time differs"), std::string::npos);
    EXPECT_NE(verdict_on(Crooked::Way::forgets_index).find("its index is"), std::string::npos);
    EXPECT_NE(verdict_on(Crooked::Way::counts_steps).find("its step is"), std::string::npos);
    EXPECT_NE(verdict_on(Crooked::Way::cell_of_first_read).find("its cell as it is stored differs"), std::string::npos);
}

TEST(source_law, a_part_of_the_atoms_in_another_order_is_found) {
    EXPECT_NE(verdict_on(Crooked::Way::misplaces).find("the position of atom "), std::string::npos);
}

TEST(source_law, readers_that_differ_are_found) {
    EXPECT_NE(verdict_on(Crooked::Way::boxes_by_worker).find("its box differs"), std::string::npos);
}

/// Its merge is a difference: not commutative.
struct Unfair {
    struct Tally {
        Index value = 0;
        void merge(Tally&& other) { value -= other.value; }
    };
    struct State {
        Tally tally;
    };
    Group group{0};
    static constexpr std::string_view name = "unfair";
    static constexpr Index state_version = 1;

    std::vector<Group> groups() const { return {group}; }
    void prepare(const System&) {}
    State empty_state() const { return {}; }
    void single_frame(const Frame& frame, const std::vector<Group>&, State& state) const {
        state.tally.value += 1 + frame.ordinal;
    }
    Result conclude(const State&) const { return {}; }
};

engine::Run run_of(std::unique_ptr<Analysis> analysis, const Case& given) {
    std::vector<std::unique_ptr<Analysis>> analyses;
    analyses.push_back(std::move(analysis));
    return {std::make_shared<FakeSource>(given.moments), given.topology, FrameSelection(given.frames),
            std::move(analyses)};
}

TEST(split_law, a_merge_that_depends_on_order_is_found) {
    for_cases(16, [](Dice& dice) {
        Case given = Case::random(dice);
        given.frames = {0, 0, 0, 0, 0, 0};
        EXPECT_NE(broken_split_law(run_of(analyses::make_analysis(Unfair{}), given), 10, dice.seed()), "");
    });
}

TEST(split_law, the_toys_keep_it_and_every_backend_gives_their_bytes) {
    for_cases(16, [](Dice& dice) {
        const Case given = Case::random(dice);
        const engine::Run run = make_run(given, toys(), dice.seed());
        EXPECT_EQ(broken_split_law(run, 5, dice.seed()), "");
        for (const auto& [name, backend] : all_backends(dice))
            EXPECT_EQ(knowledge_from(run, *backend), run.knowledge(work_in_one_go(run))) << name;
    });
}

}  // namespace
}  // namespace mdloom::laws

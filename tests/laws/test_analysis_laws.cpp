// What every analysis promises: splitting, travelling, nothing at all, company.
#include <gmock/gmock.h>

#include "mdloom/analyses/catalog.hpp"
#include "support/case.hpp"
#include "support/chaos.hpp"
#include "support/toys.hpp"

namespace mdloom::laws {
namespace {

constexpr int n_cases = 200;

TEST(catalog, every_listed_analysis_is_tried_by_the_laws) {
    EXPECT_THAT(untested_analyses(), testing::IsEmpty());
}

TEST(catalog, names_are_unique_and_sorted_and_belong_to_what_is_made) {
    std::vector<std::string_view> names;
    for (const analyses::Info& info : analyses::catalog()) {
        names.push_back(info.name);
        EXPECT_EQ(info.blank()->name(), info.name);
        EXPECT_FALSE(info.summary.empty());
    }
    EXPECT_FALSE(names.empty());
    EXPECT_TRUE(std::ranges::is_sorted(names));
    EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
}

class AnalysisLaws : public testing::TestWithParam<Subject> {
protected:
    static engine::Run run(const Case& given, std::uint64_t seed, Index n_frames = INT64_MAX) {
        return make_run(given, {GetParam()}, seed, n_frames);
    }
};

TEST_P(AnalysisLaws, split_law_merging_any_cut_in_any_order_gives_the_bytes_of_the_whole) {
    for_cases(n_cases, [&](Dice& dice) {
        const Case given = Case::random(dice);
        const engine::Run run = this->run(given, dice.seed());
        const Bytes whole = run.knowledge(work_in_one_go(run));
        std::vector<Chunk> chunks;
        for (Index at = 0; at < run.n_frames();) {
            const Index stop = std::min(run.n_frames(), at + dice.between(1, 20));
            chunks.push_back({at, stop});
            at = stop;
        }
        std::ranges::shuffle(chunks, dice.generator());
        std::vector<Part> parts;
        parts.push_back(run.nothing());
        const auto first = run.make_worker(), second = run.make_worker();
        for (Chunk chunk : chunks) parts.push_back((dice.chance(0.5) ? first : second)->work(chunk));
        while (parts.size() > 1) {  // any two meet, either way round
            std::ranges::shuffle(parts, dice.generator());
            Part last = std::move(parts.back());
            parts.pop_back();
            parts.back().merge(std::move(last));
        }
        EXPECT_EQ(run.knowledge(parts.front()), whole);
    });
}

TEST_P(AnalysisLaws, split_law_merge_is_associative_and_commutative_with_the_empty_state_as_identity) {
    for_cases(n_cases, [&](Dice& dice) {
        const Case given = Case::random(dice);
        const engine::Run run = this->run(given, dice.seed());
        const Index n = run.n_frames(), i = dice.between(0, n), j = dice.between(i, n);
        const auto worker = run.make_worker();
        const auto a = [&] { return worker->work({0, i}); };
        const auto b = [&] { return worker->work({i, j}); };
        const auto c = [&] { return worker->work({j, n}); };
        const auto bytes = [&](const Part& part) { return run.knowledge(part); };
        const Bytes whole = bytes(worker->work({0, n}));
        EXPECT_EQ(bytes(sum(sum(a(), b()), c())), whole);
        EXPECT_EQ(bytes(sum(a(), sum(b(), c()))), whole);
        EXPECT_EQ(bytes(sum(c(), sum(b(), a()))), whole);
        EXPECT_EQ(bytes(sum(sum(a(), c()), b())), whole);
        EXPECT_EQ(bytes(sum(run.nothing(), worker->work({0, n}))), whole);
        EXPECT_EQ(bytes(sum(worker->work({0, n}), run.nothing())), whole);
    });
}

TEST_P(AnalysisLaws, a_chunk_that_failed_leaves_no_trace_in_its_worker) {
    for_cases(n_cases, [&](Dice& dice) {
        Case given = Case::random(dice);
        if (given.n_frames() < 3) return;
        const std::uint64_t seed = dice.seed();
        given.frames.back() = index_of(given.moments.size());
        given.moments.push_back(given.moments.back());
        given.moments.back().damage = Damage::unreadable;
        const engine::Run run = this->run(given, seed);
        const Index n = run.n_frames() - 1;
        const auto worker = run.make_worker();
        EXPECT_THROW(worker->work({dice.between(0, n), n + 1}), FrameError);
        EXPECT_EQ(run.knowledge(worker->work({0, n})), run.knowledge(run.make_worker()->work({0, n})));
    });
}

TEST_P(AnalysisLaws, travel_law_a_part_survives_bytes) {
    for_cases(n_cases, [&](Dice& dice) {
        const Case given = Case::random(dice);
        const engine::Run run = this->run(given, dice.seed());
        const Part part = gather(run, *chaos(dice.seed()));
        const Bytes packed = run.pack(part);
        const Part back = run.unpack(packed);
        EXPECT_EQ(run.pack(back), packed);
        EXPECT_EQ(run.knowledge(back), run.knowledge(work_in_one_go(run)));
        EXPECT_EQ(bytes_of(*back.states[0]), bytes_of(*part.states[0]));
    });
}

TEST_P(AnalysisLaws, travel_law_a_run_rebuilt_from_its_spec_gives_the_same_bits) {
    for_cases(n_cases, [&](Dice& dice) {
        const Case given = Case::random(dice);
        const engine::Run here = this->run(given, dice.seed());
        const Bytes spec = here.spec();
        const engine::Run there(spec, rebuild_any(), std::make_shared<FakeSource>(given.moments));
        EXPECT_EQ(there.spec(), spec);
        EXPECT_EQ(there.wanted(), here.wanted());
        EXPECT_EQ(there.knowledge(there.unpack(here.pack(work_in_one_go(here)))),
                  there.knowledge(work_in_one_go(there)));
        const auto cut = std::span(spec).first(usize(dice.between(0, index_of(spec.size()) - 1)));
        EXPECT_THROW(engine::Run(cut, rebuild_any(), nullptr), StateError);
        Bytes longer = spec;
        longer.push_back({});
        EXPECT_THROW(engine::Run(longer, rebuild_any(), nullptr), StateError);
    });
}

TEST_P(AnalysisLaws, travel_law_cut_or_prolonged_bytes_are_refused) {
    for_cases(n_cases, [&](Dice& dice) {
        const Case given = Case::random(dice);
        const engine::Run run = this->run(given, dice.seed());
        Bytes packed = run.pack(work_in_one_go(run));
        const auto cut = usize(dice.between(0, index_of(packed.size()) - 1));
        EXPECT_THROW(run.unpack(std::span(packed).first(cut)), StateError);
        packed.push_back({});
        EXPECT_THROW(run.unpack(packed), StateError);
    });
}

/// A flip that only changes a number cannot be told from another number; whatever is believed must be safe to use.
TEST_P(AnalysisLaws, travel_law_damaged_bytes_are_refused_or_safe_to_merge_and_conclude) {
    Index n_refused = 0;
    for_cases(5 * n_cases, [&](Dice& dice) {
        const Case given = Case::random(dice);
        const engine::Run run = this->run(given, dice.seed());
        Bytes packed = run.pack(work_in_one_go(run));
        for (Index n = dice.between(1, 3); n > 0; --n)
            packed[usize(dice.between(0, index_of(packed.size()) - 1))] ^= static_cast<std::byte>(dice.between(1, 255));
        try {
            Part part = run.unpack(packed);
            run.conclude(part);
            gather(run, *chaos(dice.seed()), std::move(part));
        } catch (const Error&) {
            ++n_refused;
        }
    });
    EXPECT_GT(n_refused, 0);
}

TEST_P(AnalysisLaws, travel_law_another_analysis_or_version_is_refused_by_name) {
    Dice dice(7);
    const Case given = Case::random(dice);
    const engine::Run run = this->run(given, 7);
    const Bytes bytes = bytes_of(*run.nothing().states[0]);
    const auto analysis = GetParam().make(7, given);
    const std::string name = GetParam().name;

    Bytes older = bytes;
    older[sizeof(Index) + name.size()] ^= std::byte{0x10};
    ByteReader older_reader(older);
    const std::string refusal = error_of([&] { analysis->read_state(older_reader); });
    EXPECT_THAT(refusal, testing::StartsWith(name + " state has version "));
    EXPECT_THAT(refusal, testing::HasSubstr("this build reads version "));

    Bytes other = bytes;
    other[sizeof(Index)] = std::byte{'x'};
    ByteReader other_reader(other);
    EXPECT_EQ(error_of([&] { analysis->read_state(other_reader); }),
              "state is of 'x" + name.substr(1) + "', not of '" + name + "'");
}

TEST_P(AnalysisLaws, empty_law_zero_frames_give_a_well_shaped_result) {
    for_cases(n_cases, [&](Dice& dice) {
        const Case given = Case::random(dice);
        const engine::Run run = this->run(given, dice.seed(), 0);
        for (const auto& [name, backend] : all_backends(dice)) {
            SCOPED_TRACE(name);
            const Part part = gather(run, *backend);
            EXPECT_TRUE(part.ordinals.empty());
            const auto results = run.conclude(part);
            ASSERT_EQ(results.size(), 1u);
            EXPECT_FALSE(results[0].empty());
            for (const Column& column : results[0]) {
                Index n = 1;
                for (Index extent : column.shape) n *= extent;
                EXPECT_EQ(column.n_values(), n) << column.name;
                EXPECT_FALSE(column.shape.empty()) << column.name;
            }
        }
    });
}

TEST_P(AnalysisLaws, pass_law_together_as_alone) {
    for_cases(n_cases, [&](Dice& dice) {
        const Case given = Case::random(dice);
        const std::uint64_t seed = dice.seed();
        const auto subjects = all_subjects();
        const engine::Run together = make_run(given, subjects, seed), alone = this->run(given, seed);
        const Part all = gather(together, *chaos(dice.seed()));
        const Bytes expected = bytes_of(*work_in_one_go(alone).states[0]);
        const auto mine = std::ranges::find(subjects, GetParam().name, &Subject::name);
        EXPECT_EQ(bytes_of(*all.states[usize(mine - subjects.begin())]), expected);
    });
}

TEST_P(AnalysisLaws, partial_results_come_from_any_part_and_change_nothing_and_the_last_ones_are_the_same) {
    for_cases(n_cases, [&](Dice& dice) {
        const Case given = Case::random(dice);
        const engine::Run run = this->run(given, dice.seed());
        const Index n = run.n_frames(), first = dice.between(0, n);
        Part part = run.make_worker()->work({first, dice.between(first, n)});
        const Bytes before = run.knowledge(part);
        const auto once = run.conclude(part), again = run.conclude(part);
        EXPECT_EQ(run.knowledge(part), before);
        const auto last = run.conclude_last(part);
        ASSERT_EQ(once[0].size(), again[0].size());
        for (std::size_t i = 0; i < once[0].size(); ++i) {
            EXPECT_EQ(once[0][i].shape, again[0][i].shape);
            const auto bits = [](const Column& column) {
                ByteWriter writer;
                writer.write(column.values);
                if (column.floats) writer.write(*column.floats);
                return writer.take();
            };
            EXPECT_EQ(bits(once[0][i]), bits(again[0][i])) << "also when not a number";
            EXPECT_EQ(bits(once[0][i]), bits(last.at(0).at(i)));
            EXPECT_EQ(once[0][i].shape, last[0][i].shape);
        }
    });
}

INSTANTIATE_TEST_SUITE_P(all, AnalysisLaws, testing::ValuesIn(all_subjects()),
                         [](const auto& subject) { return subject.param.name; });

}  // namespace
}  // namespace mdloom::laws

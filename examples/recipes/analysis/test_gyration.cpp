// The recipe in C++: by hand, by the laws, on one thread and on many.
#include "gyration.hpp"

#include <gtest/gtest.h>

#include <mdloom/backends/catalog.hpp>
#include <mdloom/laws/run_laws.hpp>
#include <mdloom/sources/memory.hpp>
#include <random>

namespace {

using mdloom::Index;
using mdloom::Vec3;

mdloom::engine::Run run_of(std::vector<Vec3> positions, Index n_atoms, mdloom::Topology topology, Gyration gyration) {
    auto held = std::make_shared<std::vector<Vec3>>(std::move(positions));
    mdloom::sources::MemoryArray array;
    array.first = held->data();
    array.n_atoms = n_atoms;
    array.n_frames = mdloom::index_of(held->size()) / n_atoms;
    array.strides = {12 * n_atoms, 12, 4};
    array.owner = held;
    for (Index k = 0; k < array.n_frames; ++k) array.times.push_back(0.5 * static_cast<double>(k));
    std::vector<std::unique_ptr<mdloom::Analysis>> analyses;
    analyses.push_back(mdloom::analyses::make_analysis(std::move(gyration)));
    const mdloom::FrameSelection frames(0, 1, array.n_frames);
    return {mdloom::sources::memory(std::move(array)), std::move(topology), frames, std::move(analyses)};
}

mdloom::engine::Run random_run(std::uint64_t seed) {
    std::mt19937_64 dice(seed);
    std::normal_distribution<float> around(300.f, 20.f);
    const Index n_atoms = 2 + static_cast<Index>(dice() % 30), n_frames = static_cast<Index>(dice() % 200);
    std::vector<Vec3> positions(mdloom::usize(n_atoms * n_frames));
    for (Vec3& position : positions)
        for (float& x : position) x = around(dice);
    mdloom::Topology topology{n_atoms, {}};
    for (Index i = 0; i < n_atoms; ++i) topology.masses.push_back(1.0 + static_cast<double>(dice() % 32));
    Gyration gyration;
    for (Index i = 0; i < n_atoms; ++i) gyration.group.push_back(static_cast<Index>(dice()) & 1 ? i : n_atoms - 1 - i);
    return run_of(std::move(positions), n_atoms, std::move(topology), std::move(gyration));
}

TEST(Gyration, a_dumbbell_by_hand) {
    // 3 amu at 0 and 1 amu at 4 Å: centre at 1, mean square (3 * 1 + 1 * 9) / 4 = 3
    const auto run = run_of({{0, 0, 0}, {4, 0, 0}, {9, 9, 9}}, 3, {3, {3, 1, 100}}, {{0, 1}, {}});
    const auto part = run.make_worker()->work({0, 1});
    const mdloom::Column column = run.conclude(part)[0][0];
    EXPECT_EQ(column.shape, (std::vector<Index>{1, 3}));
    EXPECT_DOUBLE_EQ(column.values[2], std::sqrt(3.0));
}

TEST(Gyration, any_cut_of_the_frames_gives_the_same_bytes) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed)
        ASSERT_EQ(mdloom::laws::broken_split_law(random_run(seed), 10, seed), "") << seed;
}

TEST(Gyration, one_thread_and_many_give_the_same_bytes) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const auto run = random_run(seed);
        const auto serial = mdloom::laws::knowledge_from(run, *mdloom::backends::serial());
        for (int n_threads : {1, 2, 3, 8})
            ASSERT_EQ(mdloom::laws::knowledge_from(run, *mdloom::backends::threads(n_threads)), serial) << seed;
    }
}

TEST(Gyration, what_it_cannot_do_it_refuses) {
    EXPECT_THROW(run_of({{0, 0, 0}}, 1, {1, {1}}, {{}, {}}), mdloom::ArgumentError);
    EXPECT_THROW(run_of({{0, 0, 0}}, 1, {1, {}}, {{0}, {}}), mdloom::TopologyError);
    EXPECT_THROW(run_of({{0, 0, 0}}, 1, {1, {0}}, {{0}, {}}), mdloom::TopologyError);
    EXPECT_THROW(run_of({{0, 0, 0}}, 1, {1, {NAN}}, {{0}, {}}), mdloom::TopologyError);
}

}  // namespace

#include "mdloom/sources/memory.hpp"

#include <gtest/gtest.h>

#include "support/source_law.hpp"

namespace mdloom::sources {
namespace {

/// [4 frames][5 atoms][3], 100 * frame + 10 * atom + component.
std::vector<float> numbers() {
    std::vector<float> all;
    for (int f = 0; f < 4; ++f)
        for (int a = 0; a < 5; ++a)
            for (int c = 0; c < 3; ++c) all.push_back(static_cast<float>(100 * f + 10 * a + c));
    return all;
}

MemoryArray array_of(const std::vector<float>& all) {
    return {.first = all.data(),
            .n_frames = 4,
            .n_atoms = 5,
            .strides = {60, 12, 4},
            .owner = nullptr,
            .times = {0, 2, 4, 6},
            .boxes = {}};
}

TEST(Memory, serves_an_array_without_copying_it) {
    auto all = numbers();
    const auto source = memory(array_of(all));
    EXPECT_EQ(source->n_atoms(), 5);
    EXPECT_EQ(source->n_frames(), 4);
    EXPECT_TRUE(source->describe().empty());
    Frame frame;
    source->open_reader()->read(2, atoms(1, 5, 3), frame);
    EXPECT_EQ(frame.positions, (std::vector<Vec3>{{210, 211, 212}, {240, 241, 242}}));
    EXPECT_EQ(frame.time, 4);
    EXPECT_EQ(frame.box, Box{});
    expect_source_law(*source);
    all[30] = -1;
    source->open_reader()->read(2, atoms(0, 1), frame);
    EXPECT_EQ(frame.positions[0][0], -1);
}

TEST(Memory, follows_any_strides) {
    const auto all = numbers();
    auto array = array_of(all);
    array.first = all.data() + 3 * 15 + 4 * 3 + 2;  // the very last number, and backwards
    array.strides = {-60, -12, -4};
    const auto source = memory(array);
    Frame frame;
    source->open_reader()->read(0, atoms(0, 5), frame);
    EXPECT_EQ(frame.positions[0], (Vec3{342, 341, 340}));
    source->open_reader()->read(3, atoms(0, 5), frame);
    EXPECT_EQ(frame.positions[4], (Vec3{2, 1, 0}));
    array.first = all.data();
    array.strides = {0, 12, 4};  // one frame for all
    expect_source_law(*memory(array));
}

TEST(Memory, gives_each_frame_its_box) {
    const auto all = numbers();
    auto array = array_of(all);
    array.boxes = {{1}, {2}, {3}, {4}};
    EXPECT_EQ(read_all(*memory(array))[2].box, Box{3});
}

TEST(Memory, keeps_its_owner_alive_as_long_as_any_snapshot) {
    auto owner = std::make_shared<std::vector<float>>(numbers());
    std::weak_ptr<const void> watched = owner;
    auto array = array_of(*owner);
    array.owner = std::move(owner);
    auto source = memory(std::move(array));
    auto later = source->refresh();
    source.reset();
    EXPECT_FALSE(watched.expired());
    expect_source_law(*later);
    later.reset();
    EXPECT_TRUE(watched.expired());
}

TEST(Memory, refuses_times_and_boxes_that_do_not_fit) {
    const auto all = numbers();
    auto array = array_of(all);
    array.times.pop_back();
    EXPECT_THROW(memory(array), ArgumentError);
    array = array_of(all);
    array.boxes.resize(1);
    EXPECT_THROW(memory(array), ArgumentError);
    Frame frame;
    EXPECT_THROW(memory(array_of(all))->open_reader()->read(4, atoms(0, 5), frame), ArgumentError);
    EXPECT_THROW(memory(array_of(all))->open_reader()->read(0, atoms(3, 6), frame), ArgumentError);
}

}  // namespace
}  // namespace mdloom::sources

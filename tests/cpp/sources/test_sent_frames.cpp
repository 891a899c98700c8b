#include "mdloom/sources/sent_frames.hpp"

#include <gtest/gtest.h>

#include "mdloom/sources/memory.hpp"
#include "support/source_law.hpp"

namespace mdloom::sources {
namespace {

class Sent : public testing::Test {
protected:
    Sent() {
        for (int i = 0; i < 10 * 6 * 3; ++i) numbers.push_back(static_cast<float>(i) * 0.5f);
        MemoryArray array{.first = numbers.data(),
                          .n_frames = 10,
                          .n_atoms = 6,
                          .strides = {72, 12, 4},
                          .owner = nullptr,
                          .times = {},
                          .boxes = std::vector<Box>(10, Box{7})};
        for (int k = 0; k < 10; ++k) array.times.push_back(k * 1.5);
        source = memory(array);
        frames = read_all(*source);
    }
    Bytes pack(const std::vector<Index>& indices, const std::vector<Index>& wanted) {
        return pack_frames(*source, *source->open_reader(), indices, wanted);
    }
    std::vector<float> numbers;
    std::shared_ptr<const Source> source;
    std::vector<Frame> frames;
};

TEST_F(Sent, frames_are_the_same_bits_elsewhere) {
    const auto wanted = atoms(1, 6, 2);
    const auto sent = sent_frames(pack({5, 3, 3, 9}, wanted));
    EXPECT_EQ(sent->n_atoms(), 6);
    EXPECT_EQ(sent->n_frames(), 10);
    EXPECT_EQ(sent->name(), "memory");
    EXPECT_TRUE(sent->describe().empty());
    const auto reader = sent->open_reader();
    Frame frame;
    for (Index k : {9, 3, 5, 3}) {
        reader->read(k, wanted, frame);
        EXPECT_TRUE(same_bits(frames[usize(k)], wanted, frame));
    }
}

TEST_F(Sent, frames_may_be_without_atoms) {
    Frame frame;
    sent_frames(pack({2}, {}))->open_reader()->read(2, {}, frame);
    EXPECT_EQ(frame.time, 3);
    EXPECT_TRUE(frame.positions.empty());
}

TEST_F(Sent, frames_refuse_what_was_not_sent) {
    const auto sent = sent_frames(pack({2, 4}, atoms(0, 3)));
    Frame frame;
    EXPECT_THROW(sent->open_reader()->read(3, atoms(0, 3), frame), ArgumentError);
    EXPECT_THROW(sent->open_reader()->read(2, atoms(0, 4), frame), ArgumentError);
}

TEST_F(Sent, bytes_that_are_cut_short_or_changed_are_refused) {
    const Bytes good = pack({2, 4}, atoms(0, 3));
    for (std::size_t n = 0; n < good.size(); ++n) {
        EXPECT_THROW(sent_frames(std::span(good).first(n)), StateError);
        Bytes bad = good;
        bad[n] ^= std::byte{0x40};
        try {
            const auto sent = sent_frames(bad);
            Frame frame;
            sent->open_reader()->read(2, atoms(0, 3), frame);
        } catch (const Error&) {
        }
    }
}

}  // namespace
}  // namespace mdloom::sources

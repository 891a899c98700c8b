#include <gmock/gmock.h>

#include <numeric>

#include "mdloom/writers/joined_parts.hpp"
#include "support/dice.hpp"
#include "support/scratch_folder.hpp"

namespace mdloom::writers {
namespace {

using laws::Dice;
using laws::error_of;
using laws::for_cases;
using sources::content_of;
using sources::ScratchFolder;

Bytes bytes_of(const std::string& text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

FrameRecord add(PartWriter& worker, Index ordinal, const Bytes& content) {
    return worker.add(ordinal, [&](Bytes& out) { out.insert(out.end(), content.begin(), content.end()); });
}

std::string name_of(Index ordinal) {
    return "frame " + std::to_string(10 * ordinal);
}

/// A folder of parts beside the file that comes out.
class JoinedParts : public testing::Test {
protected:
    JoinedParts() { std::filesystem::create_directory(parts_); }

    PartWriter writer() const { return PartWriter(parts_); }
    Index join(const std::vector<FrameRecord>& frames, const std::string& header = "") const {
        return join_parts(parts_, bytes_of(header), frames, folder_.path("out"), name_of, {});
    }
    std::string error(const std::vector<FrameRecord>& frames) const {
        return error_of([&] { join(frames); });
    }
    Bytes out() const { return content_of(folder_.path("out")); }

    std::vector<std::string> part_files() const {
        std::vector<std::string> paths;
        for (const auto& entry : std::filesystem::directory_iterator(parts_)) paths.push_back(entry.path().string());
        return paths;
    }
    std::string only_part() const {
        const auto paths = part_files();
        EXPECT_EQ(paths.size(), 1u);
        return paths.at(0);
    }

    ScratchFolder folder_;
    std::string parts_ = folder_.path("parts");
};

TEST_F(JoinedParts, frames_of_two_workers_come_out_in_order_behind_the_header) {
    PartWriter first = writer(), second = writer();
    const auto two = add(second, 2, bytes_of("cc")), zero = add(second, 0, bytes_of("a"));
    const auto one = add(first, 1, bytes_of("bbb"));
    first.flush(), second.flush();
    EXPECT_EQ(join({zero, one, two}, "head "), 11);
    EXPECT_EQ(out(), bytes_of("head abbbcc"));
}

TEST_F(JoinedParts, no_frames_give_the_header_alone) {
    EXPECT_EQ(join({}, "head"), 4);
    EXPECT_EQ(out(), bytes_of("head"));
    EXPECT_TRUE(part_files().empty());
}

TEST_F(JoinedParts, what_is_not_flushed_is_not_there_and_what_is_can_be_read_while_the_writer_lives) {
    PartWriter worker = writer();
    const auto zero = add(worker, 0, bytes_of("a"));
    EXPECT_TRUE(part_files().empty());
    worker.flush();
    const auto one = add(worker, 1, bytes_of("b"));
    EXPECT_EQ(join({zero}), 1);
    EXPECT_THAT(error({zero, one}), testing::HasSubstr("frame 10 is not among what workers wrote to " + parts_));
}

TEST_F(JoinedParts, a_frame_that_cannot_be_encoded_leaves_no_trace) {
    PartWriter worker = writer();
    const auto zero = add(worker, 0, bytes_of("a"));
    const auto half = [](Bytes& out) {
        out.push_back({});
        throw ArgumentError("too large");
    };
    EXPECT_THROW(worker.add(1, half), ArgumentError);
    const auto two = add(worker, 2, bytes_of("c"));
    worker.flush();
    EXPECT_EQ(PartReader(only_part()).frames().size(), 2u);
    join({zero, two});
    EXPECT_EQ(out(), bytes_of("ac"));
}

TEST_F(JoinedParts, a_frame_that_two_workers_wrote_counts_once) {
    PartWriter first = writer(), second = writer();
    add(first, 0, bytes_of("a")), first.flush();
    const auto zero = add(second, 0, bytes_of("a")), one = add(second, 1, bytes_of("b"));
    add(second, 1, bytes_of("b")), second.flush();
    EXPECT_EQ(join({zero, one}), 2);
    EXPECT_EQ(out(), bytes_of("ab"));
}

TEST_F(JoinedParts, frames_of_another_content_are_not_taken_for_those_that_are_known) {
    PartWriter worker = writer();
    add(worker, 0, bytes_of("x")), add(worker, 0, bytes_of("long"));
    const auto zero = add(worker, 0, bytes_of("a"));
    worker.flush();
    join({zero});
    EXPECT_EQ(out(), bytes_of("a"));
}

TEST_F(JoinedParts, a_torn_tail_is_skipped_wherever_its_worker_was_killed) {
    PartWriter whole = writer();
    std::vector<FrameRecord> frames{add(whole, 0, bytes_of("abc")), add(whole, 1, bytes_of("defg"))};
    whole.flush();
    const std::string part = only_part();
    const Bytes all = content_of(part);
    for (std::size_t length = 0; length < all.size(); ++length) {
        folder_.overwrite("parts/" + std::filesystem::path(part).filename().string(),
                          Bytes(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(length)));
        const auto found = PartReader(part).frames();
        const std::size_t n_whole = length < 43 ? 0 : 1;  // 40 bytes of head, 3 of the frame
        ASSERT_EQ(found.size(), n_whole) << length;
        if (n_whole == 1) {
            EXPECT_EQ(found[0].frame, frames[0]);
        }
        EXPECT_THAT(error(frames),
                    testing::HasSubstr(n_whole == 1 ? "frame 10 is not among" : "frame 0, frame 10 are"));
    }
    PartWriter again = writer();  // who did the killed worker's frames
    add(again, 1, bytes_of("defg")), add(again, 0, bytes_of("abc")), again.flush();
    EXPECT_EQ(join(frames), 7);
    EXPECT_EQ(out(), bytes_of("abcdefg"));
}

TEST_F(JoinedParts, damaged_bytes_are_found_while_copying_and_a_duplicate_helps) {
    PartWriter worker = writer();
    const auto zero = add(worker, 0, bytes_of("abc"));
    worker.flush();
    const std::string part = only_part();
    Bytes bytes = content_of(part);
    bytes.back() ^= std::byte{1};
    folder_.overwrite("parts/" + std::filesystem::path(part).filename().string(), bytes);
    EXPECT_THAT(error({zero}), testing::HasSubstr("frame 0 was damaged in " + parts_));
    std::filesystem::remove(folder_.path("out"));
    PartWriter again = writer();
    add(again, 0, bytes_of("abc")), again.flush();
    EXPECT_EQ(join({zero}), 3);
}

TEST_F(JoinedParts, a_damaged_head_ends_its_part) {
    PartWriter worker = writer();
    const auto zero = add(worker, 0, bytes_of("abc")), one = add(worker, 1, bytes_of("d"));
    worker.flush();
    const std::string part = only_part();
    const Bytes good = content_of(part);
    for (std::size_t at = 43; at < 83; ++at) {
        Bytes bytes = good;
        bytes[at] ^= std::byte{0x40};
        folder_.overwrite("parts/" + std::filesystem::path(part).filename().string(), bytes);
        ASSERT_EQ(PartReader(part).frames().size(), 1u) << at;
    }
    EXPECT_THAT(error({zero, one}), testing::HasSubstr("frame 10 is not among"));
}

TEST_F(JoinedParts, many_missing_frames_are_counted) {
    std::vector<FrameRecord> frames;
    for (Index i = 0; i < 8; ++i) frames.push_back(describe(i, bytes_of("x")));
    EXPECT_THAT(error(frames), testing::StartsWith("frame 0, frame 10, frame 20, frame 30, frame 40, ... (8 in all) "
                                                   "are not among what workers wrote to "));
}

TEST_F(JoinedParts, the_file_must_be_new) {
    folder_.write("out", bytes_of("old"));
    EXPECT_THAT(error({}), testing::HasSubstr("out cannot be written: File exists"));
    EXPECT_EQ(out(), bytes_of("old"));
}

TEST_F(JoinedParts, a_folder_that_is_not_there_is_named_with_the_machine) {
    std::filesystem::remove(parts_);
    PartWriter worker = writer();
    add(worker, 0, bytes_of("a"));
    EXPECT_THAT(error_of([&] { worker.flush(); }),
                testing::AllOf(testing::HasSubstr(parts_ + " for parts of the trajectory is not there on "),
                               testing::HasSubstr("all workers must see the file system")));
    EXPECT_THAT(error({}), testing::HasSubstr(parts_ + ": cannot be read: No such file"));
}

TEST_F(JoinedParts, a_folder_that_may_not_be_written_to_is_named) {
    std::filesystem::permissions(parts_, std::filesystem::perms::owner_read);
    const sources::OrdinaryUser user;
    PartWriter worker = writer();
    add(worker, 0, bytes_of("a"));
    EXPECT_THAT(error_of([&] { worker.flush(); }), testing::HasSubstr("cannot be written to " + parts_ + ": Perm"));
}

TEST_F(JoinedParts, whoever_waits_is_asked_now_and_then_and_may_end_it) {
    PartWriter worker = writer();
    std::vector<FrameRecord> frames;
    const Bytes megabytes(3 << 20);
    for (Index i = 0; i < 7; ++i) frames.push_back(add(worker, i, megabytes));
    worker.flush();
    int n_asked = 0;
    EXPECT_THROW(join_parts(parts_, {}, frames, folder_.path("out"), name_of,
                            [&] {
                                if (++n_asked == 2) throw std::runtime_error("enough");
                            }),
                 std::runtime_error);
    std::filesystem::remove(folder_.path("out"));
    EXPECT_EQ(join_parts(parts_, {}, frames, folder_.path("out"), name_of, [&] { ++n_asked; }), 21 << 20);
    EXPECT_EQ(n_asked, 2 + 4);
}

TEST_F(JoinedParts, any_frames_by_any_workers_in_any_order_give_the_same_file) {
    for_cases(100, [&](Dice& dice) {
        for (const auto& path : part_files()) std::filesystem::remove(path);
        std::filesystem::remove(folder_.path("out"));
        std::vector<Bytes> contents;
        Bytes expected;
        for (Index n = dice.between(0, 300); n > 0; --n) {
            Bytes& content = contents.emplace_back(usize(dice.between(0, 50)));
            for (std::byte& byte : content) byte = static_cast<std::byte>(dice.between(0, 255));
            expected.insert(expected.end(), content.begin(), content.end());
        }
        std::vector<PartWriter> workers;
        for (Index n = dice.between(1, 90); n > 0; --n) workers.push_back(writer());  // more than may be open at once
        std::vector<std::size_t> order(contents.size());
        std::iota(order.begin(), order.end(), 0u);
        std::ranges::shuffle(order, dice.generator());
        std::vector<FrameRecord> frames(contents.size());
        for (const std::size_t i : order)
            for (int n = dice.chance(0.2) ? 2 : 1; n > 0; --n) {
                auto& worker = workers[usize(dice.between(0, index_of(workers.size()) - 1))];
                frames[i] = add(worker, index_of(i), contents[i]);
                if (dice.chance(0.2)) worker.flush();
            }
        for (PartWriter& worker : workers) worker.flush();
        EXPECT_EQ(join(frames), index_of(expected.size()));
        EXPECT_EQ(out(), expected);
    });
}

}  // namespace
}  // namespace mdloom::writers

#include "mdloom/sources/files/read_ahead.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "support/scratch_folder.hpp"
#include "support/source_law.hpp"
#include "support/xtc_writer.hpp"

#include "mdloom/sources/catalog.hpp"

namespace mdloom::sources {
namespace {

/// What this process has read so far: calls, and bytes; nothing where the kernel does not count.
std::optional<std::pair<Index, Index>> reads_so_far() {
    std::ifstream io("/proc/self/io");
    std::map<std::string, Index> counts;
    std::string name;
    for (Index n; io >> name >> n;) counts[name] = n;
    if (!counts.contains("syscr:")) return {};
    return std::pair{counts["syscr:"], counts["rchar:"]};
}

class ReadingAhead : public testing::Test {
protected:
    static constexpr Index size = 1'000'000;

    ReadingAhead() {
        for (Index i = 0; i < size; ++i) content.push_back(static_cast<std::byte>(random()));
        path = folder.write("bytes", content);
        file.emplace(path);
    }
    void expect_right(ReadAhead& ahead, Range range) {
        Bytes out(usize(range.size()));
        ahead.read_at(range.first, out);
        ASSERT_TRUE(std::ranges::equal(out, std::span(content).subspan(usize(range.first), out.size())));
    }

    std::mt19937 random{3};
    ScratchFolder folder;
    Bytes content;
    std::string path;
    std::optional<File> file;
};

TEST_F(ReadingAhead, gives_the_files_bytes_whatever_is_expected_and_read) {
    const auto dice = [&](Index n) { return static_cast<Index>(random()) % n; };
    ReadAhead ahead(*file);
    for (int i = 0; i < 300; ++i) {
        const Index length = 1 + dice(dice(2) ? 300 : 40'000), spacing = dice(3) ? length + dice(6000) : -length;
        const Index first = dice(size - length), n = dice(60);
        std::vector<Range> stretches;
        for (Index k = 0; k < n; ++k)
            if (const Index at = first + k * spacing; at >= 0 && at + length <= size)
                stretches.push_back({at, at + length});
        ahead.expect(index_of(stretches.size()), [&](Index k) { return stretches[usize(k)]; });
        for (const Range& stretch : stretches) {
            expect_right(ahead, stretch);
            if (dice(4) == 0) expect_right(ahead, {stretch.first + length / 2, stretch.stop});
            if (const Index at = dice(size - 500); dice(4) == 0) expect_right(ahead, {at, at + dice(500)});
        }
    }
}

TEST_F(ReadingAhead, takes_few_calls_for_short_stretches_and_no_byte_behind_the_last) {
    ReadAhead ahead(*file);
    ahead.expect(1000, [](Index i) { return Range{500 * i, 500 * i + 400}; });
    const auto before = reads_so_far();
    if (!before) GTEST_SKIP() << "this kernel does not count reads";
    for (Index i = 0; i < 1000; ++i) expect_right(ahead, {500 * i, 500 * i + 400});
    const auto after = reads_so_far();
    EXPECT_LT(after->first - before->first, 20);
    EXPECT_LT(after->second - before->second, 1000 * 500 + 10'000);
}

TEST_F(ReadingAhead, reads_no_more_than_is_wanted_of_stretches_that_lie_apart) {
    ReadAhead ahead(*file);
    ahead.expect(100, [](Index i) { return Range{10'000 * i, 10'000 * i + 400}; });
    const auto before = reads_so_far();
    if (!before) GTEST_SKIP() << "this kernel does not count reads";
    for (Index i = 0; i < 100; ++i) expect_right(ahead, {10'000 * i, 10'000 * i + 400});
    EXPECT_LT(reads_so_far()->second - before->second, 100 * 400 + 10'000);
}

TEST_F(ReadingAhead, fails_only_where_bytes_are_missing) {
    ReadAhead ahead(*file);
    std::filesystem::resize_file(path, 50'000);
    ahead.expect(200, [](Index i) { return Range{500 * i, 500 * (i + 1)}; });
    for (Index i = 0; i < 100; ++i) expect_right(ahead, {500 * i, 500 * (i + 1)});
    Bytes out(500);
    EXPECT_THROW(ahead.read_at(50'000, out), FileError);
}

TEST_F(ReadingAhead, forgets_what_was_read_when_something_else_is_expected) {
    ReadAhead ahead(*file);
    const auto stretches = [](Index i) { return Range{500 * i, 500 * (i + 1)}; };
    ahead.expect(200, stretches);
    expect_right(ahead, stretches(0));
    content[600] ^= std::byte{1};
    folder.overwrite("bytes", content);
    ahead.expect(200, stretches);
    expect_right(ahead, stretches(1));
}

TEST(ReadersThatExpect, take_no_frames_and_atoms_that_there_are_not) {
    const ScratchFolder folder;
    const auto source = open(std::vector{folder.write("traj.xtc", xtc_file(random_frames(5, 20)))}, {});
    const auto reader = source->open_reader();
    const auto too_many = atoms(0, 30), all = atoms(0, 20);
    for (const Upcoming& upcoming :
         {Upcoming{0, 1, 6, all}, {-1, 1, 3, all}, {4, 1, 5, all}, {0, 1, 5, too_many}, {0, 1, -3, all}})
        reader->expect(upcoming);
    Frame frame;
    reader->read(4, all, frame);
    EXPECT_EQ(frame.positions.size(), 20u);
}

}  // namespace
}  // namespace mdloom::sources

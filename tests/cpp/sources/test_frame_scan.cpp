#include "mdloom/sources/frame_scan.hpp"

#include <gmock/gmock.h>

#include <numeric>
#include <random>

#include "mdloom/backends/for_each.hpp"
#include "mdloom/sources/catalog.hpp"
#include "support/scratch_folder.hpp"
#include "support/source_law.hpp"
#include "support/trr_writer.hpp"
#include "support/xtc_writer.hpp"

namespace mdloom::sources {
namespace {

using testing::HasSubstr;

/// A format for tests: words kind, number of atoms, words of data, step; then the data.
constexpr std::int32_t kind = 0x21746f79;
constexpr Index head_bytes = 16;
int n_visited_in_order = 0;

std::optional<FrameHead> parse_toy(const FramePlace& place, std::span<const std::byte> bytes) {
    if (place.frame_index > 0) ++n_visited_in_order;
    if (index_of(bytes.size()) < head_bytes) return {};
    std::array<std::int32_t, 4> words;
    std::memcpy(words.data(), bytes.data(), sizeof words);
    if (words[0] != kind) refuse(place, "starts with {}", words[0]);
    if (words[1] < 1 || words[2] < 0) refuse(place, "has {} atoms and {} words", words[1], words[2]);
    return FrameHead{head_bytes + 4 * Index{words[2]}, words[1], words[3], 0.5 * words[3]};
}
constexpr HeadFormat toy{head_bytes, parse_toy};

constexpr Cutting always{0, {64, 64}};

using Words = std::vector<std::int32_t>;

void append_frame(Words& words, std::int32_t n_atoms, std::int32_t step, const Words& data) {
    words.insert(words.end(), {kind, n_atoms, static_cast<std::int32_t>(data.size()), step});
    words.insert(words.end(), data.begin(), data.end());
}

Bytes to_bytes(const Words& words) {
    const auto bytes = std::as_bytes(std::span(words));
    return {bytes.begin(), bytes.end()};
}

/// One head after the other, and nothing else.
FrameIndex scan_plainly(const File& file) {
    FrameIndex found;
    while (found.end() < file.size()) {
        const Index offset = found.end(), k = found.n_frames();
        Bytes bytes(usize(std::min(head_bytes, file.size() - offset)));
        file.read_at(offset, bytes);
        const auto head = parse_toy({file, k, offset}, bytes);
        if (!head || head->n_bytes > file.size() - offset) break;
        if (k == 0) found.n_atoms = head->n_atoms;
        if (head->n_atoms != found.n_atoms)
            throw FormatError(
                fmt::format("{}: frame {} at byte {} has {} atoms, expected {} as in the first frame: split the "
                            "file where the system changes",
                            file.path(), k, offset, head->n_atoms, found.n_atoms));
        found.offsets.push_back(offset + head->n_bytes);
        found.steps.push_back(head->step);
        found.times.push_back(head->time);
    }
    return found;
}

struct Outcome {
    FrameIndex frames;
    std::string error;
    friend bool operator==(const Outcome&, const Outcome&) = default;
};

template <class Scan>
Outcome outcome(Scan scan) try {
    return {scan(), ""};
} catch (const Error& error) {
    return {{}, error.what()};
}

void backwards(Index n, const std::function<void(Index)>& work) {
    while (n > 0) work(--n);
}

class FrameScan : public testing::Test {
protected:
    void expect_same(const Bytes& content) {
        const File file(folder.write("frames", content));
        const auto expected = outcome([&] { return scan_plainly(file); });
        for (const ForEach& for_each : {ForEach(in_turn), ForEach(backwards), threads})
            ASSERT_EQ(outcome([&] { return scan_frames(file, toy, for_each, {}, always); }), expected)
                << expected.error;
    }

    ScratchFolder folder;
    std::mt19937 random{11};
    const ForEach threads = backends::for_each();
    const ForEach slow_threads = [this](Index n, const std::function<void(Index)>& work) {
        threads(n, work);
        ::usleep(1000);  // as on a file server: only long scans are cut
    };

    int dice(int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); }
    Words noise(int n) {
        Words words(usize(n));
        for (auto& word : words) word = static_cast<std::int32_t>(random());
        return words;
    }
    /// Words of which heads are made, in any order.
    Words shards(int n, std::int32_t n_atoms) {
        Words words;
        while (index_of(words.size()) < n)
            if (dice(2) == 0)
                words.insert(words.end(), {kind, n_atoms, dice(40)});
            else
                words.push_back(dice(40));
        words.resize(usize(n));
        return words;
    }
    /// Whole frames, and perhaps the beginning of one more that ends in whatever comes behind the data.
    Words frames_inside(int n, std::int32_t n_atoms) {
        Words words;
        while (index_of(words.size()) < n) append_frame(words, n_atoms, dice(1000), noise(dice(12)));
        words.resize(usize(n));
        return words;
    }
    Words data(int n, std::int32_t n_atoms) {
        const int what = dice(3);
        return what == 0 ? noise(n) : what == 1 ? shards(n, n_atoms) : frames_inside(n, n_atoms);
    }
    Words many_frames(int n_frames, int most_words) {
        Words words;
        for (int k = 0; k < n_frames; ++k) append_frame(words, 7, k, data(dice(most_words), 7));
        return words;
    }
};

TEST_F(FrameScan, in_pieces_visits_almost_no_head_twice) {
    Words words;
    for (int k = 0; k < 3000; ++k) append_frame(words, 7, k, noise(20 + dice(20)));
    const File file(folder.write("frames", to_bytes(words)));
    n_visited_in_order = 0;
    const auto frames = scan_frames(file, toy, backwards, {}, always);
    EXPECT_EQ(frames.n_frames(), 3000);
    EXPECT_LT(n_visited_in_order, 40) << "only the first ones are";
    EXPECT_EQ(frames, scan_plainly(file));
}

TEST_F(FrameScan, gives_the_same_where_data_look_like_heads) {
    for (int i = 0; i < 150; ++i) expect_same(to_bytes(many_frames(150 + dice(600), 1 + dice(80))));
}

TEST_F(FrameScan, gives_the_same_of_files_torn_anywhere) {
    const Bytes whole = to_bytes(many_frames(300, 30));
    for (int i = 0; i < 150; ++i) {
        Bytes torn = whole;
        torn.resize(1 + random() % whole.size());
        expect_same(torn);
    }
}

TEST_F(FrameScan, gives_the_same_frames_or_the_same_error_of_damaged_files) {
    const Bytes whole = to_bytes(many_frames(300, 30));
    for (int i = 0; i < 200; ++i) {
        Bytes damaged = whole;
        for (int n = 1 + dice(4); n > 0; --n) damaged[random() % whole.size()] ^= static_cast<std::byte>(1 << dice(8));
        expect_same(damaged);
    }
}

TEST_F(FrameScan, gives_the_same_of_files_that_were_joined) {
    for (const std::int32_t n_atoms : {7, 8}) {
        for (int i = 0; i < 20; ++i) {
            Words words = many_frames(100 + dice(200), 40);
            for (int k = 0; k < 200; ++k) append_frame(words, n_atoms, k, data(dice(10), n_atoms));
            for (int n = dice(4); n > 0; --n) words.push_back(dice(2) ? kind : 0);
            expect_same(to_bytes(words));
        }
    }
}

TEST_F(FrameScan, gives_the_same_of_bytes_that_are_not_at_multiples_of_four) {
    Bytes content = to_bytes(many_frames(300, 30));
    content.insert(content.begin() + index_of(content.size()) / 2, std::byte{0});
    expect_same(content);
}

TEST_F(FrameScan, gives_the_same_when_a_few_frames_are_much_longer_than_the_first) {
    Words words = many_frames(200, 3);
    for (int k = 0; k < 3; ++k) append_frame(words, 7, k, data(100'000, 7));
    const Words more = many_frames(300, 3);
    words.insert(words.end(), more.begin(), more.end());
    expect_same(to_bytes(words));
}

TEST_F(FrameScan, goes_on_from_what_is_known) {
    const File file(folder.write("frames", to_bytes(many_frames(900, 30))));
    const auto all = scan_plainly(file);
    for (const std::size_t n : {1u, 33u, 500u, 899u, 900u}) {
        const FrameIndex known{7,
                               {all.offsets.begin(), all.offsets.begin() + index_of(n) + 1},
                               {all.steps.begin(), all.steps.begin() + index_of(n)},
                               {all.times.begin(), all.times.begin() + index_of(n)}};
        EXPECT_EQ(scan_frames(file, toy, threads, known, always), all);
    }
}

TEST_F(FrameScan, ends_when_whoever_watches_wants_it) {
    struct Cancelled {};
    const File file(folder.write("frames", to_bytes(many_frames(900, 30))));
    int n_legs = 0;
    const ForEach cancelling = [&](Index n, const std::function<void(Index)>& work) {
        in_turn(n, work);
        if (++n_legs == 2) throw Cancelled{};
    };
    EXPECT_THROW(scan_frames(file, toy, cancelling, {}, always), Cancelled);
}

TEST_F(FrameScan, finds_the_frames_of_real_formats_in_pieces) {
    const Environment no_index("MDLOOM_INDEX", "off");
    const auto xtc_frames = random_frames(700, 30);
    const auto trr_frames = random_trr_frames(700, 30);
    for (const auto& [name, content] :
         {std::pair{"traj.xtc", xtc_file(xtc_frames)}, std::pair{"traj.trr", trr_file(trr_frames)}}) {
        Index most_pieces = 0;
        const ForEach counting = [&](Index n, const std::function<void(Index)>& work) {
            most_pieces = std::max(most_pieces, n);
            slow_threads(n, work);
        };
        const auto source = sources::open(std::vector{folder.write(name, content)}, {.for_each = counting});
        EXPECT_GT(most_pieces, 5);
        const auto found = read_all(*source);
        ASSERT_EQ(found.size(), 700u);
        for (std::size_t k = 0; k < found.size(); ++k)
            EXPECT_EQ(found[k].positions,
                      source->name() == "traj.xtc" ? xtc_positions(xtc_frames[k]) : trr_positions(trr_frames[k]));
    }
}

TEST_F(FrameScan, names_the_damaged_frame_of_real_formats_by_its_number) {
    const Environment no_index("MDLOOM_INDEX", "off");
    const auto frames = random_frames(700, 30);
    Bytes content = xtc_file(frames);
    const auto offset = xtc_file({frames.begin(), frames.begin() + 600}).size();
    content[offset + 3] ^= std::byte{1};
    try {
        sources::open(std::vector{folder.write("traj.xtc", content)}, {.for_each = slow_threads});
        FAIL();
    } catch (const FormatError& error) {
        EXPECT_THAT(error.what(), HasSubstr(fmt::format("frame 600 at byte {}: starts with", offset)));
    }
}

}  // namespace
}  // namespace mdloom::sources

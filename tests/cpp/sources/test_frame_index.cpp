#include "mdloom/sources/frame_index.hpp"

#include <gmock/gmock.h>

#include "mdloom/sources/catalog.hpp"
#include "support/scratch_folder.hpp"
#include "support/source_law.hpp"
#include "support/xtc_writer.hpp"

namespace mdloom::sources {
namespace {

using testing::HasSubstr;

/// What an index file holds, as a forger would write it.
struct Kept {
    std::int64_t mtime_ns = 0;
    Fingerprint fingerprint;
    FrameIndex frames;
};

class KeptIndex : public testing::Test {
protected:
    std::shared_ptr<const Source> open() {
        return sources::open(std::vector{trajectory},
                             {false, [this](const std::string& text) { warnings.push_back(text); }});
    }
    void write(const std::vector<XtcFrame>& frames) { folder.write("traj.xtc", xtc_file(frames)); }

    /// Changes the kept index and makes its checksum right again.
    template <class Change>
    void forge(Change change) {
        const Bytes content = content_of(index);
        ByteReader reader(content);
        const auto magic = reader.read<std::uint64_t>();
        const auto version = reader.read<std::uint32_t>();
        auto kept = reader.read<Kept>();
        change(kept.frames);
        ByteWriter writer;
        writer.write(magic), writer.write(version), writer.write(kept);
        Bytes forged = writer.take();
        const auto hash = std::bit_cast<std::array<std::byte, 8>>(hash_bytes(forged));
        for (std::byte b : hash) forged.push_back(b);
        folder.write(".traj.xtc.mdloom-index", forged);
    }
    void expect_frames(const std::vector<XtcFrame>& frames) {
        const auto source = open();
        const auto found = read_all(*source);
        ASSERT_EQ(found.size(), frames.size());
        for (std::size_t k = 0; k < frames.size(); ++k) {
            EXPECT_EQ(found[k].positions, xtc_positions(frames[k]));
            EXPECT_EQ(found[k].time, frames[k].time);
        }
    }

    ScratchFolder folder;
    std::string trajectory = folder.path("traj.xtc"), index = folder.path(".traj.xtc.mdloom-index");
    std::vector<std::string> warnings;
    Environment default_place{"MDLOOM_INDEX", ""};
};

TEST_F(KeptIndex, is_written_beside_the_trajectory_and_used) {
    const auto frames = random_frames(10, 50);
    write(frames);
    expect_frames(frames);
    ASSERT_TRUE(std::filesystem::exists(index));
    const auto written = content_of(index);
    expect_frames(frames);
    EXPECT_EQ(content_of(index), written);
    EXPECT_TRUE(warnings.empty());
}

TEST_F(KeptIndex, of_an_older_state_is_renewed_silently) {
    const auto frames = random_frames(10, 50);
    write({frames[0], frames[1], frames[2]});
    open();
    write(frames);
    expect_frames(frames);
    write(random_frames(3, 60));
    EXPECT_EQ(open()->n_atoms(), 60);
    EXPECT_TRUE(warnings.empty());
}

TEST_F(KeptIndex, that_contradicts_the_file_is_renewed_with_one_warning) {
    const auto frames = random_frames(10, 50);
    write(frames);
    open();
    const std::vector<std::function<void(FrameIndex&)>> poisons = {
        [](FrameIndex& f) { std::ranges::reverse(f.offsets); },
        [](FrameIndex& f) { std::swap(f.offsets[3], f.offsets[4]); },
        [](FrameIndex& f) { f.offsets[4] += 4; },
        [](FrameIndex& f) { f.offsets.back() += 1'000'000'000; },
        [](FrameIndex& f) { f.offsets[0] = -100; },
        [](FrameIndex& f) { f.n_atoms = 51; },
        [](FrameIndex& f) { f.times[7] = 3; },
        [](FrameIndex& f) { f.steps.pop_back(); },
        [](FrameIndex& f) { f = {}; },
        [](FrameIndex& f) {  // every second frame
            FrameIndex half{f.n_atoms, {}, {}, {}};
            for (std::size_t k = 0; k < 10; k += 2) {
                half.offsets.push_back(f.offsets[k]);
                half.steps.push_back(f.steps[k]);
                half.times.push_back(f.times[k]);
            }
            half.offsets.push_back(f.offsets[10]);
            f = half;
        },
        [](FrameIndex& f) { f.offsets.resize(6), f.steps.resize(5), f.times.resize(5); },  // the first half
    };
    for (std::size_t i = 0; i < poisons.size(); ++i) {
        forge(poisons[i]);
        warnings.clear();
        expect_frames(frames);
        ASSERT_EQ(warnings.size(), 1u) << "poison " << i;
        EXPECT_THAT(warnings[0],
                    HasSubstr("traj.xtc.mdloom-index: the frame index kept there is damaged or of another file"));
        expect_frames(frames);
        EXPECT_EQ(warnings.size(), 1u) << "the renewed index is kept";
    }
}

TEST_F(KeptIndex, that_is_damaged_in_any_byte_is_renewed) {
    const auto frames = random_frames(4, 20);
    write(frames);
    open();
    const Bytes good = content_of(index);
    for (std::size_t i = 0; i < good.size(); ++i) {
        Bytes bad = good;
        bad[i] ^= std::byte{0x10};
        folder.write(".traj.xtc.mdloom-index", bad);
        expect_frames(frames);
        bad.assign(good.begin(), good.begin() + index_of(i));
        folder.write(".traj.xtc.mdloom-index", bad);
        expect_frames(frames);
        EXPECT_EQ(content_of(index), good);
    }
}

TEST_F(KeptIndex, with_one_wrong_frame_among_thousands_is_renewed_when_that_frame_is_read) {
    const auto frames = random_frames(3001, 5);
    write(frames);
    open();
    forge([](FrameIndex& f) { f.offsets[1236] += 4; });
    auto source = open();
    ASSERT_TRUE(warnings.empty()) << "not among the frames looked at when opening: choose another one";
    const auto reader = source->open_reader();
    Frame frame;
    reader->read(7, atoms(0, 5), frame);
    for (std::size_t k : {1234u, 1235u, 1236u}) {
        reader->read(index_of(k), atoms(0, 5), frame);
        EXPECT_EQ(frame.positions, xtc_positions(frames[k]));
        EXPECT_EQ(frame.time, frames[k].time);
    }
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_THAT(warnings[0], HasSubstr("it is made anew"));
    expect_frames(frames);
    EXPECT_EQ(warnings.size(), 1u);
}

TEST_F(KeptIndex, with_one_frame_missing_among_thousands_is_an_error_once_and_then_right) {
    const auto frames = random_frames(3001, 5);
    write(frames);
    open();
    forge([](FrameIndex& f) {
        f.offsets.erase(f.offsets.begin() + 1235), f.steps.erase(f.steps.begin() + 1235),
            f.times.erase(f.times.begin() + 1235);
    });
    const auto source = open();
    ASSERT_EQ(source->n_frames(), 3000) << "found when opening: choose another frame";
    try {
        read_all(*source);
        FAIL();
    } catch (const FormatError& e) {
        EXPECT_THAT(e.what(), HasSubstr("holds 3001 frames, but its frame index said 3000: open it again"));
    }
    expect_frames(frames);
}

TEST_F(KeptIndex, does_not_hide_that_the_file_was_overwritten) {
    const auto frames = random_frames(10, 50);
    write(frames);
    const auto source = open();
    Bytes content = xtc_file(frames);
    content[xtc_file({frames[0], frames[1]}).size() + 3] ^= std::byte{1};  // magic of frame 2
    folder.overwrite("traj.xtc", content);
    Frame frame;
    EXPECT_THROW(source->open_reader()->read(2, atoms(0, 50), frame), FormatError);
}

TEST_F(KeptIndex, can_be_switched_off) {
    Environment off("MDLOOM_INDEX", "off");
    const auto frames = random_frames(3, 20);
    write(frames);
    expect_frames(frames);
    EXPECT_FALSE(std::filesystem::exists(index));
}

TEST_F(KeptIndex, can_have_a_folder_of_its_own) {
    Environment folder_of_its_own("MDLOOM_INDEX", folder.path("here"));
    const auto frames = random_frames(3, 20);
    write(frames);
    expect_frames(frames);
    EXPECT_FALSE(std::filesystem::exists(index));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path("here")), {}), 1);
    expect_frames(frames);
    EXPECT_TRUE(warnings.empty());
}

TEST_F(KeptIndex, goes_to_the_cache_folder_when_there_is_no_place_beside) {
    const auto frames = random_frames(3, 20);
    write(frames);
    std::filesystem::create_directory(folder.path("cache"));
    ::chmod(folder.path("cache").c_str(), 0777);
    ::chmod(folder.path().c_str(), 0555);
    Environment cache("XDG_CACHE_HOME", folder.path("cache"));
    OrdinaryUser user;
    expect_frames(frames);
    EXPECT_FALSE(std::filesystem::exists(index));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path("cache/mdloom")), {}), 1);
    expect_frames(frames);
    EXPECT_TRUE(warnings.empty());
}

TEST_F(KeptIndex, is_done_without_where_nothing_can_be_written) {
    const auto frames = random_frames(3, 20);
    write(frames);
    ::chmod(folder.path().c_str(), 0555);
    Environment cache("XDG_CACHE_HOME", folder.path("cache"));
    OrdinaryUser user;
    expect_frames(frames);
    EXPECT_TRUE(warnings.empty());
}

}  // namespace
}  // namespace mdloom::sources

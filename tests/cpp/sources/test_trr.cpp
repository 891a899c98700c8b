#include "mdloom/sources/formats/trr.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "support/one_file.hpp"
#include "support/trr_writer.hpp"

namespace mdloom::sources {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Trr : public OneFile {
protected:
    Trr() : OneFile("traj.trr") {}

    void expect_read(const std::vector<TrrFrame>& frames) {
        const auto source = open(trr_file(frames));
        const auto found = read_all(*source);
        ASSERT_EQ(found.size(), frames.size());
        for (std::size_t k = 0; k < frames.size(); ++k) {
            EXPECT_EQ(found[k].positions, trr_positions(frames[k])) << "frame " << k;
            EXPECT_EQ(found[k].time, static_cast<float>(frames[k].time));
            EXPECT_EQ(found[k].stored.step, frames[k].step);
            EXPECT_EQ(found[k].stored.n_cell, frames[k].box ? 9 : 0);
            for (std::size_t i = 0; i < 9; ++i) {
                const double nm = frames[k].box ? (*frames[k].box)[i] : 0;
                EXPECT_EQ(found[k].box[i], static_cast<float>(nm) * 10.0f);
                EXPECT_EQ(found[k].stored.cell[i], frames[k].is_double ? nm : double{static_cast<float>(nm)});
            }
        }
        expect_source_law(*source);
        EXPECT_TRUE(warnings.empty());
    }
    static Bytes with(Bytes bytes, std::size_t at, std::uint32_t value) {
        for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = std::byte(value >> (24 - 8 * i));
        return bytes;
    }
};

constexpr std::size_t version_at = 12, sizes_at = 24, n_atoms_at = 64;

TEST_F(Trr, reads_both_precisions_and_any_number_of_atoms) {
    for (bool is_double : {false, true})
        for (Index n_atoms : {1, 2, 3, 4, 5, 100, 1001}) expect_read(random_trr_frames(3, n_atoms, is_double));
}

TEST_F(Trr, passes_over_the_virial_the_pressure_velocities_and_forces_which_differ_from_frame_to_frame) {
    for (bool is_double : {false, true})
        for (unsigned parts = 0; parts < 32; ++parts) {
            auto frames = random_trr_frames(3, 7, is_double);
            frames[1].has_velocities = parts & 1, frames[1].has_forces = parts & 2;
            frames[1].has_virial = parts & 4, frames[1].has_pressure = parts & 8;
            if (parts & 16) frames[1].box.reset();
            expect_read(frames);
        }
}

TEST_F(Trr, frames_of_both_precisions_may_follow_each_other) {
    auto frames = random_trr_frames(4, 12);
    frames[1].is_double = frames[2].is_double = true;
    expect_read(frames);
}

TEST_F(Trr, a_time_that_is_no_number_is_read) {
    auto frames = random_trr_frames(2, 5);
    frames[1].time = std::numeric_limits<double>::quiet_NaN();
    for (int i = 0; i < 2; ++i) {  // the second time with the kept index
        const auto found = read_all(*open(trr_file(frames)));
        EXPECT_TRUE(std::isnan(found[1].time));
        EXPECT_EQ(found[1].positions, trr_positions(frames[1]));
    }
    EXPECT_TRUE(warnings.empty());
}

TEST_F(Trr, gives_nm_as_stored_when_asked_to) {
    const auto frames = random_trr_frames(2, 30);
    const auto path = folder.write("traj.trr", trr_file(frames));
    const auto source = sources::open(std::vector{path}, {.file_units = true});
    expect_source_law(*source);
    EXPECT_EQ(read_all(*source)[1].positions[29][2], static_cast<float>(frames[1].positions[29][2]));
}

TEST_F(Trr, reads_scattered_atoms_of_many_with_gaps_of_all_lengths) {
    for (bool is_double : {false, true}) {
        const auto frames = random_trr_frames(1, 60'000, is_double);
        const auto expected = trr_positions(frames[0]);
        const auto source = open(trr_file(frames));
        const auto reader = source->open_reader();
        Frame frame;
        for (Index gap : {1, 2, 5, 20, 170, 171, 341, 342, 343, 5000, 59'999})
            for (Index length : {1, 3, 4, 6, 12'000}) {
                std::vector<Index> wanted;
                for (Index first = gap % 7; first < 60'000; first += length + gap)
                    for (Index i = first; i < std::min<Index>(first + length, 60'000); ++i) wanted.push_back(i);
                reader->read(0, wanted, frame);
                ASSERT_EQ(frame.positions.size(), wanted.size());
                for (std::size_t i = 0; i < wanted.size(); ++i)
                    ASSERT_EQ(frame.positions[i], expected[usize(wanted[i])]) << gap << " " << length << " " << i;
            }
    }
}

TEST_F(Trr, refuses_positions_of_a_frame_that_has_none_and_gives_its_time_and_box) {
    auto frames = random_trr_frames(3, 20);
    frames[1].has_positions = false, frames[1].has_velocities = true;
    const auto source = open(trr_file(frames));
    ASSERT_EQ(source->n_frames(), 3);
    const auto reader = source->open_reader();
    Frame frame;
    try {
        reader->read(1, atoms(0, 1), frame);
        FAIL();
    } catch (const FormatError& e) {
        const auto start = fmt::format("traj.trr: frame 1 at byte {}: holds no positions", trr_bytes(frames[0]).size());
        EXPECT_THAT(e.what(), AllOf(HasSubstr(start), HasSubstr("leave it out with step= or frames=")));
    }
    reader->read(1, {}, frame);
    EXPECT_EQ(frame.time, 2);
    EXPECT_EQ(frame.box[0], 3.1f * 10.0f);
    reader->read(2, atoms(0, 20), frame);
    EXPECT_EQ(frame.positions, trr_positions(frames[2]));
    frames[1].has_velocities = false;
    EXPECT_EQ(open(trr_file(frames))->n_frames(), 3);  // a box only
}

TEST_F(Trr, analyses_whole_frames_of_a_torn_file_and_warns_once) {
    const auto frames = random_trr_frames(3, 100);
    const Bytes whole = trr_file(frames);
    const auto end = trr_file({frames[0], frames[1]}).size();
    for (std::size_t n : {whole.size() - 1, end + 90, end + 70, end + 30, end + 10, end + 2}) {
        const Bytes content(whole.begin(), whole.begin() + index_of(n));
        warnings.clear();
        const auto source = open(content);
        EXPECT_EQ(source->n_frames(), 2);
        ASSERT_EQ(warnings.size(), 1u);
        EXPECT_THAT(warnings[0], AllOf(HasSubstr("traj.trr ends inside frame 2 (byte 2,640 of"),
                                       HasSubstr("2 whole frames are used")));
        EXPECT_EQ(read_all(*source)[1].positions, trr_positions(frames[1]));
        EXPECT_THAT(error<FormatError>(content, true), HasSubstr("ends inside frame 2"));
    }
    for (std::size_t n : {end / 2 - 1, std::size_t{3}}) {
        const Bytes content(whole.begin(), whole.begin() + index_of(n));
        EXPECT_NE(error<FormatError>(content), "");
    }
}

TEST_F(Trr, refuses_heads_that_cannot_be_naming_frame_byte_expected_and_found) {
    const auto frames = random_trr_frames(3, 100);
    const Bytes good = trr_file(frames);
    const auto second = trr_bytes(frames[0]).size();
    EXPECT_THAT(error<FormatError>(with(good, second, 1995)),
                AllOf(HasSubstr("traj.trr: frame 1 at byte 1320"), HasSubstr("starts with 1995, expected"),
                      HasSubstr("the TRR number 1993")));
    EXPECT_THAT(error<FormatError>(with(good, version_at, 0)), HasSubstr("another version of the format"));
    EXPECT_THAT(error<FormatError>(with(good, 4, 12)), HasSubstr("another version of the format"));
    for (std::uint32_t n : {0u, 0x80000000u, 0x7fffffffu, 2'000'000'000u})
        EXPECT_THAT(error<FormatError>(with(good, n_atoms_at, n)),
                    HasSubstr(fmt::format("frame 0 at byte 0: has {} atoms, but the file has room for 1 to 330",
                                          static_cast<std::int32_t>(n))));
    for (std::size_t part = 0; part < 10; ++part)
        for (std::uint32_t n : {1u, 35u, 40u, 1204u, 0x80000000u, 0x7fffffffu, 0xfffffffcu})
            EXPECT_THAT(error<FormatError>(with(good, sizes_at + 4 * part, n)), HasSubstr("frame 0 at byte 0: "));
    EXPECT_THAT(error<FormatError>(with(good, sizes_at + 28, 2400)),
                HasSubstr("x_size is 2400, expected 1200 or 0 for 100 atoms in single precision"));
    const auto nothing = with(with(good, sizes_at + 8, 0), sizes_at + 28, 0);
    EXPECT_THAT(error<FormatError>(nothing), HasSubstr("holds neither a box nor anything of its atoms"));
}

TEST_F(Trr, refuses_another_number_of_atoms_in_the_middle) {
    EXPECT_THAT(error<FormatError>(trr_file({random_trr_frames(1, 100)[0], random_trr_frames(1, 101)[0]})),
                AllOf(HasSubstr("frame 1 at byte"), HasSubstr("101 atoms, expected 100")));
}

TEST_F(Trr, refresh_sees_what_was_appended) {
    const auto frames = random_trr_frames(5, 300);
    const Bytes whole = trr_file(frames);
    const auto n = index_of(trr_file({frames[0], frames[1]}).size()) + 40;
    const auto source = open(Bytes(whole.begin(), whole.begin() + n));
    EXPECT_EQ(source->n_frames(), 2);
    warnings.clear();
    folder.overwrite("traj.trr", whole);
    source->require_unchanged();
    const auto later = source->refresh();
    EXPECT_EQ(later->n_frames(), 5);
    EXPECT_EQ(source->n_frames(), 2);
    EXPECT_EQ(read_all(*later)[4].positions, trr_positions(frames[4]));
    EXPECT_TRUE(warnings.empty());
}

TEST_F(Trr, a_head_that_is_not_what_the_index_says_renews_the_index_and_a_changed_file_is_noticed) {
    const auto frames = random_trr_frames(3, 300);
    const auto source = open(trr_file(frames));
    auto others = frames;
    others[1].step = 77;
    folder.overwrite("traj.trr", trr_file(others));
    Frame frame;
    const auto reader = source->open_reader();
    EXPECT_THROW(source->require_unchanged(), FileError);
    reader->read(1, atoms(0, 300), frame);
    EXPECT_EQ(frame.positions, trr_positions(frames[1]));
    EXPECT_EQ(frame.stored.step, 77);
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_THAT(warnings[0], HasSubstr("traj.trr: the frame index kept for it was wrong"));
    others[1].has_positions = false, others[1].has_velocities = true;
    folder.overwrite("traj.trr", trr_file(others));
    EXPECT_THROW(reader->read(1, atoms(0, 300), frame), FormatError);
    folder.overwrite("traj.trr", trr_file({frames[0], frames[1]}));
    EXPECT_THROW(reader->read(2, atoms(0, 300), frame), Error);
}

TEST_F(Trr, reads_beyond_four_gibibytes) {
    const auto frames = random_trr_frames(2, 1'000'000);
    const Bytes first = trr_bytes(frames[0]), second = trr_bytes(frames[1]);
    const auto path = folder.write("traj.trr", first);
    constexpr Index n_frames = 400;
    const auto n = index_of(first.size());
    std::filesystem::resize_file(path, usize(n * n_frames));  // sparse: the heads are there, the positions are zeros
    std::fstream out(path, std::ios::binary | std::ios::in | std::ios::out);
    for (Index k = 1; k < n_frames; ++k) {
        out.seekp(k * n);
        out.write(reinterpret_cast<const char*>(second.data()), k + 1 < n_frames ? 120 : n);
    }
    out.close();
    const auto source = sources::open(std::vector{path}, {});
    ASSERT_EQ(source->n_frames(), n_frames);
    Frame frame;
    source->open_reader()->read(n_frames - 1, atoms(999'990, 1'000'000), frame);
    EXPECT_EQ(frame.positions[9], trr_positions(frames[1])[999'999]);
}

}  // namespace
}  // namespace mdloom::sources

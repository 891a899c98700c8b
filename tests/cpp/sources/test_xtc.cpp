#include "mdloom/sources/formats/xtc.hpp"

#include <gmock/gmock.h>

#include "support/one_file.hpp"
#include "support/xtc_writer.hpp"

namespace mdloom::sources {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class Xtc : public OneFile {
protected:
    Xtc() : OneFile("traj.xtc") {}

    void expect_read(const std::vector<XtcFrame>& frames) {
        const auto source = open(xtc_file(frames));
        const auto found = read_all(*source);
        ASSERT_EQ(found.size(), frames.size());
        for (std::size_t k = 0; k < frames.size(); ++k) {
            EXPECT_EQ(found[k].positions, xtc_positions(frames[k])) << "frame " << k;
            EXPECT_EQ(found[k].time, frames[k].time);
            for (std::size_t i = 0; i < 9; ++i) {
                EXPECT_EQ(found[k].box[i], frames[k].box[i] * 10.0f);
                EXPECT_EQ(found[k].stored.cell[i], frames[k].box[i]);
            }
            EXPECT_EQ(found[k].stored.n_cell, 9);
            EXPECT_EQ(found[k].stored.step, frames[k].step);
        }
        expect_source_law(*source);
        EXPECT_TRUE(warnings.empty());
    }
    static void put(Bytes& bytes, std::size_t at, std::uint32_t value) {
        for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = std::byte(value >> (24 - 8 * i));
    }
};

#include "xtc_by_others.inc"

TEST_F(Xtc, reads_what_others_write) {
    Bytes content;
    for (unsigned char c : xtc_by_others) content.push_back(std::byte(c));
    const auto frames = read_all(*open(content));
    ASSERT_EQ(frames.size(), 2u);
    for (std::size_t k = 0; k < 2; ++k) {
        EXPECT_EQ(frames[k].time, xtc_by_others_times[k]);
        for (std::size_t i = 0; i < 12; ++i)
            for (std::size_t d = 0; d < 3; ++d) EXPECT_EQ(frames[k].positions[i][d], xtc_by_others_positions[k][i][d]);
    }
    EXPECT_THAT(frames[0].box, ElementsAre(20, 0, 0, 0, 30, 0, 0, 0, 40));
}

TEST_F(Xtc, reads_all_kinds_of_groups) {
    expect_read(random_frames(6, 1000));
}

TEST_F(Xtc, reads_frames_of_up_to_nine_atoms_which_are_not_compressed) {
    for (Index n = 1; n <= 9; ++n) expect_read(random_frames(3, n));
}

TEST_F(Xtc, reads_the_fewest_atoms_that_are_compressed) {
    expect_read(random_frames(3, 10));
}

TEST_F(Xtc, reads_atoms_that_are_far_apart) {
    const auto frames = random_frames(4, 6000);
    const auto source = open(xtc_file(frames));
    const auto reader = source->open_reader();
    Frame frame;
    for (const auto& wanted : {atoms(5, 6000, 97), atoms(3000, 3001), atoms(5999, 6000), atoms(0, 2000, 500)})
        for (Index k : {0, 3, 1, 2, 2}) {
            const auto all = xtc_positions(frames[usize(k)]);
            reader->read(k, wanted, frame);
            ASSERT_EQ(frame.positions.size(), wanted.size());
            for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_EQ(frame.positions[i], all[usize(wanted[i])]);
        }
}

TEST_F(Xtc, reads_frames_with_a_64_bit_length) {
    auto frames = random_frames(4, 300);
    for (auto& frame : frames) frame.magic = 2023;
    expect_read(frames);
}

TEST_F(Xtc, gives_nm_as_stored_when_asked_to) {
    for (Index n : {5, 200}) {
        const auto frames = random_frames(3, n);
        const auto path = folder.write("traj.xtc", xtc_file(frames));
        const auto source = sources::open(std::vector{path}, {.file_units = true});
        expect_source_law(*source);
        const auto converted = read_all(*sources::open(std::vector{path}, {})), stored = read_all(*source);
        for (std::size_t k = 0; k < 3; ++k) {
            EXPECT_EQ(stored[k].box, converted[k].box);
            for (std::size_t i = 0; i < usize(n); ++i)
                for (std::size_t d = 0; d < 3; ++d) {
                    EXPECT_EQ(stored[k].positions[i][d] * 10.0f, converted[k].positions[i][d]);
                    const auto grid = static_cast<float>(frames[k].grid[i][d]);
                    EXPECT_EQ(stored[k].positions[i][d], n < 10 ? grid : grid * (1.0f / frames[k].precision));
                }
        }
    }
}

TEST_F(Xtc, reads_axes_that_have_bit_fields_of_their_own) {
    std::mt19937 random(3);
    for (std::int32_t box : {20'000'000, 2'000'000'000})
        expect_read({{.grid = random_chain(random, 200, 60, box)}, {.grid = random_chain(random, 200, 400, box)}});
}

TEST_F(Xtc, reads_packed_numbers_of_58_to_72_bits) {
    std::mt19937 random(4);
    for (std::int32_t box : {700'000, 5'000'000, 16'777'214})
        expect_read({{.grid = random_chain(random, 200, 60, box)}});
}

TEST_F(Xtc, reads_small_numbers_of_every_index) {
    std::mt19937 random(5);
    for (int index = 9; index <= 72; ++index) {
        const auto stride = static_cast<std::int32_t>(std::exp2(index / 3.0) / 4);
        expect_read({{.grid = random_chain(random, 100, stride, 16'777'000), .small_index = index}});
    }
}

TEST_F(Xtc, reads_flat_systems) {
    auto frames = random_frames(2, 100);
    for (auto& frame : frames)
        for (Grid& at : frame.grid) at[2] = 7;
    expect_read(frames);
    for (auto& frame : frames)
        for (Grid& at : frame.grid) at = {1, -2, 3};
    expect_read(frames);
}

TEST_F(Xtc, uses_the_precision_of_each_frame) {
    auto frames = random_frames(3, 50);
    frames[1].precision = 1e6f;
    frames[2].precision = 37.5f;
    expect_read(frames);
}

TEST_F(Xtc, analyses_whole_frames_of_a_torn_file_and_warns_once) {
    const auto frames = random_frames(4, 1000);
    Bytes content = xtc_file(frames);
    const std::size_t end = xtc_file({frames[0], frames[1], frames[2]}).size();
    content.resize(content.size() - 5);
    const auto source = open(content);
    EXPECT_EQ(source->n_frames(), 3);
    ASSERT_EQ(warnings.size(), 1u);
    std::string byte = std::to_string(end);
    byte.insert(byte.size() - 3, ",");
    EXPECT_THAT(warnings[0],
                AllOf(HasSubstr("traj.xtc ends inside frame 3 (byte " + byte + " of "),
                      HasSubstr("3 whole frames are used. was the run still writing? strict=True refuses.")));
    EXPECT_EQ(read_all(*source)[2].positions, xtc_positions(frames[2]));
    expect_source_law(*source);
    EXPECT_THAT(error<FormatError>(content, true), HasSubstr("ends inside frame 3"));
    content.resize(end + 2);
    EXPECT_EQ(open(content)->n_frames(), 3);
}

TEST_F(Xtc, refuses_a_file_without_a_whole_frame) {
    Bytes content = xtc_file(random_frames(1, 100));
    for (std::size_t n : {content.size() - 1, std::size_t{60}, std::size_t{30}, std::size_t{5}}) {
        content.resize(n);
        EXPECT_THAT(error<FormatError>(content), HasSubstr("inside its first frame"));
    }
}

TEST_F(Xtc, refuses_another_number_of_atoms_in_the_middle) {
    const auto frames = random_frames(1, 100), others = random_frames(1, 101);
    EXPECT_THAT(error<FormatError>(xtc_file({frames[0], others[0]})),
                AllOf(HasSubstr("frame 1 at byte"), HasSubstr("101 atoms, expected 100")));
}

TEST_F(Xtc, refuses_sizes_that_cannot_be_before_allocating) {
    const Bytes good = xtc_file(random_frames(2, 100));
    const auto with = [&](std::size_t at, std::uint32_t value) {
        Bytes bad = good;
        put(bad, at, value);
        if (at == 4) put(bad, 52, value);
        return bad;
    };
    EXPECT_THAT(error<FormatError>(with(4, 2'000'000'000)), HasSubstr("bytes of coordinates for 2000000000 atoms"));
    EXPECT_THAT(error<FormatError>(with(4, 0x80000000)), HasSubstr("atoms"));
    EXPECT_THAT(error<FormatError>(with(52, 99)), HasSubstr("100 atoms in one place and 99 in another"));
    EXPECT_THAT(error<FormatError>(with(88, 0xfffffff0)), HasSubstr("4294967280 bytes of coordinates for 100 atoms"));
    EXPECT_THAT(error<FormatError>(with(84, 0)), HasSubstr("small-number index is 0, expected 9 to 72"));
    EXPECT_THAT(error<FormatError>(with(84, 73)), HasSubstr("small-number index"));
    EXPECT_THAT(error<FormatError>(with(56, 0)), HasSubstr("precision is 0"));
    EXPECT_THAT(error<FormatError>(with(56, 0x7fc00000)), HasSubstr("precision is nan"));
    EXPECT_THAT(error<FormatError>(with(72, 0x80000000)), HasSubstr("coordinates span"));
    EXPECT_THAT(error<FormatError>(with(88, 96)), HasSubstr("frame 1 at byte 188: starts with"));
}

TEST_F(Xtc, names_frame_and_byte_of_damaged_coordinates_and_goes_on_with_the_others) {
    const auto frames = random_frames(3, 1000);
    Bytes content = xtc_file(frames);
    const std::size_t start = xtc_file({frames[0]}).size();
    for (std::size_t i = 0; i < 200; ++i) content[start + 92 + i] = std::byte{0xff};
    const auto source = open(content);
    const auto reader = source->open_reader();
    Frame frame;
    try {
        reader->read(1, atoms(0, 1000), frame);
        FAIL();
    } catch (const FormatError& e) {
        EXPECT_THAT(e.what(),
                    AllOf(HasSubstr("traj.xtc: frame 1 at byte " + std::to_string(start)), HasSubstr("stop=1")));
    }
    reader->read(2, atoms(0, 1000), frame);
    EXPECT_EQ(frame.positions, xtc_positions(frames[2]));
}

TEST_F(Xtc, refuses_frames_and_atoms_that_are_not_there) {
    const auto source = open(xtc_file(random_frames(2, 20)));
    const auto reader = source->open_reader();
    Frame frame;
    EXPECT_THROW(reader->read(2, atoms(0, 20), frame), ArgumentError);
    EXPECT_THROW(reader->read(-1, atoms(0, 20), frame), ArgumentError);
    EXPECT_THROW(reader->read(0, atoms(0, 21), frame), ArgumentError);
    reader->read(1, atoms(0, 20), frame);
}

TEST_F(Xtc, refresh_sees_what_was_appended) {
    const auto frames = random_frames(5, 300);
    const Bytes whole = xtc_file(frames);
    const auto source =
        open(Bytes(whole.begin(), whole.begin() + index_of(xtc_file({frames[0], frames[1]}).size()) + 40));
    EXPECT_EQ(source->n_frames(), 2);
    warnings.clear();
    folder.overwrite("traj.xtc", whole);
    source->require_unchanged();
    const auto later = source->refresh();
    EXPECT_EQ(later->n_frames(), 5);
    EXPECT_EQ(source->n_frames(), 2);
    EXPECT_EQ(read_all(*later)[4].positions, xtc_positions(frames[4]));
    EXPECT_TRUE(warnings.empty());
}

TEST_F(Xtc, says_so_when_its_file_is_replaced_or_shortened) {
    const auto frames = random_frames(3, 300);
    const auto source = open(xtc_file(frames));
    folder.write("traj.xtc", xtc_file(random_frames(3, 300, 8)));
    EXPECT_THROW(source->require_unchanged(), FileError);
    EXPECT_THROW(source->refresh(), FileError);
    folder.write("traj.xtc", xtc_file({frames[0], frames[1]}));
    EXPECT_THROW(source->require_unchanged(), FileError);
    std::filesystem::remove(folder.path("traj.xtc"));
    EXPECT_THROW(source->require_unchanged(), FileError);
}

}  // namespace
}  // namespace mdloom::sources

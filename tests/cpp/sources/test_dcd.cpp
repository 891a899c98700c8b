#include "mdloom/sources/formats/dcd.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "support/dcd_writer.hpp"
#include "support/one_file.hpp"

namespace mdloom::sources {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr double akma = 4.888821e-2;

class Dcd : public OneFile {
protected:
    Dcd() : OneFile("traj.dcd") {}

    std::vector<Frame> expect_read(const DcdFile& file) {
        const auto source = open(dcd_bytes(file));
        auto found = read_all(*source);
        EXPECT_EQ(found.size(), file.frames.size());
        for (std::size_t k = 0; k < found.size(); ++k) EXPECT_EQ(found[k].positions, file.frames[k]) << "frame " << k;
        expect_source_law(*source);
        EXPECT_TRUE(warnings.empty());
        return found;
    }
};

TEST_F(Dcd, reads_both_byte_orders_and_both_lengths_of_record_markers) {
    for (auto order : {std::endian::little, std::endian::big})
        for (int marker_bytes : {4, 8})
            for (bool is_charmm : {true, false})
                for (bool has_cell : {true, false}) {
                    DcdFile file{.frames = counted_frames(4, 50)};
                    file.order = order, file.marker_bytes = marker_bytes, file.is_charmm = is_charmm;
                    if (has_cell && is_charmm) file.cells.assign(4, {20, 90, 30, 90, 90, 40});
                    const auto frames = expect_read(file);
                    EXPECT_EQ(frames[3].box, (file.cells.empty() ? Box{} : Box{20, 0, 0, 0, 30, 0, 0, 0, 40}));
                }
}

TEST_F(Dcd, times_count_from_the_first_step_in_akma_units) {
    DcdFile file{.frames = counted_frames(3, 5)};
    file.first_step = 100, file.interval = 50, file.delta = 0.5f;
    auto frames = expect_read(file);
    EXPECT_DOUBLE_EQ(frames[0].time, 100 * 0.5 * akma);
    EXPECT_DOUBLE_EQ(frames[2].time, 200 * 0.5 * akma);
    file.is_charmm = false, file.delta = 0.1;  // X-PLOR: in double precision
    EXPECT_DOUBLE_EQ(expect_read(file)[1].time, 150 * 0.1 * akma);
}

TEST_F(Dcd, counts_times_by_delta_when_the_header_gives_no_interval_and_warns) {
    DcdFile file{.frames = counted_frames(3, 5)};
    file.interval = 0;
    EXPECT_DOUBLE_EQ(read_all(*open(dcd_bytes(file)))[2].time, 2 * akma);
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_THAT(warnings[0], HasSubstr("0 steps apart"));
}

TEST_F(Dcd, reads_unit_cells_of_every_convention) {
    DcdFile file{.frames = counted_frames(5, 5)};
    file.cells = {{20, 60, 30, 90, 90, 40},    // degrees
                  {20, 0.5, 30, 0, 0, 40},     // cosines
                  {20, -3, 30, 1, 2, 40},      // symmetric box matrix
                  {0, 90, 0, 90, 90, 0},       // no cell
                  {20, 60, 30, 30, 120, 40}};  // angles that span no volume
    const auto frames = expect_read(file);
    for (std::size_t k : {0u, 1u}) {
        EXPECT_NEAR(frames[k].box[3], 15, 1e-5);
        EXPECT_NEAR(frames[k].box[4], 30 * std::sqrt(0.75), 1e-5);
        EXPECT_EQ(frames[k].box[0], 20);
    }
    const auto length = [&](std::size_t row) {
        const float* v = &frames[2].box[3 * row];
        return std::hypot(v[0], v[1], v[2]);
    };
    EXPECT_NEAR(length(0), std::sqrt(20. * 20 + 3 * 3 + 1), 1e-4);
    EXPECT_NEAR(length(1), std::sqrt(3. * 3 + 30 * 30 + 2 * 2), 1e-4);
    EXPECT_NEAR(length(2), std::sqrt(1 + 2. * 2 + 40 * 40), 1e-4);
    EXPECT_EQ(frames[3].box, Box{});
    EXPECT_EQ(frames[4].box, Box{});
}

TEST_F(Dcd, steps_and_cells_are_those_of_the_file) {
    DcdFile file{.frames = counted_frames(3, 5)};
    file.first_step = -100, file.interval = 250;
    EXPECT_EQ(expect_read(file)[2].stored.n_cell, 0);
    file.order = std::endian::big;
    file.cells = {{20, 60, 30, 90.125, 1e-300, 40}, {0, 0, 0, 0, 0, 0}, {-1, 2, -3, 4, -5, 6}};
    const auto frames = expect_read(file);
    for (std::size_t k = 0; k < 3; ++k) {
        EXPECT_EQ(frames[k].stored.step, -100 + 250 * index_of(k));
        EXPECT_EQ(frames[k].stored.n_cell, 6);
        for (std::size_t i = 0; i < 9; ++i) EXPECT_EQ(frames[k].stored.cell[i], i < 6 ? file.cells[k][i] : 0);
    }
}

TEST_F(Dcd, takes_fixed_atoms_from_the_first_frame) {
    for (auto order : {std::endian::little, std::endian::big}) {
        DcdFile file{.frames = counted_frames(4, 30)};
        file.order = order;
        file.free_atoms = {2, 3, 11, 30, 17};
        for (std::size_t k = 1; k < 4; ++k)
            for (std::int32_t i = 1; i <= 30; ++i)
                if (std::ranges::find(file.free_atoms, i) == file.free_atoms.end())
                    file.frames[k][usize(i - 1)] = file.frames[0][usize(i - 1)];
        expect_read(file);
        file.cells.assign(4, {20, 90, 30, 90, 90, 40});
        file.has_4th = true;
        expect_read(file);
    }
}

TEST_F(Dcd, skips_the_fourth_dimension) {
    DcdFile file{.frames = counted_frames(4, 30)};
    file.has_4th = true;
    expect_read(file);
}

TEST_F(Dcd, counts_frames_by_the_size_of_the_file) {
    for (std::int32_t n : {0, 1, 500}) {
        DcdFile file{.frames = counted_frames(4, 30)};
        file.n_promised = n;
        expect_read(file);
    }
}

TEST_F(Dcd, reads_titles_whose_length_is_understated) {
    DcdFile file{.frames = counted_frames(2, 5)};
    file.n_title_lines = 3;
    expect_read(file);
    file.n_title_lines = file.n_claimed_title_lines = 0;
    expect_read(file);
}

TEST_F(Dcd, analyses_whole_frames_of_a_torn_file_and_warns_once) {
    Bytes content = dcd_bytes({.frames = counted_frames(4, 30)});
    content.pop_back();
    EXPECT_EQ(open(content)->n_frames(), 3);
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_THAT(warnings[0], AllOf(HasSubstr("traj.dcd ends inside frame 3 (byte 1,428 of 1,811)"),
                                   HasSubstr("3 whole frames are used")));
    EXPECT_THAT(error<FormatError>(content, true), HasSubstr("ends inside frame 3"));
}

TEST_F(Dcd, refuses_headers_that_cannot_be) {
    const Bytes good = dcd_bytes({.frames = counted_frames(2, 30)});
    const auto with = [&](std::size_t at, std::int32_t value) {
        Bytes bad = good;
        std::memcpy(bad.data() + at, &value, 4);
        return bad;
    };
    const std::size_t title = 92, n_atoms = title + 8 + 164;
    EXPECT_THAT(error<FormatError>(with(n_atoms + 4, 2'000'000'000)), HasSubstr("2000000000 atoms"));
    EXPECT_THAT(error<FormatError>(with(n_atoms + 4, -1)), HasSubstr("-1 atoms"));
    EXPECT_THAT(error<FormatError>(with(n_atoms, 8)), HasSubstr("the number of atoms has 8 bytes, expected 4"));
    EXPECT_THAT(error<FormatError>(with(title, 2'000'000'000)), HasSubstr("the title"));
    EXPECT_THAT(error<FormatError>(with(title, -4)), HasSubstr("the title"));
    EXPECT_THAT(error<FormatError>(with(40, 31)), HasSubstr("31 of 30 atoms fixed"));
    EXPECT_THAT(error<FormatError>(with(40, 10)), HasSubstr("the list of free atoms"));
    EXPECT_THAT(error<FormatError>(with(n_atoms + 12, 77)),
                HasSubstr("frame 0 at byte 276: record length is 77, expected 120"));
    Bytes cut = good;
    for (std::size_t n : {300, 270, 150, 95, 50}) {
        cut.resize(n);
        EXPECT_NE(error<FormatError>(cut), "");
    }
    DcdFile velocities{.frames = counted_frames(2, 30)};
    velocities.letters = "VELD";
    EXPECT_THAT(error<FormatError>(dcd_bytes(velocities)), HasSubstr("holds velocities"));
    DcdFile fixed{.frames = counted_frames(2, 30)};
    fixed.free_atoms = {1, 2};
    for (std::int32_t atom : {0, 31, -5}) {
        Bytes bad = dcd_bytes(fixed);
        std::memcpy(bad.data() + 284, &atom, 4);
        EXPECT_THAT(error<FormatError>(bad), HasSubstr(fmt::format("free atom {} of 30", atom)));
    }
}

TEST_F(Dcd, refresh_sees_appended_frames_although_the_header_has_changed) {
    auto frames = counted_frames(5, 30);
    const auto source = open(dcd_bytes({.frames = {frames[0], frames[1]}}));
    open(dcd_bytes({.frames = frames}));
    source->require_unchanged();
    const auto later = source->refresh();
    EXPECT_EQ(later->n_frames(), 5);
    EXPECT_EQ(read_all(*later)[4].positions, frames[4]);
    EXPECT_EQ(read_all(*source)[1].positions, frames[1]);
    frames[1][3][2] += 1;
    open(dcd_bytes({.frames = frames}));
    EXPECT_THROW(source->require_unchanged(), FileError);
}

TEST_F(Dcd, reads_beyond_four_gibibytes) {
    const DcdFile file{.frames = counted_frames(2, 1'000'000)};
    const auto path = folder.write("traj.dcd", dcd_bytes(file));
    const Index frame_bytes = 3 * (4'000'000 + 8), n_frames = 400, header = 276;
    std::filesystem::resize_file(path, usize(header + n_frames * frame_bytes));  // sparse
    {
        std::fstream out(path, std::ios::binary | std::ios::in | std::ios::out);
        const Bytes frame = dcd_bytes({.frames = {file.frames[1]}});
        out.seekp(header + (n_frames - 1) * frame_bytes);
        out.write(reinterpret_cast<const char*>(frame.data()) + header, frame_bytes);
    }
    const auto source = sources::open(std::vector{path}, {});
    ASSERT_EQ(source->n_frames(), n_frames);
    Frame frame;
    source->open_reader()->read(n_frames - 1, atoms(999'990, 1'000'000), frame);
    EXPECT_EQ(frame.positions[9], file.frames[1][999'999]);
    EXPECT_THROW(source->open_reader()->read(200, atoms(0, 10), frame), FormatError);  // zeros
}

}  // namespace
}  // namespace mdloom::sources

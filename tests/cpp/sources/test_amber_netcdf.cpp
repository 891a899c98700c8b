#include "mdloom/sources/formats/amber_netcdf.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "mdloom/sources/formats/unit_cell.hpp"
#include "support/netcdf_writer.hpp"
#include "support/one_file.hpp"

namespace mdloom::sources {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class AmberNetcdf : public OneFile {
protected:
    AmberNetcdf() : OneFile("traj.nc") {}

    void expect_read(const NetcdfFile& file) {
        const auto source = open(netcdf_bytes(file));
        const auto found = read_all(*source);
        ASSERT_EQ(found.size(), file.frames.size());
        for (std::size_t k = 0; k < found.size(); ++k) {
            EXPECT_EQ(found[k].positions, netcdf_positions(file, k)) << "frame " << k;
            const double time = 0.5 * static_cast<double>(k) * (file.scale ? 2 : 1);
            EXPECT_EQ(found[k].time, file.has_time ? time : static_cast<double>(k));
            EXPECT_EQ(found[k].stored.step, 0);
            EXPECT_EQ(found[k].stored.n_cell, 0);
            if (file.cells.empty()) {
                EXPECT_EQ(found[k].box, Box{});
                continue;
            }
            std::array<float, 6> cell;
            std::ranges::transform(file.cells[k], cell.begin(), [](double x) { return static_cast<float>(x); });
            EXPECT_EQ(found[k].box, box_of_lengths_and_angles(cell));
        }
        expect_source_law(*source);
        EXPECT_THAT(warnings, IsEmpty());
    }
    using OneFile::error;
    template <class E>
    std::string error(const NetcdfFile& file) {
        return error<E>(netcdf_bytes(file));
    }
    /// Cut off or filled up with zeros.
    static Bytes resized(Bytes bytes, std::size_t n) {
        bytes.resize(n);
        return bytes;
    }
};

TEST_F(AmberNetcdf, reads_all_versions_precisions_and_sets_of_variables) {
    for (int version : {1, 2, 5})
        for (unsigned bits = 0; bits < 128; ++bits) {
            auto file = random_netcdf(3, 1 + bits % 9);
            file.version = version;
            file.is_double = bits & 1, file.cell_is_double = bits & 2, file.time_is_double = bits & 4;
            file.has_time = bits & 8, file.has_velocities = bits & 16, file.has_letters = bits & 32;
            if (bits & 64) file.cells.clear();
            expect_read(file);
        }
}

TEST_F(AmberNetcdf, multiplies_by_scale_factors_in_the_precision_of_the_wider_of_both) {
    for (bool is_double : {false, true})
        for (bool scale_is_double : {false, true})
            for (double scale : {0.1, 1 + 1e-6, -2.5}) {
                auto file = random_netcdf(3, 300);
                file.is_double = is_double, file.scale_is_double = scale_is_double;
                file.scale = scale_is_double ? scale : double{static_cast<float>(scale)};
                expect_read(file);
            }
}

TEST_F(AmberNetcdf, a_scale_factor_of_nearly_1_is_none) {
    auto file = random_netcdf(2, 300);
    file.scale = 1 + 1e-10, file.is_double = true;
    const auto found = read_all(*open(netcdf_bytes(file)));
    file.scale = {};
    EXPECT_EQ(found[1].positions, netcdf_positions(file, 1));
}

TEST_F(AmberNetcdf, reads_frames_that_are_no_records) {
    for (bool is_double : {false, true}) {
        auto file = random_netcdf(4, 31);
        file.frames_are_records = false, file.is_double = is_double, file.has_velocities = true;
        expect_read(file);
        const Bytes whole = netcdf_bytes(file);
        EXPECT_THAT(error<FormatError>(resized(whole, whole.size() - 1)), HasSubstr("was it cut off?"));
    }
}

TEST_F(AmberNetcdf, a_variable_that_is_alone_in_its_records_is_not_padded) {
    auto file = random_netcdf(4, 7);
    file.has_time = false;
    file.cells.clear();
    expect_read(file);
}

TEST_F(AmberNetcdf, counts_frames_by_the_size_of_the_file_when_the_header_does_not) {
    for (int version : {1, 2, 5}) {
        auto file = random_netcdf(4, 7);
        file.version = version, file.n_promised = -1;
        expect_read(file);
        const Bytes whole = netcdf_bytes(file);
        EXPECT_EQ(open(resized(whole, whole.size() - 1))->n_frames(), 3);
        ASSERT_EQ(warnings.size(), 1u);
        EXPECT_THAT(warnings[0], HasSubstr("traj.nc ends inside frame 3"));
        warnings.clear();
    }
}

TEST_F(AmberNetcdf, analyses_whole_frames_of_a_torn_file_and_warns_once) {
    const auto file = random_netcdf(4, 100);
    const Bytes whole = netcdf_bytes(file);
    for (std::size_t n_missing : {1u, 40u, 1200u, 1252u}) {
        warnings.clear();
        const Bytes torn = resized(whole, whole.size() - n_missing);
        const auto source = open(torn);
        EXPECT_EQ(source->n_frames(), 3);
        ASSERT_EQ(warnings.size(), 1u);
        EXPECT_THAT(warnings[0],
                    AllOf(HasSubstr("traj.nc ends inside frame 3 (byte "), HasSubstr("3 whole frames are used")));
        EXPECT_EQ(read_all(*source)[2].positions, netcdf_positions(file, 2));
        EXPECT_THAT(error<FormatError>(torn, true), HasSubstr("ends inside frame 3"));
    }
    for (std::size_t n : {whole.size() / 4, std::size_t{300}, std::size_t{100}, std::size_t{9}, std::size_t{5}})
        EXPECT_NE(error<FormatError>(resized(whole, n)), "");
}

TEST_F(AmberNetcdf, does_not_read_what_stands_behind_the_frames_that_the_header_counts_and_says_so) {
    auto file = random_netcdf(5, 20);
    file.n_promised = 3;
    const auto source = open(netcdf_bytes(file));
    EXPECT_EQ(source->n_frames(), 3);
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_THAT(warnings[0], HasSubstr("room for 2 more frames than the 3 that its header counts"));
    warnings.clear();
    file.n_promised = {};
    const Bytes whole = netcdf_bytes(file);
    EXPECT_EQ(open(resized(whole, whole.size() + 7))->n_frames(), 5);
    EXPECT_THAT(warnings, IsEmpty());
}

TEST_F(AmberNetcdf, refresh_sees_appended_frames_although_the_header_has_changed) {
    for (int version : {2, 5}) {
        auto file = random_netcdf(5, 300);
        file.version = version;
        auto before = file;
        before.frames.resize(2), before.cells.resize(2);
        const auto source = open(netcdf_bytes(before));
        folder.overwrite("traj.nc", netcdf_bytes(file));
        source->require_unchanged();
        const auto later = source->refresh();
        EXPECT_EQ(later->n_frames(), 5);
        EXPECT_EQ(read_all(*later)[4].positions, netcdf_positions(file, 4));
        EXPECT_EQ(source->n_frames(), 2);
        EXPECT_EQ(sources::open(std::span<const std::byte>(source->describe()), {})->n_frames(), 2);
        file.frames[1][3][2] += 1;
        folder.overwrite("traj.nc", netcdf_bytes(file));
        EXPECT_THROW(source->require_unchanged(), FileError);
    }
}

TEST_F(AmberNetcdf, leaves_to_others_what_is_right_but_not_read_here_and_says_how) {
    const auto with = [](auto change) {
        auto file = random_netcdf(3, 20);
        change(file);
        return file;
    };
    const auto restart = with([](NetcdfFile& f) { f.conventions = "AMBERRESTART"; });
    EXPECT_THAT(error<ArgumentError>(restart),
                AllOf(HasSubstr("traj.nc: is an AMBER restart file"), HasSubstr("mda.Universe(topology, 'traj.nc')")));
    const auto integers = with([](NetcdfFile& f) { f.coordinates_type = 4; });
    EXPECT_THAT(error<ArgumentError>(integers), HasSubstr("variable coordinates holds numbers of type 4"));
    const auto flat = with([](NetcdfFile& f) { f.n_spatial = 2; });
    EXPECT_THAT(error<ArgumentError>(flat), HasSubstr("coordinates are not (frame, atom, spatial)"));
}

TEST_F(AmberNetcdf, refuses_other_conventions_and_units) {
    auto file = random_netcdf(3, 20);
    file.conventions = "CF-1.6";
    EXPECT_THAT(error<FormatError>(file), HasSubstr("is NetCDF with Conventions 'CF-1.6', expected AMBER"));
    for (const char* several : {"CF-1.6,AMBER", "CF-1.6 AMBER", "AMBER"}) {
        file.conventions = several;
        expect_read(file);
    }
    file.unit = "nanometer";
    EXPECT_THAT(error<FormatError>(file), HasSubstr("coordinates are in units of 'nanometer', expected angstrom"));
}

TEST_F(AmberNetcdf, refuses_headers_that_cannot_be_naming_the_byte) {
    for (int version : {1, 2, 5}) {
        auto file = random_netcdf(3, 20);
        file.version = version;
        const Bytes good = netcdf_bytes(file);
        const std::size_t width = version == 5 ? 8 : 4;
        const auto with = [&](std::size_t at, Index value) {
            Bytes bad = good;
            for (std::size_t i = 0; i < width; ++i) bad[at + i] = std::byte(value >> (8 * (width - 1 - i)) & 255);
            return bad;
        };
        const std::size_t n_dimensions = 4 + width + 4, first_name = n_dimensions + width;
        const std::size_t first_length = first_name + width + 8;
        EXPECT_THAT(error<FormatError>(with(n_dimensions, 0x7fffffff)),
                    HasSubstr(fmt::format("traj.nc: header is damaged at byte {}: number of entries is 2147483647",
                                          n_dimensions)));
        EXPECT_THAT(error<FormatError>(with(first_name, 0x7fffffff)), HasSubstr("length of a name is 2147483647"));
        EXPECT_NE(error<Error>(with(first_length, 0x7fffffff)), "");                  // frames that are no records
        EXPECT_NE(error<Error>(with(first_length + 2 * width + 4, 0x7fffffff)), "");  // atoms
        EXPECT_NE(error<Error>(with(first_length + 2 * width + 4, -1)), "");
        EXPECT_NE(error<Error>(with(first_length + 2 * width + 4, 0)), "");
    }
}

TEST_F(AmberNetcdf, huge_dimensions_do_not_overflow) {
    auto file = random_netcdf(3, 20);
    file.version = 5;
    const Bytes good = netcdf_bytes(file);
    const std::size_t atoms_at = 24 + 8 + 8 + 8 + 8 + 4;  // CDF5, records, tag, entries, "frame", its length, "atom"
    for (std::uint64_t n : {std::uint64_t{1} << 59, std::uint64_t{1} << 60, (std::uint64_t{1} << 61) + 1,
                            std::uint64_t{6148914691236517206u}, ~std::uint64_t{0} >> 1, ~std::uint64_t{0}}) {
        Bytes bad = good;
        for (std::size_t i = 0; i < 8; ++i) bad[atoms_at + i] = std::byte(n >> (56 - 8 * i) & 255);
        EXPECT_NE(error<Error>(bad), "");
    }
}

TEST_F(AmberNetcdf, says_how_hdf5_is_made_readable) {
    Bytes content(200);
    const std::string_view signature = "\x89HDF\r\n\x1a\n";
    std::memcpy(content.data(), signature.data(), signature.size());
    EXPECT_THAT(error<FormatError>(content), AllOf(HasSubstr("this is HDF5 (NetCDF-4"), HasSubstr("nccopy -k nc6")));
}

TEST_F(AmberNetcdf, reads_beyond_four_gibibytes) {
    auto file = random_netcdf(2, 1'000'000);
    file.cells.clear(), file.n_promised = 400;
    const Bytes both = netcdf_bytes(file);
    const Index record = 4 + 12'000'000, header = index_of(both.size()) - 2 * record;
    const auto path = folder.write("traj.nc", Bytes(both.begin(), both.begin() + header));
    std::filesystem::resize_file(path, usize(header + 400 * record));  // sparse
    {
        std::fstream out(path, std::ios::binary | std::ios::in | std::ios::out);
        out.seekp(header + 399 * record);
        out.write(reinterpret_cast<const char*>(both.data()) + header + record, record);
    }
    const auto source = sources::open(std::vector{path}, {});
    ASSERT_EQ(source->n_frames(), 400);
    Frame frame;
    source->open_reader()->read(399, atoms(999'990, 1'000'000), frame);
    EXPECT_EQ(frame.positions[9], netcdf_positions(file, 1)[999'999]);
}

}  // namespace
}  // namespace mdloom::sources

#include "mdloom/sources/catalog.hpp"

#include <gmock/gmock.h>

#include "support/dcd_writer.hpp"
#include "support/scratch_folder.hpp"
#include "support/source_law.hpp"
#include "support/xtc_writer.hpp"

namespace mdloom::sources {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Catalog : public testing::Test {
protected:
    std::shared_ptr<const Source> open(const std::vector<std::string>& names) {
        std::vector<std::string> paths;
        for (const auto& name : names) paths.push_back(folder.path(name));
        return sources::open(paths, {});
    }
    template <class E>
    std::string error(const std::vector<std::string>& names) {
        try {
            open(names);
        } catch (const E& e) {
            return e.what();
        }
        ADD_FAILURE() << "no such error";
        return "";
    }
    std::shared_ptr<const Source> reopen(const Bytes& description) { return sources::open(std::span(description), {}); }

    ScratchFolder folder;
    std::vector<XtcFrame> frames = random_frames(6, 40);
};

TEST_F(Catalog, is_alphabetical_and_complete) {
    EXPECT_TRUE(std::ranges::is_sorted(formats(), {}, &Info::name));
    for (const Info& info : formats()) {
        EXPECT_FALSE(info.endings.empty());
        EXPECT_FALSE(info.what.empty() || info.spec.empty());
    }
}

TEST_F(Catalog, opens_by_ending_in_any_case) {
    folder.write("a.XTC", xtc_file(frames));
    folder.write("a.Dcd", dcd_bytes({.frames = counted_frames(2, 40)}));
    EXPECT_EQ(open({"a.XTC"})->n_frames(), 6);
    EXPECT_EQ(open({"a.Dcd"})->n_frames(), 2);
}

TEST_F(Catalog, offers_the_nearest_ending) {
    folder.write("a.xct", xtc_file(frames));
    EXPECT_THAT(error<ArgumentError>({"a.xct"}),
                AllOf(HasSubstr("'.xct'"), HasSubstr("did you mean .xtc?"), HasSubstr(".dcd (")));
    folder.write("trajectory", xtc_file(frames));
    EXPECT_THAT(error<ArgumentError>({"trajectory"}),
                AllOf(HasSubstr("''"), HasSubstr("known: .dcd"), HasSubstr(".xtc (")));
    EXPECT_THROW(sources::open(std::vector<std::string>{}, {}), ArgumentError);
}

TEST_F(Catalog, opens_a_file_of_any_name_as_the_format_it_is_said_to_be) {
    const std::vector<std::string> paths{folder.write("trajectory.part0001", xtc_file(frames))};
    EXPECT_EQ(sources::open(paths, {.format = "XTC"})->n_frames(), 6);
    EXPECT_THROW(sources::open(paths, {.format = "XYZ"}), ArgumentError);
    try {
        sources::open(paths, {.format = "DCD"});
        ADD_FAILURE() << "no error";
    } catch (const FormatError& e) {
        EXPECT_THAT(e.what(), AllOf(HasSubstr("expected a CHARMM"), HasSubstr("this is a GROMACS XTC file"),
                                    Not(HasSubstr("rename"))));
    }
}

TEST_F(Catalog, says_what_it_found_when_the_content_is_another) {
    folder.write("a.dcd", xtc_file(frames));
    EXPECT_THAT(error<FormatError>({"a.dcd"}),
                AllOf(HasSubstr("a.dcd: expected a CHARMM, NAMD or X-PLOR DCD file at byte 0"),
                      HasSubstr("00 00 07 cb"), HasSubstr("this is a GROMACS XTC file")));
    folder.write("b.xtc", Bytes(3, std::byte{65}));
    EXPECT_THAT(error<FormatError>({"b.xtc"}), AllOf(HasSubstr("expected a GROMACS XTC file"), HasSubstr("41 41 41")));
    EXPECT_THAT(error<FileError>({"missing.xtc"}), HasSubstr("missing.xtc: No such file"));
}

TEST_F(Catalog, reads_several_files_one_after_another) {
    folder.write("a.xtc", xtc_file({frames[0], frames[1]}));
    folder.write("b.dcd", dcd_bytes({.frames = counted_frames(3, 40)}));
    folder.write("c.xtc", xtc_file({frames[2]}));
    const auto source = open({"a.xtc", "b.dcd", "c.xtc", "a.xtc"});
    ASSERT_EQ(source->n_frames(), 8);
    EXPECT_EQ(source->name(), "a.xtc and 3 more");
    const auto found = read_all(*source);
    EXPECT_EQ(found[1].positions, xtc_positions(frames[1]));
    EXPECT_EQ(found[4].positions, counted_frames(3, 40)[2]);
    EXPECT_EQ(found[5].positions, xtc_positions(frames[2]));
    EXPECT_EQ(found[7].positions, xtc_positions(frames[1]));
    EXPECT_EQ(found[5].index, 5);
    expect_source_law(*source);
    const auto again = reopen(source->describe());
    EXPECT_EQ(again->n_frames(), 8);
    EXPECT_EQ(read_all(*again)[5].positions, found[5].positions);
}

TEST_F(Catalog, refuses_files_of_different_systems) {
    folder.write("a.xtc", xtc_file(frames));
    folder.write("b.xtc", xtc_file(random_frames(2, 41)));
    EXPECT_THAT(error<TopologyError>({"a.xtc", "b.xtc"}), HasSubstr("b.xtc has 41 atoms, but a.xtc has 40"));
}

TEST_F(Catalog, a_chain_grows_at_its_end_only) {
    folder.write("a.xtc", xtc_file({frames[0]}));
    folder.write("b.xtc", xtc_file({frames[1]}));
    const auto source = open({"a.xtc", "b.xtc"});
    folder.write("a.xtc", xtc_file({frames[0], frames[3]}));
    folder.write("b.xtc", xtc_file({frames[1], frames[2]}));
    const auto later = source->refresh();
    EXPECT_EQ(later->n_frames(), 3);
    EXPECT_EQ(read_all(*later)[1].positions, xtc_positions(frames[1]));
    EXPECT_EQ(read_all(*later)[2].positions, xtc_positions(frames[2]));
}

TEST_F(Catalog, reopens_from_a_description_also_when_the_file_has_grown) {
    folder.write("a.xtc", xtc_file({frames[0], frames[1]}));
    folder.write("a.dcd", dcd_bytes({.frames = {counted_frames(3, 40)[0]}}));
    const Bytes xtc = open({"a.xtc"})->describe(), dcd = open({"a.dcd"})->describe();
    folder.write("a.xtc", xtc_file(frames));
    folder.write("a.dcd", dcd_bytes({.frames = counted_frames(3, 40)}));
    EXPECT_EQ(reopen(xtc)->n_frames(), 2);
    EXPECT_EQ(read_all(*reopen(xtc))[1].positions, xtc_positions(frames[1]));
    EXPECT_EQ(reopen(dcd)->n_frames(), 1);
    EXPECT_EQ(reopen(xtc)->describe(), xtc);
    reopen(xtc)->require_unchanged();
    EXPECT_EQ(reopen(xtc)->refresh()->n_frames(), 6);
}

TEST_F(Catalog, reopens_a_torn_file_without_another_word) {
    Bytes torn = xtc_file(frames);
    torn.pop_back();
    folder.write("a.xtc", torn);
    const Bytes description = open({"a.xtc"})->describe();
    int n_warnings = 0;
    const auto again = sources::open(std::span(description), {true, [&](const std::string&) { ++n_warnings; }});
    EXPECT_EQ(again->n_frames(), 5);
    EXPECT_EQ(n_warnings, 0);
}

TEST_F(Catalog, refuses_to_reopen_another_file) {
    folder.write("a.xtc", xtc_file(frames));
    const Bytes description = open({"a.xtc"})->describe();
    folder.write("a.xtc", xtc_file(random_frames(6, 40, 99)));
    EXPECT_THROW(reopen(description), FileError);
    folder.write("a.xtc", xtc_file({frames[0]}));
    EXPECT_THROW(reopen(description), FileError);
    std::filesystem::remove(folder.path("a.xtc"));
    EXPECT_THROW(reopen(description), FileError);
}

TEST_F(Catalog, refuses_damaged_descriptions) {
    folder.write("a.xtc", xtc_file(frames));
    folder.write("b.xtc", xtc_file(frames));
    for (const Bytes& good : {open({"a.xtc"})->describe(), open({"a.xtc", "b.xtc"})->describe()})
        for (std::size_t n = 0; n < good.size(); ++n) {
            EXPECT_THROW(reopen(Bytes(good.begin(), good.begin() + index_of(n))), Error);
            Bytes bad = good;
            bad[n] ^= std::byte{0x20};
            try {
                read_all(*reopen(bad));
            } catch (const Error&) {
            }
        }
}

}  // namespace
}  // namespace mdloom::sources

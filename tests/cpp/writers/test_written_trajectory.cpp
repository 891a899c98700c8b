#include "mdloom/writers/written_trajectory.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "mdloom/sources/catalog.hpp"
#include "mdloom/writers/joined_parts.hpp"
#include "support/case.hpp"
#include "support/scratch_folder.hpp"
#include "support/source_law.hpp"

namespace mdloom::writers {
namespace {

using laws::Case;
using laws::Dice;
using laws::error_of;
using laws::FakeSource;
using sources::content_of;
using sources::ScratchFolder;

WrittenTrajectorySpec spec_of(Group group, const std::string& folder) {
    WrittenTrajectorySpec spec;
    spec.group = std::move(group);
    spec.folder = folder;
    spec.encoder.format = "dcd";
    spec.encoder.n_atoms = index_of(spec.group.size());
    return spec;
}

/// Two frames of three atoms.
std::shared_ptr<const Source> small_source() {
    return std::make_shared<FakeSource>(std::vector<FakeSource::Moment>{
        {{{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}, 0.5, {10, 0, 0, 0, 20, 0, 0, 0, 30}},
        {{{-1, -2, -3}, {-4, -5, -6}, {-7, -8, -9}}, 1.5, {10, 0, 0, 0, 20, 0, 0, 0, 30}}});
}

engine::Run run_of(WrittenTrajectorySpec spec, std::vector<Index> frames) {
    std::vector<std::unique_ptr<Analysis>> analyses;
    analyses.push_back(written_trajectory(std::move(spec)));
    return {small_source(), {}, FrameSelection(std::move(frames)), std::move(analyses)};
}

std::vector<FrameRecord> records_of(const Result& result) {
    std::vector<FrameRecord> records;
    const Column& written = result.at(0);
    for (std::size_t at = 0; at < written.values.size(); at += 6)
        records.push_back(record_of(std::span(written.values).subspan(at, 6)));
    return records;
}

TEST(written_trajectory, knows_of_each_frame_its_time_its_length_and_a_checksum) {
    const ScratchFolder folder;
    const auto run = run_of(spec_of({2, 0}, folder.path()), {1, 0});
    const Result result = run.conclude(laws::work_in_one_go(run)).at(0);
    ASSERT_EQ(result.size(), 1u);
    EXPECT_EQ(result[0].name, "written");
    ASSERT_EQ(result[0].shape, (std::vector<Index>{2, 6}));
    const auto& values = result[0].values;
    EXPECT_THAT(std::vector(values.begin(), values.begin() + 4), testing::ElementsAre(0, 1, 1.5, 56 + 3 * 16));
    EXPECT_THAT(std::vector(values.begin() + 6, values.begin() + 10), testing::ElementsAre(1, 0, 0.5, 56 + 3 * 16));
}

TEST(written_trajectory, the_joined_file_holds_the_atoms_of_the_frames_in_their_order) {
    const ScratchFolder folder;
    std::filesystem::create_directory(folder.path("parts"));
    const auto spec = spec_of({2, 0, 2}, folder.path("parts"));
    const auto run = run_of(spec, {1, 0, 1});
    auto later = run.make_worker()->work({1, 3});
    const Part all = laws::sum(run.make_worker()->work({0, 1}), std::move(later));
    const auto header = make_encoder(spec.encoder)->start(3);
    join_parts(folder.path("parts"), header, records_of(run.conclude(all).at(0)), folder.path("out.dcd"), {}, {});
    const auto frames = sources::read_all(*sources::open({folder.path("out.dcd")}, {}));
    ASSERT_EQ(frames.size(), 3u);
    EXPECT_THAT(frames[0].positions, testing::ElementsAre(Vec3{-7, -8, -9}, Vec3{-1, -2, -3}, Vec3{-7, -8, -9}));
    EXPECT_THAT(frames[1].positions, testing::ElementsAre(Vec3{7, 8, 9}, Vec3{1, 2, 3}, Vec3{7, 8, 9}));
    EXPECT_EQ(frames[2].positions, frames[0].positions);
    EXPECT_EQ(frames[0].box[4], 20);
}

TEST(written_trajectory, any_backend_leaves_parts_that_join_to_the_same_file) {
    laws::for_cases(20, [](Dice& dice) {
        const Case given = Case::random(dice);
        const ScratchFolder folder;
        Group group(usize(given.topology.n_atoms));
        for (std::size_t i = 0; i < group.size(); ++i) group[i] = index_of(i);
        const auto spec = spec_of(group, folder.path());
        std::vector<std::unique_ptr<Analysis>> analyses;
        analyses.push_back(written_trajectory(spec));
        const engine::Run run(std::make_shared<FakeSource>(given.moments), given.topology, FrameSelection(given.frames),
                              std::move(analyses));
        Bytes expected;
        int n = 0;
        for (const auto& [name, backend] : laws::all_backends(dice)) {
            SCOPED_TRACE(name);
            const Part all = laws::gather(run, *backend);
            const std::string out = folder.path("out" + std::to_string(n++));
            join_parts(folder.path(), {}, records_of(run.conclude(all).at(0)), out, {}, {});
            if (expected.empty()) expected = content_of(out);
            ASSERT_EQ(content_of(out), expected);
        }
        EXPECT_EQ(expected.empty(), given.frames.empty());
    });
}

TEST(written_trajectory, a_folder_that_is_gone_is_an_error_of_a_frame) {
    const ScratchFolder folder;
    const auto run = run_of(spec_of({0}, folder.path("gone")), {0, 1});
    try {
        run.make_worker()->work({0, 2});
        FAIL() << "it was written";
    } catch (const FrameError& error) {
        EXPECT_EQ(error.ordinal, 0);
        EXPECT_EQ(error.kind(), ErrorKind::file);
        EXPECT_THAT(error.what(), testing::StartsWith("frame 0: the folder " + folder.path("gone")));
    }
}

TEST(written_trajectory, what_cannot_be_written_is_refused) {
    EXPECT_EQ(error_of([] { written_trajectory(spec_of({}, "parts")); }),
              "there is no atom to write: select at least one");
    auto spec = spec_of({1, 2}, "parts");
    spec.encoder.n_atoms = 3;
    EXPECT_EQ(error_of([&] { written_trajectory(spec); }), "the file is for 3 atoms, and 2 are given");
    spec = spec_of({1, 2}, "parts");
    spec.encoder.format = "gro";
    EXPECT_THAT(error_of([&] { written_trajectory(spec); }), testing::HasSubstr("gro"));
}

TEST(written_trajectory, a_damaged_spec_or_row_is_refused) {
    ByteWriter writer;
    auto spec = spec_of({1, 2}, "parts");
    spec.encoder.n_atoms = 3;
    writer.write(spec);
    const Bytes bytes = writer.take();
    ByteReader reader(bytes);
    EXPECT_THROW(rebuild_written_trajectory(reader), StateError);
    EXPECT_EQ(record_of(std::array{1., 0., 0., 5., 1., 2.}), (FrameRecord{1, 5, (std::uint64_t{1} << 32) + 2}));
    EXPECT_THROW(record_of(std::array{1., 0., 0., -5., 1., 2.}), ArgumentError);
    EXPECT_THROW(record_of(std::array{1., 0., 0., 5., 0x1p32, 2.}), ArgumentError);
    EXPECT_THROW(record_of(std::array{0.5, 0., 0., 5., 1., 2.}), ArgumentError);
    EXPECT_THROW(record_of(std::array{std::nan(""), 0., 0., 5., 1., 2.}), ArgumentError);
}

}  // namespace
}  // namespace mdloom::writers

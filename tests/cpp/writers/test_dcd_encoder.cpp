#include <gmock/gmock.h>

#include "mdloom/sources/catalog.hpp"
#include "mdloom/writers/frame_encoder.hpp"
#include "support/dcd_writer.hpp"
#include "support/scratch_folder.hpp"
#include "support/source_law.hpp"

namespace mdloom::writers {
namespace {

using testing::HasSubstr;

Bytes file_of(const EncoderSpec& spec, const std::vector<std::vector<Vec3>>& frames, const std::vector<Box>& boxes) {
    const auto encoder = make_encoder(spec);
    Bytes content = encoder->start(index_of(frames.size()));
    for (std::size_t k = 0; k < frames.size(); ++k)
        encoder->append({.number = index_of(k), .box = boxes[k], .positions = frames[k]}, content);
    return content;
}

std::string refusal(const EncoderSpec& spec) {
    try {
        make_encoder(spec)->start(INT32_MAX);
    } catch (const ArgumentError& error) {
        return error.what();
    }
    return "";
}

TEST(DcdEncoder, frames_are_read_back_as_they_were) {
    const auto positions = sources::counted_frames(3, 50);
    const std::vector<Box> boxes = {{}, {20, 0, 0, 0, 30.125f, 0, 0, 0, 40}, {20, 0, 0, -5, 20, 0, 3, 4, 25}};
    sources::ScratchFolder folder;
    const EncoderSpec spec{
        .format = "dcd", .n_atoms = 50, .dt = 2.5, .first_step = 300, .steps_between = 100, .remarks = "ours"};
    const auto path = folder.write("traj.dcd", file_of(spec, positions, boxes));
    const auto source = sources::open(std::vector{path}, {.strict = true});
    const auto found = sources::read_all(*source);
    ASSERT_EQ(found.size(), 3u);
    for (std::size_t k = 0; k < 3; ++k) {
        EXPECT_EQ(found[k].positions, positions[k]);
        EXPECT_EQ(found[k].stored.step, 300 + 100 * index_of(k));
        EXPECT_NEAR(found[k].time, 2.5 * static_cast<double>(3 + k), 1e-6);
        for (std::size_t i = 0; i < 9; ++i) EXPECT_NEAR(found[k].box[i], boxes[k][i], 1e-5);
    }
    EXPECT_EQ(found[0].box, Box{});
    EXPECT_EQ(found[1].box, boxes[1]);
}

TEST(DcdEncoder, headers_hold_what_charmm_24_wrote) {
    const Bytes head = make_encoder({.format = "dcd", .n_atoms = 7, .remarks = "of frames"})->start(5);
    ASSERT_EQ(head.size(), 92u + 252 + 12);
    const auto number = [&](std::size_t at) {
        std::int32_t value;
        std::memcpy(&value, head.data() + at, 4);
        return value;
    };
    for (auto [at, expected] : {std::pair{0u, 84},
                                {8u, 5},
                                {12u, 0},
                                {16u, 1},
                                {20u, 0},
                                {48u, 1},
                                {84u, 24},
                                {88u, 84},
                                {92u, 244},
                                {96u, 3},
                                {340u, 244},
                                {344u, 4},
                                {348u, 7},
                                {352u, 4}})
        EXPECT_EQ(number(at), expected) << at;
    EXPECT_EQ(std::memcmp(head.data() + 4, "CORD", 4), 0);
    EXPECT_EQ(std::memcmp(head.data() + 100, "of frames\0", 10), 0);
}

TEST(DcdEncoder, what_does_not_fit_is_refused_by_name) {
    EXPECT_THAT(refusal({.format = "dcd", .n_atoms = 0}), HasSubstr("atoms, not 0"));
    EXPECT_THAT(refusal({.format = "dcd", .n_atoms = 600'000'000}), HasSubstr("atoms, not 600000000"));
    EXPECT_THAT(refusal({.format = "dcd", .n_atoms = 1, .first_step = Index{1} << 31}), HasSubstr("2147483648"));
    EXPECT_THAT(refusal({.format = "dcd", .n_atoms = 1, .steps_between = 0}), HasSubstr("0 steps between frames"));
    EXPECT_THAT(refusal({.format = "dcd", .n_atoms = 1, .dt = std::nan("")}), HasSubstr("nan ps"));
    EXPECT_THAT(refusal({.format = "dcd", .n_atoms = 1, .remarks = std::string(240, 'x')}), HasSubstr("239 ASCII"));
    EXPECT_THAT(refusal({.format = "dcd", .n_atoms = 1, .remarks = "\xc3\x85"}), HasSubstr("239 ASCII"));
    EXPECT_EQ(refusal({.format = "dcd", .n_atoms = 1, .remarks = std::string(239, 'x')}), "");
    EXPECT_THAT(refusal({.format = "pdb", .n_atoms = 1}), HasSubstr("\"pdb\" cannot be written: the formats are dcd"));
    const auto encoder = make_encoder({.format = "dcd", .n_atoms = 3});
    EXPECT_THROW(encoder->start(Index{1} << 31), ArgumentError);
    Bytes out(5);
    const std::vector<Vec3> two(2);
    EXPECT_THROW(encoder->append({.number = 4, .positions = two}, out), ArgumentError);
    EXPECT_EQ(out.size(), 5u);
}

}  // namespace
}  // namespace mdloom::writers

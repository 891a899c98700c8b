#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <random>

#include "mdloom/sources/catalog.hpp"
#include "mdloom/writers/formats/xtc_encoder.hpp"
#include "support/scratch_folder.hpp"
#include "support/source_law.hpp"

namespace mdloom::writers {
namespace {

using testing::AllOf;
using testing::HasSubstr;

#include "../sources/xtc_by_others.inc"

Bytes bytes_of(const FrameEncoder& encoder, const EncodedFrame& frame) {
    Bytes out;
    encoder.append(frame, out);
    return out;
}

std::vector<Frame> read(const Bytes& content) {
    sources::ScratchFolder folder;
    return sources::read_all(*sources::open(std::vector{folder.write("traj.xtc", content)}, {.strict = true}));
}

/// What XTC makes of a coordinate in Å.
float rounded(float value, int decimals) {
    const auto precision = static_cast<float>(std::pow(10.0, decimals));
    const float steps = std::trunc(value * 0.1f * precision + std::copysign(0.5f, value));
    return (steps == 0 ? 0 : steps) * (1 / precision) * 10;
}

std::vector<Vec3> rounded(std::vector<Vec3> positions, int decimals = 3) {
    for (Vec3& position : positions)
        for (float& value : position) value = rounded(value, decimals);
    return positions;
}

/// Molecules of up to 12 atoms, each near the one before, anywhere in a box.
std::vector<Vec3> random_system(std::size_t n, float box, float bond, std::mt19937& random) {
    std::uniform_real_distribution<float> any(-1, 1);
    std::vector<Vec3> positions(n);
    std::size_t left = 0;
    for (std::size_t i = 0; i < n; ++i, --left) {
        const bool is_new = left == 0;
        if (is_new) left = 1 + random() % 12;
        for (std::size_t d = 0; d < 3; ++d)
            positions[i][d] = is_new ? box * any(random) : positions[i - 1][d] + bond * any(random);
    }
    return positions;
}

TEST(XtcEncoder, writes_the_bytes_that_others_write) {
    Bytes expected, found;
    for (unsigned char c : xtc_by_others) expected.push_back(std::byte(c));
    const auto encoder = make_encoder({.format = "xtc", .n_atoms = 12});
    const auto frames = read(expected);
    for (const Frame& frame : frames)
        encoder->append({.number = frame.index,
                         .step = frame.stored.step,
                         .time = frame.time,
                         .box = frame.box,
                         .positions = frame.positions},
                        found);
    EXPECT_EQ(found, expected);
}

RC_GTEST_PROP(XtcEncoder, what_it_writes_is_read_as_the_nearest_points_of_the_grid, ()) {
    std::mt19937 random(*rc::gen::arbitrary<unsigned>());
    const auto n = *rc::gen::inRange<std::size_t>(1, 400);
    const int decimals = *rc::gen::inRange(0, 10);
    const auto most = static_cast<float>(std::pow(10, 10 - decimals));  // 1e9 grid points
    const float box = most * std::pow(10.0f, -static_cast<float>(*rc::gen::inRange(0, 10)));
    const float bond = std::min(most - box, box * *rc::gen::element(0.0f, 1e-6f, 1e-3f, 1e-2f, 0.08f));
    const auto positions = random_system(n, box, bond, random);
    const auto encoder = make_encoder({.format = "xtc", .n_atoms = index_of(n), .decimals = decimals});
    const auto found = read(bytes_of(*encoder, {.positions = positions}));
    RC_ASSERT(found.size() == 1u);
    if (n > 9) RC_ASSERT(found[0].positions == rounded(positions, decimals));
    for (std::size_t i = 0; n <= 9 && i < n; ++i)
        for (std::size_t d = 0; d < 3; ++d) RC_ASSERT(found[0].positions[i][d] == positions[i][d] * 0.1f * 10);
}

TEST(XtcEncoder, flat_systems_and_atoms_in_one_place_are_written) {
    std::vector<Vec3> positions(50, Vec3{1, -2, 3});
    const auto encoder = make_encoder({.format = "xtc", .n_atoms = 50});
    EXPECT_EQ(read(bytes_of(*encoder, {.positions = positions}))[0].positions, rounded(positions));
    for (std::size_t i = 0; i < 50; ++i) positions[i][1] = static_cast<float>(i);
    EXPECT_EQ(read(bytes_of(*encoder, {.positions = positions}))[0].positions, rounded(positions));
}

TEST(XtcEncoder, huge_systems_have_a_longer_length_and_else_the_same_bytes) {
    std::mt19937 random(3);
    const auto positions = random_system(2000, 30, 1.5f, random);
    const EncoderSpec spec{.format = "xtc", .n_atoms = 2000};
    Bytes usual = bytes_of(*make_xtc_encoder(spec, false), {.positions = positions});
    const Bytes with_long_length = bytes_of(*make_xtc_encoder(spec, true), {.positions = positions});
    EXPECT_EQ(read(with_long_length)[0].positions, rounded(positions));
    usual[2] = std::byte{2023 >> 8}, usual[3] = std::byte{2023 & 255};
    usual.insert(usual.begin() + 88, 4, std::byte{});
    EXPECT_EQ(usual, with_long_length);
}

TEST(XtcEncoder, a_frame_is_the_same_behind_any_other) {
    std::mt19937 random(4);
    const auto first = random_system(300, 30, 1.5f, random), second = random_system(300, 30, 1.5f, random);
    const auto encoder = make_encoder({.format = "xtc", .n_atoms = 300});
    EXPECT_TRUE(encoder->start(2).empty());
    Bytes both;
    encoder->append({.positions = first}, both);
    encoder->append({.number = 1, .positions = second}, both);
    const Bytes one = bytes_of(*encoder, {.positions = first}), two = bytes_of(*encoder, {.positions = second});
    EXPECT_EQ(both, sources::joined({one, two}));
    EXPECT_EQ(one.size() % 4, 0u);
}

class XtcRefusals : public testing::Test {
protected:
    std::string of(const EncodedFrame& frame, int decimals = 3) {
        Bytes out(3);
        std::string text;
        try {
            make_encoder({.format = "xtc", .n_atoms = index_of(frame.positions.size()), .decimals = decimals})
                ->append(frame, out);
        } catch (const ArgumentError& error) {
            text = error.what();
            EXPECT_EQ(out.size(), 3u);
        }
        return text;
    }
    std::string of(std::size_t n, std::size_t atom, Vec3 at, int decimals = 3) {
        std::vector<Vec3> positions(n);
        positions[atom] = at;
        return of({.positions = positions}, decimals);
    }
};

TEST_F(XtcRefusals, coordinates_that_do_not_fit_are_named) {
    EXPECT_THAT(of(20, 7, {1, -3e7f, 2}),
                AllOf(HasSubstr("atom 7 is at (1, -3e+07, 2) Å"), HasSubstr("with 3 decimals"),
                      HasSubstr("below 2.14748e+07 Å: lower the precision, or write DCD")));
    EXPECT_EQ(of(20, 7, {1, -3e7f, 2}, 2), "");
    for (std::size_t n : {5u, 20u})
        for (float value : {std::nanf(""), INFINITY, -INFINITY})
            for (std::size_t atom : {std::size_t{0}, std::size_t{3}, n - 1})
                EXPECT_THAT(of(n, atom, {0, 0, value}), HasSubstr("atom " + std::to_string(atom) + " is at (0, 0, "));
    EXPECT_EQ(of(5, 0, {3e7f, 0, 0}), "");  // so few are stored as they are
}

TEST_F(XtcRefusals, a_system_wider_than_the_format_is_named) {
    std::vector<Vec3> positions(20);
    positions[1][2] = -1.5e7f, positions[2][2] = 1.5e7f;
    EXPECT_THAT(of({.positions = positions}), HasSubstr("the atoms are spread over 3e+07 Å along z"));
    EXPECT_EQ(of({.positions = positions}, 2), "");
}

TEST_F(XtcRefusals, numbers_out_of_range_are_named) {
    const std::vector<Vec3> positions(12);
    EXPECT_THAT(of({.step = Index{1} << 31, .positions = positions}), HasSubstr("a step of 2147483648"));
    EXPECT_THAT(of({.positions = positions}, -1), HasSubstr("-1 decimals: XTC takes 0 to 9"));
    EXPECT_THAT(of({.positions = positions}, 10), HasSubstr("10 decimals"));
    EXPECT_THAT(of({.positions = {}}), HasSubstr("atoms, not 0"));
    Bytes out;
    EXPECT_THROW(make_encoder({.format = "xtc", .n_atoms = 13})->append({.positions = positions}, out), ArgumentError);
}

}  // namespace
}  // namespace mdloom::writers

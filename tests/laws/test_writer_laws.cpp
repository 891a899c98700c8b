// What holds for every format that can be written: a frame's bytes depend on that frame alone, and are read again.
#include <gmock/gmock.h>

#include <algorithm>

#include "mdloom/sources/catalog.hpp"
#include "mdloom/writers/frame_encoder.hpp"
#include "support/dice.hpp"
#include "support/one_file.hpp"

namespace mdloom::laws {
namespace {

constexpr int n_cases = 40;
constexpr float nearest = 0.0051f;  ///< Å: half a step of three decimals in nm, and float32 rounding

struct Moment {
    writers::EncodedFrame frame;
    std::vector<Vec3> positions;
};

/// One ps apart, which every format can say; any box, or none.
std::vector<Moment> random_moments(Dice& dice, Index n_atoms) {
    std::vector<Moment> moments(usize(dice.between(1, 7)));
    const bool has_box = dice.chance(0.7);
    for (std::size_t k = 0; k < moments.size(); ++k) {
        auto& [frame, positions] = moments[k];
        for (Index i = 0; i < n_atoms; ++i)
            positions.push_back({dice.normal(20.f, 30.f), dice.normal(0.f, 9.f), dice.normal(-5.f, 30.f)});
        frame = {.number = index_of(k), .step = index_of(k), .time = static_cast<double>(k)};
        if (has_box) frame.box = {40.f + dice.normal(0.f, 1.f), 0, 0, 7, 45, 0, -9, 11, 50};
        frame.positions = positions;
    }
    return moments;
}

Bytes bytes_of(const writers::FrameEncoder& encoder, const writers::EncodedFrame& frame) {
    Bytes out;
    encoder.append(frame, out);
    return out;
}

class WriterLaws : public testing::TestWithParam<writers::Info> {};

TEST_P(WriterLaws, a_frame_gives_the_same_bytes_in_any_order_and_from_any_encoder) {
    for_cases(n_cases, [](Dice& dice) {
        const Index n_atoms = dice.between(1, 60);
        const auto moments = random_moments(dice, n_atoms);
        const writers::EncoderSpec spec{.format = std::string(GetParam().format), .n_atoms = n_atoms};
        const auto one = writers::make_encoder(spec), other = writers::make_encoder(spec);
        std::vector<Bytes> alone;
        for (const Moment& moment : moments) alone.push_back(bytes_of(*one, moment.frame));
        for (int i = 0; i < 20; ++i) {
            const auto k = usize(dice.between(0, index_of(moments.size()) - 1));
            Bytes out(usize(dice.between(0, 9)), std::byte{77});
            const std::size_t before = out.size();
            (dice.chance(0.5) ? one : other)->append(moments[k].frame, out);
            ASSERT_EQ(Bytes(out.begin() + index_of(before), out.end()), alone[k]);
        }
    });
}

TEST_P(WriterLaws, a_written_file_is_read_again_and_keeps_the_source_law) {
    for_cases(n_cases, [](Dice& dice) {
        const Index n_atoms = dice.between(1, 60);
        const auto moments = random_moments(dice, n_atoms);
        const std::string format(GetParam().format);
        const auto encoder = writers::make_encoder({.format = format, .n_atoms = n_atoms});
        Bytes content = encoder->start(index_of(moments.size()));
        for (const Moment& moment : moments) encoder->append(moment.frame, content);
        const sources::ScratchFolder folder;
        const auto source = sources::open({folder.write("written." + format, content)}, {.strict = true});
        sources::expect_source_law(*source);
        const auto found = sources::read_all(*source);
        ASSERT_EQ(found.size(), moments.size());
        for (std::size_t k = 0; k < found.size(); ++k) {
            EXPECT_NEAR(found[k].time, moments[k].frame.time, 1e-5);
            for (std::size_t i = 0; i < 9; ++i) EXPECT_NEAR(found[k].box[i], moments[k].frame.box[i], 1e-4);
            for (std::size_t i = 0; i < moments[k].positions.size(); ++i)
                for (std::size_t d = 0; d < 3; ++d)
                    ASSERT_NEAR(found[k].positions[i][d], moments[k].positions[i][d], nearest);
        }
    });
}

TEST_P(WriterLaws, a_frame_of_another_size_is_refused_and_leaves_no_byte) {
    const auto encoder = writers::make_encoder({.format = std::string(GetParam().format), .n_atoms = 12});
    const std::vector<Vec3> eleven(11);
    Bytes out(5, std::byte{77});
    EXPECT_THROW(encoder->append({.positions = eleven}, out), ArgumentError);
    EXPECT_EQ(out, Bytes(5, std::byte{77}));
}

INSTANTIATE_TEST_SUITE_P(all, WriterLaws, testing::ValuesIn(writers::catalog().begin(), writers::catalog().end()),
                         [](const auto& entry) { return std::string(entry.param.format); });

}  // namespace
}  // namespace mdloom::laws

// Every level this machine has against the portable decoder: the same outcome, cursor and bits for any stream.
#include "mdloom/sources/formats/xtc_decode.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "mdloom/sources/files/byte_order.hpp"
#include "mdloom/sources/formats/xtc_format.hpp"
#include "mdloom/sources/formats/xtc_skim.hpp"
#include "mdloom/writers/frame_encoder.hpp"
#include "support/bits.hpp"
#include "support/levels.hpp"
#include "support/xtc_writer.hpp"

namespace mdloom::sources {
namespace {

constexpr std::size_t n_head_bytes = 92;

/// A compressed frame taken apart.
struct Coded {
    XtcCoding coding;
    Bytes stream;

    explicit Coded(const Bytes& frame) {
        const std::byte* at = frame.data();
        coding.n_atoms = load_big<std::int32_t>(at + 4);
        coding.inverse_precision = 1.0f / load_big<float>(at + 56);
        for (std::size_t d = 0; d < 3; ++d) {
            coding.lowest[d] = load_big<std::int32_t>(at + 60 + 4 * d);
            coding.sizes[d] =
                static_cast<std::uint32_t>(load_big<std::int32_t>(at + 72 + 4 * d) - coding.lowest[d] + 1);
        }
        coding.small_index = load_big<std::int32_t>(at + 84);
        const auto n = load_big<std::uint32_t>(at + 88);
        stream.assign(frame.begin() + n_head_bytes, frame.begin() + n_head_bytes + n);
    }
};

struct Decoded {
    XtcOutcome outcome;
    XtcCursor cursor;
    std::vector<float> positions;
};

/// Buffers are as small as the contract allows, so that the sanitizers see every byte too many.
Decoded decode(Simd level, const Coded& frame, std::size_t n_bytes, bool whole, Index stop, XtcCursor cursor) {
    Bytes bytes(frame.stream.begin(), frame.stream.begin() + index_of(n_bytes));
    bytes.resize(n_bytes + xtc_slack_bytes);
    std::vector<float> out(usize(3 * (stop + xtc_room_atoms)));
    const auto outcome =
        xtc_decoder(level)(frame.coding, {bytes.data(), index_of(n_bytes), whole}, stop, cursor, out.data());
    out.resize(usize(3 * std::min(cursor.atom, stop)));
    return {outcome, cursor, std::move(out)};
}

XtcOutcome expect_same(const Coded& frame, std::size_t n_bytes, bool whole, Index stop, XtcCursor from) {
    const Decoded expected = decode(Simd::portable, frame, n_bytes, whole, stop, from);
    for (Simd level : levels_here()) {
        const Decoded found = decode(level, frame, n_bytes, whole, stop, from);
        EXPECT_EQ(found.outcome, expected.outcome) << name(level);
        EXPECT_EQ(found.cursor.bit, expected.cursor.bit) << name(level);
        EXPECT_EQ(found.cursor.atom, expected.cursor.atom) << name(level);
        EXPECT_EQ(found.cursor.small_index, expected.cursor.small_index) << name(level);
        EXPECT_EQ(found.cursor.run, expected.cursor.run) << name(level);
        // From `from` on: what stands before it was decoded earlier.
        EXPECT_TRUE(found.positions == expected.positions) << name(level);
    }
    return expected.outcome;
}

XtcOutcome expect_same(const Coded& frame, Index stop) {
    return expect_same(frame, frame.stream.size(), true, stop, {.small_index = frame.coding.small_index});
}

std::vector<XtcFrame> frames_of_all_kinds() {
    std::mt19937 random(6);
    std::vector<XtcFrame> frames = random_frames(3, 600);
    for (int index = least_small_index; index <= most_small_index; ++index) {
        const auto stride = static_cast<std::int32_t>(std::exp2(index / 3.0) / 4);
        for (std::int32_t box : {3'000, 100'000, 16'777'000})
            frames.push_back({.grid = random_chain(random, 150, stride, box), .small_index = index});
    }
    for (std::int32_t box : {1, 60, 700'000, 20'000'000, 2'000'000'000})
        frames.push_back({.grid = random_chain(random, 300, 60, box)});
    for (std::size_t flat = 0; flat < 3; ++flat) {
        frames.push_back({.grid = random_chain(random, 300, 60, 5000)});
        for (Grid& at : frames.back().grid) at[flat] = -7;
    }
    // Long enough for what needs many groups of a kind: of few and of many steps, flagged or not, around 31 bits.
    for (int index : {9, 23, 31, 32})
        for (int run : {2, 4, 8})
            for (std::uint32_t calm : {1u, 12u}) {
                const auto stride = static_cast<std::int32_t>(std::exp2(index / 3.0) / 4);
                frames.push_back({.grid = random_chain(random, 1000, stride, 100'000),
                                  .small_index = index,
                                  .most_run = run,
                                  .calm = calm});
            }
    for (std::int32_t box : {29'000, 31'000, 59'900, 60'100, 499'000, 520'000})  // around what fits into words
        for (int index : {20, 31})
            frames.push_back({.grid = random_chain(random, 600, 100, box), .small_index = index});
    for (Index n = 10; n < 30; ++n) frames.push_back({.grid = random_chain(random, n, 60, 5000)});
    return frames;
}

/// Molecules of one size, which the product's encoder packs as it packs real ones: water, lone ions, chains.
std::vector<Coded> encoded_systems() {
    std::mt19937 random(8);
    std::vector<Coded> frames;
    for (std::size_t molecule : {1u, 2u, 3u, 4u, 6u, 9u, 40u})
        for (float bond : {0.02f, 1.0f, 8.0f})
            for (float box : {30.0f, 4000.0f}) {
                std::uniform_real_distribution<float> any(-1, 1);
                std::vector<Vec3> positions(400);
                for (std::size_t i = 0; i < positions.size(); ++i)
                    for (std::size_t d = 0; d < 3; ++d)
                        positions[i][d] =
                            i % molecule == 0 ? box * any(random) : positions[i - 1][d] + bond * any(random);
                const auto encoder =
                    writers::make_encoder({.format = "xtc", .n_atoms = index_of(positions.size()), .decimals = 3});
                Bytes bytes;
                encoder->append({.positions = positions}, bytes);
                frames.emplace_back(bytes);
            }
    return frames;
}

TEST(XtcDecoders, give_the_bits_of_the_portable_one_for_groups_of_all_kinds) {
    std::uint32_t seed = 1;
    for (const XtcFrame& frame : frames_of_all_kinds()) {
        const Coded coded(xtc_bytes(frame, seed++));
        EXPECT_EQ(expect_same(coded, coded.coding.n_atoms), XtcOutcome::reached);
    }
}

/// On 64-bit ARM too (`cmake --preset aarch64`).
TEST(XtcDecoders, give_these_bits_on_every_cpu) {
    std::vector<XtcFrame> frames = random_frames(5, 600);
    std::mt19937 random(11);
    for (std::int32_t box : {60, 700'000, 20'000'000}) frames.push_back({.grid = random_chain(random, 300, 60, box)});
    for (Simd level : levels_here()) {
        Bits bits;
        for (const XtcFrame& frame : frames) {
            const Coded coded(xtc_bytes(frame));
            const XtcCursor start{.small_index = coded.coding.small_index};
            bits.add_all(decode(level, coded, coded.stream.size(), true, coded.coding.n_atoms, start).positions);
        }
        EXPECT_EQ(bits.value(), 0x41ed1b23caae9678U) << name(level);
    }
}

TEST(XtcDecoders, give_the_bits_of_the_portable_one_for_encoded_systems) {
    for (const Coded& frame : encoded_systems())
        EXPECT_EQ(expect_same(frame, frame.coding.n_atoms), XtcOutcome::reached);
}

TEST(XtcDecoders, stop_where_the_portable_one_stops) {
    for (const XtcFrame& frame : random_frames(4, 90)) {
        const Coded coded(xtc_bytes(frame, static_cast<std::uint32_t>(frame.step)));
        for (Index stop = 0; stop <= coded.coding.n_atoms; ++stop) expect_same(coded, stop);
    }
    for (const Coded& frame : encoded_systems())
        for (Index stop = 0; stop < 60; ++stop) expect_same(frame, stop);
}

void expect_same_in_parts(const Coded& frame, std::size_t n_more) {
    const Index stop = frame.coding.n_atoms;
    for (std::size_t n = xtc_slack_bytes; n < frame.stream.size(); n += n_more) {
        const XtcCursor start{.small_index = frame.coding.small_index};
        expect_same(frame, n, false, stop, start);
        expect_same(frame, n, true, stop, start);
        const XtcCursor later = decode(Simd::portable, frame, n, false, stop, start).cursor;
        EXPECT_EQ(expect_same(frame, frame.stream.size(), true, stop, later), XtcOutcome::reached);
    }
}

TEST(XtcDecoders, want_more_bytes_where_the_portable_one_does_and_go_on_from_there) {
    expect_same_in_parts(Coded(xtc_bytes(random_frames(1, 500)[0])), 7);
    for (const Coded& frame : encoded_systems()) expect_same_in_parts(frame, 101);
}

/// Bits are flipped, moved and overwritten, and what a frame says of itself is changed.
void damage(Coded& frame, std::mt19937& random) {
    Bytes& stream = frame.stream;
    const std::size_t at = random() % stream.size();
    switch (random() % 6) {
        case 0:
            stream.resize(1 + random() % stream.size());
            break;
        case 1:
            stream.erase(stream.begin() + index_of(at));
            stream.push_back(std::byte(random() & 255));
            break;
        case 2:
            for (std::size_t i = at; i < std::min(at + 12, stream.size()); ++i) stream[i] = std::byte(random() & 255);
            break;
        case 3:
            frame.coding.sizes[random() % 3] = 1 + static_cast<std::uint32_t>(random()) % (1u << (random() % 31));
            break;
        case 4:
            frame.coding.small_index = 9 + static_cast<int>(random() % 64);
            break;
        default:
            for (auto n = 1 + random() % 4; n > 0; --n)
                stream[random() % stream.size()] ^= std::byte(1u << (random() % 8));
    }
}

TEST(XtcDecoders, find_the_damage_that_the_portable_one_finds) {
    std::mt19937 random(2026);
    std::vector<Coded> good = encoded_systems();
    for (const XtcFrame& frame : frames_of_all_kinds()) good.emplace_back(xtc_bytes(frame));
    int n_damaged = 0;
    constexpr int n_mutants = 30;  // of each frame
    for (const Coded& frame : good)
        for (int i = 0; i < n_mutants; ++i) {
            Coded bad = frame;
            damage(bad, random);
            const bool whole = random() % 4 != 0 || bad.stream.size() <= xtc_slack_bytes;
            const Index stop = random() % 3 ? bad.coding.n_atoms : 1 + index_of(random()) % bad.coding.n_atoms;
            n_damaged += expect_same(bad, bad.stream.size(), whole, stop, {.small_index = bad.coding.small_index}) ==
                         XtcOutcome::damaged;
            if (testing::Test::HasFailure()) FAIL() << "mutant " << i;
        }
    EXPECT_GT(n_damaged, index_of(good.size()) * n_mutants / 10) << "mutants that hurt nothing test nothing";
}

/// Skims in steps of a few bytes, as a reader does whose file gives it no more at once.
std::pair<XtcOutcome, std::vector<Vec3>> skim(const Coded& frame, const std::vector<Index>& wanted,
                                              std::size_t n_more_bytes) {
    XtcCursor cursor{.small_index = frame.coding.small_index};
    std::size_t n_done = 0;
    std::vector<Vec3> positions(wanted.size());
    for (std::size_t n = std::min(frame.stream.size(), usize(xtc_slack_bytes));; n += n_more_bytes) {
        n = std::min(n, frame.stream.size());
        Bytes bytes(frame.stream.begin(), frame.stream.begin() + index_of(n));
        bytes.resize(n + xtc_slack_bytes);
        const auto outcome = skim_xtc(frame.coding, {bytes.data(), index_of(n), n == frame.stream.size()}, wanted,
                                      cursor, n_done, positions);
        if (outcome != XtcOutcome::needs_more) return {outcome, positions};
    }
}

TEST(SkimmedXtc, gives_the_wanted_atoms_of_all_kinds_of_groups) {
    std::mt19937 random(12);
    for (const XtcFrame& frame : frames_of_all_kinds()) {
        const Coded coded(xtc_bytes(frame));
        const auto all = xtc_positions(frame);
        for (int i = 0; i < 5; ++i) {
            std::vector<Index> wanted;
            for (Index atom = 0; atom < coded.coding.n_atoms; atom += 1 + index_of(random() % (i < 2 ? 3 : 60)))
                wanted.push_back(atom);
            const auto [outcome, positions] = skim(coded, wanted, 1 + random() % 200);
            EXPECT_EQ(outcome, XtcOutcome::reached);
            for (std::size_t k = 0; k < wanted.size(); ++k) ASSERT_EQ(positions[k], all[usize(wanted[k])]);
        }
    }
}

TEST(SkimmedXtc, survives_any_damage) {
    std::mt19937 random(13);
    int n_damaged = 0;
    for (const XtcFrame& frame : frames_of_all_kinds())
        for (int i = 0; i < 20; ++i) {
            Coded bad(xtc_bytes(frame));
            damage(bad, random);
            std::vector<Index> wanted;
            for (Index atom = index_of(random() % 40); atom < bad.coding.n_atoms; atom += 40) wanted.push_back(atom);
            n_damaged += skim(bad, wanted, 1000).first == XtcOutcome::damaged;
        }
    EXPECT_GT(n_damaged, 100);
}

TEST(SkimmedXtc, is_for_atoms_that_are_far_apart) {
    std::vector<Index> lipids, water;
    for (Index i = 0; i < 100; ++i) lipids.push_back(134 * i), water.push_back(3 * i);
    for (Simd level : {Simd::portable, Simd::avx2, Simd::avx512}) {
        EXPECT_TRUE(is_sparse(lipids, level));
        EXPECT_FALSE(is_sparse(water, level));
        EXPECT_FALSE(is_sparse({}, level));
    }
}

}  // namespace
}  // namespace mdloom::sources

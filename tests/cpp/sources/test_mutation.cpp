// Thousands of damaged files: each gives frames or an Error, and nothing else happens.
#include <gtest/gtest.h>

#include "mdloom/sources/catalog.hpp"
#include "support/dcd_writer.hpp"
#include "support/netcdf_writer.hpp"
#include "support/scratch_folder.hpp"
#include "support/source_law.hpp"
#include "support/trr_writer.hpp"
#include "support/xtc_writer.hpp"

namespace mdloom::sources {
namespace {

constexpr int n_mutants = 1500;  // of each file

class Mutator {
public:
    Mutator(const Bytes& good, std::uint32_t seed) : good_(good), random_(seed) {}

    Bytes next() {
        Bytes bad = good_;
        const auto kind = random_() % 4;
        if (kind == 0) bad.resize(1 + random_() % bad.size());
        if (kind == 1) set_integer(bad, 4 * (random_() % std::min<std::size_t>(bad.size() / 4, 90)));
        if (kind == 2) set_integer(bad, random_() % (bad.size() - 4));
        if (kind == 3 || random_() % 8 == 0)
            for (auto n = 1 + random_() % 8; n > 0; --n)
                bad[random_() % bad.size()] ^= std::byte(1u << (random_() % 8));
        return bad;
    }

private:
    void set_integer(Bytes& bad, std::size_t at) {
        constexpr std::array<std::uint32_t, 12> values = {
            0, 1, 9, 10, 72, 73, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe, 0x00ffffff, 0x01000000};
        std::uint32_t value = values[random_() % values.size()];
        if (random_() % 2) value = __builtin_bswap32(value);
        if (random_() % 4 == 0) value = static_cast<std::uint32_t>(random_());
        if (at + 4 <= bad.size()) std::memcpy(bad.data() + at, &value, 4);
    }
    const Bytes& good_;
    std::mt19937 random_;
};

/// Reads everything in several ways; true when no Error came.
bool survives(const std::string& path, std::size_t n_bytes) {
    Environment no_index("MDLOOM_INDEX", "off");
    try {
        const auto source = open(std::vector{path}, {});
        const Index n = source->n_atoms();
        EXPECT_LE(usize(n), 4 * n_bytes) << "atoms must be paid for with bytes";
        const auto reader = source->open_reader();
        Frame frame;
        bool good = true;
        for (const auto& wanted : {atoms(0, n), atoms(0, n / 2), atoms(n / 4, n, 2)})
            for (Index k = source->n_frames() - 1; k >= 0; --k) try {
                    reader->read(k, wanted, frame);
                    EXPECT_EQ(frame.positions.size(), wanted.size());
                } catch (const Error&) {
                    good = false;
                }
        source->require_unchanged();
        EXPECT_EQ(open(std::span<const std::byte>(source->describe()), {})->n_frames(), source->n_frames());
        return good;
    } catch (const Error&) {
        return false;
    }
}

void expect_errors_only(const std::string& name, const Bytes& good) {
    ScratchFolder folder;
    ASSERT_TRUE(survives(folder.write(name, good), good.size()));
    Mutator mutator(good, 2026);
    int n_refused = 0;
    for (int i = 0; i < n_mutants; ++i) {
        const Bytes bad = mutator.next();
        n_refused += !survives(folder.write(name, bad), bad.size());
    }
    EXPECT_GT(n_refused, n_mutants / 20) << "mutants that hurt nothing test nothing";
}

TEST(Mutants, of_compressed_xtc) {
    expect_errors_only("a.xtc", xtc_file(random_frames(3, 120)));
}

TEST(Mutants, of_xtc_with_a_64_bit_length) {
    auto frames = random_frames(3, 60);
    for (auto& frame : frames) frame.magic = 2023;
    expect_errors_only("a.xtc", xtc_file(frames));
}

TEST(Mutants, of_xtc_with_large_axes) {
    std::mt19937 random(1);
    std::vector<XtcFrame> frames;
    for (std::int32_t box : {16'000'000, 1'000'000'000})
        frames.push_back({.grid = random_chain(random, 60, 3'000'000, box), .small_index = 68});
    expect_errors_only("a.xtc", xtc_file(frames));
}

TEST(Mutants, of_raw_xtc) {
    expect_errors_only("a.xtc", xtc_file(random_frames(5, 7)));
}

TEST(Mutants, of_dcd) {
    expect_errors_only("a.dcd", dcd_bytes({.frames = counted_frames(4, 20)}));
}

TEST(Mutants, of_dcd_with_everything) {
    for (auto order : {std::endian::little, std::endian::big})
        for (int marker_bytes : {4, 8}) {
            DcdFile file{.frames = counted_frames(4, 20)};
            file.cells.assign(4, {20, 0.5, 30, 0, 0, 40});
            file.free_atoms = {1, 5, 20};
            file.has_4th = true, file.order = order, file.marker_bytes = marker_bytes;
            expect_errors_only("a.dcd", dcd_bytes(file));
        }
}

TEST(Mutants, of_amber_netcdf) {
    for (int version : {1, 2, 5}) {
        auto file = random_netcdf(3, 20);
        file.version = version, file.has_letters = true, file.scale = 0.5, file.is_double = version == 5;
        expect_errors_only("a.nc", netcdf_bytes(file));
        file.frames_are_records = false;
        expect_errors_only("a.nc", netcdf_bytes(file));
    }
}

TEST(Mutants, of_trr) {
    for (bool is_double : {false, true}) {
        auto frames = random_trr_frames(4, 20, is_double);
        frames[1].has_velocities = frames[2].has_forces = frames[2].has_virial = true;
        frames[3].box.reset();
        expect_errors_only("a.trr", trr_file(frames));
    }
}

}  // namespace
}  // namespace mdloom::sources

// The recipe: values, the source law, damaged files, and an analysis on threads.
#include "xyz.hpp"

#include <gtest/gtest.h>

#include <mdloom/analyses/rmsd.hpp>
#include <mdloom/backends/catalog.hpp>
#include <mdloom/laws/run_laws.hpp>
#include <mdloom/laws/source_law.hpp>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>

namespace {

using mdloom::Index;

class Xyz : public testing::Test {
protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() / ("xyz-" + std::to_string(std::random_device()()));
        std::filesystem::create_directory(folder_);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string write(const std::string& text) const {
        std::ofstream(folder_ / "traj.xyz", std::ios::binary) << text;
        return (folder_ / "traj.xyz").string();
    }
    std::string random_trajectory(Index n_atoms, Index n_frames, std::uint64_t seed) const {
        std::mt19937_64 dice(seed);
        std::normal_distribution<double> around(40, 10);
        std::string text;
        for (Index k = 0; k < n_frames; ++k) {
            text += "  " + std::to_string(n_atoms) + (k % 2 ? " \n" : "\r\n") + (k % 3 ? "a comment\n" : "\n");
            for (Index i = 0; i < n_atoms; ++i) {
                text += i % 2 ? "C" : "\tOxygen ";
                for (int c = 0; c < 3; ++c) text += ' ' + std::to_string(around(dice));
                text += i % 5 ? "\n" : "  0.5 more\n";
            }
        }
        return text;
    }
    std::string refusal_of(const std::string& text, Index frame = 0) const {
        const auto path = write(text);
        try {
            const auto source = open_xyz(path);
            mdloom::Frame held;
            source->open_reader()->read(frame, std::vector<Index>{0, 1}, held);
        } catch (const mdloom::FormatError& error) {
            return std::string(error.what()).substr(path.size());
        }
        return "no error";
    }

    std::filesystem::path folder_;
};

const std::string two_frames =
    "2\nfirst\nC 1 2 3\nO -4.5 0.25 1e1\n"
    "2\nsecond\nC 7 8 9\nO 0 0 0\n";

TEST_F(Xyz, numbers_are_those_of_the_file) {
    const auto source = open_xyz(write(two_frames));
    EXPECT_EQ(source->n_atoms(), 2);
    EXPECT_EQ(source->n_frames(), 2);
    EXPECT_EQ(source->name(), "traj.xyz");
    mdloom::Frame frame;
    source->open_reader()->read(0, std::vector<Index>{1}, frame);
    EXPECT_EQ(frame.positions, (std::vector<mdloom::Vec3>{{-4.5f, 0.25f, 10.f}}));
    source->open_reader()->read(1, std::vector<Index>{0, 1}, frame);
    EXPECT_EQ(frame.positions, (std::vector<mdloom::Vec3>{{7, 8, 9}, {0, 0, 0}}));
    EXPECT_EQ(frame.index, 1);
    EXPECT_EQ(frame.time, 1);
}

TEST_F(Xyz, it_keeps_the_source_law) {
    for (Index n_atoms : {1, 2, 7, 3000})  // the last is longer than what is read at once
        EXPECT_EQ(mdloom::laws::broken_source_law(*open_xyz(write(random_trajectory(n_atoms, 5, 3)))), "") << n_atoms;
}

TEST_F(Xyz, damage_is_named_by_file_frame_and_byte) {
    EXPECT_EQ(refusal_of("two\n"), ": frame 0, byte 0: expected a number of atoms, found 'two'");
    EXPECT_EQ(refusal_of("-2\n"), ": frame 0, byte 0: expected a number of atoms, found '-2'");
    EXPECT_EQ(refusal_of("99999999999999999999\n"),
              ": frame 0, byte 0: expected a number of atoms, found '99999999999999999999'");
    EXPECT_EQ(refusal_of("1000000000000\n\nC 1 2 3\n"),
              ": frame 0, byte 0: expected a whole frame, found 'the end of the file'");
    EXPECT_EQ(refusal_of(two_frames + "3\n\n"), ": frame 2, byte 57: expected 2 atoms as in frame 0, found '3'");
    EXPECT_EQ(refusal_of("2\n\nC 1 2\nO 0 0 0\n"), ": frame 0, byte 3: expected 'name x y z' of atom 0, found 'C 1 2'");
    EXPECT_EQ(refusal_of(two_frames + "2\n\nC 1 2 3\nO 1 2,5 3\n", 2),
              ": frame 2, byte 68: expected 'name x y z' of atom 1, found 'O 1 2,5 3'");
    EXPECT_EQ(refusal_of("2\n\nC 1 2 3\nO 1 2 1e99\n"),
              ": frame 0, byte 11: expected 'name x y z' of atom 1, found 'O 1 2 1e99'");
    EXPECT_EQ(refusal_of(two_frames + std::string(3 << 20, '7')),
              ": frame 2, byte 57: expected a line, found 'more than 1 MiB without an end'");
    EXPECT_EQ(refusal_of(two_frames + "\n \n"), "no error") << "blank lines at the end";
}

TEST_F(Xyz, a_torn_last_frame_is_not_there_yet) {
    for (std::size_t n = two_frames.find("second"); n < two_frames.size(); ++n) {
        std::string warning;
        const auto path = write(two_frames.substr(0, n));
        EXPECT_EQ(open_xyz(path, {.strict = false, .warn = [&](auto& text) { warning = text; }})->n_frames(), 1);
        EXPECT_EQ(warning.substr(0, 38), "traj.xyz ends inside frame 1 (byte 32 ") << n;
        EXPECT_THROW(open_xyz(path, {.strict = true, .warn = {}}), mdloom::FormatError);
    }
}

TEST_F(Xyz, a_grown_file_is_the_same_and_a_shortened_one_is_not) {
    const auto source = open_xyz(write(two_frames));
    write(two_frames + two_frames);
    source->require_unchanged();
    EXPECT_EQ(source->n_frames(), 2);
    EXPECT_EQ(source->refresh()->n_frames(), 4);
    write(two_frames.substr(0, 40));
    EXPECT_THROW(source->require_unchanged(), mdloom::FileError);
}

TEST_F(Xyz, any_bytes_are_read_or_refused) {
    const std::string whole = random_trajectory(4, 6, 5);
    std::mt19937_64 dice(17);
    int n_refused = 0;
    for (int i = 0; i < 2000; ++i) {
        std::string damaged = whole;
        for (int k = 0; k < 3; ++k) damaged[dice() % damaged.size()] = static_cast<char>(dice());
        try {
            const auto source = open_xyz(write(damaged));
            mdloom::Frame frame;
            for (Index k = 0; k < source->n_frames(); ++k)
                source->open_reader()->read(k, std::vector<Index>{0, source->n_atoms() - 1}, frame);
        } catch (const mdloom::Error&) {
            ++n_refused;
        }
    }
    EXPECT_GT(n_refused, 100);
}

TEST_F(Xyz, an_analysis_on_threads_gives_the_bits_of_one_thread) {
    const auto source = open_xyz(write(random_trajectory(50, 300, 7)));
    mdloom::analyses::RmsdSpec spec;
    for (Index i = 0; i < 50; ++i) spec.fitted.mobile.push_back(i);
    mdloom::Frame first;
    source->open_reader()->read(0, spec.fitted.mobile, first);
    for (const auto& position : first.positions)
        spec.fitted.reference.insert(spec.fitted.reference.end(), position.begin(), position.end());
    std::vector<std::unique_ptr<mdloom::Analysis>> analyses;
    analyses.push_back(mdloom::analyses::rmsd(std::move(spec)));
    const mdloom::engine::Run run(source, {}, mdloom::FrameSelection(0, 1, 300), std::move(analyses));
    const auto serial = mdloom::laws::knowledge_from(run, *mdloom::backends::serial());
    for (int n_threads : {1, 2, 5})
        EXPECT_EQ(mdloom::laws::knowledge_from(run, *mdloom::backends::threads(n_threads)), serial);
    EXPECT_EQ(mdloom::laws::broken_split_law(run, 5, 1), "");
    const auto values = run.conclude(run.make_worker()->work({0, 2}))[0][0].values;
    EXPECT_LT(values[2], 1e-3);
    EXPECT_GT(values[5], 1);
}

}  // namespace

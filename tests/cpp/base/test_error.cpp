#include <gtest/gtest.h>

#include "mdloom/base/error.hpp"

namespace mdloom {
namespace {

template <class E>
void expect_thrown_by(ErrorKind kind) {
    try {
        throw_error(kind, "disk full");
    } catch (const E& error) {
        EXPECT_EQ(error.kind(), kind);
        EXPECT_STREQ(error.what(), "disk full");
        return;
    } catch (...) {
    }
    FAIL() << "another class was thrown";
}

TEST(Error, is_thrown_again_as_the_class_its_kind_stands_for) {
    expect_thrown_by<FileError>(ErrorKind::file);
    expect_thrown_by<FormatError>(ErrorKind::format);
    expect_thrown_by<ArgumentError>(ErrorKind::argument);
    expect_thrown_by<TopologyError>(ErrorKind::topology);
    expect_thrown_by<StateError>(ErrorKind::state);
    expect_thrown_by<BackendError>(ErrorKind::backend);
    expect_thrown_by<AnalysisError>(ErrorKind::analysis);
}

TEST(Error, of_an_analysis_keeps_its_payload) {
    try {
        throw_error(ErrorKind::analysis, "boom", std::string("a\0b", 3));
        FAIL();
    } catch (const AnalysisError& error) {
        EXPECT_EQ(error.payload, std::string("a\0b", 3));
    }
}

TEST(Error, of_an_unknown_kind_keeps_its_text) {
    try {
        throw_error(ErrorKind{77}, "disk full");
        FAIL();
    } catch (const StateError& error) {
        EXPECT_STREQ(error.what(), "error of unknown kind 77: disk full");
    }
}

TEST(FrameError, carries_ordinal_kind_and_text) {
    const FrameError error(12, ErrorKind::file, "frame 3: gone");
    EXPECT_EQ(error.ordinal, 12);
    EXPECT_EQ(error.kind(), ErrorKind::file);
    EXPECT_STREQ(error.what(), "frame 3: gone");
}

}  // namespace
}  // namespace mdloom

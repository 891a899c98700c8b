#include "mdloom/sources/files/file.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "support/scratch_folder.hpp"

namespace mdloom::sources {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string open_error(const std::string& path) {
    try {
        File file(path);
    } catch (const FileError& e) {
        return e.what();
    }
    ADD_FAILURE() << path << " was opened";
    return "";
}

Bytes counted(std::size_t n) {
    Bytes bytes(n);
    for (std::size_t i = 0; i < n; ++i) bytes[i] = std::byte(i * 7 + i / 256);
    return bytes;
}

TEST(File, reads_any_bytes) {
    ScratchFolder folder;
    const Bytes content = counted(1000);
    const File file(folder.write("a", content));
    EXPECT_EQ(file.size(), 1000);
    EXPECT_EQ(file.name(), "a");
    Bytes some(10);
    file.read_at(990, some);
    EXPECT_EQ(some, Bytes(content.end() - 10, content.end()));
}

TEST(File, says_what_is_wrong_with_a_path) {
    ScratchFolder folder;
    EXPECT_THAT(open_error(folder.path("none.xtc")), AllOf(HasSubstr("none.xtc"), HasSubstr("No such file")));
    EXPECT_THAT(open_error(folder.path()), HasSubstr("is a directory, expected a regular file"));
    EXPECT_THAT(open_error(folder.write("empty.xtc", {})), HasSubstr("empty.xtc: is empty"));
    ASSERT_EQ(::mkfifo(folder.path("pipe").c_str(), 0600), 0);
    EXPECT_THAT(open_error(folder.path("pipe")), HasSubstr("is a pipe"));
    EXPECT_THAT(open_error("/dev/null"), HasSubstr("is a device"));
    EXPECT_THAT(open_error(""), HasSubstr("is no file name"));
    EXPECT_THAT(open_error(folder.path("a") + std::string(5000, 'x')), HasSubstr("too long"));
}

TEST(File, says_when_permission_is_denied) {
    ScratchFolder folder;
    const auto path = folder.write("secret", counted(10));
    ::chmod(folder.path().c_str(), 0755);
    ::chmod(path.c_str(), 0);
    OrdinaryUser user;
    EXPECT_THAT(open_error(path), AllOf(HasSubstr("secret"), HasSubstr("Permission denied")));
}

TEST(File, names_the_byte_where_it_ends_too_early) {
    ScratchFolder folder;
    const File file(folder.write("a", counted(1000)));
    std::filesystem::resize_file(folder.path("a"), 500);
    Bytes some(10);
    try {
        file.read_at(495, some);
        FAIL();
    } catch (const FileError& e) {
        EXPECT_THAT(e.what(), AllOf(HasSubstr(folder.path("a")), HasSubstr("ends at byte 500, expected 5 more")));
    }
}

TEST(File, keeps_its_path_when_the_working_folder_changes) {
    ScratchFolder folder;
    folder.write("a", counted(10));
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(folder.path());
    const File file("a");
    std::filesystem::current_path(before);
    EXPECT_EQ(std::filesystem::canonical(file.path()), std::filesystem::canonical(folder.path("a")));
}

TEST(File, fingerprint_tells_files_apart_and_knows_a_grown_one) {
    ScratchFolder folder;
    Bytes content = counted(300'000);
    const auto print = [&](Index size, std::vector<Range> rewritten = {}) {
        return File(folder.write("a", content)).fingerprint(size, rewritten);
    };
    const auto before = print(300'000);
    content.resize(400'000);
    EXPECT_EQ(print(300'000), before);
    EXPECT_NE(print(400'000), before);
    content[5] ^= std::byte{1};
    EXPECT_NE(print(300'000), before);
    EXPECT_EQ(print(300'000, {{5, 6}}).tail, before.tail);
    const auto masked = print(300'000, {{5, 6}});
    content[5] ^= std::byte{2};
    EXPECT_EQ(print(300'000, {{5, 6}}), masked);
    content[299'999] ^= std::byte{1};
    EXPECT_NE(print(300'000, {{5, 6}}), masked);
}

TEST(File, is_replaced_as_a_whole_or_not_at_all) {
    ScratchFolder folder;
    EXPECT_TRUE(replace_file(folder.path("a"), counted(1000)));
    EXPECT_TRUE(replace_file(folder.path("a"), counted(2000)));
    EXPECT_EQ(content_of(folder.path("a")), counted(2000));
    EXPECT_FALSE(replace_file(folder.path("none/a"), counted(10)));
    const auto n = std::distance(std::filesystem::directory_iterator(folder.path()), {});
    EXPECT_EQ(n, 1);
}

}  // namespace
}  // namespace mdloom::sources

#include "mdloom/sources/frame_index.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "mdloom/sources/frame_scan.hpp"

namespace mdloom::sources {
namespace {

constexpr std::uint64_t index_magic = 0x7865646e'6d6f6f6cu;  // "loomndex"
constexpr std::uint32_t index_version = 1;
constexpr Index n_rechecked = 100;          // frames, 50 us when cached: readers compare every frame that they read
constexpr Index n_rechecked_together = 16;  // by one thread

/// What stands in the file, between magic and version in front and the hash of all of it behind.
struct KeptIndex {
    std::int64_t mtime_ns = 0;
    Fingerprint fingerprint;
    FrameIndex frames;
};

struct Damaged {};  // thrown and caught in this file only

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

/// Where an index may be kept, the preferred place first.
std::vector<std::filesystem::path> index_paths(const File& file) {
    const std::string wish = environment("MDLOOM_INDEX");
    if (wish == "off") return {};
    const auto key = hash_bytes(std::as_bytes(std::span(file.path())));
    const auto hashed_name = fmt::format("{}-{:016x}.mdloom-index", file.name(), key);
    if (!wish.empty()) return {std::filesystem::path(wish) / hashed_name};
    const auto beside = std::filesystem::path(file.path()).parent_path() / fmt::format(".{}.mdloom-index", file.name());
    if (const auto cache = environment("XDG_CACHE_HOME"); !cache.empty())
        return {beside, std::filesystem::path(cache) / "mdloom" / hashed_name};
    if (const auto home = environment("HOME"); !home.empty())
        return {beside, std::filesystem::path(home) / ".cache" / "mdloom" / hashed_name};
    return {beside};
}

bool well_formed(const FrameIndex& frames, Index file_size) {
    const auto n = frames.steps.size();
    const auto& offsets = frames.offsets;
    return frames.times.size() == n && offsets.size() == n + 1 && offsets.front() == 0 && offsets.back() <= file_size &&
           std::ranges::adjacent_find(offsets, std::greater_equal<>()) == offsets.end();
}

/// A kept index and what it is compared with.
struct Candidate {
    const File& file;
    const HeadFormat& format;
    const ForEach& for_each;
};

/// Some frames, the first and the last among them, are what the index says, and the file has no more whole ones.
bool fits(const FrameIndex& frames, const Candidate& of) try {
    const Index n = frames.n_frames(), n_checked = std::min(n, n_rechecked);
    const Index n_groups = (n_checked + n_rechecked_together - 1) / n_rechecked_together;
    std::vector<char> good(usize(n_groups), true);
    of.for_each(n_groups, [&](Index group) {
        HeadFinder heads(of.file, of.format);
        for (Index i = group; i < n_checked && good[usize(group)]; i += n_groups) {
            const Index k = n_checked == 1 ? 0 : i * (n - 1) / (n_checked - 1);
            good[usize(group)] = heads.find(frames.offsets[usize(k)], k) == frames.head(k);
        }
    });
    if (n == 0 || std::ranges::find(good, false) != good.end()) return false;
    return frames.end() == of.file.size() || !HeadFinder(of.file, of.format).find(frames.end(), n);
} catch (const FormatError&) {
    return false;
}

/// Nothing: no index is kept there, or one of another state of the file. Throws Damaged.
std::optional<FrameIndex> load(const std::string& path, const Candidate& of) {
    const File& file = of.file;
    Bytes content;
    try {
        const File kept(path);
        if (kept.size() > file.size() + 4096) throw Damaged{};  // 24 bytes for a frame of 68 or more
        content.resize(usize(kept.size()));
        kept.read_at(0, content);
    } catch (const FileError&) {
        return {};
    }
    try {
        if (content.size() < 20) throw Damaged{};
        ByteReader reader(content);
        if (reader.read<std::uint64_t>() != index_magic) throw Damaged{};
        if (reader.read<std::uint32_t>() != index_version) return {};
        const auto body = std::span(content).first(content.size() - 8);
        if (ByteReader(std::span(content).last(8)).read<std::uint64_t>() != hash_bytes(body)) throw Damaged{};
        auto kept = reader.read<KeptIndex>();
        if (kept.mtime_ns != file.mtime_ns() || kept.fingerprint != file.fingerprint(file.size())) return {};
        if (!well_formed(kept.frames, file.size()) || !fits(kept.frames, of)) throw Damaged{};
        return std::move(kept.frames);
    } catch (const StateError&) {
        throw Damaged{};
    }
}

void keep(const FrameIndex& frames, const File& file) {
    ByteWriter writer;
    writer.write(index_magic), writer.write(index_version);
    writer.write(KeptIndex{file.mtime_ns(), file.fingerprint(file.size()), frames});
    Bytes content = writer.take();
    ByteWriter hash;
    hash.write(hash_bytes(content));
    std::ranges::copy(hash.take(), std::back_inserter(content));
    for (const auto& path : index_paths(file)) {
        std::error_code ignored;
        std::filesystem::create_directories(path.parent_path(), ignored);
        if (replace_file(path.string(), content)) return;
    }
}

}  // namespace

FrameHead FrameIndex::head(Index frame_index) const {
    const auto k = usize(frame_index);
    return {offsets[k + 1] - offsets[k], n_atoms, steps[k], times[k]};
}

FrameIndex find_frame_index(const File& file, const HeadFormat& format, const ForEach& for_each, const Warn& warn) {
    for (const auto& path : index_paths(file)) {
        try {
            if (auto frames = load(path.string(), {file, format, for_each})) return std::move(*frames);
        } catch (const Damaged&) {
            if (warn)
                warn(fmt::format("{}: the frame index kept there is damaged or of another file; it is made anew",
                                 path.string()));
            break;
        }
    }
    FrameIndex frames = scan_frames(file, format, for_each);
    if (frames.n_frames() > 0) keep(frames, file);
    return frames;
}

std::shared_ptr<const FrameIndex> renew_frame_index(const File& file, const HeadFormat& format, const Warn& warn,
                                                    const FrameIndex& known) {
    FrameIndex frames = scan_frames(file, format, in_turn);
    if (warn) warn(fmt::format("{}: the frame index kept for it was wrong; it is made anew", file.path()));
    keep(frames, file);
    if (frames.n_frames() != known.n_frames())
        throw FormatError(fmt::format("{}: holds {} frames, but its frame index said {}: open it again", file.path(),
                                      frames.n_frames(), known.n_frames()));
    return std::make_shared<const FrameIndex>(std::move(frames));
}

}  // namespace mdloom::sources

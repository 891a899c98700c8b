#include "mdloom/sources/frame_index.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

namespace mdloom::sources {
namespace {

constexpr std::uint64_t index_magic = 0x7865646e'6d6f6f6cu;  // "loomndex"
constexpr std::uint32_t index_version = 1;
constexpr Index n_frames_rechecked = 1000;  // half a millisecond when cached

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

/// Some frames, the first and the last among them, are what the index says, and the file has no more whole ones.
bool fits(const FrameIndex& frames, const File& file, const FindHead& find_head) try {
    const Index n = frames.n_frames();
    const Index n_checked = std::min(n, n_frames_rechecked);
    for (Index i = 0; i < n_checked; ++i) {
        const Index k = n_checked == 1 ? 0 : i * (n - 1) / (n_checked - 1);
        if (find_head(frames.offsets[usize(k)], k) != frames.head(k)) return false;
    }
    return n > 0 && (frames.end() == file.size() || !find_head(frames.end(), n));
} catch (const FormatError&) {
    return false;
}

/// Nothing: no index is kept there, or one of another state of the file. Throws Damaged.
std::optional<FrameIndex> load(const std::string& path, const File& file, const FindHead& find_head) {
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
        if (!well_formed(kept.frames, file.size()) || !fits(kept.frames, file, find_head)) throw Damaged{};
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

FrameIndex scan_frames(const File& file, const FindHead& find_head, FrameIndex known) {
    while (known.end() < file.size()) {
        const Index offset = known.end(), frame_index = known.n_frames();
        const auto head = find_head(offset, frame_index);
        if (!head) break;
        if (frame_index == 0) known.n_atoms = head->n_atoms;
        if (head->n_atoms != known.n_atoms)
            throw FormatError(
                fmt::format("{}: frame {} at byte {} has {} atoms, expected {} as in the first frame: split the "
                            "file where the system changes",
                            file.path(), frame_index, offset, head->n_atoms, known.n_atoms));
        known.offsets.push_back(offset + head->n_bytes);
        known.steps.push_back(head->step);
        known.times.push_back(head->time);
    }
    return known;
}

FrameIndex find_frame_index(const File& file, const FindHead& find_head, const Warn& warn) {
    for (const auto& path : index_paths(file)) {
        try {
            if (auto frames = load(path.string(), file, find_head)) return std::move(*frames);
        } catch (const Damaged&) {
            if (warn)
                warn(fmt::format("{}: the frame index kept there is damaged or of another file; it is made anew",
                                 path.string()));
            break;
        }
    }
    FrameIndex frames = scan_frames(file, find_head);
    if (frames.n_frames() > 0) keep(frames, file);
    return frames;
}

std::shared_ptr<const FrameIndex> renew_frame_index(const File& file, const FindHead& find_head, const Warn& warn,
                                                    const FrameIndex& known) {
    FrameIndex frames = scan_frames(file, find_head);
    if (warn) warn(fmt::format("{}: the frame index kept for it was wrong; it is made anew", file.path()));
    keep(frames, file);
    if (frames.n_frames() != known.n_frames())
        throw FormatError(fmt::format("{}: holds {} frames, but its frame index said {}: open it again", file.path(),
                                      frames.n_frames(), known.n_frames()));
    return std::make_shared<const FrameIndex>(std::move(frames));
}

}  // namespace mdloom::sources

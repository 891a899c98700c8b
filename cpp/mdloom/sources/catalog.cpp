#include "mdloom/sources/catalog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "mdloom/sources/formats/amber_netcdf.hpp"
#include "mdloom/sources/formats/dcd.hpp"
#include "mdloom/sources/formats/netcdf_header.hpp"
#include "mdloom/sources/formats/trr.hpp"
#include "mdloom/sources/formats/xtc.hpp"

namespace mdloom::sources {
namespace {

std::string lower(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

/// Number of letters to insert, delete or replace, or of neighbours to exchange, to turn a into b.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> to(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i)
        for (std::size_t j = 0; j <= b.size(); ++j) {
            if (i == 0 || j == 0) {
                to[i][j] = i + j;
                continue;
            }
            to[i][j] = std::min({to[i - 1][j] + 1, to[i][j - 1] + 1, to[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                to[i][j] = std::min(to[i][j], to[i - 2][j - 2] + 1);
        }
    return to[a.size()][b.size()];
}

[[noreturn]] void refuse_ending(const File& file, const std::string& ending) {
    std::string known, nearest;
    for (const Info& info : formats())
        for (auto candidate : info.endings) {
            known += fmt::format("{}{} ({})", known.empty() ? "" : ", ", candidate, info.what);
            if (nearest.empty() || distance(ending, candidate) < distance(ending, nearest)) nearest = candidate;
        }
    const auto hint =
        ending.size() > 1 && distance(ending, nearest) <= 2 ? fmt::format(" did you mean {}?", nearest) : "";
    throw ArgumentError(fmt::format("{}: the ending '{}' is of no trajectory format that is read natively.{} known: {}",
                                    file.path(), ending, hint, known));
}

std::vector<std::byte> first_bytes(const File& file) {
    std::vector<std::byte> head(usize(std::min<Index>(16, file.size())));
    file.read_at(0, head);
    return head;
}

bool is_hdf5(std::span<const std::byte> head) {
    constexpr std::string_view signature = "\x89HDF\r\n\x1a\n";
    return std::string_view(reinterpret_cast<const char*>(head.data()), head.size()).starts_with(signature);
}

/// Its name may be anything when somebody said what it is.
const Info& named_format(const std::string& name) {
    const auto found = std::ranges::find(formats(), name, &Info::name);
    if (found == formats().end()) throw ArgumentError(fmt::format("'{}' is no format that is read natively", name));
    return *found;
}

const Info& format_by_ending(const File& file) {
    const auto ending = lower(std::filesystem::path(file.path()).extension().string());
    const auto by_ending = std::ranges::find_if(
        formats(), [&](const Info& info) { return std::ranges::find(info.endings, ending) != info.endings.end(); });
    if (by_ending == formats().end()) refuse_ending(file, ending);
    return *by_ending;
}

const Info& find_format(const File& file, const std::string& name) {
    const Info& expected = name.empty() ? format_by_ending(file) : named_format(name);
    const auto head = first_bytes(file);
    if (expected.recognize(head)) return expected;
    const auto by_content = std::ranges::find_if(formats(), [&](const Info& info) { return info.recognize(head); });
    std::string found;
    for (std::byte b : std::span(head).first(std::min<std::size_t>(8, head.size()))) found += fmt::format(" {:02x}", b);
    if (is_hdf5(head))
        found +=
            ": this is HDF5 (NetCDF-4, H5MD), which is not read natively; NetCDF-4 is made classic by `nccopy -k nc6`";
    if (by_content != formats().end()) {
        found += fmt::format(": this is {}", by_content->what);
        if (name.empty()) found += fmt::format(", rename it to end in {}", by_content->endings.front());
    }
    throw FormatError(fmt::format("{}: expected {} at byte 0, found{}", file.path(), expected.what, found));
}

std::shared_ptr<const Source> open_file(const std::string& path, const OpenOptions& options) {
    auto file = std::make_shared<const File>(path);
    const Info& format = find_format(*file, options.format);
    return format.open(std::move(file), options, std::nullopt);
}

}  // namespace

const std::vector<Info>& formats() {
    static const std::vector<Info> all = {
        {"DCD",
         {".dcd"},
         "a CHARMM, NAMD or X-PLOR DCD file",
         "https://www.ks.uiuc.edu/Research/vmd/plugins/molfile/dcdplugin.html",
         is_dcd,
         open_dcd},
        {"NCDF",
         {".nc", ".ncdf"},
         "an AMBER NetCDF file",
         "https://ambermd.org/netcdf/nctraj.xhtml",
         is_netcdf,
         open_amber_netcdf},
        {"TRR",
         {".trr"},
         "a GROMACS TRR file",
         "https://manual.gromacs.org/current/reference-manual/file-formats.html#trr",
         is_trr,
         open_trr},
        {"XTC",
         {".xtc"},
         "a GROMACS XTC file",
         "https://manual.gromacs.org/current/reference-manual/file-formats.html#xtc",
         is_xtc,
         open_xtc},
    };
    return all;
}

std::shared_ptr<const Source> open(const std::vector<std::string>& paths, const OpenOptions& options) {
    if (paths.empty()) throw ArgumentError("no trajectory file is given");
    std::vector<std::shared_ptr<const Source>> parts;
    for (const auto& path : paths) parts.push_back(open_file(path, options));
    return chain(std::move(parts));
}

std::shared_ptr<const Source> open(std::span<const std::byte> description, const OpenOptions& options) {
    if (const auto descriptions = chained_descriptions(description); !descriptions.empty()) {
        std::vector<std::shared_ptr<const Source>> parts;
        for (const auto& part : descriptions) parts.push_back(open(part, options));
        return chain(std::move(parts));
    }
    ByteReader reader(description);
    const auto wanted = reader.read<FileDescription>();
    const auto format = std::ranges::find(formats(), wanted.format, &Info::name);
    if (!reader.at_end() || format == formats().end())
        throw StateError(fmt::format("description of a source is damaged: unknown format '{}'", wanted.format));
    auto file = std::make_shared<const File>(wanted.path);
    return format->open(std::move(file), options, wanted.snapshot);
}

}  // namespace mdloom::sources

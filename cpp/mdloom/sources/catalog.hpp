// Which trajectory formats there are, and how every Source of this folder is opened.
#pragma once
#include "mdloom/sources/chain.hpp"
#include "mdloom/sources/file_source.hpp"
#include "mdloom/sources/memory.hpp"
#include "mdloom/sources/open_options.hpp"
#include "mdloom/sources/sent_frames.hpp"

namespace mdloom::sources {

/// A file format. To add one: its .cpp, its test, one line in catalog.cpp.
struct Info {
    std::string_view name;                               ///< "XTC"
    std::vector<std::string_view> endings;               ///< ".xtc"; lower case
    std::string_view what;                               ///< what it holds, in a few words
    std::string_view spec;                               ///< where it is described
    bool (*recognize)(std::span<const std::byte> head);  ///< looks at up to 16 first bytes
    std::shared_ptr<const Source> (*open)(std::shared_ptr<const File>, const OpenOptions&,
                                          const std::optional<Snapshot>&);
};

/// Alphabetical by name.
const std::vector<Info>& formats();

/// One file, or several read one after another. The format is told by the ending (or by the options) and confirmed by
/// the content. Throws FileError (not there, not readable), ArgumentError (unknown ending or format), FormatError
/// (content), TopologyError (numbers of atoms).
std::shared_ptr<const Source> open(const std::vector<std::string>& paths, const OpenOptions& options);

/// What Source::describe() gave, here or in another process. Throws FileError when the file is missing, unreadable or
/// another one; one that has only grown is the same and gives the same frames. Says nothing about a torn last frame:
/// that was said when the file was first opened.
std::shared_ptr<const Source> open(std::span<const std::byte> description, const OpenOptions& options);

}  // namespace mdloom::sources

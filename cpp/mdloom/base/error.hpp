// The errors of the house. Thrown at boundaries, never in kernels. Texts are lower case, name the value and the remedy.
#pragma once
#include <stdexcept>
#include <string>

#include "mdloom/base/index.hpp"

namespace mdloom {

/// One per Python exception class; the number travels between processes, so it is never reused.
enum class ErrorKind : std::uint8_t {
    file = 1,
    format = 2,
    argument = 3,
    topology = 4,
    state = 5,
    backend = 6,
    analysis = 7
};

/// The common base: what it says and which class it is.
class Error : public std::runtime_error {
public:
    Error(ErrorKind kind, const std::string& text) : std::runtime_error(text), kind_(kind) {}
    ErrorKind kind() const { return kind_; }

private:
    ErrorKind kind_;
};

/// A file that cannot be opened, read or written.
struct FileError : Error {
    explicit FileError(const std::string& text) : Error(ErrorKind::file, text) {}
};

/// A file whose content is not what its format promises. Texts name path, frame, byte offset, what was expected and
/// found.
struct FormatError : Error {
    explicit FormatError(const std::string& text) : Error(ErrorKind::format, text) {}
};

/// An argument that cannot be honoured (Python: also a ValueError).
struct ArgumentError : Error {
    explicit ArgumentError(const std::string& text) : Error(ErrorKind::argument, text) {}
};

/// Trajectory and topology do not belong together, or the topology lacks what an analysis needs.
struct TopologyError : Error {
    explicit TopologyError(const std::string& text) : Error(ErrorKind::topology, text) {}
};

/// A state that cannot be read, merged or concluded.
struct StateError : Error {
    explicit StateError(const std::string& text) : Error(ErrorKind::state, text) {}
};

/// Workers that were lost or could not work.
struct BackendError : Error {
    explicit BackendError(const std::string& text) : Error(ErrorKind::backend, text) {}
};

/// An analysis' own code failed. `payload` is for whoever wrote that code, and opaque to everybody else: a pickled
/// Python exception, for instance.
struct AnalysisError : Error {
    explicit AnalysisError(const std::string& text, std::string payload = {})
        : Error(ErrorKind::analysis, text), payload(std::move(payload)) {}
    std::string payload;
};

/// One frame could not be read or analysed. The text names the frame, never the chunk, so that it is the same for any
/// cut. Travels between processes as its four members.
struct FrameError : Error {
    FrameError(Index ordinal, ErrorKind kind, const std::string& text, std::string payload = {})
        : Error(kind, text), ordinal(ordinal), payload(std::move(payload)) {}
    Index ordinal;
    std::string payload;  ///< an AnalysisError's
};

/// Throws the class that `kind` stands for.
[[noreturn]] void throw_error(ErrorKind kind, const std::string& text, const std::string& payload = {});

}  // namespace mdloom

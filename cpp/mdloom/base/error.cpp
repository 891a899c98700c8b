#include "mdloom/base/error.hpp"

namespace mdloom {

void throw_error(ErrorKind kind, const std::string& text, const std::string& payload) {
    switch (kind) {
        case ErrorKind::file:
            throw FileError(text);
        case ErrorKind::format:
            throw FormatError(text);
        case ErrorKind::argument:
            throw ArgumentError(text);
        case ErrorKind::topology:
            throw TopologyError(text);
        case ErrorKind::state:
            throw StateError(text);
        case ErrorKind::backend:
            throw BackendError(text);
        case ErrorKind::analysis:
            throw AnalysisError(text, payload);
    }
    throw StateError("error of unknown kind " + std::to_string(static_cast<int>(kind)) + ": " + text);
}

}  // namespace mdloom

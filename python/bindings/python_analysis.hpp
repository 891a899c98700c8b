// Analyses that are written in Python, as the engine sees them: their frames are read in Python too, and what they know
// is opaque bytes per run of ordinals.
#pragma once
#include <map>

#include "bindings.hpp"

namespace mdloom::bindings {

inline constexpr std::string_view python_analysis_name = "python";

/// What an analysis gave for the ordinals from its key up to `stop`.
struct PythonPiece {
    Index stop = 0;
    std::string value;
};
using PythonPieces = std::map<Index, PythonPiece>;

/// The `number`-th of the analyses that its readers hold. A reader's fold(number) gives an object with single_frame(),
/// which looks at the frame where its reader stands, and finish() -> bytes, what the frames since the last finish()
/// gave. join(earlier, later) -> bytes makes one of two neighbouring pieces; None: pieces stay as they are cut.
std::unique_ptr<Analysis> python_analysis(Index number, nb::object join);
std::unique_ptr<Analysis> rebuild_python_analysis(ByteReader& spec);

/// Nothing when the state is not one of a Python analysis.
std::optional<PythonPieces> pieces_of(const State& state);

}  // namespace mdloom::bindings

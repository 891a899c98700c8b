// How the engine's threads call what users wrote in Python, and what becomes of the exceptions.
#pragma once
#include "bindings.hpp"

namespace mdloom::bindings {

/// Whoever wrote the code shall get back the exception it raised: it travels as the payload of an AnalysisError.
[[noreturn]] void throw_as_analysis_error(nb::python_error& error);

/// call() with the GIL held.
template <class Call>
auto in_python(Call&& call) try {
    const nb::gil_scoped_acquire gil;
    return call();
} catch (nb::python_error& error) {
    throw_as_analysis_error(error);
}

}  // namespace mdloom::bindings

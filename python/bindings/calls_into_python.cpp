#include "calls_into_python.hpp"

namespace mdloom::bindings {

void throw_as_analysis_error(nb::python_error& error) {
    const nb::gil_scoped_acquire gil;
    // A Ctrl-C that landed in the analysis is not its failure: the thread that watches the run shall see it.
    if (error.matches(PyExc_KeyboardInterrupt)) {
        PyErr_SetInterrupt();
        throw AnalysisError("interrupted");
    }
    const auto packed = nb::cast<nb::tuple>(nb::module_::import_("mdloom.failures").attr("pack_error")(error.value()));
    throw AnalysisError(nb::cast<std::string>(packed[0]), to_string(nb::cast<nb::bytes>(packed[1])));
}

}  // namespace mdloom::bindings

// The one table: C++ error -> Python exception (python/mdloom/errors.py).
#include "bindings.hpp"

namespace mdloom::bindings {

namespace {

const char* class_name(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::file:
            return "FileError";
        case ErrorKind::format:
            return "FormatError";
        case ErrorKind::argument:
            return "ArgumentError";
        case ErrorKind::topology:
            return "TopologyError";
        case ErrorKind::state:
            return "StateError";
        case ErrorKind::backend:
            return "BackendError";
        case ErrorKind::analysis:
            return "AnalysisError";
    }
    return "MdloomError";
}

void translate(const std::exception_ptr& thrown, void*) {
    try {
        std::rethrow_exception(thrown);
    } catch (const AnalysisError& error) {
        const nb::object type = nb::module_::import_("mdloom.errors").attr("AnalysisError");
        PyErr_SetObject(type.ptr(), type(error.what(), nb::bytes(error.payload.data(), error.payload.size())).ptr());
    } catch (const Error& error) {
        const nb::object type = nb::module_::import_("mdloom.errors").attr(class_name(error.kind()));
        PyErr_SetString(type.ptr(), error.what());
    }
}

}  // namespace

void bind_errors() {
    nb::register_exception_translator(translate, nullptr);
}

}  // namespace mdloom::bindings

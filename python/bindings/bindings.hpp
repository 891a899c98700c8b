// What the binding files share: one function per layer, and arrays on their way between C++ and numpy.
#pragma once
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/function.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <memory>

#include "mdloom/contracts/analysis.hpp"
#include "mdloom/contracts/source.hpp"

namespace mdloom::bindings {

namespace nb = nanobind;

using IndexArray = nb::ndarray<const std::int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using DoubleArray = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using DoublePoints = nb::ndarray<const double, nb::shape<-1, 3>, nb::c_contig, nb::device::cpu>;

/// A Source as Python holds it.
struct HeldSource {
    std::shared_ptr<const Source> source;
};

/// An Analysis on its way from its factory to the one Run that takes it.
struct HeldAnalysis {
    std::unique_ptr<Analysis> analysis;
};

/// A Python object that may be let go of in any thread.
class Held {
public:
    explicit Held(nb::object object) : object_(std::move(object)) {}
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    ~Held() {
        const nb::gil_scoped_acquire gil;
        object_.reset();
    }
    const nb::object& operator*() const { return object_; }

private:
    nb::object object_;
};

template <class T>
std::vector<T> to_vector(const nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>& array) {
    return {array.data(), array.data() + array.size()};
}

/// numpy takes over the values; nothing is copied.
template <class T>
nb::object to_numpy(std::vector<T> values, const std::vector<Index>& shape) {
    auto* owned = new std::vector<T>(std::move(values));
    const nb::capsule owner(owned, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
    std::vector<std::size_t> sizes(shape.begin(), shape.end());
    return nb::cast(nb::ndarray<nb::numpy, T>(owned->data(), sizes.size(), sizes.data(), owner));
}

inline nb::bytes to_python(const Bytes& bytes) {
    return nb::bytes(bytes.data(), bytes.size());
}
inline std::span<const std::byte> to_span(const nb::bytes& bytes) {
    return {static_cast<const std::byte*>(bytes.data()), bytes.size()};
}

inline std::string to_string(const nb::bytes& bytes) {
    return {bytes.c_str(), bytes.size()};
}

void bind_errors();
void bind_sources(nb::module_& module);
void bind_trajectory_files(nb::module_& module);
void bind_frame_delivery(nb::module_& module);
void bind_transforms(nb::module_& module);
void bind_analyses(nb::module_& module);
void bind_kernels(nb::module_& module);
void bind_displacements(nb::module_& module);
void bind_partials(nb::module_& module);
void bind_plugins(nb::module_& module);
void bind_runs(nb::module_& module);
void bind_writers(nb::module_& module);

}  // namespace mdloom::bindings

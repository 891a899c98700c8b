// Exact sums and moments for analyses written in Python; python/mdloom/partials.py gives them their shapes.
#include "bindings.hpp"
#include "mdloom/partials/exact_moments.hpp"
#include "mdloom/partials/exact_sum.hpp"

namespace mdloom::bindings {

namespace {

template <class P>
nb::bytes bytes_of(const P& partial) {
    ByteWriter writer;
    writer.write(partial);
    return to_python(writer.take());
}

template <class P>
P of_bytes(const nb::bytes& bytes) {
    ByteReader reader(to_span(bytes));
    auto partial = reader.read<P>();
    if (!reader.at_end()) throw StateError("an exact sum is damaged: it is longer than it should be");
    return partial;
}

/// value_of(i) for each of n.
template <class ValueOf>
nb::object array_of(std::size_t n, ValueOf value_of) {
    std::vector<double> values(n);
    for (std::size_t i = 0; i < n; ++i) values[i] = value_of(i);
    return to_numpy(std::move(values), {index_of(n)});
}

/// Before anything is added: an array that is refused leaves the sum as it was.
void require_usable(const DoubleArray& values, std::size_t n, const Grid& grid) {
    if (values.size() != n)
        throw ArgumentError("there are " + std::to_string(values.size()) + " values, expected " + std::to_string(n));
    for (std::size_t i = 0; i < n; ++i) grid.round(values.data()[i]);
}

template <class P>
nb::class_<P> bind(nb::module_& module, const char* name) {
    using namespace nb::literals;
    return nb::class_<P>(module, name)
        .def_static(
            "zeros", [](Index n, int exponent) { return P::zeros(n, Grid{exponent}); }, "n"_a, "exponent"_a)
        .def(
            "merge", [](P& mine, P other) { mine.merge(std::move(other)); }, "other"_a)
        .def("to_bytes", &bytes_of<P>)
        .def_static("of_bytes", &of_bytes<P>, "bytes"_a);
}

}  // namespace

void bind_partials(nb::module_& module) {
    using namespace nb::literals;
    bind<ExactSum>(module, "ExactSum")
        .def(
            "add",
            [](ExactSum& sum, const DoubleArray& values) {
                require_usable(values, sum.sums.size(), sum.grid);
                for (std::size_t i = 0; i < values.size(); ++i) sum.add(i, values.data()[i]);
            },
            "values"_a)
        .def_prop_ro("sum", [](const ExactSum& sum) {
            return array_of(sum.sums.size(), [&](std::size_t i) { return sum.sum(i); });
        });
    bind<ExactMoments>(module, "ExactMoments")
        .def(
            "add_frame",
            [](ExactMoments& moments, const DoubleArray& values) {
                require_usable(values, moments.sums.size(), moments.grid);
                moments.add_frame({values.data(), values.size()});
            },
            "values"_a)
        .def_prop_ro("n_frames", [](const ExactMoments& moments) { return moments.n_frames; })
        .def_prop_ro("mean",
                     [](const ExactMoments& moments) {
                         return array_of(moments.sums.size(), [&](std::size_t i) { return moments.mean(i); });
                     })
        .def_prop_ro("sum_of_squares", [](const ExactMoments& moments) {
            return array_of(moments.sums.size(), [&](std::size_t i) { return moments.sum_of_squares(i); });
        });
}

}  // namespace mdloom::bindings

// The kernels on arrays of Python, with the GIL released. python/mdloom/kernels.py settles dtypes and boxes.
#include "bindings.hpp"
#include "mdloom/kernels/distances.hpp"
#include "mdloom/kernels/pairs.hpp"
#include "mdloom/kernels/superposition.hpp"
#include "mdloom/kernels/wrap.hpp"
#include "mdloom/sources/formats/unit_cell.hpp"

namespace mdloom::bindings {

namespace {

using FloatPoints = nb::ndarray<const float, nb::shape<-1, 3>, nb::c_contig, nb::device::cpu>;
using BoxArray = nb::ndarray<const float, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using kernels::Positions;

Positions span_of(const FloatPoints& points) {
    return {points.data(), points.size()};
}

/// One of the arrays of a call, as messages call it.
struct Named {
    const char* name;
    const FloatPoints& points;
};

/// Rows side by side, and a box to measure in; refuses by name what no kernel may see.
kernels::PeriodicBox usable_box(const BoxArray& box, std::initializer_list<Named> arrays, bool same_length) {
    const auto periodic = kernels::make_periodic_box({box.data(), box.size()});
    const Named& first = *arrays.begin();
    for (const Named& array : arrays) {
        if (same_length && array.points.shape(0) != first.points.shape(0))
            throw ArgumentError(std::string(array.name) + " has " + std::to_string(array.points.shape(0)) +
                                " positions, " + first.name + " has " + std::to_string(first.points.shape(0)) +
                                ": one for each is needed");
        kernels::require_usable(array.name, span_of(array.points), periodic);
    }
    return periodic;
}

nb::tuple pairs(const FloatPoints& a, const std::optional<FloatPoints>& b, double cutoff, const BoxArray& box) {
    kernels::Pairs found;
    {
        const nb::gil_scoped_release no_gil;
        const auto periodic = kernels::make_periodic_box({box.data(), box.size()});
        found = b ? kernels::pairs(span_of(a), span_of(*b), periodic, cutoff)
                  : kernels::pairs_within(span_of(a), periodic, cutoff);
    }
    const Index n = index_of(found.distances.size());
    return nb::make_tuple(to_numpy(std::move(found.atoms), {n, 2}), to_numpy(std::move(found.distances), {n}));
}

nb::object distances(const FloatPoints& a, const FloatPoints& b, const BoxArray& box) {
    std::vector<double> out(a.shape(0));
    {
        const nb::gil_scoped_release no_gil;
        const auto periodic = usable_box(box, {{"a", a}, {"b", b}}, true);
        kernels::distances(span_of(a), span_of(b), periodic, out);
    }
    return to_numpy(std::move(out), {index_of(a.shape(0))});
}

nb::object distance_matrix(const FloatPoints& a, const FloatPoints& b, const BoxArray& box) {
    std::vector<double> out(a.shape(0) * b.shape(0));
    {
        const nb::gil_scoped_release no_gil;
        const auto periodic = usable_box(box, {{"a", a}, {"b", b}}, false);
        kernels::distance_matrix(span_of(a), span_of(b), periodic, out);
    }
    return to_numpy(std::move(out), {index_of(a.shape(0)), index_of(b.shape(0))});
}

nb::object angles(const FloatPoints& a, const FloatPoints& b, const FloatPoints& c, const BoxArray& box) {
    std::vector<double> out(a.shape(0));
    {
        const nb::gil_scoped_release no_gil;
        const auto periodic = usable_box(box, {{"a", a}, {"b", b}, {"c", c}}, true);
        kernels::angles(span_of(a), span_of(b), span_of(c), periodic, out);
    }
    return to_numpy(std::move(out), {index_of(a.shape(0))});
}

nb::object dihedrals(const FloatPoints& a, const FloatPoints& b, const FloatPoints& c, const FloatPoints& d,
                     const BoxArray& box) {
    std::vector<double> out(a.shape(0));
    {
        const nb::gil_scoped_release no_gil;
        const auto periodic = usable_box(box, {{"a", a}, {"b", b}, {"c", c}, {"d", d}}, true);
        kernels::dihedrals(span_of(a), span_of(b), span_of(c), span_of(d), periodic, out);
    }
    return to_numpy(std::move(out), {index_of(a.shape(0))});
}

nb::object wrap(const FloatPoints& positions, const BoxArray& box) {
    std::vector<float> out(positions.size());
    {
        const nb::gil_scoped_release no_gil;
        const auto periodic = usable_box(box, {{"positions", positions}}, true);
        kernels::wrap(span_of(positions), periodic, out);
    }
    return to_numpy(std::move(out), {index_of(positions.shape(0)), 3});
}

/// Equally many positions, weights and reference points are Python's affair.
double rmsd(const FloatPoints& positions, const DoublePoints& reference, const DoubleArray& weights,
            bool superposition) {
    const std::span<const double> points{reference.data(), reference.size()}, w{weights.data(), weights.size()};
    const nb::gil_scoped_release no_gil;
    const auto level = chosen_simd();
    const auto fit = kernels::make_fit_reference(points, w);
    if (superposition) return kernels::superpose(positions.data(), fit, false, level).rmsd;
    const double squares = kernels::moved_squares(positions.data(), kernels::pack_points(points, w), {}, level);
    return std::sqrt(squares / fit.total_weight);
}

nb::tuple superpose(const FloatPoints& positions, const DoublePoints& reference, const DoubleArray& weights) {
    const std::span<const double> points{reference.data(), reference.size()}, w{weights.data(), weights.size()};
    std::vector<float> moved(positions.size());
    kernels::Superposition found;
    {
        const nb::gil_scoped_release no_gil;
        const auto fit = kernels::make_fit_reference(points, w);
        found = kernels::superpose(positions.data(), fit, true, chosen_simd());
        kernels::move_positions(span_of(positions), found.motion, moved);
    }
    const auto& r = found.motion.rotation;
    return nb::make_tuple(to_numpy(std::move(moved), {index_of(positions.shape(0)), 3}),
                          to_numpy(std::vector<double>(r.begin(), r.end()), {3, 3}), found.rmsd);
}

/// Cell vectors [9], Å, of three lengths and three angles; zeros where they make no box.
nb::object box_vectors(const BoxArray& cell) {
    std::array<float, 6> numbers{};
    if (cell.size() != numbers.size()) throw ArgumentError("a box of lengths and angles has six numbers");
    std::copy_n(cell.data(), numbers.size(), numbers.begin());
    const Box box = sources::box_of_lengths_and_angles(numbers);
    return to_numpy(std::vector<float>(box.begin(), box.end()), {9});
}

}  // namespace

void bind_kernels(nb::module_& module) {
    using namespace nb::literals;
    module.def("kernel_pairs", &pairs, "a"_a, "b"_a.none(), "cutoff"_a, "box"_a);
    module.def("kernel_distances", &distances, "a"_a, "b"_a, "box"_a);
    module.def("kernel_distance_matrix", &distance_matrix, "a"_a, "b"_a, "box"_a);
    module.def("kernel_angles", &angles, "a"_a, "b"_a, "c"_a, "box"_a);
    module.def("kernel_dihedrals", &dihedrals, "a"_a, "b"_a, "c"_a, "d"_a, "box"_a);
    module.def("kernel_wrap", &wrap, "positions"_a, "box"_a);
    module.def("kernel_rmsd", &rmsd, "positions"_a, "reference"_a, "weights"_a, "superposition"_a);
    module.def("kernel_superpose", &superpose, "positions"_a, "reference"_a, "weights"_a);
    module.def("box_vectors", &box_vectors, "cell"_a);
}

}  // namespace mdloom::bindings

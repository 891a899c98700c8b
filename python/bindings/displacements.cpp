// Paths of atoms and mean squares of displacements, with the GIL released. python/mdloom/msd.py shares out the atoms.
#include "mdloom/kernels/displacements.hpp"
#include "bindings.hpp"

namespace mdloom::bindings {

namespace {

using FrameArray = nb::ndarray<const float, nb::shape<-1, -1, 3>, nb::c_contig, nb::device::cpu>;
using BoxRows = nb::ndarray<const double, nb::shape<-1, 3, 3>, nb::c_contig, nb::device::cpu>;
using PathArray = nb::ndarray<const double, nb::ndim<3>, nb::c_contig, nb::device::cpu>;
using LabelArray = nb::ndarray<const std::int32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

/// Keeps the positions alive; they are read in place.
struct HeldWalk {
    FrameArray positions;
    kernels::Walk walk;

    void require_atoms(std::size_t first, std::size_t stop) const {
        if (first > stop || stop > walk.n_atoms) throw ArgumentError("there are no such atoms to follow");
    }
};

std::vector<kernels::PeriodicBox> to_boxes(const BoxRows& rows, const std::vector<Index>& frames) {
    std::vector<kernels::PeriodicBox> boxes;
    boxes.reserve(frames.size());
    std::array<float, 9> last{};
    for (Index frame : frames) {
        std::array<float, 9> vectors{};
        for (std::size_t i = 0; i < 9; ++i) vectors[i] = static_cast<float>(rows.data()[9 * usize(frame) + i]);
        if (!boxes.empty() && vectors == last)
            boxes.push_back(boxes.back());
        else
            boxes.push_back(vectors == std::array<float, 9>{} ? kernels::PeriodicBox{}
                                                              : kernels::make_periodic_box(vectors));
        last = vectors;
    }
    return boxes;
}

HeldWalk* make_walk(FrameArray positions, const BoxRows& boxes, const IndexArray& frames) {
    const auto chosen = to_vector(frames);
    for (Index frame : chosen)
        if (frame < 0 || usize(frame) >= positions.shape(0) || usize(frame) >= boxes.shape(0))
            throw ArgumentError("there is no frame " + std::to_string(frame) + " to walk through");
    kernels::Walk walk{{positions.data(), positions.size()}, positions.shape(1), chosen, to_boxes(boxes, chosen)};
    return new HeldWalk{std::move(positions), std::move(walk)};
}

/// [n, 3, n_frames], Å, of atoms [first, stop).
nb::object paths(const HeldWalk& held, std::size_t first, std::size_t stop, bool unwrap) {
    held.require_atoms(first, stop);
    std::vector<double> out((stop - first) * 3 * held.walk.size());
    {
        const nb::gil_scoped_release no_gil;
        kernels::follow(held.walk, first, stop, unwrap, out);
    }
    return to_numpy(std::move(out), {index_of(stop - first), 3, index_of(held.walk.size())});
}

std::optional<std::tuple<std::size_t, std::size_t, double, double>> first_jump(const HeldWalk& held, std::size_t first,
                                                                               std::size_t stop) {
    held.require_atoms(first, stop);
    const nb::gil_scoped_release no_gil;
    const auto jump = kernels::first_jump(held.walk, first, stop);
    if (!jump) return std::nullopt;
    return std::tuple(jump->step, jump->atom, jump->distance, jump->nearest);
}

/// work(path, mean) for each of the atoms; gives [n, n_means].
template <class Work>
nb::object for_each_path(const PathArray& paths, std::size_t n_means, Work work) {
    const std::size_t n = paths.shape(0), length = paths.shape(1) * paths.shape(2);
    std::vector<double> out(n * n_means);
    {
        const nb::gil_scoped_release no_gil;
        for (std::size_t i = 0; i < n; ++i)
            work(std::span(paths.data() + i * length, length), std::span(out).subspan(i * n_means, n_means));
    }
    return to_numpy(std::move(out), {index_of(n), index_of(n_means)});
}

nb::object by_lag(const PathArray& paths) {
    return for_each_path(paths, paths.shape(2), kernels::mean_squares_by_lag);
}

nb::object by_label(const PathArray& paths, const LabelArray& labels, const IndexArray& counts) {
    const std::size_t n = paths.shape(2), n_means = counts.size();
    bool is_whole = labels.size() == (n < 2 ? 0 : n * (n - 1) / 2);
    for (std::size_t i = 0; i < labels.size(); ++i)
        is_whole &= labels.data()[i] < 0 || static_cast<std::size_t>(labels.data()[i]) < n_means;
    if (!is_whole) throw ArgumentError("labels must be those of each pair of frames");
    return for_each_path(paths, n_means, [&](std::span<const double> path, std::span<double> mean) {
        kernels::mean_squares_by_label(path, n, {labels.data(), labels.size()}, {counts.data(), n_means}, mean);
    });
}

}  // namespace

void bind_displacements(nb::module_& module) {
    using namespace nb::literals;
    nb::class_<HeldWalk>(module, "Walk", "Atoms over some frames, in order of time.")
        .def(nb::new_(&make_walk), "positions"_a, "boxes"_a, "frames"_a)
        .def("paths", &paths, "first"_a, "stop"_a, "unwrap"_a)
        .def("first_jump", &first_jump, "first"_a, "stop"_a);
    module.def("mean_squares_by_lag", &by_lag, "paths"_a);
    module.def("mean_squares_by_label", &by_label, "paths"_a, "labels"_a, "counts"_a);
}

}  // namespace mdloom::bindings

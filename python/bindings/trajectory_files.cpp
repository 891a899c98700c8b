// Trajectories as files: the analysis that leaves frames in parts, and the joining of those.
#include <algorithm>
#include <cmath>

#include "bindings.hpp"
#include "mdloom/writers/joined_parts.hpp"
#include "mdloom/writers/written_trajectory.hpp"

namespace mdloom::bindings {

namespace {

using RowArray = nb::ndarray<const double, nb::shape<-1, 6>, nb::c_contig, nb::device::cpu>;

HeldAnalysis written_trajectory(const IndexArray& atoms, const std::string& format, int decimals,
                                const std::string& folder) {
    writers::WrittenTrajectorySpec spec;
    spec.group = to_vector(atoms);
    spec.encoder.format = format;
    spec.encoder.n_atoms = index_of(spec.group.size());
    spec.encoder.decimals = decimals;
    spec.folder = folder;
    return {writers::written_trajectory(std::move(spec))};
}

/// What DCD says once for all frames.
using Spacing = std::tuple<double, Index, Index>;

Index join_parts(const std::string& folder, const RowArray& written, const std::string& path, const std::string& format,
                 Index n_atoms, Spacing spacing, const std::string& remarks) {
    writers::EncoderSpec spec;
    spec.format = format;
    spec.n_atoms = n_atoms;
    std::tie(spec.dt, spec.first_step, spec.steps_between) = spacing;
    spec.remarks = remarks;
    const std::span values(written.data(), written.size());
    const nb::gil_scoped_release no_gil;
    std::vector<writers::FrameRecord> frames;
    for (std::size_t at = 0; at < values.size(); at += 6) frames.push_back(writers::record_of(values.subspan(at, 6)));
    const auto name = [&](Index ordinal) {
        const auto place = std::ranges::find(frames, ordinal, &writers::FrameRecord::ordinal) - frames.begin();
        return "frame " + std::to_string(std::llround(values[6 * static_cast<std::size_t>(place) + 1]));
    };
    const auto between = [] {
        const nb::gil_scoped_acquire gil;
        if (PyErr_CheckSignals() != 0) throw nb::python_error();
    };
    const auto header = writers::make_encoder(spec)->start(index_of(frames.size()));
    return writers::join_parts(folder, header, frames, path, name, between);
}

std::vector<std::string> writable_formats() {
    std::vector<std::string> names;
    for (const writers::Info& info : writers::catalog()) names.emplace_back(info.format);
    return names;
}

}  // namespace

void bind_trajectory_files(nb::module_& module) {
    using namespace nb::literals;
    module.def("writable_formats", &writable_formats);
    module.def("written_trajectory", &written_trajectory, "atoms"_a, "format"_a, "decimals"_a, "folder"_a);
    module.def("join_parts", &join_parts, "folder"_a, "written"_a, "path"_a, "format"_a, "n_atoms"_a, "spacing"_a,
               "remarks"_a);
}

}  // namespace mdloom::bindings

#include "bindings.hpp"
#include "mdloom/backends/cores.hpp"
#include "mdloom/base/simd.hpp"

NB_MODULE(_core, module) {
    using namespace mdloom;
    module.doc() = "The C++ engine of mdloom. Not public: use the classes and functions of the package.";
    module.attr("__version__") = MDLOOM_VERSION;
    bindings::bind_errors();
    bindings::bind_sources(module);
    bindings::bind_frame_delivery(module);
    bindings::bind_transforms(module);
    bindings::bind_analyses(module);
    bindings::bind_trajectory_files(module);
    bindings::bind_kernels(module);
    bindings::bind_displacements(module);
    bindings::bind_partials(module);
    bindings::bind_plugins(module);
    bindings::bind_runs(module);
    bindings::bind_writers(module);
    module.def("usable_cores", &backends::usable_cores,
               "How many cores this process may use (affinity, cgroup quota, Slurm; MDLOOM_NUM_JOBS overrides).");
    module.def(
        "simd_level", [] { return std::string(mdloom::name(chosen_simd())); },
        "The instruction set that kernels use in this process: 'avx512', 'avx2' or 'portable'.");
}

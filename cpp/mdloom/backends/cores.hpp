// How many cores this process may use: what n_jobs=-1 and -j -1 mean.
#pragma once

namespace mdloom::backends {

/// The least of the affinity mask, the cgroup quota (v1 or v2, rounded up) and SLURM_CPUS_PER_TASK; at least 1.
/// MDLOOM_NUM_JOBS overrides all of them; ArgumentError when it is no positive whole number.
int usable_cores();

}  // namespace mdloom::backends

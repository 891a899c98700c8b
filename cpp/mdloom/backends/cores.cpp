#include "mdloom/backends/cores.hpp"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <thread>

#include "mdloom/base/error.hpp"

namespace mdloom::backends {

namespace {

constexpr double unlimited = std::numeric_limits<double>::infinity();

std::optional<int> positive_number(const char* text) {
    if (text == nullptr) return std::nullopt;
    char* end = nullptr;
    const long value = std::strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < 1 || value > 1'000'000) return std::nullopt;
    return static_cast<int>(value);
}

double affinity() {
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    if (sched_getaffinity(0, sizeof cpus, &cpus) == 0) return CPU_COUNT(&cpus);
    return std::max(1u, std::thread::hardware_concurrency());  // more processors than the mask holds
}

/// Quota over period of one cgroup folder, in cores.
double quota_in(const std::string& folder) {
    if (std::ifstream v2(folder + "/cpu.max"); v2) {
        std::string quota;
        double period = 0;
        if (v2 >> quota >> period && quota != "max" && period > 0) return std::strtod(quota.c_str(), nullptr) / period;
    }
    std::ifstream v1_quota(folder + "/cpu.cfs_quota_us"), v1_period(folder + "/cpu.cfs_period_us");
    double quota = 0, period = 0;
    if (v1_quota >> quota && v1_period >> period && quota > 0 && period > 0) return quota / period;
    return unlimited;
}

/// The tightest quota on the way from this process' cgroup up to the root.
double cgroup_quota() {
    double least = std::min(quota_in("/sys/fs/cgroup"), quota_in("/sys/fs/cgroup/cpu"));
    std::ifstream groups("/proc/self/cgroup");
    for (std::string line; std::getline(groups, line);) {
        const auto controllers = line.find(':'), path_at = line.find(':', controllers + 1);
        if (controllers == std::string::npos || path_at == std::string::npos) continue;
        const std::string names = line.substr(controllers + 1, path_at - controllers - 1);
        const bool is_v2 = names.empty();
        if (!is_v2 && names.find("cpu") == std::string::npos) continue;
        const std::string root = is_v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/" + names;
        for (std::string path = line.substr(path_at + 1); path.size() > 1; path.resize(path.find_last_of('/')))
            least = std::min(least, quota_in(root + path));
    }
    return least;
}

}  // namespace

int usable_cores() {
    if (const char* jobs = std::getenv("MDLOOM_NUM_JOBS"); jobs != nullptr && *jobs != '\0') {
        if (const auto n = positive_number(jobs)) return *n;
        throw ArgumentError(fmt::format("MDLOOM_NUM_JOBS is '{}': it takes a whole number from 1", jobs));
    }
    double cores = std::min(affinity(), std::ceil(cgroup_quota()));
    if (const auto slurm = positive_number(std::getenv("SLURM_CPUS_PER_TASK"))) cores = std::min<double>(cores, *slurm);
    return std::max(1, static_cast<int>(cores));
}

}  // namespace mdloom::backends

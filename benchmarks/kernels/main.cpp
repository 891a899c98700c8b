// bench_kernels [--benchmark_filter=REGEX ...]: kernels and decoders, each beside what the machine could do at the
// best.
#include <algorithm>
#include <utility>

#include "cpu_time.hpp"
#include "limits.hpp"
#include "measured.hpp"

namespace mdloom::bench {
namespace {

void measure(benchmark::State& state, Simd level, const Work& work, const std::function<void()>& call) {
    const Limits& most = limits(level);
    const double of_bytes = work.bytes / (work.in_memory ? most.memory_bytes : most.cache_bytes),
                 of_flops = work.flops / (work.is_float ? 2 * most.flops : most.flops),
                 least = std::max(of_bytes, of_flops);
    call();
    const double start = cpu_seconds();
    for (auto _ : state) {
        call();
        benchmark::ClobberMemory();
    }
    const double seconds = (cpu_seconds() - start) / static_cast<double>(state.iterations());
    state.counters["item_ns"] = 1e9 * seconds / work.n_items;
    state.counters["limit_ns"] = 1e9 * least / work.n_items;
    state.counters["ratio"] = seconds / least;
    state.SetLabel(of_flops > of_bytes ? "flops" : work.in_memory ? "memory" : "cache");
}

}  // namespace

void add(const std::string& what, Simd level, const Work& work, std::function<void()> call) {
    benchmark::RegisterBenchmark(
        (what + '/' + std::string(name(level))).c_str(),
        [level, work, call = std::move(call)](auto& state) { measure(state, level, work, call); });
}

void add(const std::string& what, const Work& work, std::function<void()> call) {
    benchmark::RegisterBenchmark(
        what.c_str(), [work, call = std::move(call)](auto& state) { measure(state, best_simd(), work, call); });
}

}  // namespace mdloom::bench

int main(int n_arguments, char** arguments) {
    using namespace mdloom::bench;
    for (auto* add_them : {add_fits, add_sums, add_pairs, add_distances, add_readers}) add_them();
    benchmark::Initialize(&n_arguments, arguments);
    if (benchmark::ReportUnrecognizedArguments(n_arguments, arguments)) return 1;
    for (mdloom::Simd level : mdloom::levels_here()) {
        const Limits& most = limits(level);
        benchmark::AddCustomContext(std::string(name(level)),
                                    std::to_string(most.cache_bytes / 1e9) + " GB/s from the cache, " +
                                        std::to_string(most.memory_bytes / 1e9) + " GB/s from memory, " +
                                        std::to_string(most.flops / 1e9) + " Gflop/s in double");
    }
    benchmark::RunSpecifiedBenchmarks();
}

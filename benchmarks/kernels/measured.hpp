// A benchmark of a kernel that says how far from this machine's limit it is, as measured in the same run.
#pragma once
#include <benchmark/benchmark.h>

#include <functional>
#include <string>
#include <vector>

#include "support/levels.hpp"

namespace mdloom::bench {

/// What one call does at the least, whoever programs it.
struct Work {
    double n_items = 1;      ///< atoms, pairs
    double bytes = 0;        ///< read and written
    double flops = 0;        ///< of the precision that `is_float` says; a fused multiply-add is two
    bool is_float = false;   ///< float32 instead of double
    bool in_memory = false;  ///< the bytes come from memory instead of the second cache
};

/// Adds a benchmark `name` of `call`, which it calls again and again. Beside the time: item_ns, CPU time of an item;
/// limit_ns, what its bytes or flops cost at the speed that this CPU has with instructions of that level; their ratio.
void add(const std::string& name, Simd level, const Work& work, std::function<void()> call);

/// The same for kernels that know no levels.
void add(const std::string& name, const Work& work, std::function<void()> call);

// Each in its file.
void add_fits();
void add_sums();
void add_pairs();
void add_distances();
void add_readers();

}  // namespace mdloom::bench

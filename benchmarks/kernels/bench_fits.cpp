// RMSD: sums of a fit, and squares of what was moved.
#include "data.hpp"
#include "mdloom/kernels/superposition.hpp"
#include "measured.hpp"

namespace mdloom::bench {
namespace {

constexpr Index n = 3341;

struct Fit {
    std::vector<float> positions = flat(models::moved(models::protein(n), 2));
    kernels::FitReference reference = kernels::make_fit_reference(flat<double>(models::protein(n)), {});
    kernels::PackedPoints packed = kernels::pack_points(flat<double>(models::protein(n)), {});
};

}  // namespace

void add_fits() {
    const auto fit = std::make_shared<Fit>();
    // Read: three floats and three doubles. 3 differences, 3 squares and 3 sums, 9 products and sums.
    const Work sums{.n_items = n, .bytes = 36.0 * n, .flops = (3 + 6 + 3 + 1 + 18) * double{n}};
    // 3 differences, 9 products, 9 sums, 3 differences, 3 squares and sums.
    const Work moved{.n_items = n, .bytes = 36.0 * n, .flops = (3 + 18 + 3 + 6) * double{n}};
    for (Simd level : levels_here()) {
        add("rmsd/fit_sums", level, sums, [fit, level] {
            benchmark::DoNotOptimize(
                kernels::fit_sums(fit->positions.data(), fit->reference, fit->reference.centre, level));
        });
        add("rmsd/superpose", level, sums, [fit, level] {
            benchmark::DoNotOptimize(kernels::superpose(fit->positions.data(), fit->reference, false, level));
        });
        add("rmsd/moved_squares", level, moved, [fit, level] {
            benchmark::DoNotOptimize(kernels::moved_squares(fit->positions.data(), fit->packed, {}, level));
        });
    }
}

}  // namespace mdloom::bench

// Distances between nearest images, dihedral angles and their arc tangents, cells of a density's grid.
#include "data.hpp"
#include "mdloom/kernels/arc_tangent.hpp"
#include "mdloom/kernels/distances.hpp"
#include "mdloom/kernels/grid_cells.hpp"
#include "measured.hpp"

namespace mdloom::bench {
namespace {

struct Atoms {
    static constexpr std::size_t n = 4096;
    std::array<std::vector<float>, 4> of;
    kernels::PeriodicBox cube = kernels::make_periodic_box(std::vector<float>{60, 0, 0, 0, 60, 0, 0, 0, 60});
    kernels::PeriodicBox skewed = kernels::make_periodic_box(std::vector<float>{60, 0, 0, 20, 60, 0, 20, 20, 60});
    std::vector<double> out = std::vector<double>(n);

    Atoms() {
        for (std::uint32_t k = 0; k < 4; ++k) of[k] = flat(models::moved(models::protein(n), k));
    }
};

}  // namespace

void add_distances() {
    const auto atoms = std::make_shared<Atoms>();
    constexpr double n = Atoms::n;
    const Work two{.n_items = n, .bytes = 32 * n, .flops = (3 + 15 + 6) * n}, four{.n_items = n, .bytes = 56 * n};
    add("distances/cube", two, [atoms] { kernels::distances(atoms->of[0], atoms->of[1], atoms->cube, atoms->out); });
    add("distances/skewed", two,
        [atoms] { kernels::distances(atoms->of[0], atoms->of[1], atoms->skewed, atoms->out); });
    add("dihedrals/cube", four, [atoms] {
        kernels::dihedrals(atoms->of[0], atoms->of[1], atoms->of[2], atoms->of[3], atoms->cube, atoms->out);
    });
    add("dihedrals/arc_tangent", {.n_items = n, .bytes = 16 * n}, [atoms] {
        double sum = 0;
        for (std::size_t i = 0; i < Atoms::n; ++i) sum += kernels::arc_tangent(atoms->of[0][i] - 50.0, atoms->of[1][i]);
        benchmark::DoNotOptimize(sum);
    });
    std::vector<double> edges;
    for (int i = 0; i <= 68; ++i) edges.push_back(i);
    const auto water = std::make_shared<Oxygens>();
    const double n_oxygens = static_cast<double>(water->size());
    for (Simd level : levels_here())
        add("density/grid_cells", level, {.n_items = n_oxygens, .bytes = 16 * n_oxygens},
            [water, level, grid = kernels::GridCells({edges, edges, edges}),
             cells = std::vector<std::uint32_t>(water->size())]() mutable {
                grid.find(water->positions, cells.data(), level);
            });
}

}  // namespace mdloom::bench

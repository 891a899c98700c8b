// g(r): the pair histogram. Hydrogen bonds: near atoms. Leaflets: components. Contacts: known pairs, and how they fade.
#include "data.hpp"
#include "mdloom/kernels/components.hpp"
#include "mdloom/kernels/listed_angles.hpp"
#include "mdloom/kernels/listed_pairs.hpp"
#include "mdloom/kernels/near_atoms.hpp"
#include "mdloom/kernels/pair_histogram.hpp"
#include "mdloom/kernels/pairs.hpp"
#include "mdloom/kernels/soft_contacts.hpp"
#include "measured.hpp"

namespace mdloom::bench {
namespace {

constexpr double of_a_square = 8;          // flops: 3 differences, 3 products, 2 sums
constexpr double flops_of_an_angle = 180;  // differences and images 60, products 26, the arc tangent 90

Work pairs_of(double n) {
    return {.n_items = n, .bytes = 0, .flops = of_a_square * n, .is_float = true};
}

void add_histogram(const std::shared_ptr<Oxygens>& water, double cutoff) {
    for (Simd level : levels_here())
        add("rdf/count_pairs_" + std::to_string(static_cast<int>(cutoff)), level, pairs_of(water->n_pairs(cutoff)),
            [water, level, bins = kernels::DistanceBins(75, 0, cutoff), counts = std::vector<Index>(75)]() mutable {
                kernels::count_pairs({water->positions, water->positions, true}, water->box, bins, level, counts);
            });
}

void add_near_atoms(const std::shared_ptr<Oxygens>& water) {
    for (Simd level : levels_here())
        add("hbonds/near_atoms_3.2", level, pairs_of(2 * water->n_pairs(3.2)),
            [water, level, near = std::make_shared<kernels::NearAtoms>()] {
                near->prepare(water->positions, water->positions, water->box, 3.2, level);
                for (std::size_t i = 0; i < water->size(); ++i) benchmark::DoNotOptimize(near->around(i));
            });
}

/// Each oxygen, the next one as its hydrogen, and one a few further on.
void add_angles(const std::shared_ptr<Oxygens>& water) {
    std::vector<kernels::ListedTriple> triples;
    const auto n = static_cast<std::uint32_t>(water->size());
    for (std::uint32_t i = 0; i < n; ++i) triples.push_back({i, (i + 1) % n, (i + 5) % n});
    for (Simd level : levels_here())
        add("hbonds/listed_angles", level, {.n_items = double(n), .bytes = 16.0 * n, .flops = flops_of_an_angle * n},
            [water, level, triples, found = std::vector<double>(2 * (triples.size() + 8))]() mutable {
                kernels::listed_angles(water->positions, water->positions, triples, water->box, found.data(),
                                       found.data() + found.size() / 2, level);
            });
}

struct Contacts {
    std::vector<float> atoms = flat(models::protein(3341));
    std::vector<kernels::ListedPair> pairs;
    std::vector<double> squares, limits;
    kernels::PeriodicBox no_box = kernels::make_periodic_box({});

    Contacts() {
        for (std::uint32_t i = 0; i < 3341; ++i) pairs.push_back({i, 7 * i % 3341});
        squares.resize(pairs.size(), 30), limits.resize(pairs.size(), 5.5);
    }
};

}  // namespace

void add_pairs() {
    const auto water = std::make_shared<Oxygens>();
    for (double cutoff : {10.0, 15.0}) add_histogram(water, cutoff);
    add_near_atoms(water);
    add_angles(water);
    add("contacts/pairs_within_4.5", pairs_of(water->n_pairs(4.5)),
        [water] { benchmark::DoNotOptimize(kernels::pairs_within(water->positions, water->box, 4.5)); });
    const Frame lipids = models::bilayer(32);
    add("leaflets/components_15",
        {.n_items = double(lipids.positions.size()), .bytes = 12.0 * double(lipids.positions.size())},
        [heads = flat(lipids.positions), box = kernels::make_periodic_box(lipids.box)] {
            benchmark::DoNotOptimize(kernels::components(heads, box, 15));
        });
    const auto contacts = std::make_shared<Contacts>();
    const double n = static_cast<double>(contacts->pairs.size());
    add("contacts/listed_squares", {.n_items = n, .bytes = 40 * n, .flops = of_a_square * n}, [contacts] {
        kernels::listed_squares(contacts->atoms, contacts->atoms, contacts->pairs, contacts->no_box, contacts->squares);
    });
    for (Simd level : levels_here())  // a root, an exponential (a polynomial of degree 13), a quotient
        add("contacts/soft_contact_sum", level, {.n_items = n, .bytes = 16 * n, .flops = 40 * n}, [contacts, level] {
            benchmark::DoNotOptimize(kernels::soft_contact_sum(contacts->squares, contacts->limits, 5, level));
        });
}

}  // namespace mdloom::bench

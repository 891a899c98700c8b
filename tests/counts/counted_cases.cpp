// Fixed work for `scripts/counts.py`: under callgrind, each case runs once to fill its buffers and once counted.
//     counted_cases                 runs all cases
//     counted_cases --machine       says the compiler, and the instruction set in use
#include <valgrind/callgrind.h>

#include <cstdio>
#include <cstring>
#include <functional>

#include "mdloom/analyses/contacts.hpp"
#include "mdloom/analyses/density.hpp"
#include "mdloom/analyses/dihedrals.hpp"
#include "mdloom/analyses/hbonds.hpp"
#include "mdloom/analyses/leaflet.hpp"
#include "mdloom/analyses/rdf.hpp"
#include "mdloom/analyses/rmsd.hpp"
#include "mdloom/analyses/rmsf.hpp"
#include "mdloom/base/simd.hpp"
#include "mdloom/sources/catalog.hpp"
#include "support/model_systems.hpp"
#include "support/scratch_folder.hpp"
#include "support/trr_writer.hpp"

namespace mdloom {
namespace {

using Work = std::function<void()>;

void count(const char* name, const Work& work) {
    work();
    CALLGRIND_TOGGLE_COLLECT;
    work();
    CALLGRIND_TOGGLE_COLLECT;
    CALLGRIND_DUMP_STATS_AT(name);
    std::puts(name);
}

Group all(std::size_t n) {
    Group group(n);
    for (std::size_t i = 0; i < n; ++i) group[i] = index_of(i);
    return group;
}

std::vector<double> flat(const std::vector<Vec3>& positions) {
    std::vector<double> values;
    for (const Vec3& at : positions) values.insert(values.end(), at.begin(), at.end());
    return values;
}

/// Some frames through an analysis, as a worker does it.
void count_analysis(const char* name, const Analysis& analysis, const std::vector<Frame>& frames) {
    const auto scratch = analysis.make_scratch();
    const auto groups = analysis.groups();
    count(name, [&] {
        const auto state = analysis.empty_state();
        for (const Frame& frame : frames) analysis.single_frame(frame, groups, *scratch, *state);
        analysis.finish_chunk(*scratch, *state);
    });
}

void count_reading(const char* name, const std::string& path, const Group& wanted) {
    const auto source = sources::open(std::vector{path}, {});
    const auto reader = source->open_reader();
    Frame frame;
    count(name, [&] {
        for (Index k = 0; k < source->n_frames(); ++k) reader->read(k, wanted, frame);
    });
}

void count_readers() {
    sources::ScratchFolder folder;
    const sources::Environment no_index("MDLOOM_INDEX", "off");
    constexpr Index n = 14, n_atoms = 3 * n * n * n;
    const std::string xtc = folder.write("water.xtc", models::water_file("xtc", n, 3)),
                      dcd = folder.write("water.dcd", models::water_file("dcd", n, 10));
    count_reading("read-xtc", xtc, all(n_atoms));
    count_reading("read-xtc-oxygens", xtc, models::every_third(n_atoms, 0));
    count_reading("read-xtc-front", xtc, all(n_atoms / 10));
    count_reading("read-dcd", dcd, all(n_atoms));
    const auto frames = sources::random_trr_frames(10, n_atoms);
    count_reading("read-trr", folder.write("random.trr", sources::trr_file(frames)), all(n_atoms));
}

void count_proteins() {
    constexpr Index n = 3341;
    const auto reference = models::protein(n);
    std::vector<Frame> frames(10);
    for (std::size_t k = 0; k < frames.size(); ++k) {
        frames[k].ordinal = frames[k].index = index_of(k);
        frames[k].positions = models::moved(reference, static_cast<std::uint32_t>(k + 2));
    }
    count_analysis("rmsd", *analyses::rmsd({{all(n), flat(reference), {}}, true, {}}), frames);
    count_analysis("rmsf", *analyses::rmsf(all(n)), frames);
    std::array<Group, 4> atoms;
    for (Index i = 0; i + 3 < n; ++i)
        for (std::size_t k = 0; k < 4; ++k) atoms[k].push_back(i + index_of(k));
    count_analysis("dihedrals", *analyses::dihedrals(atoms), {frames[0]});
    analyses::ContactsSpec contacts{.first = all(n), .second = all(n), .references = {}};
    contacts.method = analyses::ContactMethod::soft_cut;
    auto& [pairs, lengths] = contacts.references.emplace_back();
    for (Index i = 0; i < n; ++i) pairs.insert(pairs.end(), {i, 7 * i % n}), lengths.push_back(5);
    count_analysis("contacts", *analyses::contacts(contacts), frames);
}

void count_waters() {
    constexpr Index n = 14;
    const Frame frame = models::water(n);
    const Index n_atoms = index_of(frame.positions.size());
    const Group oxygens = models::every_third(n_atoms, 0);
    analyses::RdfSpec rdf{oxygens, oxygens, {75, 0, 15}, {}, 1, oxygens, oxygens};
    count_analysis("rdf", *analyses::rdf(rdf), {frame});
    analyses::DensitySpec density{all(frame.positions.size()), {}};
    for (auto& edges : density.edges)
        for (int i = 2; i < 42; ++i) edges.push_back(i);
    count_analysis("density", *analyses::density(density), std::vector<Frame>(5, frame));
    analyses::HydrogenBondsSpec bonds;
    bonds.donors = bonds.acceptors = oxygens;
    for (Index i = 0; i < n_atoms; ++i)
        if (i % 3 != 0) {
            bonds.hydrogens.push_back(i), bonds.bonded_hydrogens.push_back(i);
            bonds.bonded_donors.push_back(i - i % 3);
        }
    count_analysis("hydrogen-bonds", *analyses::hydrogen_bonds(bonds), {frame});
}

void count_leaflets() {
    const Frame frame = models::bilayer(16);
    count_analysis("leaflets", *analyses::leaflet({all(frame.positions.size()), 15, true}), {frame});
}

}  // namespace
}  // namespace mdloom

int main(int n_arguments, char** arguments) {
    if (n_arguments > 1 && std::strcmp(arguments[1], "--machine") == 0) {
#if defined(__clang__)
        constexpr const char* family = "Clang";
#else
        constexpr const char* family = "GCC";
#endif
        const auto level = mdloom::name(mdloom::chosen_simd());
        std::printf("%s %s\n%.*s\n", family, __VERSION__, static_cast<int>(level.size()), level.data());
        return 0;
    }
    mdloom::count_readers();
    mdloom::count_proteins();
    mdloom::count_waters();
    mdloom::count_leaflets();
}

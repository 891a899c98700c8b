#include "mdloom/analyses/catalog.hpp"
#include "mdloom/analyses/average_structure.hpp"
#include "mdloom/analyses/contacts.hpp"
#include "mdloom/analyses/covariance.hpp"
#include "mdloom/analyses/density.hpp"
#include "mdloom/analyses/dihedrals.hpp"
#include "mdloom/analyses/fitted.hpp"
#include "mdloom/analyses/gyration.hpp"
#include "mdloom/analyses/hbonds.hpp"
#include "mdloom/analyses/leaflet.hpp"
#include "mdloom/analyses/positions.hpp"
#include "mdloom/analyses/projection.hpp"
#include "mdloom/analyses/rdf.hpp"
#include "mdloom/analyses/rdf_s.hpp"
#include "mdloom/analyses/rmsd.hpp"
#include "mdloom/analyses/rmsf.hpp"

#include <fmt/format.h>

#include <array>

namespace mdloom::analyses {
namespace {

constexpr std::array listed{
    Info{"average_structure", "mean position of each atom after superposition on a reference", blank_average_structure},
    Info{"contacts", "fraction of a reference's contacts that are there in each frame", blank_contacts},
    Info{"covariance", "covariances of all pairs of a group's coordinates", blank_covariance},
    Info{"density", "atoms in each cell of a grid, averaged over frames", blank_density},
    Info{"dihedrals", "dihedral angles between nearest images, in each frame", blank_dihedrals},
    Info{"fitted", "another analysis, of frames that were superposed on a reference", blank_fitted},
    Info{"hbonds", "hydrogen bonds: who gives one to whom, how long and how straight", blank_hydrogen_bonds},
    Info{"leaflet", "head groups that hang together, in each frame", blank_leaflet},
    Info{"positions", "a group's positions, box and time of every frame", blank_positions},
    Info{"projection", "projections on given vectors, in each frame", blank_projection},
    Info{"radius_of_gyration", "centre and radii of gyration of a group, in each frame", blank_gyration},
    Info{"rdf", "radial distribution function of two groups", blank_rdf},
    Info{"rdf_s", "a radial distribution function for each pair of atoms", blank_rdf_s},
    Info{"rmsd", "distance of each frame from a reference after the best superposition", blank_rmsd},
    Info{"rmsf", "fluctuation of each atom about its mean position", blank_rmsf},
};

}  // namespace

std::span<const Info> catalog() {
    return listed;
}

std::unique_ptr<Analysis> rebuild(std::string_view name, ByteReader& spec) {
    for (const Info& info : catalog())
        if (info.name == name) return info.blank()->rebuild(spec);
    throw StateError(fmt::format("this version knows no analysis \"{}\": use the version that wrote it", name));
}

}  // namespace mdloom::analyses

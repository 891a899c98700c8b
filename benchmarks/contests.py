"""The analyses that mdloom and MDAnalysis both have, asked for in the same way."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import MDAnalysis as mda
import numpy as np
from MDAnalysis.analysis import align as mda_align
from MDAnalysis.analysis import contacts as mda_contacts
from MDAnalysis.analysis import density as mda_density
from MDAnalysis.analysis import dihedrals as mda_dihedrals
from MDAnalysis.analysis import leaflet as mda_leaflet
from MDAnalysis.analysis import msd as mda_msd
from MDAnalysis.analysis import pca as mda_pca
from MDAnalysis.analysis import rdf as mda_rdf
from MDAnalysis.analysis import rms as mda_rms
from MDAnalysis.analysis.hydrogenbonds import HydrogenBondAnalysis as MdaHydrogenBonds
from MDAnalysisTests.datafiles import GRO, GRO_MEMPROT
from trajectories import make_membrane, make_real, make_trajectory

from mdloom import align, contacts, density, dihedrals, hbond_analysis, leaflet, msd, pca, rdf, rms

HYDROGENS = {"donors_sel": "name OW", "hydrogens_sel": "name HW1 HW2", "acceptors_sel": "name OW"}


class Contest(NamedTuple):
    """`ours(**run)` and `peer(**run)` give numbers to compare, from so many frames."""

    title: str
    ours: Callable[..., Any]
    peer: Callable[..., Any]
    n_frames: int
    n_peer_frames: int  # peers take seconds a frame: they are given fewer
    tolerance: float
    is_parallel: bool = True  # MDAnalysis' own


class Systems:
    """What the contests look at, made and opened when it is first wanted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def adk(self) -> Any:
        return mda.Universe(GRO, str(make_trajectory(self.folder)))

    @cached_property
    def real(self) -> Any:
        """Where shifted molecules would not do: hydrogen bonds end where waters overlap."""
        return mda.Universe(GRO, str(make_real(self.folder)))

    @cached_property
    def reference(self) -> Any:
        return self.adk.copy()

    @cached_property
    def membrane(self) -> Any:
        return mda.Universe(GRO_MEMPROT, str(make_membrane(self.folder)))


def rmsd(systems: Systems, selection: str, n_peer_frames: int) -> Contest:
    group, ref = (universe.select_atoms(selection) for universe in (systems.adk, systems.reference))
    return Contest(
        f"RMSD, {len(group)} atoms ({selection})",
        lambda **run: rms.RMSD(group, ref).run(**run).rmsd[:, 2],
        lambda **run: mda_rms.RMSD(group, ref).run(**run).results.rmsd[:, 2],
        2000,
        n_peer_frames,
        1e-4,
    )


def rmsf(systems: Systems) -> Contest:
    protein = systems.adk.select_atoms("protein")
    return Contest(
        "RMSF, protein",
        lambda **run: rms.RMSF(protein).run(**run).rmsf,
        lambda **run: mda_rms.RMSF(protein).run(**run).results.rmsf,
        2000,
        2000,
        1e-9,
        False,
    )


def components(systems: Systems) -> Contest:
    u = systems.adk
    return Contest(
        "PCA, 214 CA, without alignment",
        lambda **run: pca.PCA(u, "name CA").run(**run).cov.trace(),
        lambda **run: mda_pca.PCA(u, "name CA").run(**run).cov.trace(),
        2000,
        2000,
        1e-6,
        False,
    )


def average(systems: Systems) -> Contest:
    u, ref = systems.adk, systems.reference
    return Contest(
        "average structure, protein",
        lambda **run: align.AverageStructure(u, ref, "protein").run(**run).positions,
        lambda **run: mda_align.AverageStructure(u, ref, select="protein").run(**run).results.positions,
        2000,
        400,
        1e-5,
        False,
    )


def alignment(systems: Systems) -> Contest:
    u, ref = systems.adk, systems.reference
    chosen = {"select": "name CA"}
    ours, theirs = (str(systems.folder / f"{name}.xtc") for name in ("ours", "theirs"))
    return Contest(
        "AlignTraj, all atoms on CA, to XTC",
        lambda **run: align.AlignTraj(u, ref, filename=ours, **chosen).run(**run).rmsd,
        lambda **run: mda_align.AlignTraj(u, ref, filename=theirs, **chosen).run(**run).results.rmsd,
        200,
        100,
        1e-5,
        False,
    )


def displacement(systems: Systems) -> Contest:
    u = systems.adk
    return Contest(
        "mean square displacement, 214 CA, fft",
        lambda **run: msd.EinsteinMSD(u, "name CA", unwrap=False).run(**run).results.timeseries,
        lambda **run: mda_msd.EinsteinMSD(u, "name CA").run(**run).results.timeseries,
        2000,
        2000,
        1e-5,
        False,
    )


def angles(systems: Systems) -> Contest:
    protein = systems.adk.select_atoms("protein")
    return Contest(
        "phi and psi of the protein",
        lambda **run: dihedrals.Ramachandran(protein).run(**run).angles[:, 10],
        lambda **run: mda_dihedrals.Ramachandran(protein).run(**run).results.angles[:, 10],
        2000,
        400,
        1e-3,
    )


def distances(systems: Systems, reach: float, n_peer_frames: int) -> Contest:
    """Counts, not g(r): in narrow shells near 0 a single pair at an edge is much of g(r)."""
    water = systems.adk.select_atoms("name OW")
    bins = (round(10 * (reach - 0.5)), (0.5, reach))
    return Contest(
        f"RDF, {len(water)} water O, triclinic, {reach:g} Å",
        lambda **run: rdf.InterRDF(water, water, *bins).run(**run).count,
        lambda **run: mda_rdf.InterRDF(water, water, *bins).run(**run).results.count,
        100,
        n_peer_frames,
        1e-3,
    )


def native_contacts(systems: Systems) -> Contest:
    heavy = systems.adk.select_atoms("protein and not name H*")
    both, both_ref = (heavy, heavy), (systems.reference.atoms[heavy.ix],) * 2
    return Contest(
        f"contacts, {len(heavy)} heavy atoms of the protein among each other, 4.5 Å",
        lambda **run: contacts.Contacts(both, both_ref).run(**run).timeseries[:, 1],
        lambda **run: (
            mda_contacts.Contacts(systems.adk, select=both, refgroup=both_ref, pbc=False)
            .run(**run)
            .results.timeseries[:, 1]
        ),
        2000,
        50,
        1e-12,
    )


def water_density(systems: Systems) -> Contest:
    water = systems.adk.select_atoms("name OW")
    return Contest(
        "density, water O, 1 Å grid",
        lambda **run: density.DensityAnalysis(water).run(**run).density.grid,
        lambda **run: mda_density.DensityAnalysis(water).run(**run).results.density.grid,
        400,
        100,
        1e-9,
    )


def hydrogen_bonds(systems: Systems) -> Contest:
    u = systems.real
    return Contest(
        "hydrogen bonds, all water",
        lambda **run: hbond_analysis.HydrogenBondAnalysis(u, **HYDROGENS).run(**run).count_by_time(),
        lambda **run: MdaHydrogenBonds(u, **HYDROGENS).run(**run).count_by_time(),
        100,
        8,
        1e-3,
    )


def leaflets(systems: Systems) -> Contest:
    membrane, phosphates = systems.membrane, systems.membrane.select_atoms("name P*")

    def theirs(stop: int, **_: Any) -> np.ndarray:
        larger = []
        for _ts in membrane.trajectory[:stop]:
            larger.append(mda_leaflet.LeafletFinder(membrane, phosphates, cutoff=15.0, pbc=True).groups(0).ix)
        return np.concatenate(larger)

    return Contest(
        f"leaflets, {len(phosphates)} P, periodic",
        lambda **run: np.concatenate(
            [found[0].ix for found in leaflet.LeafletFinder(membrane, phosphates, pbc=True).run(**run).components]
        ),
        theirs,
        200,
        50,
        0,
        False,
    )

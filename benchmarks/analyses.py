"""Every analysis beside MDAnalysis, serial and with 2 processes, and its state: see README.md in this folder."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
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
from MDAnalysisTests.datafiles import GRO_MEMPROT, TPR, XTC_MEMPROT
from trajectories import make_trajectory

from mdloom import align, contacts, density, dihedrals, hbond_analysis, leaflet, msd, pca, rdf, rms

N_ROUNDS = 5


class Contest(NamedTuple):
    """`ours(**run)` and `peer(**run)` give numbers to compare, from so many frames."""

    ours: Callable[..., Any]
    peer: Callable[..., Any]
    n_frames: int
    n_peer_frames: int  # peers take seconds a frame: they are given fewer
    tolerance: float
    is_parallel: bool = True  # MDAnalysis' own


def leaflets_of_mdanalysis(universe: Any, group: Any, stop: int) -> list[int]:
    sizes = []
    for _ in universe.trajectory[:stop]:
        sizes.append(len(mda_leaflet.LeafletFinder(universe, group, cutoff=15.0, pbc=True).groups(0)))
    return sizes


def contests(u: Any, membrane: Any, folder: Path) -> dict[str, Contest]:
    ref = u.copy()
    protein, water = u.select_atoms("protein"), u.select_atoms("name OW")
    heavy = u.select_atoms("protein and not name H*")
    both = (heavy[:200], heavy[200:800])
    both_ref = tuple(ref.atoms[group.ix] for group in both)
    phosphates = membrane.select_atoms("name P*")
    hydrogens = {"donors_sel": "name OW", "hydrogens_sel": "name HW1 HW2", "acceptors_sel": "name OW"}
    return {
        "RMSD, protein": Contest(
            lambda **run: rms.RMSD(protein, ref.select_atoms("protein")).run(**run).rmsd[:, 2],
            lambda **run: mda_rms.RMSD(protein, ref.select_atoms("protein")).run(**run).results.rmsd[:, 2],
            2000,
            2000,
            1e-4,
        ),
        "RMSF, protein": Contest(
            lambda **run: rms.RMSF(protein).run(**run).rmsf,
            lambda **run: mda_rms.RMSF(protein).run(**run).results.rmsf,
            2000,
            2000,
            1e-9,
            False,
        ),
        "PCA, 214 CA, without alignment": Contest(
            lambda **run: pca.PCA(u, "name CA").run(**run).cov.trace(),
            lambda **run: mda_pca.PCA(u, "name CA").run(**run).cov.trace(),
            2000,
            2000,
            1e-6,
            False,
        ),
        "average structure, protein": Contest(
            lambda **run: align.AverageStructure(u, ref, "protein").run(**run).positions,
            lambda **run: mda_align.AverageStructure(u, ref, select="protein").run(**run).results.positions,
            2000,
            400,
            1e-5,
            False,
        ),
        "AlignTraj, all atoms on CA, to XTC": Contest(
            lambda **run: align.AlignTraj(u, ref, select="name CA", filename=str(folder / "ours.xtc")).run(**run).rmsd,
            lambda **run: (
                mda_align.AlignTraj(u, ref, select="name CA", filename=str(folder / "theirs.xtc"))
                .run(**run)
                .results.rmsd
            ),
            200,
            100,
            1e-5,
            False,
        ),
        "mean square displacement, 214 CA, fft": Contest(
            lambda **run: msd.EinsteinMSD(u, "name CA", unwrap=False).run(**run).results.timeseries,
            lambda **run: mda_msd.EinsteinMSD(u, "name CA").run(**run).results.timeseries,
            2000,
            2000,
            1e-5,
            False,
        ),
        "phi and psi of the protein": Contest(
            lambda **run: dihedrals.Ramachandran(protein).run(**run).angles[:, 10],
            lambda **run: mda_dihedrals.Ramachandran(protein).run(**run).results.angles[:, 10],
            2000,
            400,
            1e-3,
        ),
        "g(r), water O-O, 10 A": Contest(
            lambda **run: rdf.InterRDF(water, water, 75, (0.5, 10)).run(**run).rdf,
            lambda **run: mda_rdf.InterRDF(water, water, 75, (0.5, 10)).run(**run).results.rdf,
            100,
            4,
            1e-3,
        ),
        "contacts, 200 with 600 heavy atoms": Contest(
            lambda **run: contacts.Contacts(both, both_ref).run(**run).timeseries[:, 1],
            lambda **run: (
                mda_contacts.Contacts(u, select=both, refgroup=both_ref, pbc=False).run(**run).results.timeseries[:, 1]
            ),
            2000,
            400,
            1e-12,
        ),
        "density, water O, 1 A": Contest(
            lambda **run: density.DensityAnalysis(water).run(**run).density.grid.sum(),
            lambda **run: mda_density.DensityAnalysis(water).run(**run).results.density.grid.sum(),
            400,
            100,
            1e-9,
        ),
        "hydrogen bonds, all water": Contest(
            lambda **run: len(hbond_analysis.HydrogenBondAnalysis(u, **hydrogens).run(**run).hbonds),
            lambda **run: len(MdaHydrogenBonds(u, **hydrogens).run(**run).results.hbonds),
            100,
            8,
            1e-3,
        ),
        "leaflets, 276 P, periodic": Contest(
            lambda **run: [
                len(found[0]) for found in leaflet.LeafletFinder(membrane, phosphates, pbc=True).run(**run).components
            ],
            lambda stop, **_: leaflets_of_mdanalysis(membrane, phosphates, stop),
            5,
            5,
            0,
            False,
        ),
    }


def seconds_a_frame(run: Callable[..., Any], n_frames: int, n_rounds: int, **arguments: Any) -> float:
    seconds = []
    for _ in range(n_rounds):
        started = time.perf_counter()
        run(stop=n_frames, **arguments)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds) / n_frames


def measure(name: str, contest: Contest) -> None:
    """The peers run a few frames once; ours run between them, and all of their own frames."""
    n = contest.n_peer_frames
    found, expected = np.asarray(contest.ours(stop=n)), np.asarray(contest.peer(stop=n))
    difference = float(np.max(np.abs(found - expected) / np.maximum(1, np.abs(expected))))
    assert difference <= contest.tolerance, f"{name}: differs by {difference}"
    one = seconds_a_frame(contest.ours, contest.n_frames, N_ROUNDS, n_jobs=1)
    serial = seconds_a_frame(contest.peer, n, 1)
    two = seconds_a_frame(contest.ours, contest.n_frames, N_ROUNDS, n_jobs=2)
    pool = "-"
    if contest.is_parallel:
        pool = f"{seconds_a_frame(contest.peer, n, 1, backend='multiprocessing', n_workers=2) / two:.0f}"
    ours = f"{1e6 * one:.0f} | {1e6 * two:.0f} | {one / two:.2f}"
    print(f"| {name} | {ours} | {1e6 * serial:.0f} | {serial / one:.0f} | {pool} | {difference:.1e} |", flush=True)


def main() -> None:
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.gettempdir())
    u = mda.Universe(TPR, str(make_trajectory(folder)))
    membrane = mda.Universe(GRO_MEMPROT, XTC_MEMPROT)
    print(
        "| whole run, us a frame | 1 thread | 2 threads | speed-up | MDAnalysis serial | ratio, 1 thread |"
        " 2 threads to its 2 processes | largest difference |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name, contest in contests(u, membrane, folder).items():
        measure(name, contest)


if __name__ == "__main__":
    main()

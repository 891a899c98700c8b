"""Pairs within a distance: radial distribution functions and hydrogen bonds."""

from __future__ import annotations

from functools import partial
from typing import Any

import contests
import MDAnalysis as mda
import numpy as np
from agreement import largest_difference, largest_part
from contests import HYDROGENS, Contest
from MDAnalysis.lib.distances import minimize_vectors
from MDAnalysisTests.datafiles import GRO, TPR, XTC
from trajectories import make_trajectory

from mdloom import hbond_analysis

from . import gromacs
from .bench import Bench, against_mdanalysis, ours_of
from .duels import Duel, Gates, Side

_N_FREUD_FRAMES = 5
_BONDS_WITHIN = 3.5  # Å, degrees: what gmx hbond has by default
_BOND_ANGLE = 30.0


def rdf(reach: float, n_gmx_frames: int, n_mda_frames: int, bench: Bench) -> list[Duel]:
    contest = contests.distances(bench.systems, reach, n_mda_frames)
    ours, water = ours_of(contest), bench.systems.adk.select_atoms("name OW")
    index = gromacs.write_index(bench.folder / "water_oxygens.ndx", {"OW": water.ix})
    trajectory = make_trajectory(bench.folder)

    def gmx(n: int) -> np.ndarray:
        return gromacs.pairs_within(GRO, trajectory, index, reach, n)

    def gmx_differs() -> float:
        """In numbers of pairs below each distance; gmx prints three decimals of the mean per atom."""
        n_within = np.cumsum(ours.run(n_gmx_frames)) / len(water) / n_gmx_frames
        theirs = gmx(n_gmx_frames)
        return largest_part(n_within, theirs[5:] - theirs[4])  # ours begins at 0.5 Å

    why_not = bench.why_not("GROMACS"), bench.why_not("freud")
    return [
        Duel(
            contest.title,
            ours,
            why_not[0] or Side("gmx rdf", gmx, n_gmx_frames, 3),
            "gmx rdf",
            Gates(25, 60),
            2e-5,
            gmx_differs,
        ),
        _against_freud(bench, contest, ours, why_not[1], water, reach),
        against_mdanalysis(contest, Gates(250, 800), ours, 2),
    ]


def _against_freud(bench: Bench, contest: Contest, ours: Side, why_not: str | None, water: Any, reach: float) -> Duel:
    gates, note = Gates(25, 60), "freud is given arrays: its reading is not counted, ours is"
    if why_not:
        return Duel(contest.title, ours, why_not, "freud", gates, note=note)
    import freud

    freud.parallel.set_num_threads(1)
    frames = []
    for step in bench.systems.adk.trajectory[:_N_FREUD_FRAMES]:
        frames.append((freud.box.Box.from_matrix(step.triclinic_dimensions.T), water.positions))

    def count(n: int) -> np.ndarray:
        counts = freud.density.RDF(round(10 * (reach - 0.5)), reach, 0.5)
        for box, points in frames[:n]:
            counts.compute((box, points), reset=False)
        return counts.bin_counts

    def differs() -> float:
        return largest_part(ours.run(_N_FREUD_FRAMES), count(_N_FREUD_FRAMES))

    peer = Side("freud", count, _N_FREUD_FRAMES, 3)
    return Duel(contest.title, ours, peer, "freud, one thread", gates, 1e-4, differs, note)


def hydrogen_bonds(bench: Bench) -> list[Duel]:
    contest, n_gmx_frames = contests.hydrogen_bonds(bench.systems), 10
    u, ours = bench.systems.real, ours_of(contest)
    index = gromacs.write_index(bench.folder / "water.ndx", {"SOL": u.select_atoms("resname SOL").ix})
    gmx = Side("gmx hbond", lambda _: gromacs.bond_counts(TPR, XTC, index), n_gmx_frames, 3)
    return [
        against_mdanalysis(contest, Gates(50, 200), ours),
        _against_gmx(bench, contest.title, ours, gmx, u),
    ]


def hydrogen_bonds_gromacs(bench: Bench) -> list[Duel]:
    title = "hydrogen bonds, water of a GROMACS run"
    if reason := bench.why_not("GROMACS"):
        return [bench.missing(title, "gmx hbond", reason, Gates(20, 60))]
    run = gromacs.simulate_water(bench.folder)
    u = mda.Universe(str(run.structure), str(run.trajectory))
    index = gromacs.write_index(run.structure.with_suffix(".ndx"), {"SOL": u.atoms.ix})
    n_frames = len(u.trajectory)
    ours = Side("mdloom", lambda n: _bonds(u, n).count_by_time(), n_frames, 7)
    gmx = Side("gmx hbond", lambda _: gromacs.bond_counts(run.run_input, run.trajectory, index), n_frames, 3)
    return [_against_gmx(bench, title, ours, gmx, u)]


def _bonds(universe: Any, n_frames: int, **criterion: float) -> Any:
    return hbond_analysis.HydrogenBondAnalysis(universe, **HYDROGENS, **criterion).run(stop=n_frames, n_jobs=1)


def _against_gmx(bench: Bench, title: str, ours: Side, gmx: Side, universe: Any) -> Duel:
    def differs() -> float:
        n = gmx.n_frames
        return largest_difference(counts_as_gmx(universe, n), gmx.run(n))

    note = (
        "each by its own angle, ours at the hydrogen (150 degrees), that of gmx at the donor (30); agreement: those of"
        " our bonds with a wider angle that are within that of gmx, in each frame"
    )
    peer = bench.why_not("GROMACS") or gmx
    return Duel(title, ours, peer, "gmx hbond", Gates(20, 60), 0, differs, note)


def counts_as_gmx(universe: Any, n_frames: int) -> np.ndarray:
    """Bonds of each frame whose angle hydrogen - donor - acceptor is at most 30 degrees, among those we find."""
    bonds = _bonds(universe, n_frames, d_a_cutoff=_BONDS_WITHIN, d_h_a_angle_cutoff=0).hbonds
    counts = []
    for i, step in enumerate(universe.trajectory[:n_frames]):
        positions = step.positions.astype(np.float64)
        donor, hydrogen, acceptor = (positions[atoms] for atoms in bonds[bonds[:, 0] == i, 1:4].astype(int).T)
        to_hydrogen, to_acceptor = (minimize_vectors(end - donor, step.dimensions) for end in (hydrogen, acceptor))
        lengths = np.linalg.norm(to_hydrogen, axis=1) * np.linalg.norm(to_acceptor, axis=1)
        cosines = (to_hydrogen * to_acceptor).sum(axis=1) / lengths
        counts.append((cosines >= np.cos(np.radians(_BOND_ANGLE))).sum())
    return np.asarray(counts)


GROUPS = {
    "rdf10": partial(rdf, 10, 20, 2),
    "rdf15": partial(rdf, 15, 10, 1),
    "hbonds": hydrogen_bonds,
    "hbonds-gromacs": hydrogen_bonds_gromacs,
}

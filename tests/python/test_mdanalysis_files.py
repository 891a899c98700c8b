"""Every trajectory of MDAnalysisTests with every kind of topology that fits it: MDAnalysis' RMSD, or a reason.

For each file the test prints how mdloom read it: natively, through Python, refused and why, or that MDAnalysis itself
fails. The first two counts may only grow.
"""

import os
import warnings
from collections import Counter, defaultdict
from dataclasses import dataclass

import MDAnalysis as mda
import numpy as np
import pytest
from MDAnalysis.analysis.rms import rmsd as mda_rmsd
from MDAnalysis.core._get_readers import get_parser_for, get_reader_for
from MDAnalysisTests import datafiles

import mdloom
from mdloom import rms
from mdloom.errors import MdloomError
from mdloom.universe import trajectory_source

N_TOPOLOGIES = 2  # of different kinds, for each trajectory
N_FRAMES = 6  # at most, spread over the trajectory
LARGE = 1000  # groups: the first atoms, and all of them

PARTNERS = {
    "TRJ": "PRM",
    "TRJ_bz2": "PRM",
    "WIN_TRJ": "PRM",
    "TRJ12_bz2": "PRM12",
    "TRJncdf": "PRMncdf",
    "TRJpbc_bz2": "PRMpbc",
    "TRZ": "TRZ_psf",
}

#: Pairs (trajectory, topology) read each way: floors, raised when more can be read.
FLOOR = {"native": 50, "python": 274}


@dataclass
class Outcome:
    trajectory: str
    topology: str
    how: str  # "native", "memory", "python", "refused", "MDAnalysis fails"
    text: str = ""
    error: float = 0.0  # Å, mdloom's
    peer_error: float = 0.0  # Å, MDAnalysis' own where it is above 1e-5 Å and was replaced by the exact value


def data_files():
    """{path: the name it has in MDAnalysisTests.datafiles}"""
    files = {}
    for name in sorted(vars(datafiles)):
        value = getattr(datafiles, name)
        if isinstance(value, (str, os.PathLike)) and os.path.isfile(value):
            files.setdefault(os.path.realpath(value), name)
    return files


def topologies_by_size(files):
    """{n_atoms: {parser class: (path, topology)}}"""
    found = defaultdict(dict)
    for path in files:
        try:
            parser = get_parser_for(path)
            with parser(path) as opened:
                topology = opened.parse()
            found[topology.n_atoms].setdefault(parser.__name__, (path, topology))
        except Exception:  # no topology
            continue
    return found


def n_atoms_of_trajectory(path, name):
    """Some formats do not say how many atoms they hold: for those the topology that MDAnalysis' own tests use."""
    if name in PARTNERS:
        return mda.Universe(getattr(datafiles, PARTNERS[name])).atoms.n_atoms
    reader = get_reader_for(path)
    try:
        return reader.parse_n_atoms(path)
    except Exception:  # not offered by this reader
        return reader(path).n_atoms


def fitting(path, name, topologies):
    """(a Universe with this trajectory, the topology's path), for topologies of different kinds."""
    try:
        n_atoms = n_atoms_of_trajectory(path, name)
    except Exception:  # no trajectory
        return
    n = 0
    for topology_path, topology in topologies.get(n_atoms, {}).values():
        try:
            universe = mda.Universe(topology.copy(), to_guess=())
            universe.load_new(path)
            has_atoms = len(universe.atoms) > 0
        except Exception:  # does not fit
            continue
        if not has_atoms:
            continue
        yield universe, topology_path
        n += 1
        if n == N_TOPOLOGIES:
            return


def kabsch(positions, reference):
    """By singular values; MDAnalysis' Newton iteration gives NaN or half the digits for collinear and for few atoms."""
    x, r = positions - positions.mean(axis=0), reference - reference.mean(axis=0)
    product = x.T @ r
    singular = np.linalg.svd(product, compute_uv=False)
    if np.linalg.det(product) < 0:
        singular[2] *= -1
    return np.sqrt(max(0.0, (x**2).sum() + (r**2).sum() - 2 * singular.sum()) / len(x))


def expected(groups, references, frames):
    """[n_groups, n_frames], and by how much MDAnalysis itself was off where its value had to be replaced (Å)."""
    values, off = np.empty((len(groups), len(frames))), 0.0
    for i, frame in enumerate(frames):
        groups[0].universe.trajectory[frame]
        for k, (group, reference) in enumerate(zip(groups, references, strict=True)):
            values[k, i] = mda_rmsd(group.positions, reference, superposition=True)
            exact = kabsch(group.positions.astype(np.float64), reference)
            error = abs(values[k, i] - exact)
            if not error < 1e-5:
                off = max(off, np.inf if np.isnan(error) else error)
                values[k, i] = exact
    return values, off


def largest_difference(found, wanted):
    """Å; above 1e-3 Å the limit is 1e-6 Å, below 1e-5 Å: the latter is scaled to the former."""
    return float(np.where(wanted > 1e-3, np.abs(found - wanted), np.abs(found - wanted) / 10).max(initial=0))


def look_at(universe, trajectory, topology):
    outcome = Outcome(trajectory, topology, "", "")
    try:
        n_frames = len(universe.trajectory)
        frames = list(range(0, n_frames, max(1, -(-n_frames // N_FRAMES))))
        groups = [universe.atoms[:LARGE], universe.atoms]
        starts = [group.positions.astype(np.float64) for group in groups]
        found = None
        try:
            outcome.how, outcome.text = trajectory_source(universe)[1:3]
            analyses = mdloom.run([rms.RMSD(group) for group in groups], frames=frames, n_jobs=1)
            found = np.array([analysis.rmsd[:, 2] for analysis in analyses])
        except MdloomError as error:
            outcome.how, outcome.text = "refused", str(error)
        wanted, outcome.peer_error = expected(groups, starts, frames)
        if found is not None:
            outcome.error = largest_difference(found, wanted)
    except Exception as error:  # MDAnalysis has no contract here
        outcome.how, outcome.text = "MDAnalysis fails", f"{type(error).__name__}: {error}"
    return outcome


@pytest.fixture(scope="module")
def outcomes():
    files = data_files()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        topologies = topologies_by_size(files)
        found = []
        for path, name in files.items():
            for universe, topology in fitting(path, name, topologies):
                found.append(look_at(universe, name, files[topology]))
                universe.trajectory.close()
    return found


def table(outcomes):
    by_file = defaultdict(list)
    for outcome in outcomes:
        by_file[outcome.trajectory].append(outcome)
    lines = []
    for name, those in by_file.items():
        first = those[0]
        with_ = ", ".join(outcome.topology for outcome in those)
        worst = max(outcome.error for outcome in those)
        why = f": {first.text[:150]}, {worst:.0e} Å"
        peer = max(outcome.peer_error for outcome in those)
        if peer:
            why += (
                " (MDAnalysis' own RMSD is not a number)" if np.isinf(peer) else f" (MDAnalysis is off by {peer:.0e} Å)"
            )
        lines.append(f"{name:32} {first.how:8} with {with_}{why}")
    return "\n".join(lines)


@pytest.mark.timeout(600)
def test_every_pair_is_read_like_mdanalysis_or_refused_by_name(outcomes, capsys):
    counts = Counter(outcome.how for outcome in outcomes)
    with capsys.disabled():
        print("\n" + table(outcomes))
        print(", ".join(f"{how}: {n}" for how, n in counts.most_common()), f"of {len(outcomes)} pairs;", end=" ")
        replaced = sum(outcome.peer_error > 0 for outcome in outcomes)
        print(f"compared with the exact value instead of MDAnalysis': {replaced}")
    wrong = [outcome for outcome in outcomes if not outcome.error <= 1e-6]
    assert not wrong
    assert all(counts[how] >= floor for how, floor in FLOOR.items()), counts
    assert all(outcome.text for outcome in outcomes if outcome.how == "refused")

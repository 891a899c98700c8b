"""RMSD, whole runs, mdloom beside its peers: see README.md in this folder."""

from __future__ import annotations

import statistics
import sys
import tempfile
import warnings
from pathlib import Path

import MDAnalysis as mda
import numpy as np
from MDAnalysisTests.datafiles import GRO
from timing import in_turn
from trajectories import N_FRAMES, make_trajectory

N_ROUNDS = 5


def contestants(path: Path, client):
    import mdtraj
    from MDAnalysis.analysis import rms as peer

    from mdloom import rms

    universe = mda.Universe(GRO, str(path))
    protein = universe.select_atoms("protein")
    topology = mdtraj.load(GRO).topology
    first = mdtraj.load_frame(str(path), 0, top=GRO, atom_indices=protein.ix)

    def ours(**arguments):
        return lambda: rms.RMSD(protein).run(**arguments).rmsd[:, 2]

    def mdtraj_whole():
        trajectory = mdtraj.load(str(path), top=topology, atom_indices=protein.ix)
        return mdtraj.rmsd(trajectory, first) * 10

    return {
        "mdloom, 1 thread": ours(n_jobs=1),
        "mdloom, 2 threads": ours(n_jobs=2),
        "mdloom, Dask, 2 workers": ours(client=client),
        "MDAnalysis, serial": lambda: peer.RMSD(protein).run().results.rmsd[:, 2],
        "MDAnalysis, 2 processes": lambda: (
            peer.RMSD(protein).run(backend="multiprocessing", n_workers=2).results.rmsd[:, 2]
        ),
        "mdtraj": mdtraj_whole,
    }


def main() -> None:
    import distributed

    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.gettempdir())
    path = make_trajectory(folder)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        runs = contestants(path, client)
        # Peers are slow and steady: two rounds are enough.
        turns = in_turn(runs, {name: N_ROUNDS if name.startswith("mdloom") else 2 for name in runs})
    base = statistics.median(turns["mdloom, 1 thread"].seconds)
    print(f"{path.name}: {path.stat().st_size / 1e6:.0f} MB, {N_FRAMES} frames of 47681 atoms, RMSD of 3341")
    for name, (seconds, found) in turns.items():
        off = np.abs(found - turns["MDAnalysis, serial"].found).max()
        median = statistics.median(seconds)
        print(f"{name:26} {median:8.3f} s  {median / base:7.2f} x mdloom on 1 thread   largest difference {off:.1e} Å")


if __name__ == "__main__":
    main()

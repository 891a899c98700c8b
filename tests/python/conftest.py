"""What the scheduler tests share: a small system, its result on one core, and clusters, started once per session."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

# The suite is about who works where: it must not depend on what the machine's own settings allow.
os.environ.pop("MDLOOM_NUM_JOBS", None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """No test may hang: every one that says nothing else ends after two minutes."""
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(120))


@pytest.fixture
def no_ambient_client() -> Iterator[None]:
    """Tests of local schedulers must not find a Client that another test left open."""
    from distributed import Client

    with pytest.raises(ValueError):
        Client.current()
    yield


@pytest.fixture(scope="session")
def adk_files() -> tuple[str, str]:
    """3341 atoms, 98 frames."""
    datafiles = pytest.importorskip("MDAnalysisTests.datafiles")
    return str(datafiles.PSF), str(datafiles.DCD)


@pytest.fixture(scope="session")
def make_rmsd(adk_files):
    """A new RMSD of the CA atoms, or of others, not run yet."""
    import MDAnalysis as mda

    from mdloom import rms

    def make(select: str = "name CA", trajectory: str | None = None) -> rms.RMSD:
        topology, usual = adk_files
        mobile, reference = mda.Universe(topology, trajectory or usual), mda.Universe(topology, usual)
        return rms.RMSD(mobile.select_atoms(select), reference.select_atoms(select))

    return make


@pytest.fixture(scope="session")
def serial_rmsd(make_rmsd) -> np.ndarray:
    """Every other way to run must give these bits."""
    return make_rmsd().run(scheduler="synchronous").rmsd


# Long enough that somebody can be killed, or join, while it runs: the same 98 frames again and again.
LONG = np.tile(np.arange(98), 1000)


@pytest.fixture(scope="session")
def long_serial_rmsd(make_rmsd) -> np.ndarray:
    return make_rmsd("all").run(frames=LONG, scheduler="synchronous").rmsd


@pytest.fixture(scope="session")
def eight_workers():
    """The user guide's cluster, started once."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=8, processes=True, dashboard_address="127.0.0.1:0") as cluster:
        yield cluster


@pytest.fixture
def guide_client(eight_workers):
    from distributed import Client

    with Client(eight_workers) as client:
        yield client


@pytest.fixture(params=["synchronous", "threads", "processes", "distributed"])
def place(request) -> dict[str, object]:
    """Arguments of run() that say where to work: each of the four ways."""
    if request.param != "distributed":
        return {"scheduler": request.param}
    return {"client": request.getfixturevalue("guide_client")}


@pytest.fixture
def forbid_mdanalysis_frames(monkeypatch) -> Callable[[], None]:
    """Once called, MDAnalysis' readers of our formats raise when asked for a frame: what still runs is native."""
    from MDAnalysis.coordinates import DCD, TRJ, TRR, XTC

    def forbidden(*args: object, **kwargs: object) -> None:
        raise AssertionError("a frame was read through MDAnalysis")

    def forbid() -> None:
        for reader in (XTC.XTCReader, TRR.TRRReader, DCD.DCDReader, TRJ.NCDFReader):
            monkeypatch.setattr(reader, "_read_frame", forbidden)
            monkeypatch.setattr(reader, "_read_next_timestep", forbidden)

    return forbid


@pytest.fixture(params=["synchronous", "threads", "processes"])
def near(request) -> dict[str, object]:
    """Arguments of run() for two workers on this machine."""
    return {"scheduler": request.param, "n_jobs": 2}


@pytest.fixture
def xtc(tmp_path) -> Path:
    """A copy to damage: 47,681 atoms, 10 frames."""
    from MDAnalysisTests.datafiles import XTC

    return Path(shutil.copy(XTC, tmp_path / "traj.xtc"))


@pytest.fixture
def adk(adk_files):
    """A Universe of its own for each test."""
    import MDAnalysis as mda

    return mda.Universe(*adk_files)


@pytest.fixture
def u(adk):
    """The same, by the name that MDAnalysis' users give it."""
    return adk


@pytest.fixture
def ref(adk_files):
    """Another one, to be the reference."""
    import MDAnalysis as mda

    return mda.Universe(*adk_files)

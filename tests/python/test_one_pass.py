"""mdloom.run: several analyses, one pass, and which frames a run works on."""

import threading
import time

import MDAnalysis as mda
import numpy as np
import pytest
from MDAnalysisTests.datafiles import DCD, GRO, PSF, XTC

import mdloom
from mdloom import align, msd, rdf, rms
from mdloom.errors import ArgumentError
from mdloom.hbond_analysis import HydrogenBondAnalysis
from mdloom.one_pass import select_frames
from mdloom.parallel import ParallelAnalysisBase


@pytest.fixture
def universe():
    return mda.Universe(PSF, DCD)


def analyses_of(universe):
    return [rms.RMSD(universe.select_atoms(text)) for text in ("name CA", "protein", "resid 1-50 and backbone")]


def test_together_as_alone_bit_for_bit(universe):
    together = mdloom.run(analyses_of(universe), n_jobs=2)
    for one, alone in zip(together, analyses_of(universe), strict=True):
        np.testing.assert_array_equal(one.results.rmsd, alone.run(n_jobs=1).results.rmsd)
        assert one.n_frames == 98 and len(one._blocks) == 2
        np.testing.assert_array_equal(one.frames, np.arange(98))
        np.testing.assert_array_equal(one.times, [ts.time for ts in universe.trajectory])


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_other_python_threads_go_on_while_the_engine_works(universe, n_jobs):
    analysis, n_turns = rms.RMSD(universe.atoms), 0
    engine = threading.Thread(target=lambda: analysis.run(frames=np.tile(np.arange(98), 500), n_jobs=n_jobs))
    engine.start()
    while engine.is_alive():
        n_turns += 1
        time.sleep(0.001)
    assert analysis.n_frames == 49_000
    assert n_turns > 20


def test_nothing_to_run_is_refused():
    with pytest.raises(ArgumentError, match="at least one"):
        mdloom.run([])


def test_analyses_of_two_universes_are_refused(universe):
    other = mda.Universe(PSF, DCD)
    with pytest.raises(ArgumentError, match="same universe"):
        mdloom.run([rms.RMSD(universe.atoms), rms.RMSD(other.atoms)])


def test_the_same_analysis_twice_is_refused(universe):
    one = rms.RMSD(universe.atoms)
    with pytest.raises(ArgumentError, match="given twice"):
        mdloom.run([one, one])


def test_what_is_no_analysis_is_refused(universe):
    with pytest.raises(ArgumentError, match="not AtomGroup"):
        mdloom.run([universe.atoms])


@pytest.mark.parametrize(
    "asked, expected",
    [
        ((None, None, None, None), list(range(10))),
        ((2, 8, 3, None), [2, 5]),
        ((None, None, -4, None), [9, 5, 1]),
        ((-3, None, None, None), [7, 8, 9]),
        ((8, 2, None, None), []),
        ((None, 100, 5, None), [0, 5]),
        ((None, None, None, [5, 3, 3, -1]), [5, 3, 3, 9]),
        ((None, None, None, np.arange(10) % 4 == 0), [0, 4, 8]),
        ((None, None, None, []), []),
        ((None, None, None, range(3)), [0, 1, 2]),
    ],
)
def test_frames_are_chosen_as_in_python(asked, expected):
    assert list(select_frames(10, *asked)) == expected


@pytest.mark.parametrize(
    "asked",
    [
        (None, None, 0, None),
        (1.5, None, None, None),
        (1, None, None, [1]),
        (None, None, None, [10]),
        (None, None, None, [-11]),
        (None, None, None, [True, False]),
        (None, None, None, [0.5]),
        (None, None, None, [[1]]),
    ],
)
def test_frames_that_make_no_sense_are_refused(asked):
    with pytest.raises(ArgumentError):
        select_frames(10, *asked)


def test_a_native_analysis_reads_no_frame_through_mdanalysis(make_rmsd, serial_rmsd, place, forbid_mdanalysis_frames):
    rmsd = make_rmsd()
    forbid_mdanalysis_frames()
    np.testing.assert_array_equal(rmsd.run(**place).rmsd, serial_rmsd)
    with pytest.raises(AssertionError, match="through MDAnalysis"):
        rmsd.universe.trajectory[1]


class _Nothing(ParallelAnalysisBase):
    def _single_frame(self, ts, atomgroups):
        return 0


@pytest.mark.parametrize("files", [XTC, [XTC, XTC]], ids=["file", "chain"])
def test_a_python_analysis_in_the_pass_leaves_the_box_of_the_others_as_the_file_has_it(files):
    universe = mda.Universe(GRO, files)
    water = universe.select_atoms("name OW")

    def natives():
        return rdf.InterRDF(water[:4000], water[:4000]), HydrogenBondAnalysis(
            universe, "name OW", "name HW1", "name OW"
        )

    alone = [one.run(stop=3, n_jobs=1) for one in natives()]
    together = mdloom.run([*natives(), _Nothing(universe, [])], stop=3, n_jobs=1)
    np.testing.assert_array_equal(together[0].count, alone[0].count)
    np.testing.assert_array_equal(together[0].rdf, alone[0].rdf)
    np.testing.assert_array_equal(together[1].hbonds, alone[1].hbonds)


def test_a_pass_that_one_analysis_refuses_leaves_all_without_results_and_old_files_in_place(tmp_path):
    u = mda.Universe(GRO, XTC)
    old = tmp_path / "aligned.xtc"
    for order in (1, -1):
        old.write_text("old")
        aligned = align.AlignTraj(u, u, select="name CA", filename=old)
        analyses = [aligned, rms.RMSF(u.atoms[:9]), msd.EinsteinMSD(u, "name OW")][::order]
        with pytest.raises(ArgumentError, match="wrapped"):
            mdloom.run(analyses, stop=4)
        assert not any(analysis.results for analysis in analyses)
        assert old.read_text() == "old" and list(tmp_path.iterdir()) == [old]
        assert analyses[1].partial().rmsf.shape == (9,)

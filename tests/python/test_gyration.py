"""Radii of gyration and centres: what AtomGroup methods give frame by frame, for every way frames can come."""

import pickle
import warnings
from pathlib import Path

import MDAnalysis as mda
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from MDAnalysis import transformations
from MDAnalysisTests.datafiles import (
    DCD,
    DCD2,
    DCD_TRICLINIC,
    GRO,
    GRO_MEMPROT,
    PSF,
    PSF_TRICLINIC,
    XTC,
    XTC_MEMPROT,
    PDB_multiframe,
)

import mdloom
from mdloom import rms
from mdloom.errors import ArgumentError, MdloomWarning, TopologyError
from mdloom.gyration import CenterOfGeometry, CenterOfMass, RadiusOfGyration

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:the selection is broken"),
    pytest.mark.filterwarnings("ignore:weights=.mass..*masses are guessed"),
]

GOLDEN = Path(__file__).parents[1] / "golden" / "gyration_adk_dims.csv"
ALL = [RadiusOfGyration, CenterOfMass, CenterOfGeometry]


def of_this_frame(group):
    """Radius, radii about the axes, both centres, by MDAnalysis; masses of duplicates count twice."""
    about = np.sqrt(np.diag(group.moment_of_inertia()) / group.total_mass())
    return [group.radius_of_gyration(), *about, *group.center_of_mass(), *group.center_of_geometry()]


def assert_same(group, run=None, atol=1e-5):
    run = run or {}
    steps = run.get("frames", slice(run.get("start"), run.get("stop"), run.get("step")))
    expected = np.array([[ts.frame, ts.time, *of_this_frame(group)] for ts in group.universe.trajectory[steps]])
    for analysis, columns in zip(ALL, [slice(2, 6), slice(6, 9), slice(9, 12)], strict=True):
        found = analysis(group).run(**run).results.timeseries
        np.testing.assert_array_equal(found[:, :2], expected[:, :2])
        np.testing.assert_allclose(found[:, 2:], expected[:, columns], rtol=0, atol=atol)


def brute_force(frames, weights):
    frames, w = np.asarray(frames, float), np.asarray(weights, float)[:, None]
    centres = (frames * w).sum(axis=1) / w.sum()
    squares = (w * (frames - centres[:, None]) ** 2).sum(axis=1) / w.sum()
    about = np.sqrt(squares.sum(axis=1, keepdims=True) - squares)
    return np.column_stack([np.sqrt(squares.sum(axis=1)), about, centres])


class TestNumbers:
    def test_golden(self, u):
        golden = np.genfromtxt(GOLDEN, delimiter=",", skip_header=4)
        columns = [[0, 1, 2, 3, 4, 5], [0, 1, 6, 7, 8], [0, 1, 9, 10, 11]]
        for analysis, of in zip(ALL, columns, strict=True):
            found = analysis(u).run().results.timeseries
            np.testing.assert_allclose(found, golden[:, of], rtol=0, atol=3e-6)

    @pytest.mark.parametrize(
        "run",
        [{}, {"step": -1}, {"start": 90, "stop": 3, "step": -7}, {"start": -10}, {"frames": [5, 3, 3, 97]}],
        ids=str,
    )
    def test_any_choice_of_frames_gives_mdanalysis_numbers(self, u, run):
        assert_same(u.select_atoms("name CA"), run)

    @pytest.mark.parametrize(
        "topology, trajectory, select",
        [(GRO, XTC, "protein"), (GRO_MEMPROT, XTC_MEMPROT, "all"), (PSF_TRICLINIC, DCD_TRICLINIC, "all")],
        ids=["AdK in water", "membrane protein", "triclinic"],
    )
    def test_other_systems_give_mdanalysis_numbers(self, topology, trajectory, select):
        assert_same(mda.Universe(topology, trajectory).select_atoms(select))

    def test_weights_of_ones_own_or_none(self, u):
        group = u.atoms[::9]
        frames = [group.positions for _ in u.trajectory]
        own = np.linspace(0, 2, len(group))
        for weights, plain in [(None, np.ones(len(group))), (own, own), ("mass", group.masses)]:
            found = RadiusOfGyration(group, weights).run().results.timeseries
            np.testing.assert_allclose(found[:, 2:], brute_force(frames, plain)[:, :4], rtol=1e-13, atol=1e-13)

    def test_any_order_and_duplicates(self, u):
        group = u.atoms[[50, 4, 4, 900, 77, 3, 3340]]
        expected = brute_force([group.positions for _ in u.trajectory], group.masses)
        np.testing.assert_allclose(RadiusOfGyration(group).run().timeseries[:, 2:], expected[:, :4], atol=1e-12)
        np.testing.assert_allclose(CenterOfMass(group).run().timeseries[:, 2:], expected[:, 4:], atol=1e-12)

    @settings(deadline=None, max_examples=60)
    @given(data=st.data())
    def test_random_positions_give_what_double_precision_gives(self, data):
        n_frames, n_atoms = data.draw(st.integers(1, 20)), data.draw(st.integers(1, 40))
        rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
        centre, spread = (
            data.draw(st.sampled_from([0, 1e-3, 50, 3000, 1e6])),
            data.draw(st.sampled_from([1e-4, 3, 500])),
        )
        frames = (centre + rng.normal(0, spread, (n_frames, n_atoms, 3))).astype(np.float32)
        u = mda.Universe.empty(n_atoms, trajectory=True)
        u.load_new(frames)
        weights = rng.uniform(0, 20, n_atoms) + 1e-3
        u.add_TopologyAttr("masses", weights)
        run = {"n_jobs": data.draw(st.integers(1, 2)), "n_blocks": data.draw(st.integers(1, n_frames))}
        expected, atol = brute_force(frames, weights), 1e-14 * (centre + spread) + 1e-12
        found = [analysis(u).run(**run).timeseries[:, 2:] for analysis in ALL]
        np.testing.assert_allclose(found[0], expected[:, :4], rtol=1e-12, atol=atol * 100)
        np.testing.assert_allclose(found[1], expected[:, 4:], rtol=1e-14, atol=atol)
        np.testing.assert_allclose(found[2], brute_force(frames, np.ones(n_atoms))[:, 4:], rtol=1e-14, atol=atol)


@pytest.mark.parametrize("analysis", ALL)
class TestPlaces:
    def test_every_place_gives_the_same_bits(self, u, analysis, place):
        expected = analysis(u).run(n_jobs=1).timeseries
        np.testing.assert_array_equal(analysis(u).run(n_jobs=2, n_blocks=7, **place).timeseries, expected)

    def test_an_open_client_is_used(self, u, analysis, guide_client):
        expected = analysis(u).run(n_jobs=1).timeseries
        with_client = analysis(u).run()
        assert len(with_client._blocks) == 8
        np.testing.assert_array_equal(with_client.timeseries, expected)

    def test_no_frame_is_read_through_mdanalysis(self, u, analysis, forbid_mdanalysis_frames):
        expected = analysis(u).run().timeseries
        forbid_mdanalysis_frames()
        np.testing.assert_array_equal(analysis(u).run().timeseries, expected)

    def test_in_one_pass_partial_and_pickled(self, u, analysis):
        expected = analysis(u).run(stop=40).timeseries
        mine, rmsd = analysis(u), rms.RMSD(u, select="name CA")
        mdloom.run([rmsd, mine], stop=40)
        np.testing.assert_array_equal(mine.results.timeseries, expected)
        np.testing.assert_array_equal(mine.partial().timeseries, expected)
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(mine)).timeseries, expected)
        np.testing.assert_array_equal(mine.times, expected[:, 1])


class TestHowFramesCome:
    def test_in_memory(self, u):
        found = RadiusOfGyration(mda.Universe(PSF, DCD, in_memory=True)).run()
        assert "memory" in repr(found)
        np.testing.assert_array_equal(found.timeseries[:, 2:], RadiusOfGyration(u).run().timeseries[:, 2:])

    def test_several_files_are_one_trajectory(self):
        assert_same(mda.Universe(PSF, [DCD, DCD2]).select_atoms("name CA"))

    def test_transformations_are_applied(self, u):
        u.trajectory.add_transformations(transformations.translate([100, -50, 3]))
        assert_same(u.select_atoms("name CA"))
        plain = CenterOfMass(mda.Universe(PSF, DCD)).run().timeseries
        moved = CenterOfMass(u).run(n_jobs=2).timeseries
        np.testing.assert_allclose(moved[:, 2:] - plain[:, 2:], [[100, -50, 3]] * 98, atol=1e-4)

    def test_other_formats_are_read_through_mdanalysis(self):
        u = mda.Universe(PDB_multiframe)
        assert "MDAnalysis" in repr(RadiusOfGyration(u).run())
        assert_same(u.atoms)

    def test_no_frames_give_no_rows(self, u):
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            assert RadiusOfGyration(u).run(stop=0).timeseries.shape == (0, 6)
            assert CenterOfMass(u).run(stop=0).timeseries.shape == (0, 5)


@pytest.mark.parametrize("analysis", ALL)
class TestRefusals:
    def test_groups_that_are_none(self, u, analysis):
        with pytest.raises(ArgumentError, match="atomgroup holds no atom; most frequent residue names here: "):
            analysis(u.atoms[[]])
        with pytest.raises(ArgumentError, match=r"atomgroup is an updating group.*freeze it"):
            analysis(u.select_atoms("around 5 resid 3", updating=True))
        with pytest.raises(ArgumentError, match="atomgroup takes an AtomGroup or a Universe, not"):
            analysis("protein")
        with pytest.raises(ArgumentError, match="holds a topology only"):
            analysis(mda.Universe(PSF))

    def test_a_group_that_is_split_over_the_box_is_warned_about_once(self, analysis):
        protein = mda.Universe(GRO, XTC).select_atoms("protein")
        with pytest.warns(MdloomWarning, match=r"broken across the periodic box.* the .* will jump") as seen:
            analysis(protein).run(n_jobs=1)
        assert len([w for w in seen if "broken" in str(w.message)]) == 1


def test_masses_and_weights_that_are_not_there_are_refused():
    u = mda.Universe.empty(3, trajectory=True)
    for analysis in (RadiusOfGyration, CenterOfMass):
        with pytest.raises(TopologyError, match="holds no masses; set u.atoms.masses"):
            analysis(u)
    with pytest.raises(ArgumentError, match="weights has the shape"):
        RadiusOfGyration(u, [1, 2])
    assert CenterOfGeometry(u).run().timeseries.tolist() == [[0, 0, 0, 0, 0]]

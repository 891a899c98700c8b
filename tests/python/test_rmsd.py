"""RMSD: the right numbers for every way frames can come, the Universe left alone, and clear refusals."""

import pickle
import threading
from pathlib import Path

import MDAnalysis as mda
import numpy as np
import pytest
from MDAnalysis import transformations
from MDAnalysis.analysis import align
from MDAnalysis.analysis import rms as mda_rms
from MDAnalysisTests.datafiles import DCD, DCD2, GRO, PSF, TPR, TRR, XTC, PDB_multiframe, PDB_small

from mdloom import rms
from mdloom.errors import ArgumentError, MdloomWarning, TopologyError
from mdloom.universe import reopen_source, trajectory_source

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

GOLDEN = Path(__file__).parents[1] / "golden" / "rmsd_adk_dims.csv"


@pytest.fixture
def u():
    return mda.Universe(PSF, DCD)


@pytest.fixture
def ref():
    return mda.Universe(PSF, DCD)


def assert_same_rmsd(found, expected, time_column=True):
    """1e-6 Å where the RMSD is above 1e-3 Å; below, both are rounding, under 1e-5 Å."""
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found[:, 0], expected[:, 0])
    if time_column:
        np.testing.assert_allclose(found[:, 1], expected[:, 1], rtol=0, atol=1e-4)
    large = expected[:, 2:] > 1e-3
    np.testing.assert_allclose(found[:, 2:][large], expected[:, 2:][large], rtol=0, atol=1e-6)
    assert (np.abs(found[:, 2:][~large]) < 1e-5).all()


def mda_rmsd(*groups, run=None, **kwargs):
    return mda_rms.RMSD(*groups, **kwargs).run(**(run or {})).results.rmsd


class TestAsPmda:
    @pytest.fixture
    def rmsd(self, u):
        return rms.RMSD(u.select_atoms("name CA"), u.select_atoms("name CA"))

    @pytest.mark.parametrize("n_blocks", [1, 2, 3])
    def test_shape(self, rmsd, n_blocks):
        assert rmsd.run(n_jobs=2, n_blocks=n_blocks).rmsd.shape == (98, 3)

    @pytest.mark.parametrize("n_blocks", [1, 2])
    def test_step(self, rmsd, n_blocks):
        rmsd.run(step=49, n_jobs=2, n_blocks=n_blocks)
        np.testing.assert_almost_equal(rmsd.rmsd, [[0, 1.0, 0], [49, 50.0, 4.68953]], 4)

    def test_single_frame(self, rmsd):
        np.testing.assert_almost_equal(rmsd.run(start=5, stop=6).rmsd, [[5, 6.0, 0.91544906]], 4)

    def test_without_superposition_by_position(self, u):
        group = u.select_atoms("name CA")
        found = rms.RMSD(group, group, False).run().rmsd
        start = group.positions.copy()
        expected = [mda_rms.rmsd(group.positions, start) for _ in u.trajectory]
        np.testing.assert_allclose(found[:, 2], expected, rtol=0, atol=1e-9)

    def test_no_frames(self, rmsd):
        assert rmsd.run(stop=0).rmsd.shape == (0, 3)


class TestAsMdanalysis:
    def test_golden(self, u, ref):
        golden = np.genfromtxt(GOLDEN, delimiter=",", names=True, skip_header=3)
        plain = rms.RMSD(u, ref, select="name CA").run().rmsd
        moved = (
            rms.RMSD(u, ref, select="name CA", weights="mass", groupselections=["protein", "resid 1-29 and backbone"])
            .run()
            .rmsd
        )
        assert_same_rmsd(plain, np.column_stack([golden[name] for name in ("frame", "time", "ca")]))
        columns = ("frame", "time", "ca_mass", "protein", "start")
        assert_same_rmsd(moved, np.column_stack([golden[name] for name in columns]))

    @pytest.mark.parametrize(
        "kwargs",
        [
            {},
            {"select": "backbone"},
            {"select": "name CA", "weights": "mass"},
            {"select": "name CA", "weights": np.linspace(0.5, 3, 214)},
            {"select": ("name CA", "name CA")},
            {"select": {"mobile": "backbone and resid 5-9", "reference": "backbone and resid 5-9"}},
            {"select": (["resid 7", "resid 5"], ["resid 7", "resid 5"])},
            {"select": "name CA", "groupselections": ["resid 1-29", ("resid 2", "resid 2")]},
            {"select": "name CA", "groupselections": ["resid 1-29", "protein"], "weights": "mass"},
            {
                "select": "name CA",
                "groupselections": ["backbone", "protein"],
                "weights": np.linspace(1, 2, 214),
                "weights_groupselections": ["mass", None],
            },
            {
                "select": "name CA",
                "groupselections": ["name CA", "name CB"],
                "weights_groupselections": [np.linspace(1, 2, 214), None],
            },
            {"select": "name CA", "groupselections": ["name CA"], "weights": np.linspace(1, 2, 214)},
            {"select": "name CA", "ref_frame": 40, "groupselections": ["backbone"]},
        ],
        ids=lambda kwargs: ", ".join(kwargs) or "all atoms",
    )
    def test_arguments(self, u, ref, kwargs):
        assert_same_rmsd(rms.RMSD(u, ref, **kwargs).run().rmsd, mda_rmsd(u, ref, **kwargs))

    @pytest.mark.parametrize(
        "run",
        [
            {"step": -1},
            {"start": 90, "stop": 3, "step": -7},
            {"start": -10},
            {"start": 10, "stop": 50, "step": 13},
            {"frames": [5, 3, 3, 97]},
        ],
        ids=str,
    )
    def test_frames(self, u, ref, run):
        groups = u.select_atoms("name CA"), ref.select_atoms("name CA")
        assert_same_rmsd(rms.RMSD(*groups).run(**run).rmsd, mda_rmsd(*groups, run=run))

    def test_another_reference(self, u):
        crystal = mda.Universe(PSF, DCD2)
        crystal.trajectory[30]
        found = rms.RMSD(u, crystal, select="name CA").run().rmsd
        assert_same_rmsd(found, mda_rmsd(u, crystal, select="name CA", ref_frame=30))

    def test_the_current_frame_is_the_reference(self, u, ref):
        u.trajectory[20]
        found = rms.RMSD(u.select_atoms("name CA")).run().rmsd
        assert_same_rmsd(found, mda_rmsd(ref, select="name CA", ref_frame=20))

    def test_edited_reference_positions_count(self, u, ref):
        group = ref.select_atoms("name CA")
        group.positions *= 1.1
        expected = [mda_rms.rmsd(u.select_atoms("name CA").positions, group.positions, superposition=True)]
        found = rms.RMSD(u.select_atoms("name CA"), group).run(stop=1).rmsd
        np.testing.assert_allclose(found[:, 2], expected, rtol=0, atol=1e-9)

    def test_negative_ref_frame_counts_from_the_end(self, u):
        found = rms.RMSD(u, select="name CA", ref_frame=-1).run().rmsd
        assert found[-1, 2] < 1e-5 and found[0, 2] > 6
        assert u.trajectory.frame == 0

    def test_any_order_and_duplicates(self, u):
        ix = np.array([50, 4, 4, 900, 77, 3, 3340])
        group = u.atoms[ix]
        found = rms.RMSD(group).run().rmsd
        start = group.positions.copy()
        expected = [mda_rms.rmsd(group.positions, start, superposition=True) for _ in u.trajectory]
        np.testing.assert_allclose(found[1:, 2], expected[1:], rtol=0, atol=1e-6)

    @pytest.mark.parametrize("n_atoms", [1, 2, 3])
    def test_very_small_groups(self, u, n_atoms):
        group = u.atoms[:n_atoms]
        start = group.positions.astype(float)
        found = rms.RMSD(group).run().rmsd[:, 2]
        for ts, value in zip(u.trajectory, found, strict=True):
            _, expected = align.rotation_matrix(
                group.positions - group.center_of_geometry(), start - start.mean(axis=0)
            )
            assert abs(value - expected) < (1e-6 if expected > 1e-3 else 1e-4), ts.frame


class TestBits:
    @pytest.mark.parametrize("n_jobs, n_blocks", [(1, 1), (2, 3), (2, 98), (1, 7)])
    def test_the_same_for_any_cut(self, u, n_jobs, n_blocks):
        make = lambda: rms.RMSD(u, select="name CA", groupselections=["protein"], weights="mass")  # noqa: E731
        expected = make().run().rmsd
        np.testing.assert_array_equal(make().run(n_jobs=n_jobs, n_blocks=n_blocks).rmsd, expected)

    @pytest.mark.parametrize("level", ["portable", "avx2", "avx512"])
    def test_the_same_for_any_instruction_set(self, u, level, monkeypatch):
        expected = rms.RMSD(u, groupselections=["backbone"]).run(step=10).rmsd
        monkeypatch.setenv("MDLOOM_SIMD", level)
        np.testing.assert_array_equal(rms.RMSD(u, groupselections=["backbone"]).run(step=10).rmsd, expected)

    def test_the_same_however_the_frames_come(self, u):
        native = rms.RMSD(u, select="name CA").run().rmsd
        in_memory = mda.Universe(PSF, DCD, in_memory=True)
        np.testing.assert_array_equal(rms.RMSD(in_memory, select="name CA").run().rmsd[:, 2], native[:, 2])
        u.trajectory.add_transformations(lambda ts: ts)
        through_python = rms.RMSD(u, select="name CA").run()
        assert "MDAnalysis" in repr(through_python)
        np.testing.assert_array_equal(through_python.rmsd, native)


def how(universe):
    return trajectory_source(universe)[1]


class TestHowFramesCome:
    @pytest.mark.parametrize("order", ["fac", "fca", "afc", "acf", "caf", "cfa"])
    def test_memory_in_any_stored_order_is_read_in_place(self, u, ref, order):
        positions = u.trajectory.timeseries(order=order).astype(np.float32)
        u.load_new(positions, order=order, dt=2.5)
        source, kind, *_ = trajectory_source(u)
        assert kind == "memory" and source.n_frames == 98
        found = rms.RMSD(u, ref, select="name CA").run()
        expected = mda_rmsd(ref, select="name CA")
        expected[:, 1] = 2.5 * np.arange(98)
        assert_same_rmsd(found.rmsd, expected)

    def test_edits_in_memory_count(self, ref):
        u = mda.Universe(PSF, DCD, in_memory=True)
        align.AlignTraj(u, ref, select="resid 1-30 and name CA", in_memory=True).run()
        group, start = u.select_atoms("name CA"), ref.select_atoms("name CA")
        found = rms.RMSD(group, start, superposition=False).run().rmsd
        expected = [mda_rms.rmsd(group.positions, start.positions) for _ in u.trajectory]
        np.testing.assert_allclose(found[:, 2], expected, rtol=0, atol=1e-9)
        untouched = rms.RMSD(ref.select_atoms("name CA"), start, superposition=False).run().rmsd
        assert np.abs(found[1:, 2] - untouched[1:, 2]).max() > 0.1

    def test_boxes_in_memory_are_read(self):
        u = mda.Universe(GRO, XTC)
        u.transfer_to_memory()
        source = trajectory_source(u)[0]
        for ts in u.trajectory:
            np.testing.assert_array_equal(source.read(None, ts.frame, 1, 1)[2][0], ts.triclinic_dimensions)

    def test_several_files_are_one_trajectory(self, ref):
        u = mda.Universe(PSF, [DCD, DCD2])
        assert how(u) == "native"
        found = rms.RMSD(u, ref, select="name CA").run().rmsd
        assert_same_rmsd(found, mda_rmsd(u, ref, select="name CA"), time_column=False)
        np.testing.assert_allclose(found[:, 1], [ts.time for ts in u.trajectory], rtol=0, atol=1e-4)

    def test_files_of_several_kinds_are_read_through_mdanalysis(self, ref):
        u = mda.Universe(PSF, [DCD, PDB_small])
        assert how(u) == "python"
        found = rms.RMSD(u, ref, select="name CA").run().rmsd
        assert_same_rmsd(found, mda_rmsd(u, ref, select="name CA"), time_column=False)

    def test_a_continuous_chain_is_read_through_mdanalysis(self, tmp_path):
        whole = mda.Universe(GRO, XTC)
        for name, frames in (("a.xtc", slice(0, 6)), ("b.xtc", slice(4, 10))):
            whole.atoms.write(tmp_path / name, frames=whole.trajectory[frames])
        u = mda.Universe(GRO, [str(tmp_path / "a.xtc"), str(tmp_path / "b.xtc")], continuous=True)
        assert how(u) == "python" and len(u.trajectory) == 10
        found = rms.RMSD(u, select="name CA").run().rmsd
        np.testing.assert_array_equal(found, rms.RMSD(whole, select="name CA").run().rmsd)

    @pytest.mark.parametrize("kwargs", [{"dt": 7.5}, {"time_offset": 3}, {"convert_units": False}], ids=str)
    def test_reader_arguments_are_honoured_through_mdanalysis(self, kwargs):
        u = mda.Universe(GRO, XTC, **kwargs)
        assert how(u) == "python"
        assert_same_rmsd(rms.RMSD(u, select="name CA").run().rmsd, mda_rmsd(u, select="name CA"))

    @pytest.mark.parametrize("path", [XTC, TRR])
    def test_a_part_of_a_file_is_refused_because_mdanalysis_would_die(self, path):
        atoms = mda.Universe(GRO, XTC).select_atoms("protein")
        part = mda.Merge(atoms)
        part.load_new(path, sub=atoms.ix)
        with pytest.raises(ArgumentError, match="files opened with sub= cannot be read"):
            rms.RMSD(part).run()

    def test_a_subclass_of_a_native_reader_is_not_taken_for_it(self, u):
        class Mirrored(type(u.trajectory)):
            format = "MIRRORED_DCD"

            def _frame_to_ts(self, frame, ts):
                ts = super()._frame_to_ts(frame, ts)
                ts.positions[:, 0] *= -1
                return ts

        u.load_new(DCD, format=Mirrored)
        assert how(u) == "python"
        assert_same_rmsd(rms.RMSD(u, select="name CA").run().rmsd, mda_rmsd(u, select="name CA"))

    def test_a_single_frame_is_taken_as_it_stands_with_edits(self):
        u, ref = mda.Universe(GRO), mda.Universe(GRO)
        u.select_atoms("resid 3").positions += 4
        assert how(u) == "python"
        found = rms.RMSD(u, ref, select="name CA").run().rmsd
        assert found[0, 2] > 0.4
        assert_same_rmsd(found, mda_rmsd(u, ref, select="name CA"))

    def test_many_models_are_read_through_mdanalysis(self):
        u = mda.Universe(PDB_multiframe)
        assert how(u) == "python"
        assert_same_rmsd(rms.RMSD(u).run().rmsd, mda_rmsd(u))

    def test_a_file_that_has_grown_shows_what_the_universe_shows(self, tmp_path):
        path = tmp_path / "growing.xtc"
        path.write_bytes(Path(XTC).read_bytes())
        u = mda.Universe(GRO, str(path))
        with open(path, "ab") as file:
            file.write(Path(XTC).read_bytes())
        assert trajectory_source(u)[0].n_frames == 10
        assert rms.RMSD(u, select="name CA").run().rmsd.shape == (10, 3)

    def test_other_processes_get_the_same_frames(self, u):
        u.trajectory.add_transformations(
            transformations.fit_rot_trans(u.select_atoms("name CA"), u.copy().select_atoms("name CA"))
        )
        source, _, _, reopen = trajectory_source(u)
        again = reopen_source(pickle.loads(pickle.dumps(reopen)))
        for frame in (50, 3):
            for mine, theirs in zip(source.read(None, frame, 1, 2), again.read(None, frame, 1, 2), strict=True):
                np.testing.assert_array_equal(mine, theirs)

    def test_relative_file_names_are_not_sent_to_other_folders(self, tmp_path, monkeypatch):
        (tmp_path / "models.pdb").write_bytes(Path(PDB_multiframe).read_bytes())
        monkeypatch.chdir(tmp_path)
        assert trajectory_source(mda.Universe("models.pdb"))[3] == ("sent",)


def center_of_first(u):
    def shift(ts):
        ts.positions = ts.positions - u.select_atoms("resid 1-9").center_of_geometry().astype(np.float32)
        return ts

    return shift


class Stubborn:
    """A transformation that cannot be pickled and holds the user's group."""

    def __init__(self, group):
        self.group = group

    def __call__(self, ts):
        return ts

    def __reduce__(self):
        raise TypeError("not me")


class TestTransformations:
    @pytest.mark.parametrize(
        "make",
        [
            lambda u, ref: transformations.translate([100, 0, 0]),
            lambda u, ref: transformations.rotateby(70, [1, 2, 3], ag=u.select_atoms("resid 1-50")),
            lambda u, ref: transformations.fit_rot_trans(u.select_atoms("name CA"), ref.select_atoms("name CA")),
            lambda u, ref: center_of_first(u),
        ],
        ids=["translate", "rotateby", "fit_rot_trans", "a closure over the Universe"],
    )
    @pytest.mark.parametrize("superposition", [True, False])
    def test_are_applied(self, u, ref, make, superposition):
        start = mda.Universe(PSF, DCD)
        u.trajectory.add_transformations(make(u, ref))
        found = rms.RMSD(u, start, superposition, select="name CA").run().rmsd
        group, target = u.select_atoms("name CA"), start.select_atoms("name CA").positions
        expected = [mda_rms.rmsd(group.positions, target, superposition=superposition) for _ in u.trajectory]
        large = np.array(expected) > 1e-3
        np.testing.assert_allclose(found[large, 2], np.array(expected)[large], rtol=0, atol=1e-6)

    def test_unwrapping_heals_a_broken_protein(self):
        u = mda.Universe(TPR, XTC)
        with pytest.warns(MdloomWarning, match="broken across the periodic box"):
            jumping = rms.RMSD(u, select="name CA").run(step=3).rmsd
        u.trajectory.add_transformations(transformations.unwrap(u.select_atoms("protein")))
        healed = rms.RMSD(u, select="name CA").run(step=3).rmsd
        assert jumping[:, 2].max() > 10 > 3 > healed[:, 2].max()
        assert_same_rmsd(healed, mda_rmsd(u, select="name CA", run={"step": 3}))

    def test_a_transformation_with_a_memory_is_refused(self, u):
        other = mda.Universe(GRO, XTC)
        other.trajectory.add_transformations(transformations.nojump.NoJump())
        with pytest.raises(ArgumentError, match="NoJump remembers earlier frames"):
            rms.RMSD(other, select="name CA").run()

    def test_a_function_that_cannot_follow_the_copy_is_refused(self, u):
        u.trajectory.add_transformations(Stubborn(u.atoms))
        with pytest.raises(ArgumentError, match="holds atoms of your Universe"):
            rms.RMSD(u, select="name CA").run()


def failing_transformation(ts):
    if ts.frame == 60:
        raise RuntimeError("no such luck")
    return ts


class TestTheUniverseStays:
    @pytest.mark.parametrize("kind", ["native", "chain", "memory", "python", "single"])
    @pytest.mark.parametrize("n_jobs", [1, 2])
    def test_frame_and_edited_positions_are_the_same_afterwards(self, kind, n_jobs):
        u = {
            "native": lambda: mda.Universe(PSF, DCD),
            "chain": lambda: mda.Universe(PSF, [DCD, PDB_small, DCD2]),
            "memory": lambda: mda.Universe(PSF, DCD, in_memory=True),
            "python": lambda: mda.Universe(PSF, DCD),
            "single": lambda: mda.Universe(GRO),
        }[kind]()
        if kind == "python":
            u.trajectory.add_transformations(transformations.translate([1, 2, 3]))
        if kind != "single":
            u.trajectory[7]
        u.atoms[:50].positions += 2.5
        frame, time, positions = u.trajectory.frame, u.trajectory.ts.time, u.atoms.positions.copy()
        rms.RMSD(u, select="name CA", groupselections=["protein"], ref_frame=0).run(n_jobs=n_jobs)
        assert (u.trajectory.frame, u.trajectory.ts.time) == (frame, time)
        np.testing.assert_array_equal(u.atoms.positions, positions)

    def test_what_cannot_be_pickled_is_copied(self, u):
        class Shift:
            def __call__(self, ts):
                ts.positions = ts.positions + 3
                return ts

            def __reduce__(self):
                raise TypeError("not me")

        u.trajectory.add_transformations(Shift())
        u.trajectory[7]
        positions = u.atoms.positions.copy()
        found = rms.RMSD(u, select="name CA", ref_frame=0).run().rmsd
        np.testing.assert_array_equal(u.atoms.positions, positions)
        assert u.trajectory.frame == 7
        assert_same_rmsd(found, mda_rmsd(u, select="name CA"))

    def test_also_after_an_error(self, u):
        u.trajectory.add_transformations(failing_transformation)
        u.trajectory[7]
        u.atoms.positions += 1
        positions = u.atoms.positions.copy()
        analysis = rms.RMSD(u, select="name CA")
        with pytest.raises(OSError, match=r"frame 60.*no such luck"):
            analysis.run()
        assert u.trajectory.frame == 7
        np.testing.assert_array_equal(u.atoms.positions, positions)
        assert analysis.run(stop=60).rmsd.shape == (60, 3)

    def test_several_threads_may_analyse_one_universe(self, u):
        u.trajectory.add_transformations(transformations.translate([1, 2, 3]))
        expected = rms.RMSD(u, select="name CA").run(n_jobs=1).rmsd
        found = [None] * 4

        def work(i):
            found[i] = rms.RMSD(u, select="name CA").run(n_jobs=2).rmsd

        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        [thread.start() for thread in threads]
        [thread.join(60) for thread in threads]
        for one in found:
            np.testing.assert_array_equal(one, expected)


class TestRefusals:
    def test_different_numbers_of_atoms(self, u, ref):
        with pytest.raises(ArgumentError) as refusal:
            rms.RMSD(u.select_atoms("name CA"), ref.atoms)
        assert str(refusal.value) == (
            "mobile has 214 atoms, ref has 3341: the same atoms are needed in the same order; "
            "select the same group in both"
        )

    def test_different_numbers_of_atoms_in_a_group_selection(self, u):
        with pytest.raises(ArgumentError, match="group selection 1: mobile has 214 atoms, ref has 855"):
            rms.RMSD(u, select="name CA", groupselections=["protein", ("name CA", "backbone")])

    def test_a_selection_that_matches_nothing(self):
        u = mda.Universe(GRO, XTC)
        with pytest.raises(ArgumentError) as refusal:
            rms.RMSD(u, select="resname WAT")
        assert str(refusal.value).startswith(
            'selection "resname WAT" matches no atom; most frequent residue names here: SOL 11084, '
        )

    def test_an_empty_group(self, u):
        with pytest.raises(ArgumentError, match="mobile holds no atom; most frequent residue names here: "):
            rms.RMSD(u.atoms[[]], u.atoms[[]])

    def test_a_typo_in_a_selection(self, u):
        with pytest.raises(ArgumentError) as refusal:
            rms.RMSD(u, select="protien and name CA")
        assert str(refusal.value) == (
            'selection "protien and name CA": unknown keyword "protien" at column 1; did you mean "protein"?'
        )

    @pytest.mark.parametrize(
        "selection", ["resid x", "(protein", "name CA adn resid 3", "group q", "same residu as name CA"]
    )
    def test_other_wrong_selections_name_themselves(self, u, selection):
        with pytest.raises(ArgumentError) as refusal:
            rms.RMSD(u, select=selection)
        assert f'selection "{selection}"' in str(refusal.value)

    @pytest.mark.parametrize("select", [3, ["name CA", "name CB"], {"mobile": "name CA"}, ("a", "b", "c")], ids=str)
    def test_selections_of_another_shape(self, u, select):
        with pytest.raises(ArgumentError, match="a selection is a string"):
            rms.RMSD(u, select=select)

    def test_a_reference_without_coordinates(self, u):
        with pytest.raises(ArgumentError) as refusal:
            rms.RMSD(u, mda.Universe(PSF))
        assert str(refusal.value) == (
            "ref has no coordinates (adk.psf holds a topology only): open it with a trajectory, mda.Universe(top, traj)"
        )

    def test_a_mobile_group_without_a_trajectory(self, ref):
        with pytest.raises(ArgumentError, match=r"adk\.psf holds a topology only: open it with a trajectory"):
            rms.RMSD(mda.Universe(PSF), ref)

    def test_updating_groups(self, u):
        updating = u.select_atoms("around 5 resid 3", updating=True)
        with pytest.raises(ArgumentError, match=r"updating group.*freeze it with group.universe.atoms\[group.ix\]"):
            rms.RMSD(updating)
        assert rms.RMSD(u.atoms[updating.ix]).run(stop=2).rmsd.shape == (2, 3)

    def test_a_selection_in_the_place_of_superposition(self, u, ref):
        with pytest.raises(ArgumentError, match=r"superposition is True or False, not 'name CA'.*select="):
            rms.RMSD(u, ref, "name CA")

    @pytest.mark.parametrize("mobile", [[1, 2], "name CA", None])
    def test_what_is_no_group(self, mobile):
        with pytest.raises(ArgumentError, match="mobile takes an AtomGroup or a Universe, not"):
            rms.RMSD(mobile)

    @pytest.mark.parametrize(
        "weights, message",
        [
            (np.ones(3), "the group has 214 atoms: one weight for each"),
            (-np.ones(214), "not negative"),
            (np.zeros(214), "sum above 0"),
            (np.full(214, np.nan), "finite"),
            (np.ones((214, 2)), "one weight for each"),
            ("masses", 'takes None, "mass" or an array, not "masses"'),
            (["a"] * 214, "an array of numbers"),
        ],
    )
    def test_weights(self, u, weights, message):
        with pytest.raises(ArgumentError, match=message):
            rms.RMSD(u, select="name CA", weights=weights)

    def test_weights_of_group_selections_must_be_as_many(self, u):
        with pytest.raises(ArgumentError, match="has 1 entries, groupselections 2"):
            rms.RMSD(u, groupselections=["name CA", "name CB"], weights_groupselections=["mass"])

    def test_masses_that_are_not_there(self):
        u = mda.Universe.empty(4, trajectory=True)
        with pytest.raises(TopologyError, match="holds no masses"):
            rms.RMSD(u, weights="mass")

    def test_a_reference_frame_outside(self, u):
        with pytest.raises(ArgumentError, match="ref_frame 98 is outside the reference's trajectory"):
            rms.RMSD(u, ref_frame=98)


class TestWarnings:
    def test_masses_that_differ_name_the_first_pair(self, u, ref):
        with pytest.warns(MdloomWarning, match=r"first mobile atom 0 MET 1 N \(14.007\) and ref atom 1 MET 1 HT1"):
            rms.RMSD(u.atoms[:10], ref.atoms[1:11])
        rms.RMSD(u.atoms[:10], ref.atoms[1:11], tol_mass=1000)

    def test_guessed_masses_as_weights(self):
        u = mda.Universe(GRO, XTC)
        with pytest.warns(MdloomWarning, match="masses are guessed"):
            rms.RMSD(u.select_atoms("name CA"), weights="mass")

    def test_atoms_without_mass_as_weights(self, u):
        u.atoms[4].mass = 0
        with pytest.warns(MdloomWarning, match="1 atoms have no mass, first atom 4"):
            rms.RMSD(u.atoms, weights="mass")

    @pytest.mark.parametrize("select", ["protein", "name CA"])
    @pytest.mark.parametrize("topology, joined_by", [(TPR, "bond"), (GRO, "the step between atoms")])
    def test_a_selection_split_over_the_box_once(self, topology, joined_by, select):
        u = mda.Universe(topology, XTC)
        if select == "name CA":
            joined_by = "the step between atoms"
        with pytest.warns(MdloomWarning, match=rf"broken across the periodic box \({joined_by} \d+-\d+ spans") as seen:
            rms.RMSD(u, select=select).run(n_jobs=1)
        assert len([w for w in seen if issubclass(w.category, MdloomWarning)]) == 1

    @pytest.mark.filterwarnings("error::mdloom.errors.MdloomWarning")
    def test_whole_molecules_and_free_water_are_not_warned_about(self):
        u = mda.Universe(TPR, XTC)
        u.trajectory.add_transformations(transformations.unwrap(u.select_atoms("protein")))
        rms.RMSD(u, select="protein").run(stop=1)
        rms.RMSD(mda.Universe(GRO, XTC), select="name OW").run(stop=1)

    @pytest.mark.filterwarnings("error::mdloom.errors.MdloomWarning")
    def test_without_a_box_nothing_is_broken(self, u):
        rms.RMSD(u, select="resid 1 or resid 100").run(stop=1)

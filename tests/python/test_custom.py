"""Functions as analyses: the bits of a serial loop on every scheduler, whatever they hold."""

import functools
import textwrap

import MDAnalysis as mda
import numpy as np
import pytest

from cluster_helpers import run_script
from mdloom.custom import AnalysisFromFunction, analysis_class
from mdloom.errors import ArgumentError


def vector(mobile):
    return mobile.center_of_geometry()


def scalar(mobile):
    return mobile.radius_of_gyration()


def tensor(mobile):
    return mobile.moment_of_inertia()


def with_statics(mobile, reference, other):
    return np.array([mobile.center_of_geometry()[0], reference.center_of_geometry()[0], other.positions[0, 2]])


@pytest.fixture
def ca(adk):
    return adk.select_atoms("name CA")


def looped(function, universe, *args, frames=slice(None), **kwargs):
    universe = universe.copy()
    args = [universe.atoms[arg.ix] if hasattr(arg, "ix") else arg for arg in args]
    return np.array([function(*args, **kwargs) for _ in universe.trajectory[frames]])


@pytest.mark.parametrize("function", [vector, scalar, tensor])
@pytest.mark.parametrize("step", [None, 2, 3, 7, 33])
def test_a_function_gives_the_bits_of_a_serial_loop(adk, ca, function, step, place):
    run = AnalysisFromFunction(function, adk, ca).run(step=step, n_jobs=2, **place)
    assert np.array_equal(run.results, looped(function, adk, ca, frames=slice(None, None, step)))


@pytest.mark.parametrize("n_blocks", [1, 3])
def test_blocks_change_no_number(adk, ca, n_blocks):
    run = AnalysisFromFunction(scalar, adk, ca).run(n_jobs=2, n_blocks=n_blocks)
    assert len(run._blocks) == n_blocks
    assert np.array_equal(run.results, looped(scalar, adk, ca))


def test_groups_of_other_universes_stay_as_they_stand(adk, ca, place):
    other = adk.copy()
    other.trajectory[30]
    reference = other.select_atoms("name CA")
    reference.translate([5, 0, 0])  # an edit that is in no file
    edited = reference.center_of_geometry()[0]
    run = AnalysisFromFunction(with_statics, adk, ca, reference, other.atoms).run(n_jobs=3, **place)
    assert set(run.results[:, 1]) == {edited}
    assert set(run.results[:, 2]) == {float(other.atoms.positions[0, 2])}
    assert len(set(run.results[:, 0])) > 90


def test_analysis_class_makes_a_class(adk, ca, place):
    radius = analysis_class(scalar)
    assert issubclass(radius, AnalysisFromFunction)
    assert np.array_equal(radius(adk, ca).run(n_jobs=2, **place).results, looped(scalar, adk, ca))
    for nothing in (2, "trajectory", None):
        with pytest.raises(ValueError, match="Universe"):
            radius(nothing)
    with pytest.raises(ValueError, match="callable, not 2"):
        analysis_class(2)
    with pytest.raises(ValueError, match="callable"):
        AnalysisFromFunction(2, adk)


def test_a_reader_or_a_group_stands_for_its_universe(adk, ca):
    expected = looped(scalar, adk, ca)
    assert np.array_equal(AnalysisFromFunction(scalar, adk.trajectory, ca).run(n_jobs=1).results, expected)
    assert np.array_equal(AnalysisFromFunction(scalar, ca).run(n_jobs=1).results, expected)
    assert np.array_equal(AnalysisFromFunction(scalar, None, mobile=ca).run(n_jobs=1).results, expected)
    with pytest.raises(ArgumentError, match="give the Universe"):
        AnalysisFromFunction(scalar, adk.trajectory)


def test_arguments_keep_their_order_and_their_names(adk, ca, place):
    def function(factor, group, offset, *, more, named):
        return factor * group.center_of_mass()[0] + offset + more[0].center_of_mass()[1] + named.positions[0, 0]

    n, cb = adk.select_atoms("name N"), adk.select_atoms("name CB")
    run = AnalysisFromFunction(function, adk, 2, ca, 0.5, more=[cb], named=n).run(n_jobs=3, **place)
    expected = [2 * ca.center_of_mass()[0] + 0.5 + cb.center_of_mass()[1] + n.positions[0, 0] for _ in adk.trajectory]
    assert np.array_equal(run.results, expected)


def test_updating_groups_are_updated(adk, place):
    near = adk.select_atoms("around 3.5 resid 100", updating=True)
    expected = [near.n_atoms for _ in adk.trajectory]
    assert len(set(expected)) > 1
    run = AnalysisFromFunction(lambda group: group.n_atoms, adk, near).run(n_jobs=3, **place)
    assert run.results.tolist() == expected


def test_a_closure_and_a_global_group_move_with_the_frames(adk, ca, place):
    expected = looped(scalar, adk, ca)
    run = AnalysisFromFunction(lambda: ca.radius_of_gyration(), adk).run(n_jobs=3, **place)
    assert np.array_equal(run.results, expected)
    bound = AnalysisFromFunction(ca.radius_of_gyration, adk).run(n_jobs=3, **place)
    assert np.array_equal(bound.results, expected)
    partly = AnalysisFromFunction(functools.partial(scalar, ca), adk).run(n_jobs=3, **place)
    assert np.array_equal(partly.results, expected)


def test_added_and_edited_attributes_are_seen(adk, ca, place):
    adk.add_TopologyAttr("tempfactors", np.arange(3341.0))
    ca.masses = 1 + np.arange(214.0)

    def function(group):
        return group.center_of_mass()[0] + group.tempfactors.sum() + group.masses[3]

    expected = [function(ca) for _ in adk.trajectory]
    assert np.array_equal(AnalysisFromFunction(function, adk, ca).run(n_jobs=3, **place).results, expected)


def test_transformations_are_applied(adk, ca, place):
    from MDAnalysis.transformations import center_in_box, set_dimensions, translate

    adk.trajectory.add_transformations(translate([100, 0, 0]))
    expected = [ca.center_of_mass() for _ in adk.trajectory]
    assert expected[0][0] > 90
    run = AnalysisFromFunction(lambda group: group.center_of_mass(), adk, ca).run(n_jobs=3, **place)
    assert np.array_equal(run.results, expected)
    assert "transformations" in repr(run)

    boxed = mda.Universe(adk.filename, adk.trajectory.filename)
    group = boxed.select_atoms("name CA")
    boxed.trajectory.add_transformations(set_dimensions([90, 80, 70, 90, 90, 90]), center_in_box(group))
    expected = [[*group.center_of_mass(), boxed.dimensions[1]] for _ in boxed.trajectory]
    moved = AnalysisFromFunction(lambda g: [*g.center_of_mass(), g.dimensions[1]], boxed, group)
    assert np.array_equal(moved.run(n_jobs=3, **place).results, expected)


def test_transformations_that_hold_groups_move_with_the_workers_frames(adk, ca, place):
    from MDAnalysis.transformations import fit_rot_trans

    reference = adk.copy()
    adk.trajectory.add_transformations(fit_rot_trans(ca, reference.select_atoms("name CA")))
    expected = [ca.positions.copy() for _ in adk.trajectory[:40]]
    run = AnalysisFromFunction(lambda group: group.positions, adk, ca).run(stop=40, n_jobs=3, **place)
    assert np.array_equal(run.results, expected)


def test_a_trajectory_in_memory_is_read_as_it_is_and_never_edited(adk, place):
    adk.transfer_to_memory()
    adk.trajectory.get_array()[:] += np.float32(3)  # 3.9 MB: shared by the threads
    before = adk.trajectory.get_array().copy()
    ca = adk.select_atoms("name CA")
    expected = [ca.center_of_mass() for _ in adk.trajectory]

    def spoils(group):
        centre = group.center_of_mass()
        group.translate([1000, 0, 0])
        return centre

    frames = [*range(98), *range(98)]
    run = AnalysisFromFunction(spoils, adk, ca).run(frames=frames, n_jobs=3, **place)
    assert np.array_equal(run.results, expected + expected)
    assert np.array_equal(adk.trajectory.get_array(), before)


def test_a_large_system_of_a_format_that_mdanalysis_reads(tmp_path, place):
    """Its reader fills one array of 1.2 MB again and again: no two copies may share that."""
    n_atoms, path = 100_000, str(tmp_path / "large.trr")
    large = mda.Universe.empty(n_atoms, trajectory=True)
    frames = np.random.default_rng(1).uniform(0, 50, (4, n_atoms, 3)).astype(np.float32)
    with mda.Writer(path, n_atoms) as writer:
        for frame in frames:
            large.atoms.positions = frame
            writer.write(large.atoms)
    large.load_new(path)
    expected = [vector(large.atoms) for _ in large.trajectory]
    run = AnalysisFromFunction(vector, large, large.atoms).run(n_jobs=2, **place)
    assert np.array_equal(run.results, expected) and len(set(run.results[:, 0])) == 4


def test_several_files_are_one_trajectory(adk_files, place):
    topology, trajectory = adk_files
    chained = mda.Universe(topology, [trajectory, trajectory, trajectory])
    ca = chained.select_atoms("name CA")
    expected = [ca.radius_of_gyration() for _ in chained.trajectory]
    run = AnalysisFromFunction(scalar, chained, ca).run(n_jobs=3, **place)
    assert len(expected) == 294 and np.array_equal(run.results, expected)


def test_a_single_frame_is_seen_as_it_stands(place):
    from MDAnalysisTests.datafiles import GRO

    single = mda.Universe(GRO)
    before = single.atoms.center_of_geometry()
    single.atoms.translate([7, 0, 0])
    expected = [vector(single.atoms)]  # there is no other frame to go to and come back
    assert expected[0][0] == pytest.approx(before[0] + 7, abs=1e-3)
    assert np.array_equal(AnalysisFromFunction(vector, single, single.atoms).run(n_jobs=2, **place).results, expected)


def test_values_of_changing_shape_are_refused_and_kept(adk, ca):
    run = AnalysisFromFunction(lambda group: np.zeros(3 + (group.universe.trajectory.frame == 17)), adk, ca)
    with pytest.raises(ArgumentError, match=r"shape \(3,\) for frame 0, of \(4,\) for frame 17"):
        run.run(n_jobs=2, n_blocks=2)
    assert [len(block) for block in run._results] == [49, 49]
    assert run.results is None


def test_functions_of_a_script_need_no_guard(tmp_path, adk_files):
    (tmp_path / "beside.py").write_text(
        textwrap.dedent("""
        FACTOR = 2
        def scaled(group):
            return FACTOR * group.radius_of_gyration()
        """)
    )
    told = run_script(
        f"""
        print("top of the script")
        import numpy as np, MDAnalysis as mda, beside
        from mdloom.custom import AnalysisFromFunction
        from mdloom.parallel import ParallelAnalysisBase
        u = mda.Universe{adk_files}
        ca = u.select_atoms("name CA")

        def radius(group):
            return group.radius_of_gyration()

        class Radius(ParallelAnalysisBase):
            def __init__(self, group):
                super().__init__(group.universe, [group])
            def _single_frame(self, ts, atomgroups):
                return radius(atomgroups[0])
            def _conclude(self):
                self.radius = np.hstack(self._results)

        expected = np.array([radius(ca) for ts in u.trajectory])
        for function in (radius, lambda group: group.radius_of_gyration()):
            assert np.array_equal(AnalysisFromFunction(function, u, ca).run(n_jobs=4).results, expected)
        assert np.array_equal(Radius(ca).run(n_jobs=4).radius, expected)
        assert np.array_equal(AnalysisFromFunction(beside.scaled, u, ca).run(n_jobs=4).results, 2 * expected)
        beside.FACTOR = 3  # what is loaded here is what runs, also in processes that are warm
        run = AnalysisFromFunction(beside.scaled, u, ca).run(n_jobs=4)
        assert np.array_equal(run.results, 3 * expected)
        print(len({{w.pid for block in run.timing.workers for w in block}}), "processes")
        """,
        tmp_path,
        seconds=110,
    )
    assert told.splitlines() == ["top of the script", "4 processes"]


def test_a_class_of_a_script_stays_what_it_is(tmp_path, adk_files):
    """Code that travels must not come back and replace what the user wrote."""
    told = run_script(
        f"""
        import numpy as np, MDAnalysis as mda
        from mdloom.parallel import ParallelAnalysisBase
        u = mda.Universe{adk_files}

        class Pair:
            def __init__(self, a):
                self.a = a

        class Pairs(ParallelAnalysisBase):
            calls = []
            def __init__(self, group):
                super().__init__(group.universe, [group])
            def _single_frame(self, ts, atomgroups):
                return Pair(ts.frame)
            def _conclude(self):
                self.pairs = [pair for block in self._results for pair in block]

        method, own = Pairs._single_frame, Pair.__init__
        for n_jobs in (1, 2):
            pairs = Pairs(u.atoms).run(n_jobs=n_jobs).pairs
            assert all(type(pair) is Pair for pair in pairs)
            assert [pair.a for pair in pairs] == list(range(98))
            assert Pairs._single_frame is method and Pair.__init__ is own
        print("ok")
        """,
        tmp_path,
        seconds=110,
    )
    assert told.strip() == "ok"

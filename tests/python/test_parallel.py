"""Classes with PMDA's hooks: what each hook sees, what `_results` holds, on every scheduler."""

import os
import pickle
import threading
import warnings

import numpy as np
import pytest

import mdloom
from cluster_helpers import process_ids, thread_ids
from mdloom import custom, parallel, rms
from mdloom.errors import ArgumentError
from mdloom.parallel import ParallelAnalysisBase
from mdloom.util import make_balanced_slices


class FrameNumbers(ParallelAnalysisBase):
    """The plainest one: PMDA's tests have its like."""

    def __init__(self, atomgroup):
        super().__init__(atomgroup.universe, (atomgroup,))

    def _prepare(self):
        self.prepared = True

    def _single_frame(self, ts, atomgroups):
        return ts.frame

    def _conclude(self):
        self.numbers = np.hstack(self._results)


class Centres(ParallelAnalysisBase):
    """The group is an attribute, set before super().__init__ as PMDA's classes do, and an argument."""

    def __init__(self, atomgroup):
        self._ag = atomgroup
        super().__init__(atomgroup.universe, [atomgroup])

    def _single_frame(self, ts, atomgroups):
        assert atomgroups[0] == self._ag
        return self._ag.center_of_mass() + atomgroups[0].positions[0] * 0

    def _conclude(self):
        self.centres = np.vstack(self._results)


class Total(ParallelAnalysisBase):
    """A `_reduce` of its own: sums, one per block."""

    def __init__(self, atomgroup):
        super().__init__(atomgroup.universe, [atomgroup])

    def _single_frame(self, ts, atomgroups):
        return atomgroups[0].positions[:5].astype(np.float64)

    @staticmethod
    def _reduce(res, result_single_frame):
        if isinstance(res, list) and not res:
            return result_single_frame
        return res + result_single_frame

    def _conclude(self):
        self.total = np.sum(self._results, axis=0)


class Histogram(Total):
    """Counts, which merge exactly."""

    edges = np.linspace(-20, 20, 9)

    def _single_frame(self, ts, atomgroups):
        return np.histogram(atomgroups[0].positions[:, 0], self.edges)[0]

    @staticmethod
    def _merge(earlier, later):
        return earlier + later


def serial(universe, function):
    return np.array([function() for _ in universe.trajectory])


@pytest.fixture
def ca(adk):
    return adk.select_atoms("name CA")


def test_a_class_gives_the_bits_of_a_serial_loop_everywhere(adk, ca, place):
    expected = serial(adk, ca.center_of_mass)
    adk.trajectory[7]
    assert np.array_equal(Centres(ca).run(n_jobs=3, **place).centres, expected)
    assert adk.trajectory.frame == 7


@pytest.mark.parametrize("n_jobs", [1, 2, 5])
def test_all_frames_and_some_of_them_for_any_number_of_jobs(ca, n_jobs):
    assert FrameNumbers(ca).run(n_jobs=n_jobs).numbers.tolist() == list(range(98))
    some = FrameNumbers(ca).run(start=10, stop=50, step=10, n_jobs=n_jobs)
    assert some.numbers.tolist() == some.frames.tolist() == [10, 20, 30, 40]
    assert some.times == pytest.approx([11, 21, 31, 41], abs=1e-4)
    assert (some.start, some.stop, some.step, some.n_frames) == (10, 50, 10, 4)


def test_frames_run_backwards_and_twice_in_the_order_asked_for(ca, place):
    assert FrameNumbers(ca).run(step=-7, n_jobs=3, **place).numbers.tolist() == list(range(97, -1, -7))
    assert FrameNumbers(ca).run(frames=[5, 3, 3, 90], n_jobs=3, **place).numbers.tolist() == [5, 3, 3, 90]


@pytest.mark.parametrize("n_jobs", [1, 2, 3])
def test_no_frames_give_a_warning_and_empty_results(ca, n_jobs, place):
    with pytest.warns(UserWarning, match="no frames"):
        none = FrameNumbers(ca).run(start=98, stop=99, n_jobs=n_jobs, **place)
    assert none.numbers.size == 0 and none._blocks == [] and len(none._results) == 1
    timing = none.timing
    assert timing.io.size == timing.compute.size == 0
    assert timing.io_block.tolist() == timing.compute_block.tolist() == timing.wait.tolist() == [0]
    assert timing.universe.tolist() == [0]


@pytest.mark.parametrize("n_blocks", range(1, 11))
def test_results_have_an_entry_for_each_block(ca, n_blocks):
    run = FrameNumbers(ca).run(n_jobs=1, n_blocks=n_blocks)
    assert len(run._results) == len(run._blocks) == n_blocks
    expected = [range(*piece.indices(98)) for piece in make_balanced_slices(98, n_blocks)]
    assert run._blocks == expected
    assert [list(result) for result in run._results] == [list(block) for block in expected]


def test_more_blocks_than_frames_are_an_error_only_when_asked_for(ca):
    with pytest.raises(ValueError, match="n_blocks"):
        FrameNumbers(ca).run(stop=2, n_blocks=4, n_jobs=1)
    assert FrameNumbers(ca).run(stop=2, n_jobs=4).numbers.tolist() == [0, 1]


def test_a_reduce_of_its_own_starts_anew_in_each_block(adk, ca, place):
    frames = np.array([ca.positions[:5].astype(np.float64) for _ in adk.trajectory])
    run = Total(ca).run(n_jobs=4, n_blocks=4, **place)
    starts = [block.start for block in run._blocks]
    assert run._results.shape == (4, 5, 3)
    for result, part in zip(run._results, np.split(frames, starts[1:]), strict=True):
        folded = part[0]
        for frame in part[1:]:
            folded = folded + frame
        assert np.array_equal(result, folded)


def test_blocks_are_not_cut_where_a_class_has_its_own_reduce(ca, place):
    run = Total(ca).run(n_jobs=2, n_blocks=7, **place)
    assert len(run._results) == 7
    assert all(len(workers) == 1 for workers in run.timing.workers)


def test_merge_gives_one_result_for_any_cut(adk, ca, place):
    expected = sum(np.histogram(ca.positions[:, 0], Histogram.edges)[0] for _ in adk.trajectory)
    for n_jobs, n_blocks in ((1, None), (3, None), (2, 9)):
        run = Histogram(ca).run(n_jobs=n_jobs, n_blocks=n_blocks, **place)
        assert len(run._results) == 1
        assert np.array_equal(run.total, expected)


def test_results_of_uneven_blocks_are_arrays_of_their_own(ca):
    run = FrameNumbers(ca).run(n_jobs=1, n_blocks=3)
    assert [len(block) for block in run._results] == [33, 33, 32]
    even = FrameNumbers(ca).run(n_jobs=1, n_blocks=2)
    assert even._results.shape == (2, 49)


class Anything(ParallelAnalysisBase):
    """Values that are no numbers."""

    def __init__(self, atomgroup, what):
        self.what = what
        super().__init__(atomgroup.universe, [atomgroup])

    def _single_frame(self, ts, atomgroups):
        group = atomgroups[0]
        return {
            "group": group[: 1 + ts.frame % 3],
            "groups": (group[:2], group[2:4]),
            "residue": group.residues[ts.frame],
            "tuple": (ts.frame, ts.time),
            "ragged": group.positions[: 1 + ts.frame % 4],
            "text": f"frame {ts.frame}",
            "none": None,
            "dict": {"frame": ts.frame},
        }[self.what]

    def _conclude(self):
        self.values = [value for block in self._results for value in block]


@pytest.mark.parametrize("what", ["group", "groups", "residue", "tuple", "ragged", "text", "none", "dict"])
@pytest.mark.parametrize("scheduler", ["synchronous", "processes"])
def test_a_frame_may_give_anything_that_travels(ca, what, scheduler):
    values = Anything(ca, what).run(n_jobs=3, scheduler=scheduler, stop=20).values
    assert len(values) == 20
    for frame, value in enumerate(values):
        expected = {
            "group": lambda k: ca[: 1 + k % 3],
            "groups": lambda k: (ca[:2], ca[2:4]),
            "residue": lambda k: ca.residues[k],
            "text": lambda k: f"frame {k}",
            "none": lambda k: None,
            "dict": lambda k: {"frame": k},
        }.get(what)
        if expected:
            assert value == expected(frame)
        elif what == "tuple":
            assert tuple(value) == (frame, pytest.approx(frame + 1, abs=1e-4))
        else:
            assert value.shape == (1 + frame % 4, 3)
    if what == "group":
        assert all(value.universe is ca.universe for value in values), "groups come home as the user's own"


def test_a_frame_that_gives_the_readers_own_array_gives_a_copy_of_it(adk, ca):
    class Positions(FrameNumbers):
        def _single_frame(self, ts, atomgroups):
            return ts.positions

        def _conclude(self):
            self.positions = np.vstack(self._results)

    expected = np.array([ts.positions.copy() for ts in adk.trajectory[:6]])
    assert np.array_equal(Positions(ca).run(stop=6, n_jobs=1).positions, expected)


def test_attributes_are_locked_while_it_runs_and_free_after_a_failure(ca, place):
    class Writes(FrameNumbers):
        def _single_frame(self, ts, atomgroups):
            self.seen = ts.frame

    writes = Writes(ca)
    with pytest.raises(AttributeError, match="Can't set attribute at this time"):
        writes.run(n_jobs=2, **place)
    writes.seen = "free again"
    with writes.readonly_attributes(), pytest.raises(AttributeError, match="Can't set attribute at this time"):
        writes.seen = "locked"
    with writes.readonly_attributes(), pytest.raises(AttributeError, match="Can't set attribute at this time"):
        writes._results = "what a run sets"
    with pytest.raises(ZeroDivisionError), writes.readonly_attributes():
        raise ZeroDivisionError
    writes.seen = "free after a failure, too"


def test_a_run_after_a_failed_run_is_as_good_as_new(ca):
    class Fails(FrameNumbers):
        is_bad = True

        def _single_frame(self, ts, atomgroups):
            if self.is_bad and ts.frame == 50:
                raise RuntimeError("bad")
            return ts.frame

    fails = Fails(ca)
    with pytest.raises(RuntimeError, match="frame 50"):
        fails.run(n_jobs=2)
    fails.is_bad = False
    assert fails.run(n_jobs=2).numbers.tolist() == list(range(98))


def test_the_default_reduce_appends():
    values = []
    assert ParallelAnalysisBase._reduce(values, 1) is values
    assert ParallelAnalysisBase._reduce(values, 2) == [1, 2]


def test_pmdas_attributes_are_there(adk, ca, adk_files):
    numbers = FrameNumbers(ca)
    assert (str(numbers._top), str(numbers._traj)) == adk_files
    assert np.array_equal(numbers._indices[0], ca.indices)
    assert numbers._trajectory is adk.trajectory


def test_timing_fills_pmdas_fields(ca, place):
    timing = FrameNumbers(ca).run(n_jobs=2, n_blocks=4, **place).timing
    assert isinstance(timing, parallel.Timing)
    assert timing.io.shape == timing.compute.shape == (98,)
    assert (timing.io > 0).all() and (timing.compute > 0).all()
    for field in (timing.io_block, timing.compute_block, timing.universe, timing.wait):
        assert field.shape == (4,)
    assert timing.universe.max() > 0
    assert timing.io_block.sum() == pytest.approx(timing.io.sum())
    assert timing.cumulate_time == pytest.approx(timing.io.sum() + timing.compute.sum())
    n_workers = len({worker for block in timing.workers for worker in block})
    assert timing.cumulate_time + timing.universe.sum() <= n_workers * timing.total * 1.01
    for name in ("total", "prepare", "conclude"):
        assert getattr(timing, name) >= 0


def test_timing_gives_back_what_it_was_made_of():
    values = (np.arange(3), np.arange(3), 5, np.arange(2), 6, 7, np.arange(2), np.arange(2), np.arange(2))
    timing = parallel.Timing(*values)
    names = ("io", "compute", "total", "universe", "prepare", "conclude", "wait", "io_block", "compute_block")
    assert all(getattr(timing, name) is value for name, value in zip(names, values, strict=True))
    assert timing.cumulate_time == 6


def test_processes_are_the_default_when_jobs_are_given(ca, no_ambient_client):
    run = FrameNumbers(ca).run(n_jobs=3)
    assert len(process_ids(run.timing)) == 3 and os.getpid() not in process_ids(run.timing)
    again = FrameNumbers(ca).run(n_jobs=3)
    assert process_ids(again.timing) == process_ids(run.timing), "one warm pool"


def test_one_job_is_the_calling_thread(ca, no_ambient_client):
    run = FrameNumbers(ca).run(n_jobs=1)
    assert thread_ids(run.timing) == {(os.getpid(), threading.get_native_id())}


def test_threads_have_a_universe_each(ca, no_ambient_client):
    seen = custom.AnalysisFromFunction(lambda group: id(group.universe), ca.universe, ca)
    universes = set(seen.run(n_jobs=3, scheduler="threads", frames=np.tile(np.arange(98), 30)).results)
    assert len(universes) == len(thread_ids(seen.timing)) == 3
    assert id(ca.universe) not in universes


def test_a_plain_serial_run_warns_of_nothing(ca):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FrameNumbers(ca).run(n_jobs=1)


def test_several_classes_share_a_pass_and_see_the_same_frames(ca, place):
    class Moves(FrameNumbers):
        """Spoils the frame for whoever comes next."""

        def _single_frame(self, ts, atomgroups):
            ts.positions += 100
            return ts.frame

    rmsd, centres, alone = rms.RMSD(ca, ca), Centres(ca), Centres(ca)
    expected = rms.RMSD(ca, ca).run(scheduler="synchronous").rmsd
    mdloom.run([Moves(ca), centres, rmsd], n_jobs=3, **place)
    assert np.array_equal(centres.centres, alone.run(n_jobs=1).centres)
    assert np.array_equal(rmsd.rmsd, expected)


def test_an_analysis_says_how_it_ran(ca):
    numbers = FrameNumbers(ca)
    assert repr(numbers) == "<FrameNumbers 3341 atoms, not run yet>"
    numbers.run(n_jobs=1)
    assert repr(numbers).startswith("<FrameNumbers 98 frames, 3341 atoms, 1 blocks, serial, DCD read")


def test_an_analysis_pickles_before_and_after_its_run(ca):
    numbers = FrameNumbers(ca)
    assert pickle.loads(pickle.dumps(numbers)).run(n_jobs=1).numbers.size == 98
    assert pickle.loads(pickle.dumps(numbers.run(n_jobs=1))).numbers.size == 98


def test_a_hook_of_a_native_class_is_not_overridden_in_silence(ca):
    class Mine(rms.RMSD):
        def _single_frame(self, ts, atomgroups):
            return 0.0

    with pytest.raises(ArgumentError, match="Mine overrides _single_frame.*ParallelAnalysisBase"):
        Mine(ca, ca).run()
    changed = rms.RMSD(ca, ca)
    changed._conclude = lambda: None
    with pytest.raises(ArgumentError, match="overrides _conclude"):
        changed.run()


def test_progress_is_told_for_every_scheduler(ca, place):
    told = []
    FrameNumbers(ca).run(n_jobs=2, progress=lambda done, total: told.append((done, total)), **place)
    assert told[-1] == (98, 98)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_class_may_build_on_another(ca):
    class Twice(Histogram):
        def _single_frame(self, ts, atomgroups):
            return 2 * super()._single_frame(ts, atomgroups)

    once, twice = Histogram(ca).run(n_jobs=2).total, Twice(ca).run(n_jobs=2).total
    assert np.array_equal(2 * once, twice)

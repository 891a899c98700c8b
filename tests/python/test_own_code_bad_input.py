"""What can be wrong with an analysis of one's own: one clear error, of the class that was raised."""

import gc
import os
import pickle
import signal
import threading
import time
import traceback

import MDAnalysis as mda
import numpy as np
import pytest

from cluster_helpers import run_script, wait_until
from mdloom.custom import AnalysisFromFunction
from mdloom.errors import AnalysisError, ArgumentError, BackendError, FormatError, MdloomWarning
from mdloom.parallel import ParallelAnalysisBase
from xtc_files import frame_starts


class OnAtoms(ParallelAnalysisBase):
    def __init__(self, atomgroup):
        super().__init__(atomgroup.universe, [atomgroup])

    def _single_frame(self, ts, atomgroups):
        return ts.frame


class OwnError(Exception):
    def __init__(self, code, text):
        super().__init__(code, text)
        self.code = code


def fails_from_17(group):
    frame = group.universe.trajectory.frame
    if frame >= 17:
        raise KeyError(f"nothing at {frame}")
    return frame


def test_an_error_names_frame_and_worker_and_keeps_class_and_traceback(adk, place):
    run = AnalysisFromFunction(fails_from_17, adk, adk.atoms)
    with pytest.raises(KeyError) as caught:
        run.run(n_jobs=3, **place)
    error = caught.value
    assert isinstance(error, AnalysisError) and error.frame == 17
    assert str(error).startswith("adk_dims.dcd: frame 17: KeyError: 'nothing at 17' (host ")
    assert f"process {os.getpid()}" in error.worker or place.get("scheduler") not in ("synchronous", "threads")
    assert type(error.__cause__) is KeyError and error.__cause__.args == ("nothing at 17",)
    shown = "".join(traceback.format_exception(error))
    assert "in fails_from_17" in shown and "test_own_code_bad_input.py" in shown
    assert 'raise KeyError(f"nothing at {frame}")' in shown
    assert run.results is None


def test_an_error_class_of_ones_own_comes_back(adk, place):
    def fails(group):
        raise OwnError(7, "seven")

    with pytest.raises(OwnError) as caught:
        AnalysisFromFunction(fails, adk, adk.atoms).run(n_jobs=2, **place)
    assert caught.value.__cause__.code == 7
    assert "frame 0: OwnError" in str(caught.value)


def n_own_errors(group):
    gc.collect()
    return sum(type(thing).__name__ == "OwnError" for thing in gc.get_objects())


def test_nobody_keeps_exceptions_when_a_run_is_over(adk, place):
    """They hold the frames of a worker's stack, and with them its copy of the Universe."""

    def fails(group):
        raise OwnError(7, f"at {group.universe.trajectory.frame}")

    with pytest.raises(OwnError):
        AnalysisFromFunction(fails, adk, adk.atoms).run(n_jobs=3, n_blocks=3, **place)
    run = AnalysisFromFunction(n_own_errors, adk, adk.atoms).run(n_jobs=3, n_blocks=3, stop=12, **place)
    assert run.results.tolist() == [0] * 12
    assert n_own_errors(None) == 0


def test_an_exception_that_does_not_pickle_is_told_in_words(adk, place):
    def fails(group):
        error = ValueError("holds a lock")
        error.lock = threading.Lock()
        raise error

    with pytest.raises(AnalysisError, match="frame 0: ValueError: holds a lock"):
        AnalysisFromFunction(fails, adk, adk.atoms).run(n_jobs=2, **place)


def test_system_exit_in_a_function_is_an_error_of_that_frame(adk, place):
    def leaves(group):
        raise SystemExit(3)

    with pytest.raises(AnalysisError, match="frame 0: SystemExit: 3"):
        AnalysisFromFunction(leaves, adk, adk.atoms).run(n_jobs=2, **place)


def test_a_reduce_that_forgets_to_return(adk, place):
    class Forgets(OnAtoms):
        @staticmethod
        def _reduce(res, result_single_frame):
            res.append(result_single_frame)

    with pytest.raises(ValueError, match=r"frame 0: .*Forgets\._reduce returned None: it must return"):
        Forgets(adk.atoms).run(n_jobs=2, **place)


def test_a_merge_that_forgets_to_return(adk, place):
    class Forgets(OnAtoms):
        @staticmethod
        def _merge(earlier, later):
            earlier += later

    with pytest.raises(ValueError, match=r"Forgets\._merge returned None: it must return"):
        Forgets(adk.atoms).run(n_jobs=3, **place)


def test_a_result_that_does_not_travel(adk, place):
    with pytest.raises(TypeError, match="frame 0: TypeError: cannot pickle '_thread.lock'"):
        AnalysisFromFunction(lambda group: threading.Lock(), adk, adk.atoms).run(n_jobs=2, **place)


def test_what_does_not_travel_is_named_before_work_starts(adk, place):
    class Locked(OnAtoms):
        def __init__(self, atomgroup):
            super().__init__(atomgroup)
            self.lock = threading.Lock()

        def _single_frame(self, ts, atomgroups):
            raise AssertionError("work has started")

    with pytest.raises(ArgumentError, match="lock of Locked cannot be sent to workers .*cannot pickle"):
        Locked(adk.atoms).run(n_jobs=2, **place)
    lock = threading.Lock()
    with pytest.raises(ArgumentError, match="function of AnalysisFromFunction cannot be sent to workers"):
        AnalysisFromFunction(lambda group: lock.locked(), adk, adk.atoms).run(n_jobs=2, **place)


def test_what_only_fails_to_unpickle_is_named_before_work_starts(adk):
    class Odd:
        def __reduce__(self):
            return int, ("no number",)

    with pytest.raises(ArgumentError, match="args of AnalysisFromFunction cannot be sent.*invalid literal"):
        AnalysisFromFunction(lambda group, odd: 0, adk, adk.atoms, Odd()).run(n_jobs=1)


def test_values_kept_in_self_are_not_lost_in_silence(adk, place):
    class Keeps(OnAtoms):
        def __init__(self, atomgroup):
            super().__init__(atomgroup)
            self.values = []
            self.array = np.zeros(98)

        def _single_frame(self, ts, atomgroups):
            self.values.append(ts.frame)
            self.array[ts.frame] = 1

    with pytest.raises(ArgumentError, match="changed values, array of self in place.*return the frame's value"):
        Keeps(adk.atoms).run(n_jobs=2, **place)


def test_groups_of_two_universes_are_refused(adk):
    other = adk.copy()
    with pytest.raises(ArgumentError, match="214 atoms belongs to another universe"):
        ParallelAnalysisBase(adk, [adk.atoms, other.select_atoms("name CA")])
    with pytest.raises(ArgumentError, match="takes AtomGroups of the universe, not str"):
        ParallelAnalysisBase(adk, ["name CA"])


def test_a_class_that_forgets_its_base_is_told(adk):
    class Forgets(ParallelAnalysisBase):
        def __init__(self, atomgroup):
            self.universe = atomgroup.universe

    with pytest.raises(ArgumentError, match=r"Forgets\.__init__ must call super\(\)\.__init__\(universe, atomgroups\)"):
        Forgets(adk.atoms).run()


def test_a_class_without_single_frame_is_told(adk):
    class Nothing(ParallelAnalysisBase):
        pass

    with pytest.raises(NotImplementedError, match="Nothing has no _single_frame"):
        Nothing(adk, []).run(n_jobs=1)


outside = None


def test_a_global_group_in_a_class_is_refused_by_name(adk, place):
    class Reaches(OnAtoms):
        def _single_frame(self, ts, atomgroups):
            return helper()

    def helper():
        return outside.center_of_mass()

    global outside
    outside = adk.atoms
    try:
        with pytest.raises(ArgumentError, match=r"uses 'outside' from outside, .*keep it as an attribute"):
            Reaches(adk.atoms).run(n_jobs=2, **place)
    finally:
        outside = None


def test_transformations_that_remember_are_refused(adk):
    from MDAnalysis.transformations import PositionAverager

    adk.trajectory.add_transformations(PositionAverager(3))
    with pytest.raises(ArgumentError, match="PositionAverager remembers earlier frames"):
        AnalysisFromFunction(len, adk, adk.atoms).run(n_jobs=1)


def test_a_topology_alone_is_refused(adk_files):
    with pytest.raises(ArgumentError, match="topology only"):
        AnalysisFromFunction(len, mda.Universe(adk_files[0]), 1).run(n_jobs=1)


def test_a_damaged_frame_is_an_error_of_the_file(xtc, place):
    from MDAnalysisTests.datafiles import GRO

    content, start = bytearray(xtc.read_bytes()), frame_starts(xtc)[4]
    content[start + 92 : start + 4000] = b"\xff" * (4000 - 92)
    xtc.write_bytes(content)
    damaged = mda.Universe(GRO, str(xtc))
    run = AnalysisFromFunction(lambda group: group.center_of_geometry(), damaged, damaged.atoms[:5])
    with pytest.raises(OSError, match=r"traj\.xtc: frame 4 .*damaged at byte"):
        run.run(n_jobs=2, **place)


def test_a_torn_last_frame_is_left_out_with_a_warning(xtc, place):
    from MDAnalysisTests.datafiles import GRO

    xtc.write_bytes(xtc.read_bytes()[: frame_starts(xtc)[8] + 5000])
    torn = mda.Universe(GRO, str(xtc))
    run = AnalysisFromFunction(lambda group: group.center_of_geometry(), torn, torn.atoms[:5])
    with pytest.warns(MdloomWarning, match="ends inside frame 8"):
        run.run(n_jobs=2, **place)
    assert len(run.results) == 8
    with pytest.raises(FormatError, match="ends inside frame 8"):
        run.run(n_jobs=2, strict=True, **place)


def test_a_file_that_is_gone_is_told_by_all_workers(adk_files, tmp_path):
    import shutil

    path = tmp_path / "gone.xyz"
    universe = mda.Universe(*adk_files)
    universe.atoms[:20].write(str(path), frames="all")
    part = tmp_path / "part.pdb"
    universe.atoms[:20].write(str(part))
    gone = mda.Universe(str(part), str(path))
    run = AnalysisFromFunction(lambda group: 0, gone, gone.atoms)
    assert len(gone.trajectory) == 98  # MDAnalysis counts when it is asked
    shutil.move(path, tmp_path / "elsewhere.xyz")
    with pytest.raises(BackendError, match=r"2 of 2 workers cannot read .*gone\.xyz.*Nothing was computed"):
        run.run(n_jobs=2, scheduler="processes")


def test_ctrl_c_ends_a_run_of_long_blocks_at_once(adk, tmp_path, no_ambient_client):
    class Slow(OnAtoms):
        def _single_frame(self, ts, atomgroups):
            self.begun.touch()
            time.sleep(0.05)
            return 1

        @staticmethod
        def _reduce(res, result_single_frame):
            return [*res, result_single_frame]

    def interrupt(begun):
        """Not before the first frame: Python loses a Ctrl-C that lands in the __del__ of a reader."""
        wait_until(begun.exists, "the first frame", 60)
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)

    for place in ({"n_jobs": 1}, {"n_jobs": 2, "scheduler": "threads"}, {"n_jobs": 2, "scheduler": "processes"}):
        slow = Slow(adk.atoms)
        slow.begun = tmp_path / f"{place.get('scheduler')}"
        threading.Thread(target=interrupt, args=(slow.begun,)).start()
        with pytest.raises(KeyboardInterrupt):
            slow.run(frames=np.tile(np.arange(98), 20), **place)  # 49 s at least
        slow.name_may_be_set = True


def test_a_worker_that_dies_costs_its_chunk(adk, tmp_path, no_ambient_client):
    marker = tmp_path / "died"

    def dies_once(group):
        if group.universe.trajectory.frame == 60 and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return group.universe.trajectory.frame

    run = AnalysisFromFunction(dies_once, adk, adk.atoms).run(n_jobs=2, scheduler="processes")
    assert marker.exists()
    assert run.results.tolist() == list(range(98))


def test_analysis_errors_pickle(adk):
    with pytest.raises(ValueError) as caught:
        AnalysisFromFunction(lambda group: int("x"), adk, adk.atoms).run(n_jobs=1)
    again = pickle.loads(pickle.dumps(caught.value))
    assert isinstance(again, AnalysisError) and str(again) == str(caught.value)


def test_an_error_in_a_script_shows_the_users_line(tmp_path, adk_files):
    told = run_script(
        f"""
        import sys, traceback, MDAnalysis as mda
        from mdloom.custom import AnalysisFromFunction
        u = mda.Universe{adk_files}
        def bad(group):
            return 1 / (group.universe.trajectory.frame - 9)
        for n_jobs in (1, 2):
            try:
                AnalysisFromFunction(bad, u, u.atoms).run(n_jobs=n_jobs)
            except ZeroDivisionError:
                print(traceback.format_exc())
        """,
        tmp_path,
        seconds=110,
    )
    assert told.count("return 1 / (group.universe.trajectory.frame - 9)") >= 2
    assert told.count("adk_dims.dcd: frame 9: ZeroDivisionError: division by zero (host ") == 2

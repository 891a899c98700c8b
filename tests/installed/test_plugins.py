"""mdloom.plugins with the plug-ins of this folder, which the recipes part of scripts/test builds."""

import os
import pickle
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import MDAnalysis as mda
import numpy as np
import pytest
from distributed import Client, LocalCluster
from MDAnalysisTests.datafiles import DCD, PSF

from mdloom import _core, plugins
from mdloom.errors import ArgumentError, FileError, StateError, TopologyError

BUILD = Path(os.environ.get("MDLOOM_TEST_PLUGINS", ""))
pytestmark = pytest.mark.skipif(
    not os.environ.get("MDLOOM_TEST_PLUGINS"), reason="scripts/test recipes builds the plug-ins and says where"
)


def library(name):
    return BUILD / f"lib{name}.so"


@pytest.fixture(scope="module")
def kinds():
    return plugins.load(library("kinds"))


@pytest.fixture(scope="module")
def moody():
    return plugins.load(library("moody")).moody


@pytest.fixture
def universe():
    return mda.Universe(PSF, DCD)


def in_a_new_process(script, *arguments):
    """What the script prints."""
    command = [sys.executable, "-c", "import sys; from mdloom import plugins\n" + script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout


# Arguments


def test_every_kind_of_argument_arrives_by_place(kinds, universe):
    group = universe.atoms[[5, 3, 3]]
    results = kinds.kinds(universe, group, [1, 2.5], np.float32(0.25), np.int32(-4), False, "two words").run().results
    assert list(results) == ["n_frames", "numbers", "weights", "letters", "atoms"]
    np.testing.assert_array_equal(results.n_frames, [98])
    np.testing.assert_array_equal(results.numbers[:3], [0.25, -4, 0])
    np.testing.assert_array_equal(results.weights, [1, 2.5])
    np.testing.assert_array_equal(results.letters, [ord(c) for c in "two words"])
    np.testing.assert_array_equal(results.atoms, [5, 3, 3])


def test_by_name_and_what_is_left_out_is_as_the_struct_has_it(kinds, universe):
    results = kinds.kinds(universe, label="x", group=[0]).run().results
    np.testing.assert_array_equal(results.numbers[:3], [1.5, 7, 1])
    np.testing.assert_array_equal(results.weights, [0.5])
    np.testing.assert_array_equal(results.letters, [ord("x")])


def test_without_names_places_are_enough_and_end_at_the_first_settled_member(kinds, universe):
    told = kinds.nameless(universe, universe.atoms[:5], [1, 2]).run().results.told
    np.testing.assert_array_equal(told, [5, 2, 3, 9])
    with pytest.raises(ArgumentError, match="nameless takes at most 3 arguments after the Universe"):
        kinds.nameless(universe, [0], [0], 1, 2)
    with pytest.raises(ArgumentError, match="nameless: argument 2 after the Universe is missing"):
        kinds.nameless(universe, [0])
    with pytest.raises(ArgumentError, match='nameless has no argument "first"'):
        kinds.nameless(universe, first=[0])


def test_prepare_sees_the_masses(kinds, universe):
    total = kinds.kinds(universe, [0]).run().results.numbers[3]
    assert total == pytest.approx(universe.atoms.masses.sum())
    without = mda.Universe.empty(3, trajectory=True)
    assert kinds.kinds(without, [0]).run().results.numbers[3] == 0


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"group": "protein"}, r'kinds: "group" takes an AtomGroup or atom indices, not \'protein\''),
        ({"group": [0.5]}, "takes an AtomGroup or atom indices"),
        ({"group": [True, False]}, "takes an AtomGroup or atom indices"),
        ({"group": [0], "weights": 3}, '"weights" takes an array of numbers, one-dimensional, not 3'),
        ({"group": [0], "weights": ["a"]}, "takes an array of numbers"),
        ({"group": [0], "cutoff": "wide"}, "\"cutoff\" takes a number, not 'wide'"),
        ({"group": [0], "cutoff": True}, '"cutoff" takes a number, not True'),
        ({"group": [0], "n_bins": 1.5}, '"n_bins" takes a whole number, not 1.5'),
        ({"group": [0], "n_bins": 2**63}, '"n_bins" takes a whole number'),
        ({"group": [0], "is_periodic": 1}, '"is_periodic" takes True or False, not 1'),
        ({"group": [0], "label": 7}, '"label" takes a string, not 7'),
        ({"group": [0], "cutof": 7}, 'kinds has no argument "cutof"; did you mean "cutoff"?'),
        ({}, '"group" is missing'),
    ],
)
def test_arguments_that_do_not_fit_are_refused_by_name(kinds, universe, arguments, message):
    with pytest.raises(ArgumentError, match=message):
        kinds.kinds(universe, **arguments)


def test_groups_of_elsewhere_are_refused(kinds, universe):
    other = mda.Universe(PSF, DCD)
    with pytest.raises(ArgumentError, match="of another Universe"):
        kinds.kinds(universe, other.atoms)
    with pytest.raises(ArgumentError, match="updating group"):
        kinds.kinds(universe, universe.select_atoms("prop x > 0", updating=True))
    with pytest.raises(ArgumentError, match="takes the Universe first"):
        kinds.kinds([0, 1])
    with pytest.raises(ArgumentError, match="is given twice"):
        kinds.kinds(universe, [0], group=[1])
    for atom in (-1, 3341):
        with pytest.raises(ArgumentError, match=f"atom index {atom} is outside"):
            kinds.kinds(universe, [0, atom]).run()


# Libraries


def test_a_library_says_what_it_has(kinds):
    assert repr(kinds).endswith(
        "libkinds.so: kinds(universe, group, weights, cutoff, n_bins, is_periodic, label), "
        "nameless(universe, an AtomGroup or atom indices, an AtomGroup or atom indices, "
        "a whole number)>"
    )
    assert {"kinds", "nameless"} <= set(dir(kinds))
    assert kinds.kinds.__doc__.endswith(": tells what it was given")
    with pytest.raises(AttributeError, match="has no analysis 'rdf'; it has kinds, nameless"):
        kinds.rdf  # noqa: B018


def test_loading_twice_gives_the_same(kinds):
    assert plugins.load(library("kinds")) is kinds


def test_a_copy_is_the_same_library_and_workers_look_for_it_where_it_is(kinds, tmp_path):
    path = shutil.copy(library("kinds"), tmp_path / "first.so")
    script = """
import os, shutil
import MDAnalysis as mda
from MDAnalysisTests.datafiles import DCD, PSF
plugins.load(sys.argv[1])
os.rename(sys.argv[1], sys.argv[1] + ".moved.so")
moved = plugins.load(sys.argv[1] + ".moved.so")
print(moved.kinds(mda.Universe(PSF, DCD), [0]).run(scheduler="processes", n_jobs=2).n_frames)
"""
    assert in_a_new_process(script, path) == "98\n"


def test_what_is_no_plugin_is_refused(tmp_path):
    with pytest.raises(FileError, match=r"/no/such.so: No such file or directory"):
        plugins.load("/no/such.so")
    with pytest.raises(FileError, match="Is a directory"):
        plugins.load(tmp_path)
    text = tmp_path / "text.so"
    text.write_text("not a library")
    with pytest.raises(FileError, match=r"text\.so cannot be loaded \("):
        plugins.load(text)
    with pytest.raises(ArgumentError, match=r"libno_plugin\.so is a library, but no plug-in of mdloom"):
        plugins.load(library("no_plugin"))


def test_another_version_is_refused_naming_both():
    with pytest.raises(ArgumentError) as refusal:
        plugins.load(library("foreign"))
    text = str(refusal.value)
    assert "built for [mdloom 0.0.7, contracts 12345678, libstdc++]" in text
    assert f"this is [mdloom {_core.__version__}, contracts " in text
    assert text.endswith("build it again with the C++ package of this version")


def test_a_name_that_is_taken_is_refused_naming_both_libraries(kinds):
    with pytest.raises(ArgumentError, match=r'libtwin\.so has an analysis "kinds", as has /.*libkinds\.so'):
        plugins.load(library("twin"))
    with pytest.raises(ArgumentError, match=r'libtwin_of_rmsd\.so has an analysis "rmsd", as has mdloom itself'):
        plugins.load(library("twin_of_rmsd"))


def test_a_library_that_was_built_anew_wants_a_new_process(tmp_path):
    path = shutil.copy(library("kinds"), tmp_path / "kinds.so")
    script = """
import os, shutil
plugins.load(sys.argv[1])
os.unlink(sys.argv[1]); shutil.copy(sys.argv[2], sys.argv[1])
try:
    plugins.load(sys.argv[1])
except ValueError as error:
    print(error)
"""
    told = in_a_new_process(script, path, library("rebuilt"))
    assert told == f"plug-in {path} was built anew after this process had loaded it: start a new process\n"


# Elsewhere


def test_an_executor_and_processes_give_the_same(kinds, universe):
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    expected = kinds.kinds(universe, [1]).run(n_jobs=1).results
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for scheduler in ("processes", pool):
            results = kinds.kinds(universe, [1]).run(n_jobs=2, scheduler=scheduler).results
            for name, values in expected.items():
                np.testing.assert_array_equal(results[name], values)


def test_workers_without_the_file_are_told_of_in_one_error(tmp_path):
    path = shutil.copy(library("rebuilt"), tmp_path / "gone.so")
    script = """
import os
import MDAnalysis as mda
from MDAnalysisTests.datafiles import DCD, PSF
from mdloom.errors import BackendError
kinds = plugins.load(sys.argv[1]).kinds
os.unlink(sys.argv[1])
u = mda.Universe(PSF, DCD)
if __name__ == "__main__":
    for scheduler in ("threads", "processes"):
        try:
            print(kinds(u, [0]).run(scheduler=scheduler, n_jobs=2).n_frames)
        except BackendError as error:
            print(error)
"""
    threads, processes = in_a_new_process(script, path).splitlines()
    assert threads == "98"
    assert processes.startswith(f"2 of 2 workers cannot read {path} (")
    assert processes.endswith(
        "No such file or directory). Every worker must see it under this path: move it to a shared file system. "
        "Nothing was computed."
    )


def test_workers_with_another_build_are_told_of_and_late_ones_load_it(tmp_path):
    """A Dask cluster that has the file from before: its workers hold the old build."""
    path = Path(shutil.copy(library("kinds"), tmp_path / "kinds.so"))
    script = """
import MDAnalysis as mda
from MDAnalysisTests.datafiles import DCD, PSF
from mdloom.errors import BackendError
u = mda.Universe(PSF, DCD)
try:
    print(plugins.load(sys.argv[1]).kinds(u, [0]).run(client=sys.argv[2]).results.numbers[0])
except BackendError as error:
    print(error)
"""
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster:
        assert in_a_new_process(script, path, cluster.scheduler_address) == "1.5\n"
        path.unlink()
        shutil.copy(library("rebuilt"), path)
        told = in_a_new_process(script, path, cluster.scheduler_address)
        assert told.startswith("1 of 1 workers cannot work on adk_dims.dcd (")
        assert f"plug-in {path} was built anew after this process had loaded it: start a new process" in told
        with Client(cluster) as client:
            client.restart()
        assert in_a_new_process(script, path, cluster.scheduler_address) == "2.5\n"


def test_a_worker_that_comes_late_loads_it_too(kinds, universe):
    with (
        LocalCluster(n_workers=0, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
    ):
        threading.Timer(0.5, cluster.scale, [1]).start()
        results = kinds.kinds(universe, [1]).run(client=client).results
    assert results.n_frames == 98


def test_results_pickle_and_run_again_where_they_come_out(kinds, universe):
    analysis = kinds.kinds(universe, [4]).run()
    copy = pickle.loads(pickle.dumps(analysis))
    np.testing.assert_array_equal(copy.results.atoms, [4])
    assert copy.run(n_jobs=1).results.n_frames == 98
    assert repr(copy).startswith("<kinds 98 frames, 1 atoms")


def test_a_worker_that_never_loaded_it_does_not_know_the_name(universe):
    script = """
from mdloom import _core
try:
    _core.make_plugin_analysis("kinds", [])
except RuntimeError as error:
    print(error)
"""
    assert in_a_new_process(script) == 'no plug-in with an analysis "kinds" is loaded: call mdloom.plugins.load()\n'


# Errors


@pytest.mark.parametrize("scheduler", ["synchronous", "threads", "processes"])
@pytest.mark.parametrize(
    "mood, error, text",
    [
        ("argument", ArgumentError, "a mood about arguments"),
        ("topology", TopologyError, "a mood about topologies"),
        ("standard", StateError, "a standard mood"),
        ("own", StateError, "a mood of its own"),
    ],
)
def test_what_a_frame_makes_it_throw_arrives_as_ours_and_names_the_frame(moody, universe, scheduler, mood, error, text):
    analysis = moody(universe, [0], "frame", mood, 40)
    with pytest.raises(error, match=f"^frame 40: {text}$"):
        analysis.run(scheduler=scheduler, n_jobs=2)
    assert not analysis.results
    assert moody(universe, [0], "nowhere", mood).run(scheduler=scheduler, n_jobs=2).results.n_frames == 98


@pytest.mark.parametrize(
    "mood, error", [("argument", ArgumentError), ("state", StateError), ("standard", RuntimeError), ("own", Exception)]
)
@pytest.mark.parametrize("where", ["prepare", "conclude"])
def test_what_prepare_and_conclude_throw_arrives_as_it_is(moody, universe, where, mood, error):
    with pytest.raises(error, match="mood"):
        moody(universe, [0], where, mood).run(n_jobs=2)


def test_a_shape_that_does_not_fit_is_refused(moody, universe):
    with pytest.raises(StateError, match="moody: the shape of column 'n_frames' does not fit its 1 values"):
        moody(universe, [0], "shape", "").run()

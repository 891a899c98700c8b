"""The groups of LeafletFinder: they read like lists, and are made when they are looked at."""

import operator
import pickle

import MDAnalysis as mda
import numpy as np
import pytest
from MDAnalysisTests.datafiles import GRO_MEMPROT, XTC_MEMPROT

from mdloom import leaflet
from mdloom.frame_groups import FrameGroups


@pytest.fixture
def u():
    return mda.Universe(GRO_MEMPROT, XTC_MEMPROT)


@pytest.fixture
def popg(u):
    return u.select_atoms("resname POPG and name P")


def lists(groups):
    """Atom indices, which compare and show better than groups."""
    return [[group.ix.tolist() for group in of_frame] for of_frame in groups]


def test_they_read_like_lists_of_lists(u, popg):
    found = leaflet.LeafletFinder(u, popg).run()
    for groups in (found.results, found.components):
        plain = [list(of_frame) for of_frame in groups]
        assert groups == plain and plain == groups and groups != plain[:-1] and groups != [plain[1]] * 5
        assert groups[-1] == plain[-1] and groups[1:4:2] == plain[1:4:2] and groups[np.int64(2)] == plain[2]
        assert list(reversed(groups)) == plain[::-1] and plain[3] in groups and groups.index(plain[0]) == 0
        assert operator.add(groups, [1]) == [*plain, 1] and operator.add([1], groups) == [1, *plain]
        assert len(groups) == 5 and groups and not groups[:0] and repr(groups[:1]) == repr(plain[:1])
        with pytest.raises(IndexError):
            groups[5]
        with pytest.raises(TypeError):
            groups["first"]


def test_a_run_and_partial_results_make_none(u, popg, monkeypatch):
    finder = leaflet.LeafletFinder(u, popg)

    def forbidden(*args):
        raise AssertionError("an AtomGroup was made")

    monkeypatch.setattr(FrameGroups, "_components", forbidden)
    finder.run()
    finder.partial()
    with pytest.raises(AssertionError, match="was made"):
        finder.components[0]


def test_edited_labels_do_not_edit_groups(u, popg):
    found = leaflet.LeafletFinder(u, popg).run()
    before = lists(found.components)
    found.labels[:] = 0
    assert lists(found.components) == before


def test_they_travel(u, popg):
    found = leaflet.LeafletFinder(u, popg).run()
    results, components = pickle.loads(pickle.dumps((found.results, found.components)))
    assert lists(results) == lists(found.results) and lists(components) == lists(found.components)
    assert results.found.labels.tolist() == found.labels.tolist()

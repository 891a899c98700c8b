"""Which selections may give other atoms in another frame."""

import MDAnalysis as mda
import pytest
from MDAnalysis.core import selection as mda_selection
from MDAnalysisTests.datafiles import DCD, PSF

from mdloom.changing_groups import ChangingGroups, changes_with_frames
from mdloom.errors import ArgumentError


@pytest.mark.parametrize(
    "selection",
    [
        "around 5 name CA",
        "name OH2 and (around 3.5 protein)",
        "(sphzone 4 resid 1)",
        "byres sphlayer 2 4 protein",
        "isolayer 1 2 protein",
        "cyzone 5 1 -1 protein",
        "cylayer 1 5 1 -1 protein",
        "point 1 2 3 5",
        "prop x < 3",
        "prop abs z<3",
        "prop z<=1 and name P",
        "same x as name P",
    ],
)
def test_a_selection_that_looks_at_coordinates_changes(selection):
    assert changes_with_frames(selection)


@pytest.mark.parametrize(
    "selection",
    [
        "all",
        "protein and not name H*",
        "resname TIP3 and name OH2",
        "prop mass > 3 and prop abs charge < 1",
        "same residue as name P",
        "byres name P or bonded name C",
        "index 1:3",
        "group mine",
    ],
)
def test_a_selection_of_names_and_numbers_stays(selection):
    assert not changes_with_frames(selection)


def test_a_group_that_changes_makes_what_names_it_change():
    u = mda.Universe(PSF, DCD)
    near = u.select_atoms("around 5 resid 3", updating=True)
    assert changes_with_frames("group near and name C*", near=near)
    assert not changes_with_frames("group near and name C*", near=u.atoms[near.ix])


def test_a_keyword_that_somebody_added_may_look_at_anything(monkeypatch):
    monkeypatch.setitem(mda_selection._SELECTIONDICT, "mine", None)  # which takes it out again in the end

    class Mine(mda_selection.ProteinSelection):
        token = "mine"

    assert changes_with_frames("name CA and mine")
    assert not changes_with_frames("name CA")


def test_only_updating_groups_change():
    u = mda.Universe(PSF, DCD)
    with pytest.raises(ArgumentError, match="UpdatingAtomGroup"):
        ChangingGroups((u.atoms,))

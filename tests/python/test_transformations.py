"""On-the-fly transformations that the engine does itself: the same positions as MDAnalysis', on every scheduler."""

import functools

import MDAnalysis as mda
import numpy as np
import pytest
from MDAnalysis import transformations as mda_transformations
from MDAnalysis.transformations.boxdimensions import set_dimensions
from MDAnalysisTests.datafiles import DCD, DCD_TRICLINIC, PSF, PSF_TRICLINIC, TPR, XTC

from mdloom import _core, rms
from mdloom.errors import ArgumentError, FormatError
from mdloom.universe import trajectory_source

N_FRAMES = 2


@functools.cache
def opened(topology, trajectory):
    return mda.Universe(topology, trajectory)


def adk():
    return opened(TPR, XTC).copy()


def triclinic():
    return opened(PSF_TRICLINIC, DCD_TRICLINIC).copy()


def without_box():
    return opened(PSF, DCD).copy()


#: name -> (system, what makes the transformations of a Universe)
CASES = {
    "translate": (adk, lambda u: [mda_transformations.translate([10, -20.5, 3])]),
    "center": (adk, lambda u: [mda_transformations.center_in_box(u.select_atoms("protein"))]),
    "center by mass": (adk, lambda u: [mda_transformations.center_in_box(u.select_atoms("protein"), center="mass")]),
    "center wrapped": (adk, lambda u: [mda_transformations.center_in_box(u.atoms[:500], wrap=True)]),
    "center on a point": (without_box, lambda u: [mda_transformations.center_in_box(u.atoms, point=[1.0, 2.0, 3.0])]),
    "wrap": (adk, lambda u: [mda_transformations.wrap(u.atoms)]),
    "wrap residues": (adk, lambda u: [mda_transformations.wrap(u.atoms, compound="residues")]),
    "wrap fragments": (
        adk,
        lambda u: [mda_transformations.wrap(u.select_atoms("name OW HW1 HW2 or protein"), compound="fragments")],
    ),
    "wrap the group": (triclinic, lambda u: [mda_transformations.wrap(u.atoms[3:50], compound="group")]),
    "wrap triclinic": (triclinic, lambda u: [mda_transformations.wrap(u.atoms)]),
    "unwrap": (adk, lambda u: [mda_transformations.unwrap(u.atoms)]),
    "unwrap some": (adk, lambda u: [mda_transformations.unwrap(u.select_atoms("protein"))]),
    "unwrap triclinic": (triclinic, lambda u: [mda_transformations.unwrap(u.atoms)]),
    "fit": (without_box, lambda u: [mda_transformations.fit_rot_trans(u.select_atoms("name CA"), other(u))]),
    "fit by mass": (
        without_box,
        lambda u: [mda_transformations.fit_rot_trans(u.select_atoms("name CA"), other(u), weights="mass")],
    ),
    "translate to fit": (
        without_box,
        lambda u: [mda_transformations.fit_translation(u.select_atoms("name CA"), other(u), plane="xy")],
    ),
    "set a box": (without_box, lambda u: [set_dimensions([90, 80, 70, 90, 90, 90]), mda_transformations.wrap(u.atoms)]),
    "several": (
        adk,
        lambda u: [
            mda_transformations.unwrap(u.atoms),
            mda_transformations.center_in_box(u.select_atoms("protein"), center="mass"),
            mda_transformations.wrap(u.atoms, compound="residues"),
            mda_transformations.fit_translation(u.select_atoms("name CA"), u.copy().select_atoms("name CA")),
        ],
    ),
}


def other(u):
    return u.copy().select_atoms("name CA")


@pytest.fixture(params=CASES)
def transformed(request):
    make, transformations = CASES[request.param]
    u = make()
    u.trajectory.add_transformations(*transformations(u))
    return u


def whole_boxes_apart(difference, boxes):
    """How far differences [n_frames, n, 3] are from multiples of the cell vectors."""
    fractions = difference @ np.linalg.inv(boxes)
    return (fractions - np.round(fractions)) @ boxes


def test_positions_are_those_of_mdanalysis_also_when_few_atoms_are_read(transformed):
    source, how, text, _ = trajectory_source(transformed)
    assert (how, text.split()[-3:]) == ("native", ["with", "its", "transformations"])
    for group in (transformed.atoms, transformed.atoms[5::7], transformed.atoms[[77]]):
        assert_same_positions(source, group)


def assert_same_positions(source, group):
    positions, times, boxes = source.read(group.ix, 0, 1, N_FRAMES)
    for i, ts in enumerate(group.universe.trajectory[:N_FRAMES]):
        assert times[i] == ts.time
        difference = positions[i].astype(float) - group.positions
        if ts.dimensions is None:
            assert not boxes[i].any()
        else:
            np.testing.assert_allclose(boxes[i], ts.triclinic_dimensions, rtol=0, atol=2e-5)
            # An atom that rounding puts on the other side of a face is a box away, as good as MDAnalysis'.
            is_across = np.abs(difference).max(axis=1) > 1
            assert is_across.mean() < 1e-4
            difference[is_across] = whole_boxes_apart(difference[is_across], boxes[i].astype(float))
        assert np.abs(difference).max() < 3e-5


def test_no_frame_is_read_through_mdanalysis_and_every_scheduler_gives_the_same_bits(place, forbid_mdanalysis_frames):
    u = adk()
    protein = u.select_atoms("protein")
    reference = protein.positions.copy()
    u.trajectory.add_transformations(mda_transformations.unwrap(protein), mda_transformations.center_in_box(protein))
    ca = u.select_atoms("name CA")
    expected = rms.RMSD(ca, superposition=False).run(scheduler="synchronous").rmsd
    found = rms.RMSD(ca, superposition=False)
    forbid_mdanalysis_frames()
    np.testing.assert_array_equal(found.run(**place).rmsd, expected)
    assert expected[1:, 2].min() > 0.1
    assert reference.shape == (3341, 3)


def test_several_files_are_transformed_alike():
    u = mda.Universe(PSF, [DCD, DCD])
    u.trajectory.add_transformations(mda_transformations.fit_rot_trans(u.select_atoms("name CA"), other(u)))
    run = rms.RMSD(u.select_atoms("name CA"), superposition=False).run()
    assert "2 DCD files read natively with its transformations" in repr(run)
    np.testing.assert_array_equal(run.rmsd[:98, 2], run.rmsd[98:, 2])
    superposed = rms.RMSD(mda.Universe(PSF, DCD).select_atoms("name CA")).run().rmsd[:, 2]
    np.testing.assert_allclose(run.rmsd[:98, 2], superposed, rtol=0, atol=1e-5)


def test_a_function_of_the_users_own_goes_through_python():
    def lift(ts):
        ts.positions += np.float32([0, 0, 5])
        return ts

    u = without_box()
    u.trajectory.add_transformations(mda_transformations.translate([1, 0, 0]), lift)
    source, how, *_ = trajectory_source(u)
    assert how == "python"
    np.testing.assert_array_equal(source.read(None, 0, 1, 1)[0][0], u.trajectory[0].positions)


def test_a_group_that_changes_with_the_frames_is_refused_by_name():
    u = adk()
    near = u.select_atoms("sphzone 20 protein", updating=True)
    u.trajectory.add_transformations(mda_transformations.wrap(near))
    with pytest.raises(ArgumentError, match="transformation wrap holds an updating group, which cannot be copied"):
        trajectory_source(u)


def test_a_missing_box_is_named_with_its_frame():
    u = without_box()
    u.trajectory.add_transformations(mda_transformations.translate([1, 0, 0]))
    source = trajectory_source(u)[0]
    source.read(None, 0, 1, 1)  # the box is only missed where one is needed
    source = _core.transformed(source, [_core.unwrapping(np.array([1]), np.array([0]))])
    with pytest.raises(FormatError, match=r"adk_dims.dcd, frame 3: unwrap needs the frame's box, and there is none"):
        source.read(None, 3, 1, 1)

"""Mean square displacements of wrapped trajectories: refused, or unwrapped to what they were before."""

import MDAnalysis as mda
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from MDAnalysis.lib.mdamath import triclinic_vectors
from MDAnalysisTests.datafiles import GRO_MEMPROT, XTC_MEMPROT

from mdloom.errors import ArgumentError
from mdloom.msd import EinsteinMSD
from test_msd import brute_force, in_memory

BOXES = {
    "orthorhombic": [14, 16, 18, 90, 90, 90],
    "triclinic": [14, 16, 18, 70, 65, 100],
    "rhombic dodecahedron": [15, 15, 15, 60, 60, 90],
    "skewed": [14, 16, 18, 100, 100, 40],
}


def diffusing(n_frames=40, n_atoms=30, seed=3):
    steps = np.random.default_rng(seed).normal(0, 0.7, (n_frames, n_atoms, 3))
    return np.cumsum(steps, axis=0) + 7


def wrapped(frames, boxes):
    """Each frame into its own box, in float64, then as float32."""
    inside = []
    for x, box in zip(frames, boxes, strict=True):
        vectors = triclinic_vectors(box).astype(np.float64)
        fractions = x @ np.linalg.inv(vectors)
        inside.append(x - np.floor(fractions) @ vectors)
    return np.array(inside, np.float32)


def msd_of(u, **options):
    return EinsteinMSD(u, **options).run().results.msds_by_particle


@pytest.mark.parametrize("fft", [True, False])
@pytest.mark.parametrize("name", BOXES)
def test_a_wrapped_walk_is_unwrapped_to_what_it_was(name, fft):
    frames, boxes = diffusing(), np.tile(BOXES[name], (40, 1)).astype(np.float32)
    inside = wrapped(frames, boxes)
    assert np.abs(inside - frames).max() > 5  # it was wrapped
    found = msd_of(in_memory(inside, boxes), unwrap=True, fft=fft)
    np.testing.assert_allclose(found, brute_force(frames), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", BOXES)
def test_in_boxes_that_change_steps_are_nearest_images_in_the_later_box(name):
    rng = np.random.default_rng(1)
    boxes = np.tile(BOXES[name], (40, 1)).astype(np.float32)
    boxes[:, :3] *= rng.uniform(0.97, 1.03, (40, 1)).astype(np.float32)
    vectors = np.array([triclinic_vectors(box) for box in boxes], np.float64)
    inside = wrapped(diffusing(), boxes)
    steps = np.diff(inside.astype(np.float64), axis=0)
    images = np.stack(np.meshgrid(*[range(-3, 4)] * 3, indexing="ij"), -1).reshape(-1, 3)
    for k, step in enumerate(steps):
        all_images = step[:, None] + images @ vectors[k + 1]
        nearest = (all_images**2).sum(axis=2).argmin(axis=1)
        steps[k] = all_images[np.arange(len(step)), nearest]
    paths = np.concatenate([np.zeros((1, *steps.shape[1:])), np.cumsum(steps, axis=0)])
    found = msd_of(in_memory(inside, boxes), unwrap=True)
    np.testing.assert_allclose(found, brute_force(paths), rtol=1e-9, atol=1e-9)


@settings(deadline=None, max_examples=25)
@given(
    lengths=st.tuples(*[st.floats(9, 40)] * 3),
    angles=st.tuples(*[st.floats(60, 100)] * 3),
    seed=st.integers(0, 10_000),
)
def test_any_box_gives_back_the_walk(lengths, angles, seed):
    box = np.array([*lengths, *angles], np.float32)
    boxes, frames = np.tile(box, (25, 1)), diffusing(25, 4, seed)
    found = msd_of(in_memory(wrapped(frames, boxes), boxes), unwrap=True)
    steps = np.linalg.norm(np.diff(frames, axis=0), axis=2)
    if steps.max() < 0.45 * min(1 / np.linalg.norm(np.linalg.inv(triclinic_vectors(box)), axis=0)):
        np.testing.assert_allclose(found, brute_force(frames), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", BOXES)
def test_a_wrapped_trajectory_is_refused_by_default(name):
    frames, boxes = diffusing(), np.tile(BOXES[name], (40, 1)).astype(np.float32)
    message = r"atom \d+.* moves \S+ Å from frame (\d+) to frame \d+, but only \S+ Å to its nearest image.*unwrap=True"
    with pytest.raises(ArgumentError, match=message):
        EinsteinMSD(in_memory(wrapped(frames, boxes), boxes)).run()


def test_the_first_jump_is_named_for_any_number_of_threads(monkeypatch):
    frames = np.tile(np.arange(40.0)[:, None] * [0.01, 0, 0], (6, 1, 1))
    frames[4:, 30] -= [9, 0, 0]
    frames[4:, 7] -= [9.5, 0, 0]
    frames[5:, 2] += [8, 0, 0]
    u = in_memory(frames, np.tile([10, 10, 10, 90, 90, 90], (6, 1)).astype(np.float32))
    monkeypatch.setattr("mdloom.msd._BLOCK", 20)
    for n_jobs in (1, 3):
        with pytest.raises(ArgumentError, match=r"atom 7 .*moves 9.5 Å from frame 3 to frame 4, but only 0.5 Å"):
            EinsteinMSD(u).run(n_jobs=n_jobs)


def test_a_whole_trajectory_in_a_box_needs_no_word():
    frames, boxes = diffusing(), np.tile([14, 16, 18, 90, 90, 90], (40, 1)).astype(np.float32)
    plain = msd_of(in_memory(frames.astype(np.float32), boxes))
    np.testing.assert_allclose(plain, brute_force(frames), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(msd_of(in_memory(frames, boxes), unwrap=True), plain, rtol=1e-10, atol=1e-10)


def test_false_takes_positions_as_they_are():
    boxes = np.tile([14, 16, 18, 90, 90, 90], (40, 1)).astype(np.float32)
    inside = wrapped(diffusing(), boxes)
    np.testing.assert_allclose(msd_of(in_memory(inside, boxes), unwrap=False), brute_force(inside), rtol=1e-10)


@pytest.mark.parametrize("frames", [list(range(39, -1, -1)), [7, 3, 3, 5, 4, 6], list(range(0, 40, 2))], ids=len)
def test_paths_follow_the_trajectory_in_whatever_order_frames_are_asked_for(frames):
    walk, boxes = diffusing(), np.tile(BOXES["triclinic"], (40, 1)).astype(np.float32)
    u, whole = in_memory(wrapped(walk, boxes), boxes), in_memory(walk)
    found, expected = EinsteinMSD(u, unwrap=True).run(frames=frames), EinsteinMSD(whole).run(frames=frames)
    np.testing.assert_array_equal(found.results.delta_t_values, expected.results.delta_t_values)
    np.testing.assert_allclose(found.results.msds_by_particle, expected.results.msds_by_particle, rtol=1e-4, atol=1e-4)


def test_a_negative_step_gives_the_same_displacements():
    boxes = np.tile(BOXES["orthorhombic"], (40, 1)).astype(np.float32)
    u = in_memory(wrapped(diffusing(), boxes), boxes)
    there, back = (EinsteinMSD(u, unwrap=True).run(step=step).results for step in (1, -1))
    np.testing.assert_allclose(back.msds_by_particle, there.msds_by_particle, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(back.delta_t_values, -there.delta_t_values)


def test_same_bits_everywhere_when_unwrapped(place):
    u = mda.Universe(GRO_MEMPROT, XTC_MEMPROT)
    one, other = (
        EinsteinMSD(u, "resname POPE", unwrap=True).run(**where).results
        for where in ({"scheduler": "synchronous"}, place)
    )
    np.testing.assert_array_equal(one.msds_by_particle, other.msds_by_particle)
    assert 0 < one.timeseries[1] < 500


def test_lipids_of_the_membrane_are_refused_wrapped():
    u = mda.Universe(GRO_MEMPROT, XTC_MEMPROT)
    with pytest.raises(ArgumentError, match=r"atom \d+ POPE \d+ \S+ moves .* from frame 0 to frame 1"):
        EinsteinMSD(u, "resname POPE").run()


def test_frames_without_a_box_cannot_be_unwrapped():
    with pytest.raises(ArgumentError, match="frame 0 has no box to unwrap in: give unwrap=False, or boxes"):
        EinsteinMSD(in_memory(diffusing()), unwrap=True).run()


def test_a_box_without_volume_says_how_to_go_on():
    flat = np.tile([10, 10, 1e-12, 90, 90, 90], (40, 1)).astype(np.float32)
    u = in_memory(diffusing(), flat)
    if not triclinic_vectors(flat[0]).any():
        pytest.skip("MDAnalysis takes it for none")
    EinsteinMSD(u, unwrap=False).run()


def test_partial_results_over_a_gap_are_refused_when_unwrapped():
    boxes = np.tile(BOXES["orthorhombic"], (40, 1)).astype(np.float32)
    a = EinsteinMSD(in_memory(wrapped(diffusing(), boxes), boxes), unwrap=True).run()
    columns = dict(a._run.conclude()[0])
    some = {name: np.ascontiguousarray(values[[0, 1, 2, 5]]) for name, values in columns.items()}
    with pytest.raises(ArgumentError, match="frames are missing between those that are done"):
        a._results_of(some)
    some = {name: np.ascontiguousarray(values[:7]) for name, values in columns.items()}
    np.testing.assert_allclose(a._results_of(some).msds_by_particle, brute_force(diffusing()[:7]), rtol=1e-4, atol=1e-4)


def test_a_gap_of_frames_that_are_not_done_yet_is_no_jump():
    boxes = np.tile([30, 30, 30, 90, 90, 90], (40, 1)).astype(np.float32)
    frames = np.zeros((40, 2, 3)) + np.arange(40)[:, None, None]
    a = EinsteinMSD(in_memory(frames, boxes)).run()
    columns = dict(a._run.conclude()[0])
    some = {name: np.ascontiguousarray(values[[0, 1, 38, 39]]) for name, values in columns.items()}
    assert a._results_of(some).delta_t_values[-1] == 39

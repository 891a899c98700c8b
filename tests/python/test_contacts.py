"""Contacts: PMDA's scenarios, MDAnalysis' numbers, every way frames come, and clear refusals."""

import pickle
from pathlib import Path

import MDAnalysis as mda
import numpy as np
import pytest
from MDAnalysis import transformations
from MDAnalysis.analysis import contacts as mda_contacts
from MDAnalysisTests.datafiles import (
    DCD,
    DCD2,
    GRO,
    PSF,
    TPR,
    XTC,
    contacts_villin_folded,
    contacts_villin_unfolded,
)

import mdloom
from mdloom import contacts, rms
from mdloom.errors import AnalysisError, ArgumentError

pytestmark = pytest.mark.filterwarnings("ignore")

GOLDEN = Path(__file__).parents[1] / "golden"
BASIC = "(resname ARG LYS) and (name NH* NZ)"
ACIDIC = "(resname ASP GLU) and (name OE* OD*)"
CHARGED = ("resname ASP GLU", "resname ARG LYS")


def golden(name):
    lines = [line for line in (GOLDEN / name).read_text().splitlines() if not line.startswith("#")]
    return np.genfromtxt(lines, delimiter=",", names=True)


def salt_bridges(u, **arguments):
    groups = (u.select_atoms(BASIC), u.select_atoms(ACIDIC))
    return contacts.Contacts(groups, groups, radius=6.0, **arguments)


def any_near(r, r0, dist=2.5):
    return np.any(r < dist)


def text(r, r0):
    return "aaa"


class TestAsPmda:
    def test_all_frames(self, u, place):
        assert len(salt_bridges(u).run(n_jobs=2, **place).timeseries) == 98

    def test_uneven_blocks(self, u, place):
        analysis = salt_bridges(u).run(n_jobs=2, n_blocks=3, **place)
        assert [len(block) for block in analysis._blocks] == [33, 33, 32]
        assert analysis.timeseries.shape == (98, 2)

    @pytest.mark.parametrize("method", ["hard_cut", "soft_cut", "radius_cut", any_near])
    def test_no_frames(self, u, method):
        assert salt_bridges(u, method=method).run(stop=0, n_jobs=1).timeseries.shape == (0, 2)

    @pytest.mark.parametrize("method", ["hard_cut", any_near])
    def test_slices(self, u, method):
        found = salt_bridges(u, method=method).run(10, 30, 5, n_jobs=1).timeseries
        np.testing.assert_array_equal(found[:, 0], [10, 15, 20, 25])

    @pytest.mark.parametrize("method", ["hard", "radius"])
    def test_counts_have_the_listed_values(self, u, place, method):
        found = salt_bridges(u, method=f"{method}_cut").run(**place).timeseries
        np.testing.assert_allclose(found[:, 1], golden("contacts_adk_dims.csv")[method], rtol=0, atol=1e-9)

    def test_hard_cut_of_whole_residues_has_the_listed_values(self, u, place):
        groups = [u.select_atoms(selection) for selection in CHARGED]
        found = contacts.Contacts(groups, groups, radius=6.0).run(**place).timeseries
        np.testing.assert_allclose(found[:, 1], golden("contacts_adk_dims.csv")["charged"], rtol=0, atol=1e-9)

    def test_soft_cut_is_the_formula(self, u, place):
        analysis = salt_bridges(u, method="soft_cut").run(**place)
        np.testing.assert_allclose(
            analysis.timeseries[:, 1], golden("contacts_adk_dims.csv")["soft"], rtol=0, atol=2e-8
        )

    @pytest.mark.parametrize("state", [contacts_villin_folded, contacts_villin_unfolded])
    def test_soft_cut_of_villin(self, state):
        folded, other = mda.Universe(contacts_villin_folded), mda.Universe(state)
        ref, mobile = (one.select_atoms("protein and not name H*") for one in (folded, other))
        found = contacts.Contacts((mobile, mobile), (ref, ref), "soft_cut").run().timeseries
        r0 = np.linalg.norm(ref.positions[:, None].astype(float) - ref.positions.astype(float), axis=2)
        r = np.linalg.norm(mobile.positions[:, None].astype(float) - mobile.positions.astype(float), axis=2)
        near = r0 <= 4.5
        expected = np.mean(1 / (1 + np.exp(5.0 * (r[near] - 1.8 * r0[near]))))
        np.testing.assert_allclose(found, [[0, expected]], rtol=0, atol=1e-13)

    def test_own_method_has_the_listed_values(self, u, place):
        found = salt_bridges(u, method=any_near).run(n_jobs=2, **place).timeseries
        np.testing.assert_array_equal(found[:, 1], golden("contacts_adk_dims.csv")["any"])

    def test_a_method_that_returns_no_number(self, u, place):
        with pytest.raises(ValueError, match="method text returned 'aaa': it must return a number"):
            salt_bridges(u, method=text).run(stop=2, n_jobs=1, **place)

    def test_a_method_that_cannot_be_called(self, u):
        with pytest.raises(ValueError, match="method has to be callable"):
            salt_bridges(u, method=2)

    def test_q1q2(self, u, place):
        found = contacts.q1q2(u.select_atoms("name CA"), radius=8).run(**place).timeseries
        expected = golden("contacts_adk_dims.csv")
        assert found.shape == (98, 3)
        np.testing.assert_allclose(found[:, 1], expected["q1"], rtol=0, atol=1e-9)
        np.testing.assert_allclose(found[:, 2], expected["q2"], rtol=0, atol=1e-9)


class TestAsMdanalysis:
    @pytest.mark.parametrize(
        "method, kwargs",
        [
            ("hard_cut", None),
            ("soft_cut", {"beta": 2.0, "lambda_constant": 1.5}),
            ("radius_cut", None),
            ("radius_cut", {"radius": 4.0}),
            (any_near, {"dist": 3.0}),
        ],
    )
    def test_methods_and_their_arguments(self, u, method, kwargs):
        groups = (u.select_atoms(BASIC), u.select_atoms(ACIDIC))
        expected = mda_contacts.Contacts(u, groups, groups, method=method, radius=6.0, pbc=False, kwargs=kwargs).run()
        found = salt_bridges(u, method=method, kwargs=kwargs).run(n_jobs=1)
        np.testing.assert_allclose(found.timeseries, expected.results.timeseries, rtol=0, atol=2e-8)

    @pytest.mark.parametrize("pbc, column", [(True, "with_images"), (False, "without")])
    def test_nearest_images_in_a_triclinic_box(self, pbc, column):
        u = mda.Universe(TPR, XTC)
        groups = [u.select_atoms(selection) for selection in CHARGED]
        found = contacts.Contacts(groups, groups, radius=6.0, pbc=pbc).run().timeseries[:, 1]
        np.testing.assert_allclose(found, golden("contacts_adk_oplsaa.csv")[column], rtol=0, atol=1e-9)
        own = contacts.Contacts(groups, groups, lambda r, r0: np.mean(r <= r0), 6.0, pbc=pbc).run(n_jobs=1)
        np.testing.assert_array_equal(own.timeseries[:, 1], found)

    def test_numbers_of_contacts(self, u):
        groups = (u.select_atoms("protein"), u.select_atoms("not protein"))
        with pytest.raises(ArgumentError, match="mobiles\\[1\\] holds no atom"):
            contacts.Contacts(groups, groups)
        u = mda.Universe(TPR, XTC)
        groups = (u.select_atoms("protein"), u.select_atoms("not protein"))
        assert contacts.Contacts(groups, groups, pbc=True).n_initial_contacts == 41814

    def test_several_references_and_their_distances(self, u):
        groups = (u.select_atoms(BASIC), u.select_atoms(ACIDIC))
        other = mda.Universe(PSF, DCD2)
        refs = [groups, [other.select_atoms(BASIC), other.select_atoms(ACIDIC)]]
        found = contacts.Contacts(groups, refs, radius=6.0)
        expected = mda_contacts.Contacts(u, groups, refs, radius=6.0, pbc=False).run().results.timeseries
        np.testing.assert_array_equal(found.run().timeseries, expected)
        assert found.results.timeseries is found.timeseries
        for i, ref in enumerate(refs):
            r0 = mda_contacts.distance_array(ref[0].positions, ref[1].positions)
            np.testing.assert_allclose(found.r0[i], r0, rtol=0, atol=1e-5)
            np.testing.assert_array_equal(found.initial_contacts[i], r0 <= 6.0)

    def test_functions(self):
        assert contacts.hard_cut_q([1, 2, 3, 4], 2.5) == 0.5
        assert contacts.hard_cut_q([[1, 2], [3, 4]], [[0, 2], [3, 5]]) == 0.75
        assert contacts.soft_cut_q([0], [0]) == 0.5
        assert contacts.soft_cut_q([1e4], [0]) == 0
        assert contacts.radius_cut_q([1, 2, 3], None, radius=2) == 2 / 3
        assert np.isnan(contacts.hard_cut_q([], 1)) and np.isnan(contacts.soft_cut_q([], []))
        out = np.zeros(3, bool)
        assert contacts.contact_matrix(np.array([1.0, 2.0, 3.0]), 2, out) is out
        np.testing.assert_array_equal(out, [True, True, False])
        np.testing.assert_array_equal(contacts.contact_matrix([1, 5], 2), [True, False])


class TestFrames:
    @pytest.mark.parametrize("method", ["hard_cut", "soft_cut", any_near])
    @pytest.mark.parametrize("run", [{"step": -7}, {"frames": [5, 3, 3, 97]}, {"start": -4}], ids=str)
    def test_in_any_order(self, u, method, run):
        everything = salt_bridges(u, method=method).run(n_jobs=1).timeseries
        found = salt_bridges(u, method=method).run(n_jobs=1, **run)
        np.testing.assert_array_equal(found.timeseries, everything[found.frames])
        np.testing.assert_allclose(found.times, 1.0 + found.frames, rtol=0, atol=1e-4)

    @pytest.mark.parametrize("method", ["soft_cut", any_near])
    def test_in_memory_and_in_several_files(self, u, method):
        expected = salt_bridges(u, method=method).run(n_jobs=1).timeseries[:, 1]
        for other in (mda.Universe(PSF, DCD, in_memory=True), mda.Universe(PSF, [DCD, DCD])):
            groups = (other.select_atoms(BASIC), other.select_atoms(ACIDIC))
            refs = (u.select_atoms(BASIC), u.select_atoms(ACIDIC))
            found = contacts.Contacts(groups, refs, method, 6.0).run(n_jobs=1).timeseries[:, 1]
            np.testing.assert_array_equal(found[:98], expected)
            assert len(found) in (98, 196)

    @pytest.mark.parametrize("method", ["radius_cut", any_near])
    def test_transformed(self, u, method):
        first = u.select_atoms(BASIC)
        groups = (first, u.select_atoms(ACIDIC))
        still = salt_bridges(u, method=method).run(n_jobs=1).timeseries
        analysis = contacts.Contacts(groups, groups, method, 6.0)
        u.trajectory.add_transformations(transformations.translate([100, 0, 0]))
        np.testing.assert_array_equal(analysis.run(n_jobs=1).timeseries, still)
        u = mda.Universe(PSF, DCD)
        groups = (u.select_atoms(BASIC), u.select_atoms(ACIDIC))
        analysis = contacts.Contacts(groups, groups, method, 6.0)
        u.trajectory.add_transformations(lambda ts: spread(ts, groups[0].ix))
        assert not analysis.run(n_jobs=1).timeseries[:, 1].any()

    def test_no_frame_is_read_through_mdanalysis(self, u, forbid_mdanalysis_frames):
        analysis, ends = salt_bridges(u), contacts.q1q2(u.select_atoms("name CA"))
        forbid_mdanalysis_frames()
        assert analysis.run().timeseries.shape == ends.run().timeseries[:, :2].shape == (98, 2)

    @pytest.mark.parametrize("method", ["hard_cut", any_near])
    def test_a_client_that_is_open_is_used(self, u, guide_client, method):
        analysis = salt_bridges(u, method=method).run()
        assert len(analysis._blocks) == 8 and "Dask cluster" in repr(analysis)
        np.testing.assert_array_equal(
            analysis.timeseries, salt_bridges(u, method=method).run(n_jobs=1, scheduler="synchronous").timeseries
        )

    def test_one_pass_with_others(self, u):
        own, soft, rmsd = salt_bridges(u, method=any_near), salt_bridges(u, method="soft_cut"), rms.RMSD(u)
        mdloom.run([own, soft, rmsd], step=10, n_jobs=1)
        np.testing.assert_array_equal(
            own.timeseries, salt_bridges(u, method=any_near).run(step=10, n_jobs=1).timeseries
        )
        np.testing.assert_array_equal(soft.timeseries, salt_bridges(u, method="soft_cut").run(step=10).timeseries)
        assert own.n_frames == len(rmsd.rmsd) == 10 and own.timing.total > 0

    def test_the_universe_stays(self, u):
        u.trajectory[7]
        u.atoms.positions += 1
        positions = u.atoms.positions.copy()
        contacts.q1q2(u.select_atoms("name CA")).run()
        salt_bridges(u, method=any_near).run(n_jobs=1)
        assert u.trajectory.frame == 7
        np.testing.assert_array_equal(u.atoms.positions, positions)

    @pytest.mark.parametrize("n_jobs, n_blocks", [(1, 1), (2, 3), (1, 98)])
    def test_the_same_bits_for_any_cut(self, u, n_jobs, n_blocks):
        expected = salt_bridges(u, method="soft_cut").run().timeseries
        found = salt_bridges(u, method="soft_cut").run(n_jobs=n_jobs, n_blocks=n_blocks).timeseries
        np.testing.assert_array_equal(found, expected)

    @pytest.mark.parametrize("level", ["portable", "avx2", "avx512"])
    def test_the_same_bits_for_any_instruction_set(self, u, level, monkeypatch):
        expected = salt_bridges(u, method="soft_cut").run().timeseries
        monkeypatch.setenv("MDLOOM_SIMD", level)
        np.testing.assert_array_equal(salt_bridges(u, method="soft_cut").run().timeseries, expected)


def spread(ts, atoms):
    ts.positions[atoms] += 1000
    return ts


class TestAnswers:
    def test_without_contacts_there_is_no_fraction(self, u):
        groups = (u.atoms[:1], u.atoms[-1:])
        assert np.isnan(contacts.Contacts(groups, groups).run(stop=3).timeseries[:, 1]).all()

    def test_the_reference_is_copied(self, u):
        analysis = salt_bridges(u)
        u.trajectory[50]
        assert analysis.run().timeseries[0, 1] == 1

    def test_partial_results(self, u):
        analysis = salt_bridges(u).run()
        np.testing.assert_array_equal(analysis.partial().timeseries, analysis.timeseries)
        with pytest.raises(ArgumentError, match="has no partial results"):
            salt_bridges(u, method=any_near).run(stop=2, n_jobs=1).partial()

    def test_it_pickles_with_its_results(self, u):
        analysis = salt_bridges(u).run(stop=5)
        again = pickle.loads(pickle.dumps(analysis))
        np.testing.assert_array_equal(again.timeseries, analysis.timeseries)
        assert "130 contacts" in repr(analysis) or "contacts of" in repr(again)

    def test_a_method_that_fails_says_so_and_leaves_the_object_usable(self, u):
        def choosy(r, r0):
            if r[0] != r0[0]:
                raise ZeroDivisionError("no such luck")
            return 1

        analysis = salt_bridges(u, method=choosy)
        with pytest.raises(AnalysisError, match=r"frame 1: ZeroDivisionError: no such luck"):
            analysis.run(n_jobs=1)
        assert analysis.run(stop=1, n_jobs=1).timeseries.tolist() == [[0, 1]]

    def test_what_a_method_does_to_its_arguments_stays_there(self, u):
        def rough(r, r0):
            r[:] = r0[:] = 0
            return len(r)

        found = salt_bridges(u, method=rough).run(stop=3, n_jobs=1)
        assert (found.timeseries[:, 1] == found.n_initial_contacts).all()
        np.testing.assert_array_equal(found.run(stop=1).timeseries[:, 0], [0])


class TestRefusals:
    def test_groups_of_other_sizes(self, u):
        groups = (u.atoms[:3], u.atoms[5:9])
        with pytest.raises(ArgumentError, match=r"mobiles have 3 and 4 atoms, refs\[1\] 4 and 4: contacts need"):
            contacts.Contacts(groups, [groups, (u.atoms[:4], u.atoms[:4])])

    def test_groups_of_two_universes(self, u):
        other = mda.Universe(PSF, DCD)
        with pytest.raises(ArgumentError, match="belong to different universes"):
            contacts.Contacts((u.atoms, other.atoms), (u.atoms, u.atoms))
        with pytest.raises(ArgumentError, match=r"refs\[0\] holds groups of two universes, whose boxes may differ"):
            contacts.Contacts((u.atoms[:5], u.atoms[:5]), (u.atoms[:5], other.atoms[:5]), pbc=True)

    @pytest.mark.parametrize("mobiles", [None, "name CA", [1, 2], "one group", "three"], ids=str)
    def test_mobiles_that_are_no_pair(self, u, mobiles):
        given = {"one group": u.atoms, "three": [u.atoms] * 3}.get(str(mobiles), mobiles)
        with pytest.raises(ArgumentError, match=r"mobiles takes a pair of AtomGroups|mobiles\[0\] takes an AtomGroup"):
            contacts.Contacts(given, (u.atoms, u.atoms))

    @pytest.mark.parametrize("refs", [[], "name CA", None])
    def test_references_that_are_none(self, u, refs):
        with pytest.raises(ArgumentError, match="refs"):
            contacts.Contacts((u.atoms, u.atoms), refs)

    def test_empty_and_updating_groups(self, u):
        with pytest.raises(ArgumentError, match=r"mobiles\[1\] holds no atom"):
            contacts.Contacts((u.atoms, u.atoms[:0]), (u.atoms, u.atoms[:0]))
        changing = u.select_atoms("around 5 resid 3", updating=True)
        with pytest.raises(ArgumentError, match=r"mobiles\[0\] is an updating group"):
            contacts.Contacts((changing, u.atoms), (u.atoms, u.atoms))

    def test_a_reference_without_coordinates(self, u):
        bare = mda.Universe(PSF)
        with pytest.raises(ArgumentError, match=r"refs\[0\] has no coordinates \(adk\.psf holds a topology only\)"):
            contacts.Contacts((u.atoms, u.atoms), (bare.atoms, bare.atoms))

    @pytest.mark.parametrize(
        "arguments, message",
        [
            ({"radius": -1}, "radius is -1: it must be finite and not negative"),
            ({"radius": np.inf}, "radius is inf"),
            ({"radius": "wide"}, "radius is a number, not 'wide'"),
            ({"kwargs": [1]}, "kwargs takes a dict"),
            ({"kwargs": {"beta": 1}}, "kwargs: hard_cut takes none, not 'beta'"),
            ({"method": "soft_cut", "kwargs": {"lambda": 1}}, "soft_cut takes beta, lambda_constant, not 'lambda'"),
            ({"method": "soft_cut", "kwargs": {"beta": np.nan}}, "beta is nan: it must be finite"),
            ({"method": "softcut"}, "method has to be callable, or one of hard_cut, soft_cut, radius_cut"),
            ({"pbc": 1}, "pbc is True or False, not 1"),
        ],
    )
    def test_arguments(self, u, arguments, message):
        with pytest.raises(ArgumentError, match=message):
            contacts.Contacts((u.atoms[:5], u.atoms[:5]), (u.atoms[:5], u.atoms[:5]), **arguments)

    def test_a_box_that_is_lost_names_its_frame(self):
        u = mda.Universe(GRO, XTC)
        u.transfer_to_memory(stop=4)
        u.trajectory.dimensions_array[2] = [1e-5, 10, 10, 90, 90, 90]
        group = u.select_atoms("name CA")
        analysis = contacts.Contacts((group, group), (group, group), pbc=True)
        with pytest.raises(ArgumentError, match="frame 2.*the first mobile group.*more than a million boxes away"):
            analysis.run()
        assert analysis.run(stop=2).timeseries.shape == (2, 2)

"""InterRDF_s: PMDA's figures, its sense of density, MDAnalysis' numbers, and what must be refused."""

import pickle

import MDAnalysis as mda
import numpy as np
import pytest
from MDAnalysis.analysis import rdf as mda_rdf
from MDAnalysisTests.datafiles import DCD_TRICLINIC, GRO_MEMPROT, PSF_TRICLINIC, XTC_MEMPROT

from mdloom import memory
from mdloom.errors import ArgumentError
from mdloom.rdf import InterRDF, InterRDF_s

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def membrane():
    """Nobody changes it, and it takes a while to read."""
    return mda.Universe(GRO_MEMPROT, XTC_MEMPROT)


@pytest.fixture
def u(membrane):
    membrane.trajectory[0]
    return membrane


@pytest.fixture
def sites(u):
    zinc = u.select_atoms("name ZND and resid 289")
    near_zinc = u.select_atoms("(name OD1 or name OD2) and resid 51 and sphzone 5.0 (resid 289)")
    others = u.select_atoms("name ZND and (resid 291 or resid 292)")
    near_others = u.select_atoms("(name OD1 or name OD2) and sphzone 5.0 (resid 291)")
    return [[zinc, near_zinc], [others, near_others]]


@pytest.fixture
def one_site(u):
    return [
        u.select_atoms("name ZND and resid 289"),
        u.select_atoms("name OD1 and resid 51 and sphzone 5.0 (resid 289)"),
    ]


def assert_same(found, expected, rtol=1e-11):
    assert len(found.rdf) == len(found.count) == len(expected.results.rdf)
    for i in range(len(found.rdf)):
        np.testing.assert_array_equal(found.count[i], expected.results.count[i])
        np.testing.assert_allclose(found.rdf[i], expected.results.rdf[i], rtol=rtol, atol=0)


class TestAsPmda:
    def test_bins_and_range(self, u, sites):
        found = InterRDF_s(u, sites, nbins=412, range=(1.0, 13.0)).run()
        assert len(found.bins) == 412 and len(found.edges) == 413
        assert found.edges[0] == 1.0 and found.edges[-1] == 13.0

    def test_shapes(self, u, sites):
        found = InterRDF_s(u, sites).run()
        for values in (found.rdf, found.count, found.cdf):
            assert isinstance(values, list)
            assert [value.shape for value in values] == [(1, 2, 75), (2, 2, 75)]
        assert found.ag_shape == [(1, 2), (2, 2)]
        for indices, groups in zip(found.results.indices, sites, strict=True):
            for of, group in zip(indices, groups, strict=True):
                np.testing.assert_array_equal(of, group.indices)

    def test_counts_everywhere(self, u, sites, place):
        found = InterRDF_s(u, sites).run(**place)
        assert (found.count[0][0][1] == 5).sum() == 1
        assert (found.count[1][1][0] == 3).sum() == 1

    def test_cdf(self, u, sites):
        found = InterRDF_s(u, sites).run(stop=3)
        assert found.get_cdf() is found.cdf is found.results.cdf
        for cdf, count in zip(found.cdf, found.count, strict=True):
            np.testing.assert_array_equal(cdf, np.cumsum(count, axis=2) / 3)
        assert found.cdf[0][0][0][-1] == found.count[0][0][0].sum() / 3

    @pytest.mark.parametrize("n_blocks", [1, 2, 3, 4])
    def test_one_pair_is_the_rdf_of_its_atoms(self, u, one_site, n_blocks):
        found = InterRDF_s(u, [one_site]).run(n_jobs=2, n_blocks=n_blocks)
        for of_one in (InterRDF(*one_site).run(), mda_rdf.InterRDF(*one_site).run().results):
            np.testing.assert_array_equal(found.count[0][0][0], of_one.count)
            np.testing.assert_allclose(found.rdf[0][0][0], of_one.rdf, rtol=1e-11)

    @pytest.mark.parametrize("step", [1, 2, 3])
    def test_any_step(self, u, sites, step):
        found = InterRDF_s(u, sites).run(step=step)
        assert found.n_frames == len(range(0, 5, step))
        assert_same(found, mda_rdf.InterRDF_s(u, sites).run(step=step))

    @pytest.mark.parametrize("density, norm", [(True, "rdf"), (False, "density")])
    def test_density_by_position_means_what_it_means_in_pmda(self, u, sites, density, norm):
        found = InterRDF_s(u, sites, 75, (0.0, 15.0), density).run()
        assert found.norm == norm
        assert_same(found, mda_rdf.InterRDF_s(u, sites, norm=norm).run())


class TestAsMdanalysis:
    @pytest.mark.parametrize("norm", ["rdf", "density", "none"])
    def test_norms(self, u, sites, norm):
        found = InterRDF_s(u, sites, norm=norm, density=False).run()
        assert_same(found, mda_rdf.InterRDF_s(u, sites, norm=norm).run())

    def test_the_sum_over_pairs_is_the_rdf_of_the_groups(self):
        u = mda.Universe(PSF_TRICLINIC, DCD_TRICLINIC)
        oxygen, hydrogen = u.select_atoms("name OH2"), u.select_atoms("name H1 H2")
        for bounds in ((0, 8), (2, 15), (3, 40)):  # the cell is 16 Å wide
            found = InterRDF_s(u, [[oxygen, hydrogen], [hydrogen, oxygen]], range=bounds).run(step=4)
            expected = InterRDF(oxygen, hydrogen, range=bounds).run(step=4)
            np.testing.assert_array_equal(found.count[0].sum(axis=(0, 1)), expected.count)
            np.testing.assert_array_equal(found.count[1], found.count[0].transpose(1, 0, 2))

    def test_a_range_that_starts_above_0_counts_nothing_below(self, u, sites):
        found = InterRDF_s(u, sites, nbins=13, range=(2.0, 15.0)).run()
        whole = InterRDF_s(u, sites, nbins=15, range=(0.0, 15.0)).run()
        for above, all_bins in zip(found.count, whole.count, strict=True):
            np.testing.assert_array_equal(above, all_bins[:, :, 2:])

    @pytest.mark.parametrize("run", [{"step": -1}, {"frames": [4, 1, 1]}], ids=str)
    def test_frames(self, u, sites, run):
        assert_same(InterRDF_s(u, sites).run(**run), mda_rdf.InterRDF_s(u, sites).run(**run))


def test_it_is_computed_natively(u, sites, place, forbid_mdanalysis_frames):
    expected = InterRDF_s(u, sites).run(scheduler="synchronous")
    forbid_mdanalysis_frames()
    found = InterRDF_s(u, sites).run(**place)
    assert "XTC read natively" in repr(found) and "6 pairs of atoms" in repr(found)
    for i in range(2):
        np.testing.assert_array_equal(found.rdf[i], expected.rdf[i])
    again = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(again.cdf[1], found.cdf[1])


@pytest.mark.filterwarnings("ignore:no frames to analyse")
def test_no_frames_have_the_right_shape(u, sites):
    found = InterRDF_s(u, sites).run(stop=0)
    assert [count.sum() for count in found.count] == [0, 0]
    for values in (found.rdf, found.cdf):
        assert all(np.isnan(value).all() for value in values)
        assert [value.shape for value in values] == [(1, 2, 75), (2, 2, 75)]


def test_several_pairs_share_atoms_and_keep_the_users_order(u, sites):
    zinc, near = sites[0]
    turned = u.atoms[near.ix[::-1]]
    found = InterRDF_s(u, [[zinc, near], [zinc, turned], [near, near]]).run()
    np.testing.assert_array_equal(found.count[1], found.count[0][:, ::-1])
    assert found.count[2][0, 0, 0] == found.count[2][1, 1, 0] == 5


class TestRefusals:
    def refused(self, *args, **kwargs):
        with pytest.raises(ArgumentError) as caught:
            InterRDF_s(*args, **kwargs)
        return str(caught.value)

    def test_arguments(self, u, sites):
        assert self.refused("u", sites) == "u takes a Universe, not str"
        for wrong in ([], None, [sites[0][0]], sites[0], [[*sites[0], sites[0][0]]]):
            assert self.refused(u, wrong).startswith("ags takes a list of"), wrong
        assert self.refused(u, sites, norm="g") == "norm is 'rdf', 'density' or 'none', not 'g'"
        assert "a norm is given by name" in self.refused(u, sites, 75, (0, 15), "rdf")
        assert "nbins" in self.refused(u, sites, -1) and "range" in self.refused(u, sites, range=(2, 1))

    def test_groups(self, u, sites):
        assert self.refused(u, [sites[0], [u.atoms[:0], u.atoms[:1]]]).startswith("ags[1][0] holds no atom")
        assert "updating group" in self.refused(u, [[u.select_atoms("name P", updating=True), u.atoms[:1]]])
        other = mda.Universe(PSF_TRICLINIC, DCD_TRICLINIC)
        assert "ags[0][0] is of another Universe" in self.refused(other, sites)

    def test_more_counts_than_memory_are_refused_before_they_are_there(self, u):
        text = self.refused(u, [[u.atoms, u.atoms]], 200)
        assert text.startswith(
            f"counts of {43480**2} pairs of atoms in 200 bins, 4 times over while they are summed: 12.1 TB"
        )
        assert "or InterRDF, which averages over pairs" in text

    def test_how_much_memory_there_is_decides(self, u, sites, monkeypatch):
        monkeypatch.setattr(memory, "free_bytes", lambda: 4 * 8 * 6 * 75 - 1)
        assert self.refused(u, sites).startswith(
            "counts of 6 pairs of atoms in 75 bins, 4 times over while they are summed: 14.4 kB are needed"
        )
        monkeypatch.setattr(memory, "free_bytes", lambda: 4 * 8 * 6 * 75)
        found = InterRDF_s(u, sites)
        assert found.run(n_jobs=1).n_frames == 5
        with pytest.raises(ValueError, match="5 times over .* with 2 workers: .* and 14.4 kB are free"):
            found.run(n_jobs=2)
        monkeypatch.setattr(memory, "free_bytes", lambda: None)
        InterRDF_s(u, sites)

    def test_no_box(self, adk):
        group = adk.select_atoms("name CA")[:3]
        with pytest.raises(ValueError, match=r"there is no box, and g\(r\) needs its volume"):
            InterRDF_s(adk, [[group, group]]).run(stop=2)
        found = InterRDF_s(adk, [[group, group]], norm="none").run(stop=2)
        assert found.count[0].sum() == 18

"""InterRDF: PMDA's figures on every scheduler, MDAnalysis' numbers on real systems, and clear refusals."""

import pickle
import warnings
from pathlib import Path

import MDAnalysis as mda
import numpy as np
import pytest
from MDAnalysis import transformations
from MDAnalysis.analysis import rdf as mda_rdf
from MDAnalysisTests.datafiles import (
    DCD,
    DCD2,
    DCD_TRICLINIC,
    GRO,
    GRO_MEMPROT,
    PSF,
    PSF_TRICLINIC,
    TPR,
    XTC,
    XTC_MEMPROT,
)

import mdloom
from mdloom import rms
from mdloom.errors import ArgumentError, TopologyError
from mdloom.rdf import InterRDF

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

GOLDEN = Path(__file__).parents[1] / "golden" / "rdf_memprot.csv"


@pytest.fixture(scope="module")
def membrane():
    """For those who do not change it: it takes a while to read."""
    return mda.Universe(GRO_MEMPROT, XTC_MEMPROT)


@pytest.fixture
def aspartates(membrane):
    return aspartates_of(membrane)


def aspartates_of(universe):
    return tuple(universe.select_atoms(f"resname ASP and name {name}") for name in ("OD1", "OD2"))


def assert_same(found, expected, rtol=1e-11):
    """Counts to the last one; g(r) but for rounding."""
    np.testing.assert_array_equal(found.edges, expected.results.edges)
    np.testing.assert_array_equal(found.bins, expected.results.bins)
    np.testing.assert_array_equal(found.count, expected.results.count)
    np.testing.assert_allclose(found.rdf, expected.results.rdf, rtol=rtol, atol=0)


class TestAsPmda:
    def test_bins(self, aspartates):
        found = InterRDF(*aspartates, nbins=412).run()
        assert len(found.bins) == len(found.rdf) == len(found.count) == len(found.cdf) == 412
        assert len(found.edges) == 413

    def test_range(self, aspartates):
        edges = InterRDF(*aspartates, range=(1.0, 13.0)).run().edges
        assert edges[0] == 1.0 and edges[-1] == 13.0

    def test_the_sum_of_counts_everywhere(self, aspartates, place):
        found = InterRDF(*aspartates).run(**place)
        assert found.count.sum() == 577

    def test_counts_also_when_run_again(self, aspartates):
        found = InterRDF(*aspartates)
        for _ in range(2):
            assert (found.run().count == 3).sum() == 7

    @pytest.mark.parametrize("n_blocks", [1, 2, 3, 4])
    def test_any_number_of_blocks_gives_the_numbers_of_mdanalysis(self, aspartates, n_blocks):
        found = InterRDF(*aspartates).run(n_jobs=2, n_blocks=n_blocks)
        assert_same(found, mda_rdf.InterRDF(*aspartates).run())

    @pytest.mark.parametrize("step", [1, 2, 3])
    def test_any_step_gives_the_numbers_of_mdanalysis(self, aspartates, step):
        assert_same(InterRDF(*aspartates).run(step=step), mda_rdf.InterRDF(*aspartates).run(step=step))

    def test_cdf(self, aspartates):
        found = InterRDF(*aspartates).run()
        np.testing.assert_allclose(found.cdf, np.cumsum(found.count) / found.n_frames, rtol=1e-15)
        assert found.cdf[-1] == 577 / 5 and found.get_cdf() is found.cdf

    @pytest.mark.parametrize("block, expected", [(None, 577), ((1, 1), 397)])
    def test_exclusion_block_by_position(self, aspartates, block, expected):
        assert InterRDF(*aspartates, 75, (0.0, 15.0), block).run().count.sum() == expected

    def test_volume_is_the_sum_over_frames(self, membrane, aspartates):
        found = InterRDF(*aspartates).run(step=2)
        expected = sum(ts.volume for ts in membrane.trajectory[::2])
        np.testing.assert_allclose(found.volume, expected, rtol=1e-14)
        assert found.results.volume_cum == found.volume


class TestAsMdanalysis:
    def test_golden(self, membrane, aspartates):
        golden = np.genfromtxt(GOLDEN, delimiter=",", names=True, skip_header=3)
        phosphorus = membrane.select_atoms("name P")
        runs = {
            "asp": InterRDF(*aspartates),
            "asp_apart": InterRDF(*aspartates, exclusion_block=(1, 1)),
            "p": InterRDF(phosphorus, phosphorus, norm="density"),
            "p_apart": InterRDF(phosphorus, phosphorus, exclude_same="residue"),
        }
        mdloom.run(list(runs.values()))
        for name, found in runs.items():
            np.testing.assert_array_equal(found.results.count, golden[f"{name}_count"])
            np.testing.assert_allclose(found.results.rdf, golden[f"{name}_rdf"], rtol=1e-11)

    @pytest.mark.parametrize(
        "kwargs",
        [
            {},
            {"nbins": 1},
            {"range": (3.0, 11.0)},
            {"exclusion_block": (2, 3)},
            {"norm": "density"},
            {"norm": "none"},
            {"exclude_same": "residue"},
            {"exclude_same": "segment"},
        ],
        ids=str,
    )
    def test_arguments(self, aspartates, kwargs):
        assert_same(InterRDF(*aspartates, **kwargs).run(), mda_rdf.InterRDF(*aspartates, **kwargs).run())

    def test_exclude_same_chain(self):
        u = mda.Universe(PSF_TRICLINIC, DCD_TRICLINIC)
        u.add_TopologyAttr("chainIDs", list(np.where(np.arange(len(u.atoms)) % 2, "A", "B")))
        groups = u.select_atoms("name OH2"), u.select_atoms("name H1")
        kwargs = {"exclude_same": "chain", "range": (0, 7)}
        assert_same(InterRDF(*groups, **kwargs).run(), mda_rdf.InterRDF(*groups, **kwargs).run(), rtol=1e-7)

    @pytest.mark.parametrize("blocks", [None, (1, 2)])
    def test_water(self, blocks):
        u = mda.Universe(TPR, XTC)
        oxygen, hydrogen = u.select_atoms("name OW")[:800], u.select_atoms("name HW1 HW2")[:1600]
        found = InterRDF(oxygen, hydrogen, exclusion_block=blocks).run(stop=1)
        expected = mda_rdf.InterRDF(oxygen, hydrogen, exclusion_block=blocks).run(stop=1)
        # MDAnalysis subtracts in float32: some of 56,000 pairs are next to an edge
        assert found.count.sum() > 50_000
        assert np.abs(found.count - expected.results.count).sum() <= 6
        assert abs(found.count.sum() - expected.results.count.sum()) <= 1
        unmoved = found.count == expected.results.count
        np.testing.assert_allclose(found.rdf[unmoved], expected.results.rdf[unmoved], rtol=1e-11)

    def test_triclinic_cells(self):
        u = mda.Universe(PSF_TRICLINIC, DCD_TRICLINIC)
        oxygen = u.select_atoms("name OH2")
        found, expected = (kind(oxygen, oxygen, range=(0, 8)).run() for kind in (InterRDF, mda_rdf.InterRDF))
        assert_same(found, expected, rtol=1e-7)  # of the volume: cell vectors are float32
        assert found.count[0] == len(oxygen) * 10

    def test_without_a_box_when_no_volume_is_needed(self, adk):
        groups = adk.select_atoms("name CA"), adk.select_atoms("name CB")
        for norm in ("density", "none"):
            assert_same(InterRDF(*groups, norm=norm).run(), mda_rdf.InterRDF(*groups, norm=norm).run())

    @pytest.mark.parametrize(
        "run",
        [{"step": -1}, {"start": 4, "stop": 0, "step": -2}, {"start": -2}, {"frames": [3, 0, 3]}],
        ids=str,
    )
    def test_frames(self, aspartates, run):
        assert_same(InterRDF(*aspartates).run(**run), mda_rdf.InterRDF(*aspartates).run(**run))

    def test_results_have_the_names_of_both(self, aspartates):
        found = InterRDF(*aspartates).run()
        for name in ("rdf", "count", "bins", "edges", "cdf"):
            assert found.results[name] is getattr(found.results, name) is getattr(found, name)
        again = pickle.loads(pickle.dumps(found))
        np.testing.assert_array_equal(again.rdf, found.rdf)


class TestHowFramesCome:
    def test_natively(self, aspartates, place, forbid_mdanalysis_frames):
        expected = InterRDF(*aspartates).run(scheduler="synchronous")
        forbid_mdanalysis_frames()
        found = InterRDF(*aspartates).run(**place)
        assert "XTC read natively" in repr(found) and "36 and 36 atoms" in repr(found)
        np.testing.assert_array_equal(found.rdf, expected.rdf)

    def test_with_a_client_that_is_merely_open(self, aspartates, guide_client):
        found = InterRDF(*aspartates).run()
        assert found.count.sum() == 577 and len(found._blocks) == 5  # 8 workers, 5 frames

    def test_from_memory(self, aspartates):
        expected = InterRDF(*aspartates).run()
        found = InterRDF(*aspartates_of(mda.Universe(GRO_MEMPROT, XTC_MEMPROT, in_memory=True))).run()
        assert "memory" in repr(found)
        np.testing.assert_array_equal(found.count, expected.count)
        np.testing.assert_allclose(found.rdf, expected.rdf, rtol=1e-7)

    def test_several_files_are_one_trajectory(self):
        u = mda.Universe(GRO_MEMPROT, [XTC_MEMPROT, XTC_MEMPROT])
        found = InterRDF(*aspartates_of(u)).run()
        assert found.n_frames == 10 and found.count.sum() == 2 * 577

    @pytest.mark.parametrize("how", ["read natively with its transformations", "read through MDAnalysis"])
    def test_transformations_count_but_a_translation_changes_nothing(self, aspartates, how):
        expected = InterRDF(*aspartates).run()
        u = mda.Universe(GRO_MEMPROT, XTC_MEMPROT)
        translate = transformations.translate([10, 0, 0])
        own = [lambda ts: ts] if "MDAnalysis" in how else []
        u.trajectory.add_transformations(translate, *own)
        found = InterRDF(*aspartates_of(u)).run()
        assert how in repr(found)
        assert np.abs(found.count - expected.count).sum() <= 4  # float32 positions moved

    def test_a_transformation_can_set_the_box(self, adk):
        groups = adk.select_atoms("name CA"), adk.select_atoms("name CB")
        adk.trajectory.add_transformations(transformations.set_dimensions([100, 100, 100, 90, 90, 90]))
        found = InterRDF(*groups).run(stop=5)
        assert found.volume == 5e6
        assert_same(found, mda_rdf.InterRDF(*groups).run(stop=5))

    def test_in_one_pass_with_others(self):
        u = mda.Universe(GRO, XTC)
        group = u.select_atoms("name CA")
        together = [InterRDF(group, group), rms.RMSD(group[:5]), InterRDF(group, group, exclude_same="residue")]
        mdloom.run(together, stop=4)
        np.testing.assert_array_equal(together[0].count, InterRDF(group, group).run(stop=4).count)
        np.testing.assert_array_equal(together[1].rmsd, rms.RMSD(group[:5]).run(stop=4).rmsd)
        assert (together[0].count - together[2].count)[0] == 4 * len(group)

    def test_no_frames_have_the_right_shape_and_no_warning(self, aspartates):
        with warnings.catch_warnings():
            warnings.filterwarnings("error", category=RuntimeWarning)
            warnings.filterwarnings("ignore", "no frames to analyse")
            found = InterRDF(*aspartates).run(stop=0)
        assert not found.count.any() and found.volume == 0
        assert np.isnan(found.rdf).all() and np.isnan(found.cdf).all() and found.rdf.shape == (75,)

    def test_partial_results(self, aspartates):
        found = InterRDF(*aspartates).run()
        partial = found.partial()
        np.testing.assert_array_equal(partial.rdf, found.rdf)
        assert list(partial.frames) == [0, 1, 2, 3, 4]

    @pytest.mark.parametrize("level", ["portable", "avx2", "avx512"])
    def test_the_same_bits_on_any_instruction_set(self, membrane, level, monkeypatch):
        lipids = membrane.select_atoms("name P C2 C21 C31")
        expected = InterRDF(lipids, lipids, nbins=500).run(stop=2)
        monkeypatch.setenv("MDLOOM_SIMD", level)
        found = InterRDF(lipids, lipids, nbins=500).run(stop=2)
        np.testing.assert_array_equal(found.count, expected.count)
        np.testing.assert_array_equal(found.rdf, expected.rdf)


class TestRefusals:
    def refused(self, *args, **kwargs):
        with pytest.raises(ArgumentError) as caught:
            InterRDF(*args, **kwargs)
        return str(caught.value)

    def test_arguments(self, aspartates):
        assert self.refused(*aspartates, 0) == "nbins is a whole number above 0, not 0"
        assert self.refused(*aspartates, 7.5) == "nbins is a whole number above 0, not 7.5"
        for wrong in ((3, 3), (-1, 5), (5, 1), (0, np.inf), (1, 2, 3), 15, "ab"):
            assert self.refused(*aspartates, range=wrong).startswith("range is two distances (first, last) in Å")
        assert self.refused(*aspartates, norm="rdff") == "norm is 'rdf', 'density' or 'none', not 'rdff'"
        assert "norm is given by name" in self.refused(*aspartates, 75, (0, 15), "density")
        assert "exclusion_block[1]" in self.refused(*aspartates, exclusion_block=(1, 0))
        assert "leaves no pair" in self.refused(*aspartates, exclusion_block=(36, 36))
        assert "exclude each other" in self.refused(*aspartates, exclusion_block=(1, 1), exclude_same="residue")
        assert "not 'molecule'" in self.refused(*aspartates, exclude_same="molecule")
        assert "1e-09 Å are needed" in self.run_refused(InterRDF(*aspartates, nbins=10, range=(0, 1e-9)))

    def run_refused(self, analysis):
        with pytest.raises(ArgumentError) as caught:
            analysis.run()
        return str(caught.value)

    def test_groups(self, membrane, aspartates):
        empty, updating = membrane.atoms[:0], membrane.select_atoms("name P", updating=True)
        assert self.refused(empty, aspartates[1]).startswith("g1 holds no atom")
        assert self.refused(aspartates[0], empty).startswith("g2 holds no atom")
        assert "updating group" in self.refused(updating, aspartates[0])
        assert self.refused(aspartates[0], "name OD2") == "g2 takes an AtomGroup or a Universe, not str"
        other = mda.Universe(PSF, DCD)
        assert "g2 is of another Universe" in self.refused(aspartates[0], other.select_atoms("name CA"))

    def test_no_box(self, adk, place):
        group = adk.select_atoms("name CA")
        with pytest.raises(ValueError, match=r'frame 3: there is no box, and g\(r\) needs its volume: give norm="den'):
            InterRDF(group, group).run(start=3, **place)

    def test_bins_that_do_not_fit_into_memory(self, adk):
        group = adk.select_atoms("name CA")
        with pytest.raises(ValueError, match=r"counts in 10{15} bins: .* are needed, .*; give a smaller nbins"):
            InterRDF(group, group, nbins=10**15, norm="none").run(n_jobs=1)

    def test_what_the_topology_does_not_hold(self, adk):
        group = adk.select_atoms("name CA")
        with pytest.raises(TopologyError, match="holds no chainIDs; add them"):
            InterRDF(group, group, exclude_same="chain")

    def test_a_hook_that_would_never_be_called(self, aspartates):
        class Mine(InterRDF):
            @staticmethod
            def _reduce(res, single):
                return res

        assert "overrides _reduce" in self.run_refused(Mine(*aspartates))


def test_several_chained_formats_without_a_box_are_counted(adk_files):
    u = mda.Universe(PSF, [DCD, DCD2])
    group = u.select_atoms("name CA and resid 1-20")
    found = InterRDF(group, group, norm="none").run()
    assert found.n_frames == len(u.trajectory) and found.count[0] == found.n_frames * len(group)

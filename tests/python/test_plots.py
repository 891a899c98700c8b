"""results.plot(): the lines are the results, and the axes say what they are, in which unit."""

import pickle
import subprocess
import sys

import matplotlib
import numpy as np
import pytest

from mdloom import align, contacts, density, dihedrals, gyration, hbond_analysis, leaflet, msd, rdf, rms

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def no_figures_stay():
    yield
    from matplotlib import pyplot

    pyplot.close("all")


def labels(ax):
    return ax.get_xlabel(), ax.get_ylabel()


def lines(ax):
    return [np.asarray(line.get_xydata()).T for line in ax.get_lines()]


def same(line, x, y):
    return np.array_equal(line[0], x) and np.array_equal(line[1], y)


def test_rmsd_over_time_with_a_legend_for_groups(adk):
    found = rms.RMSD(adk, select="name CA", groupselections=["resid 1-9"]).run()
    ax = found.results.plot()
    assert labels(ax) == ("time (ps)", "RMSD (Å)")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["superposed atoms", "resid 1-9"]
    assert all(same(line, found.times, found.rmsd[:, 2 + i]) for i, line in enumerate(lines(ax)))


def test_long_times_are_drawn_in_ns_and_µs(make_rmsd):
    found = make_rmsd().run()
    for factor, unit, n_ps in ((1e3, "ns", 1e3), (1e6, "µs", 1e6)):
        longer = pickle.loads(pickle.dumps(found.results))
        longer.rmsd[:, 1] *= factor
        ax = longer.plot()
        assert ax.get_xlabel() == f"time ({unit})"
        assert same(lines(ax)[0], longer.rmsd[:, 1] / n_ps, longer.rmsd[:, 2])


def test_rmsf_by_residue_where_each_atom_has_its_own_else_by_atom(adk):
    alphas = adk.select_atoms("name CA")
    found = rms.RMSF(alphas).run()
    ax = found.results.plot()
    assert labels(ax) == ("residue", "RMSF (Å)")
    assert same(lines(ax)[0], alphas.resids, found.rmsf)
    ax = rms.RMSF(adk.atoms[50:70]).run().results.plot()
    assert ax.get_xlabel() == "atom (0-based index)"
    assert np.array_equal(lines(ax)[0][0], np.arange(50, 70))


def test_displacements_over_lag_time(adk):
    found = msd.EinsteinMSD(adk, "name CA", msd_type="xy").run().results
    ax = found.plot()
    assert labels(ax) == ("lag time (ps)", "MSD along x, y (Å$^{2}$)")
    assert same(lines(ax)[0], found.delta_t_values, found.timeseries)


def test_rdf_with_the_pairs_up_to_r_on_a_second_axis(adk):
    found = rdf.InterRDF(adk.select_atoms("name CA"), adk.select_atoms("name CB"), norm="density").run()
    ax = found.results.plot(color="red")
    (second,) = (other for other in ax.figure.axes if other is not ax)
    assert labels(ax) == ("r (Å)", "density of pairs (Å$^{-3}$)")
    assert second.get_ylabel() == "pairs per frame up to r"
    assert same(lines(ax)[0], found.bins, found.rdf) and ax.get_lines()[0].get_color() == "red"
    assert same(lines(second)[0], found.edges[1:], found.cdf)


def test_few_sites_have_a_curve_each_and_many_a_mean(adk):
    few = rdf.InterRDF_s(adk, [[adk.atoms[:2], adk.atoms[9:12]]], norm="none").run()
    ax = few.results.plot()
    assert len(lines(ax)) == 6
    assert same(lines(ax)[4], few.bins, few.rdf[0][1, 1])
    assert ax.get_legend().get_texts()[4].get_text() == "atoms 1, 10"
    many = rdf.InterRDF_s(adk, [[adk.atoms[:3], adk.atoms[9:12]]], norm="none").run()
    ax = many.results.plot()
    assert np.allclose(lines(ax)[-1][1], many.rdf[0].mean(axis=(0, 1)))
    assert ax.get_legend().get_texts()[0].get_text() == "mean of 9 pairs"


def test_contacts_over_time(adk):
    found = contacts.q1q2(adk.select_atoms("name CA"), 8).run()
    ax = found.results.plot()
    assert labels(ax) == ("time (ps)", "fraction of contacts Q")
    assert all(same(line, found.times, found.timeseries[:, 1 + i]) for i, line in enumerate(lines(ax)))


def test_hydrogen_bonds_over_time(adk):
    found = hbond_analysis.HydrogenBondAnalysis(adk, "name N", "name HN", "protein and name O").run(step=9)
    ax = found.results.plot()
    assert labels(ax) == ("time (ps)", "hydrogen bonds") and ax.get_ylim()[0] == 0
    assert same(lines(ax)[0], found.times, found.count_by_time())


def test_sizes_of_leaflets_over_time(adk):
    found = leaflet.LeafletFinder(adk, "name CA").run(step=9, cutoff=3.9)
    ax = found.results.plot()
    sizes = np.array([[*map(len, groups), 0, 0][:2] for groups in found.components])
    assert labels(ax) == ("time (ps)", "atoms")
    assert np.array_equal(lines(ax)[0][1], sizes[:, 0]) and np.array_equal(lines(ax)[1][1], sizes[:, 1])
    assert np.array_equal(lines(ax)[2][1], 214 - sizes.sum(axis=1))
    assert found.results == list(found.results) and len(found.results) == 11


def test_radii_of_gyration_and_centres_over_time(adk):
    found = gyration.RadiusOfGyration(adk.select_atoms("name CA")).run()
    ax = found.results.plot()
    assert labels(ax) == ("time (ps)", "radius of gyration (Å)") and ax.get_ylim()[0] > 10
    assert all(same(line, found.times, found.timeseries[:, 2 + i]) for i, line in enumerate(lines(ax)))
    found = gyration.CenterOfMass(adk.select_atoms("name CA")).run()
    ax = found.results.plot()
    assert labels(ax) == ("time (ps)", "coordinate (Å)") and ax.get_ylim()[0] < found.timeseries[:, 2:].min()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["x", "y", "z"]


def test_dihedral_angles_as_points_over_time(adk):
    found = dihedrals.Dihedral([adk.atoms[:4], adk.atoms[4:8]]).run(step=9)
    ax = found.results.plot()
    assert labels(ax) == ("time (ps)", "dihedral angle (degrees)") and ax.get_ylim() == (-180, 180)
    assert all(same(line, found.results.times, found.angles[:, i]) for i, line in enumerate(lines(ax)))
    assert ax.get_lines()[0].get_linestyle() == "None"


def test_ramachandran_angles_over_each_other(adk):
    found = dihedrals.Ramachandran(adk.select_atoms("resid 3-9")).run(step=9)
    ax = found.results.plot()
    assert labels(ax) == ("\N{GREEK SMALL LETTER PHI} (degrees)", "\N{GREEK SMALL LETTER PSI} (degrees)")
    assert ax.get_xlim() == ax.get_ylim() == (-180, 180)
    assert np.array_equal(ax.collections[0].get_offsets(), found.angles.reshape(-1, 2))


def test_a_structure_is_for_a_viewer(adk):
    with pytest.raises(ValueError, match="is looked at in a viewer"):
        align.AverageStructure(adk, select="name CA").run(step=9).results.plot()


def test_three_projections_of_a_density_and_one_into_an_axes_of_ones_own(adk):
    from matplotlib import pyplot

    found = density.DensityAnalysis(adk.select_atoms("name CA"), delta=4).run(step=9)
    axes = found.results.plot()
    assert [labels(ax) for ax in axes] == [("x (Å)", "y (Å)"), ("x (Å)", "z (Å)"), ("y (Å)", "z (Å)")]
    for ax, axis in zip(axes, (2, 1, 0), strict=True):
        drawn = np.asarray(ax.collections[0].get_array()).ravel()
        assert np.array_equal(drawn, found.density.grid.mean(axis=axis).T.ravel())
        assert ax.collections[0].get_clim() == axes[0].collections[0].get_clim()
    assert axes[0].figure.axes[-1].get_ylabel() == "mean density (Å$^{-3}$)"
    _, mine = pyplot.subplots()
    assert found.results.plot(mine) is mine
    with pytest.raises(ValueError, match="one Axes or three, not 2"):
        found.results.plot([mine, mine])


def test_it_draws_into_the_axes_given_partial_results_and_frames_in_any_order(make_rmsd):
    from matplotlib import pyplot

    _, mine = pyplot.subplots()
    analysis = make_rmsd().run(frames=[5, 3, 9])
    assert analysis.results.plot(ax=mine) is mine
    assert mine.get_lines()[0].get_linestyle() == "None"
    assert same(lines(analysis.partial().plot())[0], analysis.times, analysis.rmsd[:, 2])
    assert len(lines(make_rmsd().run(stop=0).results.plot())[0][0]) == 0


def test_before_run_there_is_nothing_to_draw(make_rmsd):
    with pytest.raises(ValueError, match=r"call run\(\) first"):
        make_rmsd().results.plot()


def test_without_matplotlib_the_error_says_what_to_install_and_nothing_else_needs_it(tmp_path):
    script = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from mdloom import frame_tables; import numpy as np\n"
        "found = frame_tables.RMSDResults(rmsd=np.zeros((2, 3))); found._repr_html_()\n"
        "try: found.plot()\nexcept ImportError as error: print(error)"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert told.stdout.strip() == 'plot() needs matplotlib: pip install "mdloom[plot]"'


def test_notebooks_show_names_shapes_units_and_ranges(adk):
    found = rms.RMSF(adk.atoms[:4]).run()
    text = found.results._repr_html_()
    least, most = found.rmsf.min(), found.rmsf.max()
    assert f"<td>rmsf</td><td>4</td><td>Å</td><td>{least:.6g} to {most:.6g}</td>" in text
    assert "<td>mean</td><td>4 × 3</td><td>Å</td>" in text
    finder = leaflet.LeafletFinder(adk, "name CA").run(stop=2, cutoff=3.9)
    assert "<td>labels</td><td>2 × 214</td>" in finder.results._repr_html_()

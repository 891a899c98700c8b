"""save(): what files hold, that they are the same however the work was done, and that none is ever half there."""

import csv
import json
import pickle

import MDAnalysis as mda
import numpy as np
import pytest

from mdloom import align, contacts, density, dihedrals, gyration, hbond_analysis, leaflet, msd, rdf, rms
from mdloom.errors import FileError

MAKERS = {
    "rmsd": lambda u: rms.RMSD(u, select="name CA", groupselections=["resid 1-9"]),
    "rmsf": lambda u: rms.RMSF(u.select_atoms("name CA")),
    "rdf": lambda u: rdf.InterRDF(u.select_atoms("name CA"), u.select_atoms("name CB"), norm="none"),
    "rdf_s": lambda u: rdf.InterRDF_s(u, [[u.atoms[:2], u.atoms[9:12]], [u.atoms[4:5], u.atoms[7:8]]], norm="none"),
    "contacts": lambda u: contacts.q1q2(u.select_atoms("name CA"), 8),
    "density": lambda u: density.DensityAnalysis(u.select_atoms("name CA"), delta=4),
    "hbonds": lambda u: hbond_analysis.HydrogenBondAnalysis(u, "name N", "name HN", "protein and name O"),
    "leaflet": lambda u: leaflet.LeafletFinder(u, "name CA and resid 1-50"),
    "average_structure": lambda u: align.AverageStructure(u, select="name CA"),
    "radius_of_gyration": lambda u: gyration.RadiusOfGyration(u.select_atoms("name CA")),
    "center_of_mass": lambda u: gyration.CenterOfMass(u.select_atoms("name CA")),
    "dihedrals": lambda u: dihedrals.Dihedral([u.atoms[:4], u.atoms[[8, 4, 2, 1]]]),
    "ramachandran": lambda u: dihedrals.Ramachandran(u.select_atoms("resid 3-5")),
    "msd": lambda u: msd.EinsteinMSD(u, "name CA"),
}
HEADERS = {
    "rmsd": "frame,time,rmsd,group1",
    "rmsf": "atom,rmsf",
    "rdf": "r,g,count,cdf",
    "rdf_s": "site,atom1,atom2,r,g,count,cdf",
    "contacts": "frame,time,q1,q2",
    "hbonds": "frame,donor,hydrogen,acceptor,distance,angle",
    "leaflet": "frame,time,n_components,n_1,n_2",
    "average_structure": "atom,x,y,z",
    "radius_of_gyration": "frame,time,rg,rg_x,rg_y,rg_z",
    "center_of_mass": "frame,time,x,y,z",
    "dihedrals": "frame,time,atoms_0_1_2_3,atoms_8_4_2_1",
    "ramachandran": "frame,time,phi_ILE3,psi_ILE3,phi_ILE4,psi_ILE4,phi_LEU5,psi_LEU5",
    "msd": "lag,msd",
}


@pytest.fixture
def done(adk):
    """Makes an analysis and runs it over 14 frames."""

    def do(name, **where):
        analysis = MAKERS[name](adk)
        return analysis.run(step=7, **({"cutoff": 3.9} if name == "leaflet" else {}), **where)

    return do


def read_table(path, delimiter=","):
    lines = path.read_text().splitlines()
    rows = list(csv.reader((line for line in lines if not line.startswith("#")), delimiter=delimiter))
    return rows[0], np.array([[float(x) for x in row] for row in rows[1:]]).reshape(-1, len(rows[0]))


def times_of(a):
    return np.array([a.universe.trajectory[frame].time for frame in a.frames])


def expected_table(name, a):
    if name == "rmsd":
        return a.rmsd
    if name == "rmsf":
        return np.column_stack([a.atomgroup.ix, a.rmsf])
    if name == "rdf":
        return np.column_stack([a.bins, a.rdf, a.count, a.cdf])
    if name == "contacts":
        return np.column_stack([a.timeseries[:, 0], a.times, a.timeseries[:, 1:]])
    if name == "hbonds":
        return a.hbonds
    if name == "average_structure":
        return np.column_stack([a.mobile_atoms.ix, a.positions])
    if name in ("radius_of_gyration", "center_of_mass"):
        return a.timeseries
    if name in ("dihedrals", "ramachandran"):
        return np.column_stack([a.frames, times_of(a), a.angles.reshape(len(a.angles), -1)])
    if name == "leaflet":
        sizes = [[len(groups), *(*map(len, groups), 0)[:2]] for groups in a.components]
        return np.column_stack([a.frames, times_of(a), sizes])
    if name == "msd":
        return np.column_stack([a.results.delta_t_values, a.results.timeseries])
    rows = []
    for site, (first, second) in enumerate(a.indices):
        for i, one in enumerate(first):
            for j, other in enumerate(second):
                values = zip(a.bins, a.rdf[site][i, j], a.count[site][i, j], a.cdf[site][i, j], strict=True)
                rows += [(site, one, other, *value) for value in values]
    return np.array(rows)


@pytest.mark.parametrize("name", HEADERS)
def test_tables_hold_the_results_to_the_last_bit(done, tmp_path, name):
    analysis = done(name)
    for ending, delimiter in ((".csv", ","), (".tsv", "\t")):
        analysis.save(tmp_path / f"a{ending}")
        header, table = read_table(tmp_path / f"a{ending}", delimiter)
        assert header == HEADERS[name].split(",")
        assert len(table) and np.array_equal(table, expected_table(name, analysis))
    analysis.save(tmp_path / "a.json")
    told = json.loads((tmp_path / "a.json").read_text())
    assert list(told["columns"]) == HEADERS[name].split(",")
    assert np.array_equal(np.column_stack(list(told["columns"].values())), table)
    assert told["metadata"]["analysis"] == name and told["metadata"]["trajectory"] == "adk_dims.dcd"


def test_whole_numbers_stay_whole_and_numpy_reads_the_table(done, tmp_path):
    done("hbonds").save(tmp_path / "a.csv")
    last = (tmp_path / "a.csv").read_text().splitlines()[-1].split(",")
    assert all("." not in number for number in last[:4]) and all("." in number for number in last[4:])
    done("rmsd").save(tmp_path / "b.csv")
    table = np.genfromtxt(tmp_path / "b.csv", delimiter=",", names=True, skip_header=_n_comments(tmp_path / "b.csv"))
    assert np.array_equal(table["rmsd"], done("rmsd").rmsd[:, 2])


def _n_comments(path):
    return sum(line.startswith("#") for line in path.read_text().splitlines())


def test_the_comments_say_what_was_done_and_name_no_folder_of_this_machine(done, tmp_path, adk_files):
    done("rmsd").save(tmp_path / "a.csv")
    lines = (tmp_path / "a.csv").read_text().splitlines()
    comments = [line for line in lines if line.startswith("#")]
    for line in (
        "# analysis: rmsd",
        "# select: name CA",
        '# groupselections: ["resid 1-9"]',
        "# atoms: 214",
        "# topology: adk.psf",
        "# trajectory: adk_dims.dcd",
        "# frames: 14, start 0, stop 98, step 7",
        "# units: time ps, rmsd Angstrom, group1 Angstrom",
    ):
        assert line in comments
    assert not any("/" in line for line in comments) and all(line.isascii() for line in lines)


@pytest.mark.parametrize("name", MAKERS)
def test_files_are_the_same_for_any_number_of_jobs(done, tmp_path, name):
    first, second = done(name, n_jobs=1), done(name, n_jobs=2)
    for ending in first._found()._endings:
        first.save(tmp_path / f"one{ending}")
        second.save(tmp_path / f"two{ending}")
        assert (tmp_path / f"one{ending}").read_bytes() == (tmp_path / f"two{ending}").read_bytes(), ending


@pytest.mark.parametrize("name", ["rmsd", "leaflet", "rdf", "hbonds"])
def test_files_are_the_same_from_every_place(done, tmp_path, place, name):
    done(name, scheduler="synchronous").save(tmp_path / "here.csv")
    done(name, **place).save(tmp_path / "there.csv")
    assert (tmp_path / "here.csv").read_bytes() == (tmp_path / "there.csv").read_bytes()


def test_npy_has_the_main_array_and_npz_all_of_them(done, tmp_path):
    main = {"rmsd": "rmsd", "rmsf": "rmsf", "rdf": "rdf", "contacts": "timeseries", "hbonds": "hbonds"}
    main["msd"] = "timeseries"
    for name, array in main.items():
        analysis = done(name)
        analysis.save(tmp_path / f"{name}.npy")
        assert np.array_equal(np.load(tmp_path / f"{name}.npy"), analysis.results[array])
        analysis.save(tmp_path / f"{name}.npz")
        with np.load(tmp_path / f"{name}.npz") as stored:
            assert set(stored) == {*analysis.results, "metadata"}
            assert all(np.array_equal(stored[key], analysis.results[key]) for key in analysis.results)
            assert json.loads(str(stored["metadata"]))["analysis"] == name


def test_npz_of_sites_has_an_array_for_each_pair_of_groups(done, tmp_path):
    analysis = done("rdf_s")
    analysis.save(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as stored:
        for i in range(2):
            assert np.array_equal(stored[f"rdf_{i}"], analysis.rdf[i])
            assert np.array_equal(stored[f"cdf_{i}"], analysis.cdf[i])
            assert np.array_equal(stored[f"atoms2_{i}"], analysis.indices[i][1])


def test_densities_read_back_from_dx_and_npz(done, tmp_path):
    from gridData import Grid

    found = done("density")
    found.save(tmp_path / "a.dx")
    grid = Grid(str(tmp_path / "a.dx"))
    assert np.allclose(grid.grid, found.density.grid, rtol=0, atol=1e-15)
    assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(grid.edges, found.density.edges, strict=True))
    found.save(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as stored:
        assert np.array_equal(stored["density"], found.density.grid)
        assert np.array_equal(stored["edges_y"], found.density.edges[1])
    with pytest.raises(ValueError, match=r"a.csv: results of density are written to .dx, .npy, .npz, not to .csv"):
        found.save(tmp_path / "a.csv")


def test_index_groups_count_atoms_from_one(done, tmp_path):
    finder = done("leaflet")
    finder.save(tmp_path / "a.ndx")
    groups = {}
    for line in (tmp_path / "a.ndx").read_text().splitlines():
        if line.startswith("["):
            numbers = groups.setdefault(line.strip("[ ]"), [])
        else:
            numbers += map(int, line.split())
    expected = {
        f"frame_{frame}_component_{i}": [int(ix) + 1 for ix in group.ix]
        for frame, components in zip(finder.frames, finder.components, strict=True)
        for i, group in enumerate(components, start=1)
    }
    assert groups == expected and len(groups) > 14


def test_xvg_has_the_curve_with_time_first(done, tmp_path):
    bonds = done("hbonds")
    bonds.save(tmp_path / "a.xvg")
    text = (tmp_path / "a.xvg").read_text()
    assert '@    xaxis  label "time (ps)"' in text and '@    yaxis  label "hydrogen bonds"' in text
    table = np.loadtxt(tmp_path / "a.xvg", comments=("#", "@"))
    assert np.array_equal(table, np.column_stack([bonds.times, bonds.count_by_time()]))


def test_no_frames_give_a_table_without_rows_and_nan_is_null_in_json(adk, tmp_path):
    for name in HEADERS:
        MAKERS[name](adk).run(stop=0).save(tmp_path / f"{name}.csv")
        assert read_table(tmp_path / f"{name}.csv")[0] == HEADERS[name].split(",")
    rmsf = rms.RMSF(adk.atoms[:2]).run(stop=0)
    rmsf.save(tmp_path / "rmsf.json")
    assert json.loads((tmp_path / "rmsf.json").read_text())["columns"]["rmsf"] == [None, None]


def test_a_file_that_is_there_is_only_replaced_by_force(done, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("mine")
    analysis = done("rmsd")
    with pytest.raises(ValueError, match="a.csv exists already: .*force=True"):
        analysis.save(path)
    assert path.read_text() == "mine"
    analysis.save(str(path), force=True)
    assert path.read_text().startswith("# analysis: rmsd")


def test_what_fails_while_writing_leaves_the_old_file_and_no_other(done, tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_text("mine")
    analysis = done("rmsd")

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mdloom.writers.os.fsync", full)
    with pytest.raises(FileError, match="a.csv cannot be written: No space left on device"):
        analysis.save(path, force=True)
    assert path.read_text() == "mine"
    assert [one.name for one in tmp_path.iterdir()] == ["a.csv"]


def test_impossible_files_are_refused_by_name(done, tmp_path):
    analysis = done("rmsd")
    with pytest.raises(ValueError, match="a.xlsx: results of rmsd are written to .csv, .tsv, .*not to .xlsx"):
        analysis.save(tmp_path / "a.xlsx")
    with pytest.raises(FileError, match="there is no folder .*nowhere"):
        analysis.save(tmp_path / "nowhere" / "a.csv")
    (tmp_path / "b.csv").mkdir()
    with pytest.raises(FileError, match="b.csv is a folder"):
        analysis.save(tmp_path / "b.csv", force=True)
    with pytest.raises(ValueError, match=r"call run\(\) first"):
        rms.RMSD(analysis.universe).save(tmp_path / "c.csv")


@pytest.mark.parametrize("name", MAKERS)
def test_results_that_travelled_are_saved_as_before(done, tmp_path, name):
    analysis = done(name)
    analysis.save(tmp_path / "here.npz")
    pickle.loads(pickle.dumps(analysis)).save(tmp_path / "there.npz")
    assert (tmp_path / "here.npz").read_bytes() == (tmp_path / "there.npz").read_bytes()


def test_files_tell_the_arguments_of_the_run_not_later_ones(done, tmp_path):
    finder = done("leaflet")
    finder.cutoff = 99.0
    finder.save(tmp_path / "a.csv")
    assert "# cutoff: 3.9\n" in (tmp_path / "a.csv").read_text()


def test_frames_given_one_by_one_are_listed(adk, tmp_path):
    rms.RMSF(adk.atoms[:3]).run(frames=[5, 3, 3]).save(tmp_path / "a.csv")
    assert "# frames: 3: 5 3 3\n" in (tmp_path / "a.csv").read_text()


def test_an_array_in_memory_has_no_file(tmp_path):
    u = mda.Universe.empty(2, trajectory=True)
    u.load_new(np.zeros((3, 2, 3), np.float32))
    rms.RMSF(u).run().save(tmp_path / "a.csv")
    assert "# trajectory: MemoryReader\n" in (tmp_path / "a.csv").read_text()

import MDAnalysis as mda
import numpy as np

from mdloom import atoms
from mdloom.first_frame import FirstFrame

CUBE = 10 * np.eye(3, dtype=np.float32)


def two_molecules() -> mda.Universe:
    u = mda.Universe.empty(4, n_residues=2, atom_resindex=[0, 0, 1, 1], trajectory=True)
    u.add_bonds([(0, 1), (2, 3)])
    return u


def frame() -> FirstFrame:
    return FirstFrame(np.array([[1, 0, 0], [2, 0, 0], [0.5, 0, 0], [9.5, 0, 0]], np.float32), CUBE)


def test_a_broken_group_is_named_in_the_words_of_each_analysis_and_looked_at_once(monkeypatch):
    asked = []
    where_broken = atoms.where_broken
    monkeypatch.setattr(
        atoms, "where_broken", lambda group, *rest: asked.append(group.ix) or where_broken(group, *rest)
    )
    u, first = two_molecules(), frame()
    texts = [first.broken_across_box(u.atoms, quantity) for quantity in ("RMSD", "the radius of gyration")]
    assert len(asked) == 1
    for text, quantity in zip(texts, ("RMSD", "the radius of gyration"), strict=True):
        assert "(bond 2-3 spans 9.0 Å of 10.0 Å in the first frame)" in text
        assert f"{quantity} will jump" in text


def test_other_atoms_are_looked_at_anew():
    u, first = two_molecules(), frame()
    assert first.broken_across_box(u.atoms[:2]) is None
    assert first.broken_across_box(u.atoms[2:]) is not None
    assert first.broken_across_box(u.atoms[:2]) is None


def test_positions_are_those_of_the_group_in_its_order():
    assert frame().positions_of(two_molecules().atoms[[3, 0]])[:, 0].tolist() == [9.5, 1]

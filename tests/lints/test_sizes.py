"""Sizes to stay near. The list of exceptions only shrinks."""

from __future__ import annotations

from project import ROOT, files, name, without_comments

MOST_LINES = 400
MOST_CONTRACT_LINES = 60
MOST_README_LINES = 20
MOST_LINES_OF_AN_ANALYSIS = 59
#: File: how long it may be. Lower the number when its file gets shorter; take the entry out when it fits.
LONGER = {
    "tests/cpp/engine/test_ledger.cpp": 422,
}


def test_no_file_is_long():
    folders = ("benchmarks", "cpp", "examples", "python", "tests")
    code = [*files(*folders, endings=(".cpp", ".hpp", ".py", ".inc")), *files("scripts")]
    lengths = {name(path): len(path.read_text().splitlines()) for path in code}
    too_long = {file: n for file, n in lengths.items() if n > LONGER.get(file, MOST_LINES)}
    assert not too_long, f"split them: {MOST_LINES} lines are the most"
    assert not [file for file in LONGER if lengths.get(file, 0) <= MOST_LINES], "no exceptions any more"


def test_a_contract_fits_on_a_page():
    contracts = files("cpp/mdloom/contracts", endings=(".hpp",))
    lines = {name(path): without_comments(path.read_text()).split("\n") for path in contracts}
    sizes = {file: sum(bool(line.strip()) for line in text) for file, text in lines.items()}
    assert len(sizes) == 3
    assert not {file: n for file, n in sizes.items() if n > MOST_CONTRACT_LINES}


def test_each_layer_says_what_comes_in_and_goes_out():
    for folder in (path for path in (ROOT / "cpp/mdloom").iterdir() if path.is_dir()):
        lines = (folder / "README.md").read_text().splitlines()
        assert lines[0].startswith(f"# {folder.name}")
        assert len(lines) <= MOST_README_LINES, folder.name
        assert "nclude" in "".join(lines), f"{folder.name}: say what it may include"


def test_a_new_analysis_takes_less_than_sixty_lines():
    """All of its C++, comments and blank lines too; only its tests do not count."""
    recipe = [path for path in files("examples/recipes/analysis", endings=(".cpp", ".hpp")) if "test" not in path.stem]
    assert len(recipe) == 2
    assert sum(len(path.read_text().splitlines()) for path in recipe) <= MOST_LINES_OF_AN_ANALYSIS


def test_a_recipe_says_in_a_few_lines_what_it_is():
    for project in (ROOT / "examples/recipes").glob("*/CMakeLists.txt"):
        assert len((project.parent / "README.md").read_text().splitlines()) <= MOST_README_LINES, project

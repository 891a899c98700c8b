"""What cmake --install leaves: it may be moved, and gives its users what numbers depend on, but none of our habits."""

import importlib.metadata
import os
import subprocess
from pathlib import Path

import pytest

PACKAGE = Path(os.environ.get("MDLOOM_PACKAGE", ""))
VERSION = importlib.metadata.version("mdloom")
ROOT = Path(__file__).parents[2]
LAYERS = {path.name for path in (ROOT / "cpp/mdloom").iterdir() if path.is_dir()}
pytestmark = pytest.mark.skipif(
    not os.environ.get("MDLOOM_PACKAGE"), reason="scripts/test recipes installs the package and says where"
)


@pytest.fixture(scope="module")
def cmake_files():
    files = {path.name: path.read_text() for path in PACKAGE.glob("lib*/**/cmake/mdloom/*")}
    assert {"mdloomConfig.cmake", "mdloomConfigVersion.cmake", "mdloomTargets.cmake"} <= set(files)
    return files


def test_it_does_not_know_where_it_was_made(cmake_files):
    places = (str(ROOT) + "/", "recipes/staging", "recipes/package")
    assert not [name for name, text in cmake_files.items() if any(place in text for place in places)]


def test_every_layer_is_a_target_with_its_headers(cmake_files):
    targets = cmake_files["mdloomTargets.cmake"]
    for layer in LAYERS:
        assert f"add_library(mdloom::{layer} " in targets
        own = {path.relative_to(ROOT / "cpp") for path in (ROOT / "cpp/mdloom" / layer).rglob("*.hpp")}
        installed = {path.relative_to(PACKAGE / "include") for path in (PACKAGE / "include/mdloom" / layer).rglob("*")}
        assert {path for path in own if "formats" not in path.parts} == {p for p in installed if p.suffix == ".hpp"}
    assert "add_library(mdloom::mdloom INTERFACE" in targets


def test_users_get_what_numbers_depend_on_and_none_of_our_warnings(cmake_files):
    targets = cmake_files["mdloomTargets.cmake"]
    assert 'INTERFACE_COMPILE_OPTIONS "-ffp-contract=off"' in targets
    assert 'INTERFACE_COMPILE_FEATURES "cxx_std_20"' in targets
    assert targets.count("INTERFACE_COMPILE_OPTIONS") == 1
    assert not [flag for flag in ("-W", "-fsanitize", "_GLIBCXX_ASSERTIONS") if flag in targets]


@pytest.mark.parametrize("asked, is_compatible", [((0, 1), True), ((0, 2), False), ((0, 0), False), ((1, 1), False)])
def test_another_minor_version_is_another_package(cmake_files, tmp_path, asked, is_compatible):
    assert VERSION.startswith("0.1."), "these are the numbers to change"
    script = tmp_path / "ask.cmake"
    parts = {"": "{}.{}".format(*asked), "_MAJOR": asked[0], "_MINOR": asked[1], "_COUNT": 2}
    lines = [f"set(PACKAGE_FIND_VERSION{part} {value})" for part, value in parts.items()]
    (tmp_path / "version.cmake").write_text(cmake_files["mdloomConfigVersion.cmake"])
    lines += [f"include({tmp_path}/version.cmake)", "if(PACKAGE_VERSION_COMPATIBLE)", "  message(yes)", "endif()"]
    script.write_text("\n".join([*lines, ""]))
    told = subprocess.run(["cmake", "-P", script], capture_output=True, text=True, check=True).stderr
    assert ("yes" in told) == is_compatible


def test_headers_stand_on_their_own_and_are_clean(tmp_path):
    headers = sorted((PACKAGE / "include").rglob("*.hpp"), reverse=True)
    unit = tmp_path / "all.cpp"
    unit.write_text("".join(f"#include <{path.relative_to(PACKAGE / 'include')}>\n" for path in headers))
    defined = ['-DMDLOOM_VERSION="0"', '-DMDLOOM_CONTRACTS="0"']
    command = ["g++", "-std=c++20", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", *defined]
    done = subprocess.run([*command, f"-I{PACKAGE}/include", unit], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

"""The installed wheel: what is in it, what importing it costs, and that the README's lines do what they say."""

import doctest
import importlib.metadata
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mdloom

PROJECT = Path(__file__).parents[2]
PACKAGE = Path(mdloom.__file__).parent


def requirements_of(extra):
    wanted = importlib.metadata.requires("mdloom")
    return " ".join(text.split(";")[0] for text in wanted if f'extra == "{extra}"' in text.replace("'", '"'))


def test_it_is_the_installed_one():
    assert PROJECT not in PACKAGE.parents or ".venv" in PACKAGE.parts
    assert importlib.metadata.version("mdloom") == mdloom.__version__


def test_the_version_is_that_of_cmake():
    assert f"project(mdloom VERSION {mdloom.__version__} " in (PROJECT / "CMakeLists.txt").read_text()


def test_one_wheel_for_all_pythons():
    tag = importlib.metadata.distribution("mdloom").read_text("WHEEL")
    assert "Tag: cp310-abi3-" in tag
    assert [path.name for path in PACKAGE.glob("_core*.so")] == ["_core.abi3.so"]


def test_types_travel_with_it():
    assert (PACKAGE / "py.typed").exists()
    assert "def open_files" in (PACKAGE / "_core.pyi").read_text()


def test_nothing_else_is_in_it():
    files = {path for path in importlib.metadata.files("mdloom") if path.suffix != ".pyc"}
    assert {path.parts[0] for path in files} == {"mdloom", f"mdloom-{mdloom.__version__}.dist-info"}
    assert {path.suffix for path in files if path.parts[0] == "mdloom"} == {".py", ".pyi", ".so", ".typed"}


def test_what_it_wants():
    plain = [text for text in importlib.metadata.requires("mdloom") if "extra" not in text]
    assert sorted(re.split(r"[<>=]", text)[0] for text in plain) == ["nanobind-backend", "numpy"]
    assert not any("<" in text for text in plain), "an upper bound would lock users out"
    assert "MDAnalysis" in requirements_of("mda")
    assert "cloudpickle" in requirements_of("mda"), "analyses written in Python say so"
    assert {"dask", "distributed", "bokeh>=3.1"} <= set(requirements_of("dask").split())


@pytest.mark.skipif(shutil.which("readelf") is None, reason="readelf is not installed")
def test_the_extension_wants_only_system_libraries():
    """Nothing to bundle, nothing to collide with: no TBB, OpenMP, HDF5, fmt or xxHash."""
    listed = subprocess.check_output(["readelf", "--dynamic", PACKAGE / "_core.abi3.so"], text=True)
    needed = {name.split(".so")[0] for name in re.findall(r"\(NEEDED\).*\[(.*)\]", listed)}
    assert "libstdc++" in needed
    assert needed <= {"libstdc++", "libm", "libgcc_s", "libc", "libpthread", "ld-linux-x86-64", "ld-linux-aarch64"}


def test_importing_it_imports_nothing_heavy(tmp_path):
    """Dask alone costs most of a second, on every worker."""
    heavy = ("dask", "distributed", "MDAnalysis", "matplotlib", "tqdm", "multiprocessing.pool")
    script = f"import sys, mdloom, mdloom.rms; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-I", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def run_python(script, tmp_path):
    command = [sys.executable, "-I", "-c", script]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("name", ["DCDReader", "DaskBackend", "XTCReader"])
def test_classes_for_mdanalysis_are_listed_but_imported_when_used(name, tmp_path):
    assert name in mdloom.__all__
    script = f"import sys, mdloom; print('{name}' in dir(mdloom), 'MDAnalysis' in sys.modules, mdloom.{name}.__name__)"
    assert run_python(script, tmp_path) == f"True False {name}"
    script = f"import sys; sys.modules['MDAnalysis'] = None; import mdloom\ntry: mdloom.{name}\n"
    told = run_python(script + "except ImportError as error: print(error)", tmp_path)
    assert told.startswith(f"mdloom.{name} needs MDAnalysis") and told.endswith('pip install --upgrade "mdloom[mda]"')
    with pytest.raises(AttributeError, match="no attribute 'TRZReader'"):
        mdloom.TRZReader  # noqa: B018


class _Checker(doctest.OutputChecker):
    """How many cores there are and how long a run took is the machine's business."""

    def check_output(self, want, got, optionflags):
        masked = [re.sub(r"\d+ blocks|[\d.]+ s>", "#", text) for text in (want, got)]
        return super().check_output(*masked, optionflags)


@pytest.mark.timeout(300)
def test_the_readmes_lines_do_what_they_say(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # they save files
    monkeypatch.setenv("MPLBACKEND", "Agg")
    text = (PROJECT / "README.md").read_text()
    blocks = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    test = doctest.DocTestParser().get_doctest(blocks, {}, "README.md", "README.md", 0)
    assert len(test.examples) > 15
    told = []
    runner = doctest.DocTestRunner(checker=_Checker(), optionflags=doctest.NORMALIZE_WHITESPACE)
    runner.run(test, out=told.append)
    assert runner.failures == 0, "".join(told)

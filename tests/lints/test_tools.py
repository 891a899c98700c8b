"""What formatters, linters and type checkers say. scripts/format mends what can be mended."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from project import ROOT, files, name

CPP = files("benchmarks", "cpp", "examples", "python/bindings", "tests", endings=(".cpp", ".hpp"))
SCRIPTS = [path for path in files("scripts", ".ci") if path.suffix in ("", ".sh")]
#: What users and authors of analyses call; the backends meet one contract, documented once.
PUBLIC = [path for path in files("python/mdloom", endings=(".py",)) if path.parent.name == "mdloom"]


def run(*command: str | Path, cwd: Path = ROOT) -> None:
    done = subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_cpp_is_formatted():
    """In the version that scripts/constraints.txt names: other versions format differently."""
    tool = Path(sys.executable).parent / "clang-format"
    unlike = [name(path) for path in CPP if subprocess.check_output([tool, path]) != path.read_bytes()]
    assert not unlike, "scripts/format mends this"


def test_python_is_formatted():
    run(sys.executable, "-m", "ruff", "format", "--check", "--no-cache", ".")


def test_python_is_clean():
    run(sys.executable, "-m", "ruff", "check", "--no-cache", ".")


def test_types_fit(tmp_path):
    """Of the installed package: only there is the stub of the extension module."""
    config = ROOT / "pyproject.toml"
    run(sys.executable, "-m", "mypy", "--config-file", config, "--cache-dir", tmp_path, "-p", "mdloom", cwd=tmp_path)


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shell_scripts_are_clean():
    run("shellcheck", "-x", *[path for path in SCRIPTS if path.suffix != ".py"])


def test_what_is_public_says_what_it_does():
    silent = {
        name(path): names
        for path in PUBLIC
        if (names := [n.name for n in public_nodes(ast.parse(path.read_text())) if ast.get_docstring(n) is None])
    }
    assert not silent


def public_nodes(tree: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Functions and classes of a module, and the methods of its public classes, as far as their names are public."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public_nodes(node)

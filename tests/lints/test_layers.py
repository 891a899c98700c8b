"""The layers of cpp/mdloom: who may include whom, where threads may live, and what a library never does."""

from __future__ import annotations

import re
from pathlib import Path

from project import ROOT, files, matches, name, without_comments

#: What each folder may include besides itself. cpp/mdloom/CMakeLists.txt links the same.
MAY_INCLUDE: dict[str, set[str]] = {
    "base": set(),
    "frame": {"base"},
    "kernels": {"base"},
    "partials": {"base"},
    "contracts": {"base", "frame"},
    "sources": {"base", "frame", "contracts"},
    "transforms": {"base", "frame", "contracts", "kernels"},
    "analyses": {"base", "frame", "contracts", "kernels", "partials"},
    "writers": {"base", "frame", "contracts", "sources", "kernels", "partials", "analyses"},
    "engine": {"base", "frame", "contracts"},
    "backends": {"base", "frame", "contracts"},
    "laws": {"base", "frame", "contracts", "engine"},
}
#: These share the namespace mdloom; every other folder has its own.
COMMON = {"base", "frame", "contracts", "partials"}
THREADS = (
    r"#include <(thread|atomic|mutex|shared_mutex|condition_variable|future|semaphore|barrier|latch|stop_token)>"
    r"|\bstd::(j?thread|atomic|mutex|condition_variable|async|call_once)\b|\bthread_local\b|\bpthread_\w+\s*\("
)
NEVER = {
    "print: use Warn": r"\bstd::(cout|cerr|clog)\b|#include <iostream>|\b(f|v)?printf\s*\(|\bputs\s*\(|\bfmt::print",
    "end the process: throw": r"\b(abort|exit|_exit|quick_exit|terminate)\s*\(|\bassert\s*\(",
    "use whole namespaces": r"\busing namespace\b",
    "use unsafe functions": r"\b(rand|strtok|gets|strcpy|strcat|sprintf|atoi|atof)\s*\(",
    "name it so": r"\b(class|struct)\s+\w*(Manager|Helper|Impl|Utils?)\b",
}
CPP = files("cpp/mdloom", endings=(".cpp", ".hpp"))
RECIPES = files("examples/recipes", endings=(".cpp", ".hpp"))
FOLDERS = {path.name for path in (ROOT / "cpp/mdloom").iterdir() if path.is_dir()}


def folder_of(path: Path) -> str:
    return path.relative_to(ROOT / "cpp/mdloom").parts[0]


def test_every_folder_is_a_layer():
    assert set(MAY_INCLUDE) == FOLDERS
    assert {folder_of(path) for path in CPP} == FOLDERS


def test_a_layer_includes_only_what_lies_below_it():
    def is_allowed(path: Path, header: str) -> bool:
        own, (top, folder, *_) = folder_of(path), [*header.split("/"), ""]
        return top == "mdloom" and folder in MAY_INCLUDE[own] | {own}

    strangers = {
        name(path): wrong
        for path in CPP
        if (wrong := [h for h in re.findall(r'#include\s+"([^"]+)"', path.read_text()) if not is_allowed(path, h)])
    }
    assert not strangers


def test_the_libraries_link_what_the_folders_include():
    cmake = (ROOT / "cpp/mdloom/CMakeLists.txt").read_text()
    linked = {
        layer: set(rest.split(" LIBRARIES")[0].split())
        for layer, rest in re.findall(r"^mdloom_layer\((\w+)([^)]*)\)", cmake, re.MULTILINE)
    }
    assert set(linked) == FOLDERS
    for layer, direct in linked.items():
        reached = set(direct)  # a layer links the highest of what it may include; the others come with those
        while more := {below for known in reached for below in linked[known]} - reached:
            reached |= more
        assert reached == MAY_INCLUDE[layer], layer


def test_threads_live_in_backends_and_engine_only():
    elsewhere = [path for path in CPP if folder_of(path) not in ("backends", "engine")]
    assert not matches(THREADS, elsewhere)


def test_the_library_never_does_certain_things():
    found = {f"never {reason}": matches(pattern, CPP) for reason, pattern in NEVER.items()}
    assert not {reason: places for reason, places in found.items() if places}


def test_recipes_include_what_is_installed_and_no_more():
    """As cmake/MdloomLayer.cmake has it: all headers but those of the formats."""
    installed = {path.relative_to(ROOT / "cpp").as_posix() for path in CPP if "formats" not in path.parts}
    wanted = {h for path in RECIPES for h in re.findall(r'#include [<"](mdloom/[^>"]+)[>"]', path.read_text())}
    assert len(wanted) > 10
    assert wanted <= installed


def test_recipes_leave_threads_to_backends_and_do_what_a_library_does():
    sources = [path for path in RECIPES if not path.stem.startswith("test_")]
    assert not matches(THREADS, [path for path in sources if path.parent.name != "backend"])
    # A forked child ends by _exit().
    found = [place for pattern in NEVER.values() for place in matches(pattern, sources) if "::_exit(" not in place]
    assert not found


def test_a_header_says_first_what_it_is_for():
    headers = [path for path in [*CPP, *RECIPES] if path.suffix == ".hpp"]
    assert not [name(path) for path in headers if not re.match(r"(// ?[^\n]*\n)+#pragma once\n", path.read_text())]


def test_a_layer_has_its_own_namespace():
    def is_right(path: Path) -> bool:
        folder = folder_of(path)
        own = "mdloom" if folder in COMMON else f"mdloom::{folder}"
        opened = re.findall(r"^namespace ([\w:]+) \{", without_comments(path.read_text()), re.MULTILINE)
        return own in opened and all(n == own or n.startswith((f"{own}::", "detail")) for n in opened)

    assert not [name(path) for path in CPP if not is_right(path)]


def test_files_have_names_that_say_something():
    assert not [name(path) for path in CPP if re.search(r"(^|_)(utils?|helpers?|misc|common)(_|$)", path.stem)]

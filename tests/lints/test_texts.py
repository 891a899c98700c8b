"""What the project's texts never say, and that what they do say is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from project import ROOT, files, name

TEXTS = [
    path
    for path in files()
    if path.suffix not in (".svg", ".png", ".xtc", ".dcd", ".npz", ".bin") and path != Path(__file__).resolve()
]
SOURCES = [path for path in TEXTS if path.suffix not in (".md", ".cff") and path.name != "LICENSE"]
BANNED = {
    r"\bTODO\b|\bFIXME\b|\bXXX\b|\bHACK\b": "do it, or open an issue",
    r"(?<![\w.])/(work|farm|root|tmp|home)/(?!me/)": "a path of one machine",
    r"\b(Claude|ChatGPT|Copilot|OpenAI|Anthropic|LLM)\b": "how a text was written is no part of it",
}
UNITS = set("Åµ°²³·±×")


def test_words_that_are_never_there():
    found = {
        f"{name(path)}: {reason}": lines
        for path in TEXTS
        for pattern, reason in BANNED.items()
        if (lines := [line.strip() for line in path.read_text().splitlines() if re.search(pattern, line)])
    }
    assert not found


def test_sources_are_ascii_but_for_units():
    found = {name(path): {c for c in path.read_text() if ord(c) > 127} - UNITS for path in SOURCES}
    assert not {path: characters for path, characters in found.items() if characters}


def test_lines_and_files_end_cleanly():
    def is_clean(text: str) -> bool:
        return not re.search(r"[ \t\r]+$", text, re.MULTILINE) and (not text or bool(re.search(r"[^\n]\n\Z", text)))

    assert not [name(path) for path in TEXTS if not is_clean(path.read_text())]


def test_links_and_commands_lead_somewhere():
    missing = []
    for path in (path for path in TEXTS if path.suffix == ".md"):
        text = path.read_text()
        targets = [target for target in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in target]
        missing += [f"{name(path)}: {target}" for target in targets if not (path.parent / target).exists()]
        commands = re.findall(r"(?<![\w/])((?:scripts|\.ci|examples|benchmarks|tests)/[\w./-]*\w)", text)
        missing += [f"{name(path)}: {command}" for command in commands if not (ROOT / command).exists()]
    assert not missing


def test_decisions_are_numbered_and_have_the_four_parts():
    decisions = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    assert [int(path.name[:4]) for path in decisions] == list(range(1, len(decisions) + 1))
    for path in decisions:
        text = path.read_text()
        assert text.startswith(f"# {int(path.name[:4])}. "), path.name
        parts = ["Status: ", "## Context", "## Decision", "## Consequences"]
        assert all(part in text for part in parts), path.name


def test_the_version_is_the_same_everywhere():
    version = re.search(r"project\(mdloom VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text())[1]
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text()
    assert re.search(rf"^## (\[?{re.escape(version)}|Unreleased)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_building_with_and_without_isolation_wants_the_same():
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 has no tomllib")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["dependency-groups"]["build"] == project["build-system"]["requires"]

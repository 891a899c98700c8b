"""What the lints look at: the project's own text files, without what builds leave behind."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_NOT_OURS = {"build", "dist", "quickstart", "__pycache__"}
_GENERATED = {"_core.pyi"}


def files(*folders: str, endings: tuple[str, ...] = ()) -> list[Path]:
    """Below these folders, or everywhere; with these endings, or any."""
    found = [path for folder in folders or ("",) for path in _below(ROOT / folder)]
    return sorted(path for path in found if not endings or path.suffix in endings)


def _below(folder: Path) -> list[Path]:
    found = []
    for path in folder.iterdir():
        if path.name in _NOT_OURS or path.name == ".git" or path.name.endswith((".egg-info", ".so")):
            continue
        if path.is_dir():
            # Hidden folders are caches and environments, but for this one.
            found += _below(path) if not path.name.startswith(".") or path.name == ".ci" else []
        elif path.name not in _GENERATED:
            found.append(path)
    return found


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def without_comments(text: str) -> str:
    """C++ without comments and without the insides of string literals; lines stay where they are."""
    pattern = r'//[^\n]*|/\*.*?\*/|R"\((?:.*?)\)"|"(?:\\.|[^"\\\n])*"'

    def blank(match: re.Match[str]) -> str:
        return "\n" * match[0].count("\n") if match[0].startswith("/") else '""'

    return re.sub(pattern, blank, text, flags=re.DOTALL)


def matches(pattern: str, paths: list[Path]) -> list[str]:
    """ "file:line: text" of every line of C++ code that the pattern is found in."""
    return [
        f"{name(path)}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(without_comments(path.read_text()).splitlines(), 1)
        if re.search(pattern, line)
    ]

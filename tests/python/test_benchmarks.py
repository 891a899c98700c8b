"""What benchmarks/peers makes of its measurements: tables that can be trusted. Nothing here takes a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def row(**changes: Any) -> dict[str, Any]:
    seconds = {"name": "mdloom", "value": 1e-4, "median": 2e-4, "n_frames": 10, "n_rounds": 3}
    return {
        "operation": "RMSD",
        "peer": "MDAnalysis",
        "note": "",
        "per": "frame",
        "gates": {"must": 10, "stretch": 20, "is_absolute": False},
        "ours": seconds,
        "theirs": {**seconds, "value": 1.5e-3},
        "levels": {"avx2": 1.2e-4, "portable": 3e-4},
        "ratio": 15.0,
        "difference": 1e-6,
        "tolerance": 1e-5,
        "agrees": True,
        **changes,
    }


def results(**groups: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    described = {"machine": "a machine", "levels": ["avx512", "avx2"], "versions": {"numpy": "2.0"}, "load": 1.0}
    return {name: {**described, "rows": some} for name, some in groups.items()}


def test_differences_are_relative_above_one_and_absolute_below():
    from agreement import largest_difference, largest_part

    assert largest_difference([1000.0, 0.5], [1001.0, 0.5]) == pytest.approx(1 / 1001)
    assert largest_difference([0.0, 0.25], [0.0, 0.5]) == 0.25
    assert largest_part([5, 100], [6, 100]) == 0.01
    assert largest_part([0, 0], [0, 0]) == 0


def test_nothing_agrees_with_nan_or_another_shape():
    from agreement import agrees, largest_difference, largest_part

    for measure in (largest_difference, largest_part):
        assert not agrees(measure([np.nan], [1.0]), 1e9)
        assert not agrees(measure([1.0, 1.0], [1.0]), 1e9)
    assert not agrees(float("nan"), 1e9)
    assert agrees(1e-5, 1e-5)


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({}, "met"),
        ({"ratio": 20.0}, "met, stretch too"),
        ({"ratio": 9.99}, "not met"),
        ({"ratio": 1000.0, "agrees": False}, "DIFFERS"),
        ({"missing": "there is no gmx"}, "not measured"),
        ({"gates": None}, ""),
        ({"gates": {"must": 1e-3, "stretch": 1e-5, "is_absolute": True}}, "met"),
        ({"gates": {"must": 1e-5, "stretch": None, "is_absolute": True}}, "not met"),
    ],
)
def test_a_verdict_follows_from_the_gates_and_from_agreement_first(changes, expected):
    from peers.duels import verdict

    assert verdict(row(**changes)) == expected


def test_the_page_says_what_was_met_what_differs_and_what_is_not_there():
    from peers.report import page

    rmsd = [
        row(),
        row(peer="molly", ratio=5.0, note="reading only", theirs={"value": 1.5e-3, "n_frames": 4}),
        row(operation="RMSF", agrees=False),
    ]
    text = page(results(rmsd=rmsd, rdf10=[row(operation="RDF", missing="there is no gmx")]), "the command")
    assert "| RMSD | 100 µs a frame | MDAnalysis | 1500 µs a frame | 10 | 15 | 10 | 20 | met | 1e-06 of 1e-05 |" in text
    assert "| RMSD | 100 µs a frame | molly | 1500 µs a frame | 10 / 4 | 5 | 10 | 20 | **not met** |" in text
    assert "| 10 | 15 | 10 | 20 | **DIFFERS** |" in text
    assert "| not measured: there is no gmx |" in text
    assert (
        "Of 4 gates, memory included, 1 are met, 0 of them with their stretch; not met: 1; DIFFERS: 1; not measured: 1."
        in text
    )
    assert "- RMSD, molly: reading only." in text
    assert "| RMSD | 100 | 120 | 300 |" in text
    assert "Not measured yet: xtc-water" in text
    assert "the command" in text
    assert "a machine" in text
    assert "up to 1.0." in text
    assert "numpy 2.0" in text


def test_rows_of_different_machines_are_told_apart():
    from peers.report import page

    found = results(rmsd=[row()], rmsf=[row()])
    assert "- rmsd: a machine" not in page(found, "")
    found["rmsf"]["machine"] = "another machine"
    assert "- rmsd: a machine" in page(found, "")
    assert "- rmsf: another machine" in page(found, "")


def test_absolute_gates_have_no_ratio_and_memory_has_a_table_of_its_own():
    from peers.report import page

    start = row(operation="start", per="run", gates={"must": 0.25, "stretch": 0.2, "is_absolute": True})
    much = row(operation="RDF", per="MB", gates={"must": 66.0, "stretch": None, "is_absolute": True})
    much["ours"] = {"value": 70.0}
    text = page(results(start=[start], memory=[much]), "")
    assert "| start | 0.0001 s | MDAnalysis | 0.0015 s | 10 | - | 0.25 s | 0.2 s | met, stretch too |" in text
    assert "| RDF | 70.0 | 66.0 | not met |" in text
    assert "Of 2 gates, memory included, 1 are met, 1 of them with their stretch; not met: 1." in text


def test_the_plot_shows_every_ratio_that_has_a_gate(tmp_path):
    pytest.importorskip("matplotlib")
    from peers import plot

    plot.write([row(), row(operation="free", gates=None), row(operation="away", missing="no")], tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text()
    assert "RMSD" in text
    assert "free" not in text


def test_works_take_turns_and_slow_ones_sit_out():
    from timing import in_turn

    log: list[str] = []
    turns = in_turn({name: lambda name=name: log.append(name) or len(log) for name in "ab"}, {"a": 3, "b": 2})
    assert log == ["a", "b", "a", "b", "a"]
    assert [len(turns[name].seconds) for name in "ab"] == [3, 2]
    assert (turns["a"].found, turns["b"].found) == (5, 4)


def test_a_duel_compares_the_same_frames_and_fails_when_they_differ():
    from peers.duels import Duel, Side, measure

    ours = Side("ours", lambda n: np.arange(n), 10)
    good, bad = (Side(name, lambda n, add=add: np.arange(n) + add, 4, 2) for name, add in (("good", 0), ("bad", 1)))
    duels = [Duel("count", ours, good, "good"), Duel("count", ours, bad, "bad"), Duel("count", ours, "none", "no")]
    found = measure(duels, None, ["portable"])
    assert [one.get("agrees") for one in found] == [True, False, None]
    assert [one["difference"] for one in found[:2]] == [0, 1]
    assert found[2]["missing"] == "none"
    assert set(found[0]["levels"]) == {"portable"}
    assert found[0]["ours"]["n_rounds"] == 5
    assert found[0]["theirs"]["n_rounds"] == 2


def test_every_row_has_somebody_who_measures_it():
    pytest.importorskip("MDAnalysisTests")
    import importlib

    from peers import rows

    modules = [importlib.import_module(f"peers.{module}") for module in set(rows.MODULES.values())]
    assert sorted(name for module in modules for name in module.GROUPS) == sorted(rows.MODULES)
    assert set(rows.WITHOUT_MEMORY) | set(rows.TWO_THREADS) <= set(rows.MODULES)


def test_frames_at_the_front_of_an_xtc_file_are_whole():
    datafiles = pytest.importorskip("MDAnalysisTests.datafiles")
    from peers.reading import _starts

    data = Path(datafiles.XTC).read_bytes()
    starts = list(_starts(data, 11))
    assert starts[0] == 0
    assert starts[-1] == len(data)


def test_an_index_file_counts_from_one(tmp_path):
    from peers.gromacs import write_index

    text = write_index(tmp_path / "a.ndx", {"OW": np.arange(17)}).read_text()
    assert text == "[ OW ]\n" + " ".join(map(str, range(1, 16))) + "\n16 17\n"

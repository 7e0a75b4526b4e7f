"""What `make bench-judge` writes: figures of every machine, and nothing else of the page on measuring."""

from __future__ import annotations

import math
import statistics
from pathlib import Path
from typing import Any

import pytest

from benchmarks import chain, stopwatch_page, store
from benchmarks.store import Store
from hayate.records import MeasurePlan

PLAN = MeasurePlan(purpose="confirm", launches=3, max_launches=64)
KEYS = ["verdict", "aa-short-quiet-0", "extra-short-2", "found-short-2", "chain-dgemm-0", "chain-dgemm-1"]


def decision(word: str, launches: list[float], wall_s: float = 2.0) -> dict[str, Any]:
    return {"decided": word, "low": 0.995, "high": 1.004, "wall_s": wall_s, "launches": launches}


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(store, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(store, "host_name", lambda: "this")
    here = Store("stopwatch", ["inputs"])
    here.save("aa-short-quiet-0", {"decisions": [decision("equal", [0.001, -0.002, 0.001])] * 3})
    here.save("extra-short-2", {"slower_by": {"value": 0.021, "low": 0.02, "high": 0.022}})
    found = [{**decision("slower", [-0.02] * 3), "right": True}] * 4
    here.save("found-short-2", {"decisions": [*found, {"decided": "fault", "wall_s": 9.9, "right": False}]})
    return here


def chained(moved: float) -> dict[str, Any]:
    """One calibration, off by `moved`: what rests on it is off as much, and its intervals reach 5% either way."""

    def verdict(ratio: float, yardstick: str) -> dict[str, Any]:
        seen = ratio * math.exp(moved)
        return {
            "plan": "training",
            "ratio": seen,
            "low": seen * math.exp(-0.05),
            "high": seen * math.exp(0.05),
            "chain": math.log(4) + moved if yardstick == "rows" else moved,
            "yardsticks": [yardstick],
        }

    one = {"verdicts": [verdict(1.0, "naive")] * 3, "direct": [], "chain": 0.0}
    naive = {"verdicts": [], "direct": [0.0, 0.0], "chain": moved}
    rows = {
        "verdicts": [verdict(4.0, "rows"), {"plan": "report", "fault": "noise"}],
        "direct": [math.log(4) - 0.01, math.log(4) + 0.01],
        "chain": math.log(4) + moved,
    }
    return {"candidates": {"reference": one, "naive": naive, "rows": rows}, "notes": []}


def test_coverage_through_the_chain(results: Store, tmp_path: Path) -> None:
    """One calibration of three is too far off: a third of what rests on it, and of what it is read with later."""
    found = chain.summary([chained(0.0), chained(0.04), chained(-0.07)])
    assert found["reference"]["truth"] == 1
    assert found["reference"]["covered"] == pytest.approx(2 / 3)
    assert found["reference"]["later"] == pytest.approx(2 / 3)
    assert found["rows"]["truth"] == pytest.approx(4)
    assert found["rows"]["faults"] == 3
    assert found["rows"]["covered"] == pytest.approx(2 / 3)
    assert found["rows"]["moved"] == pytest.approx(statistics.stdev([0, 0.04, -0.07]))
    assert "naive" not in found  # it was never judged
    results.save("chain-dgemm-0", chained(0.0))
    results.save("chain-dgemm-1", chained(0.04))
    page, figures = written(results, tmp_path, stopwatch_page.BEGIN + stopwatch_page.END)
    assert "| A, dgemm, reference | 1 (0.00%) | 6, 0 | 1.02 | 100% | 100% | 5.0% |" in page
    row = next(line for line in figures.splitlines() if "through the chain" in line)
    assert row.endswith("| 95% | 100.0% of 8, 100.0% |")


def written(results: Store, docs: Path, page: str) -> tuple[str, str]:
    (docs / "measurement.md").write_text(page)
    stopwatch_page.write(results, KEYS, PLAN, docs)
    return (docs / "stopwatch.md").read_text(), (docs / "measurement.md").read_text()


def test_every_machine_has_its_letter_and_other_text_stays(results: Store, tmp_path: Path) -> None:
    other = Store("stopwatch", ["inputs"])
    other.folder = results.folder.parent / "another"
    steps = {"all": 0.2, "beyond_calls": 0.0701, "start": 0.03, "verify": 0.01, "time": 0.1}
    other.save("verdict", {"median_s": steps})
    marked = "before\n" + stopwatch_page.BEGIN + "old figures\n" + stopwatch_page.END + "after\n"
    page, figures = written(results, tmp_path, marked)
    assert figures.startswith("before\n" + stopwatch_page.BEGIN)
    assert figures.endswith(stopwatch_page.END + "after\n")
    assert "old figures" not in figures
    row = next(line for line in figures.splitlines() if "beyond compile and calls" in line)
    assert row.endswith("| 70 ms | not measured yet |")  # A is "another", B is "this"
    row = next(line for line in figures.splitlines() if "about 2% found" in line)
    assert row.endswith("| not measured yet | 80% |")
    assert "| B, short 2% | 2.10% (2.00 to 2.20) | 5 | 80% | 2.0 |" in page
    assert "| B, quiet | 3 | 0 (" in page
    again = written(results, tmp_path, figures)
    assert again == (page, figures)


def test_the_undecided_are_no_faults(results: Store, tmp_path: Path) -> None:
    """Nor were they where they had been recorded as such, with more time as the remedy."""
    open_ones = [
        {"decided": "undecided", "said": "undecided after 9.1 s", "wall_s": 9.1},
        {"decided": "fault", "said": "too noisy. Remedy: raise the plan's decide_s", "wall_s": 9.1},
    ]
    broken = {"decided": "fault", "said": "no memory. Remedy: free memory", "wall_s": 0.1}
    decided = [decision("equal", [0.001, -0.002, 0.001])] * 3
    results.save("aa-short-quiet-0", {"decisions": [*decided, *open_ones, broken]})
    page, _ = written(results, tmp_path, stopwatch_page.BEGIN + stopwatch_page.END)
    assert "| decided or equal within 10 s | undecided | faults |" in page
    row = next(line for line in page.splitlines() if line.startswith("| A, quiet |"))
    assert row.split(" | ")[4:7] == ["50.0%", "2", "1"]


def test_what_was_measured_with_other_inputs_is_not_shown(results: Store, tmp_path: Path) -> None:
    changed = Store("stopwatch", ["another rule"])
    page, _ = written(changed, tmp_path, stopwatch_page.BEGIN + stopwatch_page.END)
    assert "not measured yet" in page
    assert "2.10%" not in page


def test_a_page_without_its_marks_is_refused(results: Store, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="lacks the line"):
        written(results, tmp_path, "no marks\n")

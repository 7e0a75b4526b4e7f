"""What `make bench-judge` writes: shares with bounds, and decisions replayed from the recorded launches.

All of it in docs/stopwatch.md; the issue's figures beside their targets in docs/measurement.md, between two marks.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
from scipy.stats import binomtest

from benchmarks import chain
from benchmarks.rivals import METHODS
from benchmarks.store import Store
from hayate.judge import stats
from hayate.records import MeasurePlan

DOCS = Path(__file__).parents[1] / "docs"
BEGIN, END = "<!-- figures of make bench-judge -->\n", "<!-- end of the figures -->\n"
REPLAYS = 10_000


def replay(
    recorded: list[list[float]],
    confidence: float,
    most_launches: int,
    decisions: int = REPLAYS,
    seed: int = 0,
) -> dict[str, float]:
    """Head-to-heads on the recorded launches of identical code: shares called faster, called at all, covering 0.

    Whole recorded pairs are drawn and strung together in the order of their launches, with a random sign for all.
    """
    rng = random.Random(seed)
    pools = [values for values in recorded if len(values) >= 3]
    faster = called = covered = 0
    for _ in range(decisions):
        rule = stats.Sequential(confidence)
        values = [value for _ in range(6) for value in rng.choice(pools)]
        sign = rng.choice((-1, 1))
        last = None
        for value in values[:most_launches]:
            last = rule.add(sign * value)
            if last.outcome:
                break
        assert last is not None
        faster += last.outcome == "faster"
        called += last.outcome in ("faster", "slower")
        covered += last.interval.low <= 0 <= last.interval.high
    return {
        "decisions": decisions,
        "faster": faster / decisions,
        "called": called / decisions,
        "covered": covered / decisions,
    }


def side_by_side(known: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for each other way of timing, over all kernels."""
    rows = []
    for method in METHODS:
        row: dict[str, Any] = {"method": method.replace("_", " ")}
        for load in ("quiet", "loaded"):
            found = _all(known, method, load)
            errors = sorted(abs(math.log(d["ratio"])) for d in found if "ratio" in d)
            if errors:
                row[load] = {
                    "pairs": len(found),
                    "median": statistics.median(errors),
                    "most": errors[int(0.95 * (len(errors) - 1))],
                    "beyond": sum(e > math.log(1.02) for e in errors) / len(errors),
                    "called": sum(d["decided"] in ("faster", "slower") for d in found) / len(found),
                }
        slower = _all(known, method, "2")
        if slower:
            row["slower"] = {
                "pairs": len(slower),
                "right": sum(d["decided"] == "slower" for d in slower) / len(slower),
                "wrong": sum(d["decided"] == "faster" for d in slower) / len(slower),
            }
        every = [d for what in ("quiet", "2") for d in _all(known, method, what)]
        if every:
            row["seconds"] = statistics.fmean(d["wall_s"] for d in every)
            rows.append(row)
    return rows


def _all(known: dict[str, Any], method: str, what: str) -> list[dict[str, Any]]:
    keys = [key for key in known if key.startswith("rivals-") and key.endswith(f"-{what}")]
    return [decision for key in keys for decision in known[key][method]]


def _undecided(decision: dict[str, Any]) -> bool:
    """Before December 2026 that was a Fault, whose remedy was more time."""
    return decision["decided"] == "undecided" or "decide_s" in decision.get("said", "")


def summary(store: Store, keys: Sequence[str], plan: MeasurePlan) -> dict[str, Any]:
    """What the page shows, from what has been measured so far."""
    known = {key: record["figures"] for key in keys if (record := store.load(key)) is not None}
    result: dict[str, Any] = {"aa": {}, "differences": {}, "verdict": known.get("verdict")}
    result["some"] = next((r for key in keys if (r := store.load(key)) is not None), None)
    result["rivals"] = side_by_side(known)
    chained = {
        f"{task}, {who}": row
        for task in chain.TASKS
        for who, row in chain.summary(
            [f for key, f in known.items() if key.startswith(f"chain-{task}-")]
        ).items()
    }
    result["chain"], result["chain_overall"] = chained, chain.overall(chained)
    for load in ("quiet", "loaded"):
        found = [
            d
            for key, f in known.items()
            if key.startswith("aa-") and f"-{load}-" in key
            for d in f["decisions"]
        ]
        if not found:
            continue
        faster = sum(d["decided"] == "faster" for d in found)
        bound = binomtest(faster, len(found), alternative="less").proportion_ci(0.95, method="exact")
        equal = [d for d in found if d["decided"] == "equal"]
        in_time = sum(d["wall_s"] <= 10 and d["decided"] in ("faster", "slower", "equal") for d in found)
        launches = [d["launches"] for d in found if "launches" in d]
        result["aa"][load] = {
            "pairs": len(found),
            "faster": faster,
            "faster_bound": bound.high,
            "slower": sum(d["decided"] == "slower" for d in found),
            "in_time": in_time / len(found),
            "undecided": sum(_undecided(d) for d in found),
            "faults": sum(d["decided"] == "fault" and not _undecided(d) for d in found),
            "equal_within": statistics.median((d["high"] / d["low"] - 1) / 2 for d in equal)
            if equal
            else None,
            "seconds": statistics.fmean(d["wall_s"] for d in found),
            "longest": max(d["wall_s"] for d in found),
            "replay": replay(launches, plan.confidence, plan.max_launches) if launches else None,
        }
    for key in keys:
        part, _, name = key.partition("-")
        true, tried = known.get(f"extra-{name}"), known.get(f"found-{name}")
        if part == "found" and true and tried:
            right = [d for d in tried["decisions"] if d["right"]]
            result["differences"][name.replace("-", " ") + "%"] = {
                "aim": int(name.split("-")[1]),
                "true": true["slower_by"],
                "pairs": len(tried["decisions"]),
                "found": len(right) / len(tried["decisions"]),
                "seconds": statistics.fmean(d["wall_s"] for d in right) if right else None,
            }
    return result


def write(store: Store, keys: Sequence[str], plan: MeasurePlan, docs: Path = DOCS) -> None:
    """The page, and the figures in the page on measuring: of every machine that has results, lettered A, B, ..."""
    every = [summary(one, keys, plan) for one in store.everywhere()]
    known = {chr(ord("A") + i): found for i, found in enumerate(f for f in every if f["some"])}
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), trim_blocks=True, lstrip_blocks=True
    )
    (docs / "stopwatch.md").write_text(environment.get_template("stopwatch.md.j2").render(hosts=known))
    page = docs / "measurement.md"
    before, marked, rest = page.read_text().partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (marked and ended):
        raise ValueError(f"{page} lacks the line {BEGIN.strip()!r} or {END.strip()!r}")
    figures = environment.get_template("stopwatch_figures.md.j2").render(hosts=known)
    page.write_text(before + BEGIN + figures + END + after)

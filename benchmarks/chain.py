"""Identical code judged through the chain: the reference and each yardstick as candidates, does the interval cover?

The truth of the reference is 1.00. That of a yardstick is its ratio to the reference in launches of those two alone,
spread over the same hours. Each unit calibrates afresh, since one calibration's error is common to all verdicts that
rest on it: with one alone, all of them cover or none.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any

from hayate import hosts, sandbox, tasks
from hayate.errors import Fault, FaultKind
from hayate.judge import Measurement, TaskCalibration, calibrate_task, measure, reference, yardsticks
from hayate.records import Built, MeasurePlan, Outcome, Task

TASKS = ("dgemm", "jacobi2d")
UNITS = 10  # calibrations of each task
VERDICTS = 5  # of each candidate and kind in a unit: 50 of a kind, 100 in all
DIRECT = 6  # launches against the reference alone
CONFIDENCE = 0.95
# A training verdict, and what `hayate judge` makes.
PLANS = {
    "training": MeasurePlan(verify_shapes=2),
    "report": MeasurePlan(purpose="report", launches=3, max_launches=3, verify_shapes=2),
}


def unit(name: str, verdicts: int = VERDICTS, direct: int = DIRECT) -> dict[str, Any]:
    """One calibration of the training bands, verdicts that rest on it, and launches that need none. Raises Fault."""
    task = tasks.builtin(name)
    bands = tuple(b.name for b in task.bands if b.training)
    host, slot, box = hosts.profile(), hosts.slots()[0], sandbox.best()
    known = calibrate_task(task, bands, host=host, slot=slot, sandbox=box, refresh=True)
    base = reference(task, host=host, sandbox=box)
    found: dict[str, Any] = {}
    for built in (base, *yardsticks(task, host=host, sandbox=box)):
        who = "reference" if built is base else built.name
        if built is not base and any(known.of(who, band) is None for band in bands):
            continue  # left out on this host
        rows = [
            {"plan": plan, **_verdict(task, built, PLANS[plan].model_copy(update={"bands": bands}))}
            for plan in PLANS
            for _ in range(verdicts)
        ]
        alone = [] if built is base else _alone(task, built, base, bands, direct)
        found[who] = {"verdicts": rows, "direct": alone, "chain": _chained(known, who, bands)}
    return {"candidates": found, "notes": list(known.notes)}


def _measured(task: Task, built: Built, plan: MeasurePlan, rival: Built | None = None) -> Measurement:
    host, slot, box = hosts.profile(), hosts.slots()[0], sandbox.best()
    found = measure(task, built, plan, host=host, slot=slot, sandbox=box, rival=rival)
    if found.outcome is not Outcome.ACCEPTED or found.speedup is None or found.timing is None:
        raise Fault(FaultKind.YARDSTICK_BROKEN, f"{task.name}: {built.name}: {found.reason}")
    return found


def _verdict(task: Task, built: Built, plan: MeasurePlan) -> dict[str, Any]:
    try:
        found = _measured(task, built, plan)
    except Fault as fault:
        if fault.kind is FaultKind.YARDSTICK_BROKEN:
            raise
        return {"fault": str(fault)}
    assert found.speedup is not None and found.timing is not None
    return {
        "ratio": found.speedup.median,
        "low": found.speedup.low,
        "high": found.speedup.high,
        # What the calibration contributed, so that the verdict can be read with another one.
        "chain": statistics.fmean(math.log(x.yardstick_speedup or 1.0) for x in found.timing.launches),
        "yardsticks": sorted({x.yardstick for x in found.timing.launches}),
    }


def _alone(task: Task, built: Built, base: Built, bands: Sequence[str], launches: int) -> list[float]:
    plan = MeasurePlan(
        purpose="report",
        launches=launches,
        max_launches=launches,
        bands=tuple(bands),
        pairs=5,
        verify_shapes=2,
        wall_s=300.0,
    )
    found = _measured(task, built, plan, base)
    assert found.timing is not None
    values = [x.log_ratio for x in found.timing.launches]
    return [statistics.fmean(values[i : i + len(bands)]) for i in range(0, len(values), len(bands))]


def _chained(known: TaskCalibration, who: str, bands: Sequence[str]) -> float:
    if who == "reference":
        return 0.0
    figures = [f for f in known.figures if f.name == who and f.band in bands]
    return statistics.fmean(math.log(f.speedup.value) for f in figures)


def summary(units: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Candidate -> truth, what verdicts said, and how many of their intervals cover it; of one task."""
    rows: dict[str, dict[str, Any]] = {}
    for who in dict.fromkeys(name for unit in units for name in unit["candidates"]):
        parts = [unit["candidates"][who] for unit in units if who in unit["candidates"]]
        direct = [value for part in parts for value in part["direct"]]
        if who != "reference" and len(direct) < 2:
            continue
        truth = statistics.fmean(direct) if direct else 0.0
        error = statistics.stdev(direct) / math.sqrt(len(direct)) if direct else 0.0
        every = [row for part in parts for row in part["verdicts"]]
        told = [row for row in every if "ratio" in row]
        if not told:
            continue
        chains = [part["chain"] for part in parts]
        rows[who] = {
            "truth": math.exp(truth),
            "truth_error": error,
            "verdicts": len(told),
            "faults": len(every) - len(told),
            "mean": math.exp(statistics.fmean(math.log(row["ratio"]) for row in told)),
            "covered": statistics.fmean(_covers(row, truth) for row in told),
            "half_width": statistics.median(math.log(row["high"] / row["low"]) / 2 for row in told),
            "later": _later(units, who, truth),
            # How far the calibrated ratio itself moved, their own error included.
            "moved": statistics.stdev(chains) if len(chains) > 1 else None,
        }
    return rows


def _covers(row: dict[str, Any], truth: float, moved: float = 0.0) -> bool:
    return bool(math.log(row["low"]) + moved <= truth <= math.log(row["high"]) + moved)


def _later(units: Sequence[dict[str, Any]], who: str, truth: float) -> float | None:
    """Coverage where each verdict rests on the calibrations of all other units in turn, as it does in days of use.

    The interval keeps its width and moves as the chain to the yardstick does.
    """
    held = [
        _covers(row, truth, other["candidates"][row["yardsticks"][0]]["chain"] - row["chain"])
        for unit in units
        for row in unit["candidates"].get(who, {"verdicts": []})["verdicts"]
        if "ratio" in row and len(row["yardsticks"]) == 1
        for other in units
        if other is not unit and row["yardsticks"][0] in other["candidates"]
    ]
    return statistics.fmean(held) if held else None


def overall(rows: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
    """All candidates of all tasks together."""
    if not rows:
        return None
    count = sum(row["verdicts"] for row in rows.values())
    later = [row["later"] for row in rows.values() if row["later"] is not None]
    return {
        "verdicts": count,
        "covered": sum(row["covered"] * row["verdicts"] for row in rows.values()) / count,
        "later": statistics.fmean(later) if later else None,
    }

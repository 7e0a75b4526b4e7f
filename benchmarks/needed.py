"""How many measurements a run needs to come within 5% of its best: with and without dedupe, and with a surrogate.

A recorded demo run is judged again in its own order and its own batches by replay (docs/replay.md): real verdicts,
the real evaluator, nothing is measured.

    every      each sample that was built counts as a measurement
    dedupe     only object code that was not measured before
    surrogate  of that, only what `surrogate = "rank"` has measured; guesses count as nothing
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from hayate import tasks
from hayate.archive import Archive, SampleRow
from hayate.errors import Fault
from hayate.evaluate import EvaluateSettings, Evaluator
from hayate.farm import FarmSettings, ReplaySettings
from hayate.farm.replay import ReplayFarm
from hayate.records import Candidate, MeasurePlan, Outcome, Verdict

REACHED = 0.95
_NEVER_RAN = (Outcome.VIOLATION, Outcome.BUILD_FAILED)


def needed(recorded: Path) -> dict[str, Any]:
    """`recorded`: a run's archive. It is copied, since opening may bring it to a newer schema.

    Raises Fault(NOT_RECORDED) if replay can't answer for it: it was made with another version of the task.
    """
    with tempfile.TemporaryDirectory(prefix="hayate-bench-") as name:
        copy = Path(name) / "archive.db"
        shutil.copy(recorded, copy)
        with Archive(copy) as archive:
            samples = [s for s in archive.samples() if s.outcome is not None and not s.guess]
            best = max(s.speedup for s in samples if s.accepted and s.speedup is not None)
            batches = [
                [_candidate(archive, s) for s in batch]
                for _, batch in itertools.groupby(samples, key=lambda s: (s.phase, s.step))
            ]
        plain = _replayed(copy, batches, best, EvaluateSettings(confirm="never", fault_share=1))
        ranked = _replayed(
            copy, batches, best, EvaluateSettings(confirm="never", fault_share=1, surrogate="rank")
        )
    return {
        "samples": len(samples),
        "best_speedup": best,
        "every": {**plain["every"], "replay_s": plain["wall_s"]},
        "dedupe": plain["measured"],
        "surrogate": {**ranked["measured"], "replay_s": ranked["wall_s"], "guesses": ranked["guesses"]},
        "faults": {"dedupe": plain["faults"], "surrogate": ranked["faults"]},
    }


def _candidate(archive: Archive, sample: SampleRow) -> Candidate:
    found = archive.candidate(sample.hash)
    assert found is not None
    return found


def _replayed(
    archive: Path, batches: list[list[Candidate]], best: float, settings: EvaluateSettings
) -> dict[str, Any]:
    """Measurements until a verdict reaches the share of `best` (None: never), in all, and the best of them."""
    every, measured = _Count(best), _Count(best)
    guesses = faults = 0
    last: Fault | None = None

    def hear(_: Candidate, result: Verdict | Fault) -> None:
        nonlocal guesses, faults, last
        if isinstance(result, Fault):
            faults, last = faults + 1, result
        elif result.guess:
            guesses += 1
        elif result.outcome not in _NEVER_RAN:
            every.add(result)
            if not result.reused:
                measured.add(result)

    task = tasks.builtin(batches[0][0].task)
    settings_of_farm = FarmSettings(kind="replay", replay=ReplaySettings(archive=str(archive)))
    with ReplayFarm(settings_of_farm) as farm, Archive("sqlite://") as fresh:
        evaluator = Evaluator(farm, fresh, {task.name: task}, settings=settings)
        began = time.monotonic()
        for batch in batches:
            evaluator.evaluate(batch, MeasurePlan(), hear)
        wall_s = time.monotonic() - began
    if last is not None and not every.all:
        raise last
    return {
        "every": every.figures(),
        "measured": measured.figures(),
        "guesses": guesses,
        "faults": faults,
        "wall_s": wall_s,
    }


class _Count:
    def __init__(self, best: float) -> None:
        self._enough, self._best = REACHED * best, best
        self.all = 0
        self.reached: int | None = None
        self.highest = 0.0

    def add(self, verdict: Verdict) -> None:
        self.all += 1
        if verdict.speedup is not None:
            self.highest = max(self.highest, verdict.speedup.median)
            if self.reached is None and verdict.speedup.median >= self._enough:
                self.reached = self.all

    def figures(self) -> dict[str, Any]:
        return {"needed": self.reached, "in_all": self.all, "highest": self.highest / self._best}

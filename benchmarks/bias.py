"""Is a speed-up measured through a farm the one that is measured alone? Real kernels, the same pairs, interleaved.

The fastest of each task's `correct/` that need no threads, each head to head with the next. In each round each way
takes its turn, in random order: alone (the judge called here, one pair after the other), the local farm, and `hayate
serve` on loopback; the farms get all builds and pairs of the round at once, as training gives them.

Nothing else may run on the machine meanwhile.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from scipy.stats import t as student

from hayate import farm as farms
from hayate import hosts, judge, sandbox, tasks
from hayate.farm import Farm, FarmSettings
from hayate.judge import Measurement, Rejection
from hayate.records import Built, MeasurePlan, SourceText, Task, Technique

TASKS = ("dgemm", "jacobi2d")
PAIRS = 3  # of each task
ROUNDS = 12
LAUNCHES = 3
CONFIDENCE = 0.95

Pair = tuple[Task, SourceText, SourceText]


def bias(rounds: int = ROUNDS) -> dict[str, Any]:
    chosen = [pair for name in TASKS for pair in _pairs(tasks.builtin(name))]
    rng = random.Random(0)
    ratios: dict[str, dict[str, list[float]]] = {}
    with (
        farms.open(FarmSettings(slots=1)) as local,
        _served() as url,
        farms.open(FarmSettings.model_validate(url)) as http,
    ):
        ways: dict[str, Callable[[list[Pair]], list[float]]] = {
            "alone": _alone,
            "local": lambda pairs: _through(local, pairs),
            "http": lambda pairs: _through(http, pairs),
        }
        for _ in range(rounds):
            for way in rng.sample(list(ways), len(ways)):
                rng.shuffle(chosen)
                for pair, ratio in zip(chosen, ways[way](chosen), strict=True):
                    ratios.setdefault(_name(pair), {}).setdefault(way, []).append(ratio)
    return {"rounds": rounds, "launches": LAUNCHES, "confidence": CONFIDENCE, "log_ratios": ratios}


def summary(figures: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for each pair and one for all: the ratio alone, and each farm's over it, with its interval."""
    log_ratios, confidence = figures["log_ratios"], figures["confidence"]
    # As many questions are asked as there are pairs and farms; the last row asks one of each farm.
    each = 1 - (1 - confidence) / max(1, 2 * len(log_ratios))
    rows = []
    differences: dict[str, list[list[float]]] = {"local": [], "http": []}
    for name, ways in sorted(log_ratios.items()):
        row: dict[str, Any] = {"pair": name, "alone": _interval(ways["alone"], confidence)}
        for way, found in differences.items():
            found.append([a - b for a, b in zip(ways[way], ways["alone"], strict=True)])
            row[way] = _interval(found[-1], each)
        rows.append(row)
    if rows:
        last: dict[str, Any] = {"pair": "all", "alone": None}
        for way, found in differences.items():
            rounds = [statistics.fmean(of_round) for of_round in zip(*found, strict=True)]
            last[way] = _interval(rounds, confidence)
        rows.append(last)
    return rows


def _interval(logs: list[float], confidence: float) -> dict[str, Any]:
    """The geometric mean of ratios, by Student's t over rounds."""
    centre = statistics.fmean(logs)
    half = student.ppf((1 + confidence) / 2, len(logs) - 1) * statistics.stdev(logs) / math.sqrt(len(logs))
    low, high = math.exp(centre - half), math.exp(centre + half)
    return {"value": math.exp(centre), "low": low, "high": high, "holds_1": low <= 1 <= high}


def _name(pair: Pair) -> str:
    task, one, other = pair
    return f"{task.name}: {one.name} / {other.name}"


def _pairs(task: Task) -> list[Pair]:
    """By a training measurement of each, made now: neighbours in speed."""
    speeds: list[tuple[float, SourceText]] = []
    for source in tasks.correct(tasks.folder(task.name)):
        permitted = tuple(t for t in source.techniques if t is not Technique.THREADS)
        source = source.model_copy(update={"techniques": permitted})
        built = _built(task, source, may_fail=True)
        if built is None:
            continue
        found = _measured(task, built, MeasurePlan(), None)
        if found.speedup is not None:
            speeds.append((found.speedup.median, source))
    fastest = [source for _, source in sorted(speeds, key=lambda s: -s[0])[: PAIRS + 1]]
    return [(task, one, other) for one, other in itertools.pairwise(fastest)]


def _plan(task: Task) -> MeasurePlan:
    bands = tuple(b.name for b in task.bands if b.training)
    return MeasurePlan(
        purpose="confirm", launches=LAUNCHES, max_launches=LAUNCHES, bands=bands, verify_shapes=2
    )


def _alone(pairs: list[Pair]) -> list[float]:
    found = []
    for task, one, other in pairs:
        built, rival = _built(task, one), _built(task, other)
        assert built is not None
        found.append(_log_ratio(_measured(task, built, _plan(task), rival)))
    return found


def _through(farm: Farm, pairs: list[Pair]) -> list[float]:
    sources = {(task.name, s.name): (task, s) for task, *both in pairs for s in both}
    building = {key: farm.build(task, s.text, s.techniques, s.name) for key, (task, s) in sources.items()}
    built: dict[tuple[str, str], Built] = {}
    for key, future in building.items():
        made = future.result()
        if isinstance(made, Rejection):
            raise RuntimeError(f"{key}: {made.reason}")
        built[key] = made
    measuring = [
        farm.measure(task, built[task.name, one.name], _plan(task), built[task.name, other.name])
        for task, one, other in pairs
    ]
    return [_log_ratio(future.result()) for future in measuring]


def _built(task: Task, source: SourceText, *, may_fail: bool = False) -> Built | None:
    made = judge.build(
        task, source.text, source.techniques, host=hosts.profile(), sandbox=sandbox.best(), name=source.name
    )
    if isinstance(made, Built):
        return made
    if may_fail:  # it starts threads, or was written for another instruction set
        return None
    raise RuntimeError(f"{task.name}, {source.name}: {made.reason}")


def _measured(task: Task, built: Built, plan: MeasurePlan, rival: Built | None) -> Measurement:
    place = {"host": hosts.profile(), "slot": hosts.slots()[0], "sandbox": sandbox.best()}
    return judge.measure(task, built, plan, rival=rival, **place)  # type: ignore[arg-type]


def _log_ratio(found: Measurement) -> float:
    if found.speedup is None:
        raise RuntimeError(f"no speed-up: {found.reason}")
    return math.log(found.speedup.median)


@contextlib.contextmanager
def _served() -> Iterator[str]:
    """`hayate serve` with one slot, in a process of its own; its address."""
    with tempfile.TemporaryDirectory(prefix="hayate-bench-") as name:
        command = [sys.executable, "-c", "from hayate.cli import main; main()", "serve", "--slots", "1"]
        where = ["--bind", "127.0.0.1:0", "--archive", str(Path(name) / "archive.db")]
        environment = {key: value for key, value in os.environ.items() if key != "HAYATE_TOKENS"}
        server = subprocess.Popen([*command, *where], stderr=subprocess.PIPE, text=True, env=environment)
        try:
            assert server.stderr is not None
            url = next((line.split()[-1] for line in server.stderr if "serving at" in line), "")
            if not url:
                raise RuntimeError("hayate serve did not start")
            yield url
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()

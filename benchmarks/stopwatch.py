"""`make bench-judge`: can the stopwatch be trusted? Resumable; says beforehand how long it takes.

    aa-KERNEL-LOAD-N      head-to-heads of identical code, compiled twice: none should be called faster
    extra-KERNEL-PERCENT  the true difference that measured extra work makes, in many launches
    found-KERNEL-PERCENT  as many head-to-heads of the slowed kernel against the plain one: how many find it
    verdict               what a training verdict on a fast kernel costs
    rivals-KERNEL-WHAT    the same pairs through other ways of timing (rivals.py); WHAT is a load (identical
                          code), or a percentage (that much slower, quiet)
    chain-TASK-N          the reference and each yardstick judged through the chain to the reference (chain.py):
                          does the interval cover the truth?

KERNEL is bound by compute, bound by memory, or short (about 20 us a call). LOAD is quiet, or loaded: a busy
neighbour on each core. Figures and page: stopwatch_page.py.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks import chain, rivals, stopwatch_page
from benchmarks.store import Store, Unit
from hayate import hosts, sandbox, tasks
from hayate.errors import Fault, FaultKind
from hayate.judge import JUDGE_VERSION, Rejection, build, measure, stats
from hayate.judge import chain as judge_chain
from hayate.records import Band, Built, MeasurePlan, Outcome, Task, Technique

KERNELS = ("compute", "memory", "short")
LOADS = ("quiet", "loaded")
BLOCK = 25  # head-to-heads of one unit
AA_BLOCKS = 4  # of each kernel: 300 pairs in all
PERCENTS = (2, 5, 20)
PAIRS = 60
RIVAL_PAIRS = {"quiet": 15, "loaded": 10, "2": 15}
CONFIDENCE = 0.99
DECIDE_S = 9.5  # and what comes before the first launch
HEAD_TO_HEAD = MeasurePlan(
    purpose="confirm",
    launches=3,
    max_launches=64,
    confidence=CONFIDENCE,
    verify_shapes=2,
    decide_s=DECIDE_S,
)


@cache
def task_of(kernel: str) -> Task:
    if kernel == "memory":
        return tasks.builtin("jacobi2d")
    task = tasks.builtin("dgemm")
    if kernel == "compute":
        return task.model_copy(update={"bands": tuple(b for b in task.bands if b.name == "480")})
    return task.model_copy(update={"bands": (short_band(),)})


def short_band() -> Band:
    """A product of 64 by 64 matrices takes about 20 us on one core of today's machines."""
    return Band(name="64", center={"M": 64, "N": 64, "K": 64}, training=True, report=True, pairs=20)


def source_of(kernel: str, iterations_per_gflop: int = 0) -> str:
    """The task's fastest yardstick, after `iterations_per_gflop` dependent steps for each 1e9 of minimal work."""
    task = task_of(kernel)
    source = task.yardsticks[-1].text
    if not iterations_per_gflop:
        return source
    plain = source.replace(f"void {task.entry}(", "static void plain(", 1)
    return plain + _slowed(task, iterations_per_gflop)


def compiled(task: Task, source: str, name: str) -> Built:
    permitted = tuple(t for t in task.techniques if t is not Technique.THREADS)
    made = build(task, source, permitted, host=hosts.profile(), sandbox=sandbox.best(), name=name)
    if isinstance(made, Rejection):
        raise RuntimeError(f"{task.name}: {made.reason}")
    return made


@cache
def built(kernel: str, iterations_per_gflop: int = 0, name: str = "plain") -> Built:
    return compiled(task_of(kernel), source_of(kernel, iterations_per_gflop), name)


def _slowed(task: Task, iterations_per_gflop: int) -> str:
    """An entry that first does dependent multiplications: four cycles each, no memory, nothing to overlap."""
    names = ", ".join(a.name for a in task.arguments)
    work = "2.0 * M * N * K" if task.name == "dgemm" else "6.0 * sweeps * H * W"
    size = "M" if task.name == "dgemm" else "H"
    return f"""
static volatile double sink;
{task.declaration.rstrip().rstrip(";")}
{{
  long n = (long)({work} * 1e-9 * {iterations_per_gflop});
  double s = {size};
  for (long i = 0; i < n; i++)
    s = s * 0.9999999 + 1e-7;
  sink = s;
  plain({names});
}}
"""


@contextlib.contextmanager
def neighbours(load: str) -> Iterator[None]:
    """A busy process on each core, if `load` is "loaded"."""
    busy = []
    try:
        if load == "loaded":
            for core in sorted(os.sched_getaffinity(0)):
                program = f"import os\nos.sched_setaffinity(0, {{{core}}})\nwhile True: pass"
                busy.append(subprocess.Popen([sys.executable, "-c", program]))
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def head_to_head(kernel: str, candidate: Built, rival: Built, plan: MeasurePlan) -> dict[str, Any]:
    """One decision: outcome, interval, seconds, and the launches that it rests on."""
    started = time.monotonic()
    try:
        found = measure(
            task_of(kernel),
            candidate,
            plan,
            host=hosts.profile(),
            slot=hosts.slots()[0],
            sandbox=sandbox.best(),
            rival=rival,
        )
    except Fault as fault:
        return {"decided": "fault", "said": str(fault), "wall_s": time.monotonic() - started}
    wall_s = time.monotonic() - started
    if found.rival is not None:  # the same known-good code: the machine's trouble
        return {"decided": "fault", "said": found.reason, "wall_s": wall_s}
    if found.outcome is not Outcome.ACCEPTED or found.speedup is None or found.timing is None:
        return {"decided": found.outcome.value, "said": found.reason, "wall_s": wall_s}
    if found.decision == "undecided" and plan.decide_s is not None:
        return {"decided": "undecided", "said": found.reason, "wall_s": wall_s}
    low, high = math.log(found.speedup.low), math.log(found.speedup.high)
    word = "faster" if low > 0 else "slower" if high < 0 else "equal"
    return {
        "decided": word,
        "ratio": found.speedup.median,
        "low": found.speedup.low,
        "high": found.speedup.high,
        "wall_s": wall_s,
        "launches": [round(launch.log_ratio, 6) for launch in found.timing.launches],
    }


def _ratio(decision: dict[str, Any]) -> float:
    if "ratio" not in decision:
        raise Fault(
            FaultKind.HOST_TOO_NOISY, f"no ratio: {decision['said']}", remedy="end other work; try again"
        )
    return float(decision["ratio"])


def aa(kernel: str, load: str) -> dict[str, Any]:
    one, other = built(kernel, name="one"), built(kernel, name="other")
    with neighbours(load):
        return {"decisions": [head_to_head(kernel, one, other, HEAD_TO_HEAD) for _ in range(BLOCK)]}


def extra(kernel: str, percent: int) -> dict[str, Any]:
    """How many steps make a call so much longer, by trial, and the true ratio in 60 launches."""
    plain = built(kernel)
    iterations = 1_000_000
    for launches in (6, 12, 30):
        plan = HEAD_TO_HEAD.model_copy(
            update={"launches": launches, "max_launches": launches, "decide_s": None}
        )
        found = head_to_head(kernel, built(kernel, iterations), plain, plan)
        iterations = max(1, round(iterations * (percent / 100) / max(1e-4, 1 / _ratio(found) - 1)))
    many = HEAD_TO_HEAD.model_copy(update={"launches": 60, "max_launches": 60, "decide_s": None})
    found = head_to_head(kernel, built(kernel, iterations), plain, many)
    _ratio(found)
    values = found["launches"]
    half = 1.96 * statistics.stdev(values) / math.sqrt(len(values))
    centre = -statistics.fmean(values)
    return {
        "iterations_per_gflop": iterations,
        "slower_by": {
            "value": math.expm1(centre),
            "low": math.expm1(centre - half),
            "high": math.expm1(centre + half),
        },
    }


def differences(store: Store, kernel: str, percent: int) -> dict[str, Any]:
    iterations = store.need(f"extra-{kernel}-{percent}")["iterations_per_gflop"]
    slow, plain = built(kernel, iterations), built(kernel)
    found = []
    for i in range(PAIRS):  # the slower one takes both parts in turn
        pair = (slow, plain) if i % 2 else (plain, slow)
        decision = head_to_head(kernel, *pair, HEAD_TO_HEAD)
        expected = "slower" if i % 2 else "faster"
        found.append({**decision, "right": decision["decided"] == expected})
    return {"decisions": found}


def by_hayate(kernel: str) -> rivals.Pair:
    """A head-to-head as the other methods do it: compiling included."""

    def pair(task: Task, one: str, other: str) -> dict[str, Any]:
        started = time.monotonic()
        found = head_to_head(kernel, compiled(task, one, "one"), compiled(task, other, "other"), HEAD_TO_HEAD)
        return {**found, "wall_s": time.monotonic() - started}

    return pair


def side_by_side(store: Store, kernel: str, what: str) -> dict[str, Any]:
    """Every method on the same pairs; with a percentage, the one timed is the slower."""
    iterations = 0
    if what not in LOADS:
        iterations = store.need(f"extra-{kernel}-{what}")["iterations_per_gflop"]
    one, other = source_of(kernel, iterations), source_of(kernel)
    with neighbours(what):
        return rivals.compare(by_hayate(kernel), RIVAL_PAIRS[what], task_of(kernel), one, other)


def verdict() -> dict[str, Any]:
    """Steps of a training verdict on a fast kernel, and how long its calls took: verified, warm-up, timed, probes."""
    task, fast = tasks.builtin("dgemm"), built("compute")
    rows: list[dict[str, float]] = []
    for _ in range(40):
        found = measure(
            task, fast, MeasurePlan(), host=hosts.profile(), slot=hosts.slots()[0], sandbox=sandbox.best()
        )
        assert found.timing is not None
        calls = sum(s.calls_s for s in found.steps)
        steps = {s.name: s.wall_s for s in found.steps}
        rows.append({**steps, "calls": calls, "all": found.wall_s, "beyond_calls": found.wall_s - calls})
    return {"median_s": {k: statistics.median(r[k] for r in rows) for k in rows[0]}}


def units(store: Store) -> list[Unit]:
    found = [Unit("verdict", 15, verdict)]
    for kernel in KERNELS:
        for percent in PERCENTS:
            found.append(Unit(f"extra-{kernel}-{percent}", 30, lambda k=kernel, p=percent: extra(k, p)))  # type: ignore[misc]
            found.append(
                Unit(
                    f"found-{kernel}-{percent}",
                    PAIRS * 3,
                    lambda k=kernel, p=percent: differences(store, k, p),  # type: ignore[misc]
                )
            )
    for load in LOADS:
        for kernel in KERNELS:
            about_s = BLOCK * (2.5 if kernel == "short" else 6 if load == "quiet" else 9)
            for block in range(AA_BLOCKS):
                found.append(
                    Unit(f"aa-{kernel}-{load}-{block}", about_s, lambda k=kernel, w=load: aa(k, w))  # type: ignore[misc]
                )
    for name in chain.TASKS:
        about_s = 330 if name == "dgemm" else 120
        for number in range(chain.UNITS):
            found.append(Unit(f"chain-{name}-{number}", about_s, lambda n=name: chain.unit(n)))  # type: ignore[misc]
    for kernel in KERNELS:
        for what, pairs in RIVAL_PAIRS.items():
            about_s = pairs * (16 if what == "loaded" else 11)
            found.append(
                Unit(
                    f"rivals-{kernel}-{what}",
                    about_s,
                    lambda k=kernel, w=what: side_by_side(store, k, w),  # type: ignore[misc]
                )
            )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stopwatch", description=__doc__)
    parser.add_argument("--page-only", action="store_true", help="write the page from what is there")
    parser.add_argument("--only", help="a unit, or the beginning of its name")
    options = parser.parse_args()
    rules = [Path(stats.__file__), Path(judge_chain.__file__)]
    store = Store("stopwatch", [JUDGE_VERSION, HEAD_TO_HEAD.model_dump_json(), *rules])
    everything = units(store)

    def write() -> None:
        stopwatch_page.write(store, [u.key for u in everything], HEAD_TO_HEAD)

    if options.page_only:
        write()
        return
    lacking = rivals.missing()
    if lacking:
        print(f"the comparison with other ways of timing is left out: {lacking}", file=sys.stderr)
    chosen = [u for u in everything if u.key.startswith(options.only or "")]
    store.run([u for u in chosen if not (lacking and u.key.startswith("rivals"))], write)


if __name__ == "__main__":
    main()

"""`make bench-farm`: what docs/scaling.md quotes. Resumable; says beforehand how long it takes.

    kills-KIND           10,000 simulated jobs while processes are killed: lost, doubled, stuck (under_load.py)
    efficiency-KIND      32 simulated slots: busy time over slots times wall; bytes, CPU time, most jobs a second
    waiting-RATIO-SLOTS  how long a trainer waits for verdicts, at RATIO seconds of judging a second of generation
    database-BACKEND     verdicts and queued jobs a second (database.py)
    needed-SEED          measurements that a run needs, with and without dedupe and surrogate (needed.py)
    attacked             50 honest clients of a server beside every attack at once (attacked.py)
    bias                 real kernels through the farm and alone (bias.py); nothing else may run meanwhile

KIND is local, parsl or http. Needs the extras parsl, serve and surrogate. needed-SEED replays the demo runs of
`make bench`, or records such runs (10 minutes each) where the task has changed since.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from benchmarks import (
    attacked,
    bias,
    database,
    engines,
    needed,
    performance,
    scaling_page,
    simulated,
    under_load,
    waiting,
)
from benchmarks.store import Store, Unit
from hayate import hosts, sandbox, tasks
from hayate.errors import Fault, FaultKind
from hayate.judge import build
from hayate.records import Built

SEEDS = performance.SEEDS
_ABOUT_S = {
    "kills": {"local": 90, "parsl": 1000, "http": 200},
    "efficiency": {"local": 25, "parsl": 90, "http": 60},
    "database": {"sqlite": 60, "postgresql": 60},
}


@cache
def _object_bytes() -> int:
    """Of a real object: the fastest yardstick's of the task, built here."""
    task = tasks.builtin(simulated.TASK)
    fast = task.yardsticks[-1]
    made = build(task, fast.text, fast.techniques, host=hosts.profile(), sandbox=sandbox.best())
    if not isinstance(made, Built):
        raise RuntimeError(f"the yardstick {fast.name} does not build: {made.reason}")
    return len(made.object_code)


def _with_object(make: Callable[..., dict[str, Any]], *what: Any) -> dict[str, Any]:
    """Sources and objects of a kernel's size; the object is built when the first unit needs it."""
    return make(*what, object_bytes=_object_bytes())


def _needed(seed: int) -> dict[str, Any]:
    """Of the demo run of `make bench`; of one recorded for this where the task was another then."""
    demo = performance.WORK / f"demo-{seed}" / "archive.db"
    if demo.exists():
        try:
            return needed.needed(demo)
        except Fault as fault:
            if fault.kind is not FaultKind.NOT_RECORDED:
                raise
    folder = performance.WORK / f"needed-{seed}-{tasks.builtin(simulated.TASK).hash[:8]}"
    performance.trained(seed, folder)
    return needed.needed(folder / "archive.db")


def units() -> list[Unit]:
    found = []
    for kind in engines.KINDS:
        found += [
            Unit(f"kills-{kind}", _ABOUT_S["kills"][kind], partial(_with_object, under_load.kills, kind)),
            Unit(
                f"efficiency-{kind}",
                _ABOUT_S["efficiency"][kind],
                partial(_with_object, under_load.efficiency, kind),
            ),
        ]
    for ratio, slots in itertools.product(waiting.RATIOS, waiting.SLOTS):
        make = partial(_with_object, waiting.waiting, ratio, slots)
        found.append(Unit(f"waiting-{ratio}-{slots}", waiting.about_s(ratio, slots), make))
    for backend in database.BACKENDS:
        make = partial(_with_object, database.database, backend)
        found.append(Unit(f"database-{backend}", _ABOUT_S["database"][backend], make))
    for seed in SEEDS:
        found.append(Unit(f"needed-{seed}", 700, partial(_needed, seed)))
    found.append(Unit("attacked", attacked.SECONDS + 60, attacked.attacked))
    return [*found, Unit("bias", 400, bias.bias)]


def lacking(key: str) -> str:
    """Why a unit can't be made here; "" if it can."""
    if key.startswith("database-"):
        return database.missing(key.removeprefix("database-"))
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.farm", description=__doc__)
    parser.add_argument("--page-only", action="store_true", help="write the page from what is there")
    parser.add_argument("--only", default="", help="a unit, or the beginning of its name")
    parser.add_argument("--but", default="", help="leave out a unit, or those whose names begin so")
    options = parser.parse_args()
    store = Store("farm", [])
    everything = units()

    def write() -> None:
        scaling_page.write(store, [u.key for u in everything], SEEDS)

    if options.page_only:
        write()
        return
    chosen = [u for u in everything if u.key.startswith(options.only)]
    if options.but:
        chosen = [u for u in chosen if not u.key.startswith(options.but)]
    for unit in chosen:
        if store.load(unit.key) is None and (why := lacking(unit.key)):
            print(f"{unit.key} is left out: {why}", file=sys.stderr)
    store.run([u for u in chosen if store.load(u.key) is not None or not lacking(u.key)], write)


if __name__ == "__main__":
    main()

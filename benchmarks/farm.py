"""`make bench-farm`: what docs/scaling.md quotes. Resumable; says beforehand how long it takes.

    kills-KIND           10,000 simulated jobs while workers and servers are killed: lost, doubled, stuck (engines.py)
    efficiency-KIND      32 simulated slots: busy time over slots times wall; bytes, CPU time, most jobs a second
    waiting-RATIO-SLOTS  how long a trainer waits for verdicts, at RATIO seconds of judging a second of generation
    database-BACKEND     verdicts and queued jobs a second (database.py)
    needed-SEED          measurements that a run needs, with and without dedupe and surrogate (needed.py)
    bias                 real kernels through the farm and alone (bias.py); nothing else may run meanwhile

KIND is local, parsl or http. Needs the extras parsl, serve and surrogate. needed-SEED replays the demo runs of
`make bench`.
"""

from __future__ import annotations

import argparse
import sys
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks import bias, database, engines, needed, performance, scaling_page, waiting
from benchmarks.store import Store, Unit

SEEDS = performance.SEEDS
_ABOUT_S = {
    "kills": {"local": 90, "parsl": 300, "http": 200},
    "efficiency": {"local": 25, "parsl": 90, "http": 60},
    "database": {"sqlite": 60, "postgresql": 60},
}


@cache
def _object_bytes() -> int:
    return engines.object_bytes()


def _needed(seed: int) -> dict[str, Any]:
    return needed.needed(_recorded(seed))


def _recorded(seed: int) -> Path:
    return performance.WORK / f"demo-{seed}" / "archive.db"


def units() -> list[Unit]:
    found = []
    for kind in engines.KINDS:
        found.append(
            Unit(
                f"kills-{kind}",
                _ABOUT_S["kills"][kind],
                lambda k=kind: engines.kills(k, object_bytes=_object_bytes()),  # type: ignore[misc]
            )
        )
        found.append(
            Unit(
                f"efficiency-{kind}",
                _ABOUT_S["efficiency"][kind],
                lambda k=kind: engines.efficiency(k, object_bytes=_object_bytes()),  # type: ignore[misc]
            )
        )
    for ratio in waiting.RATIOS:
        for slots in waiting.SLOTS:
            found.append(
                Unit(
                    f"waiting-{ratio}-{slots}",
                    waiting.about_s(ratio, slots),
                    lambda r=ratio, s=slots: waiting.waiting(r, s, object_bytes=_object_bytes()),  # type: ignore[misc]
                )
            )
    for backend in database.BACKENDS:
        found.append(
            Unit(
                f"database-{backend}",
                _ABOUT_S["database"][backend],
                lambda b=backend: database.database(b, object_bytes=_object_bytes()),  # type: ignore[misc]
            )
        )
    for seed in SEEDS:
        found.append(Unit(f"needed-{seed}", 120, lambda s=seed: _needed(s)))  # type: ignore[misc]
    return [*found, Unit("bias", 400, bias.bias)]


def lacking(key: str) -> str:
    """Why a unit can't be made here; "" if it can."""
    if key.startswith("database-"):
        return database.missing(key.removeprefix("database-"))
    if key.startswith("needed-") and not _recorded(int(key.removeprefix("needed-"))).exists():
        return "no recorded run: make bench"
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

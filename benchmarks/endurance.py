"""A thousand judgements in a row on each tier, mixed honest, wrong and hostile: what went wrong, what is left of them?

    python -m benchmarks.endurance [--tier TIER]... [--judgements 1000] [--check]

Resumable, in blocks of fifty; about half an hour a tier. Nothing else may run meanwhile: processes and files are
counted on the whole machine. Honest ones are the tasks' `correct/` and `yardsticks/`, wrong ones their `wrong/`,
hostile ones tests/cheats. Results lie under benchmarks/results/endurance; `--check` prints them as a table.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.soak import SETTLE_S, counts
from benchmarks.store import Store, Unit
from hayate import hosts, sandbox, tasks
from hayate.errors import Fault
from hayate.judge import JUDGE_VERSION, Rejection, build, measure
from hayate.records import Built, Language, MeasurePlan, Task, Technique

BLOCK = 50
JUDGEMENTS = 1000
TESTS = Path(__file__).parents[1] / "tests"
CHECK = MeasurePlan(purpose="training", launches=1, verify_shapes=8)


@dataclass(frozen=True)
class Case:
    """One thing to judge, and the outcomes that it may get."""

    name: str
    task: Task
    source: str
    permitted: tuple[Technique, ...]
    language: Language
    expected: tuple[str, ...]
    guarded: bool = True  # False: compiled without the guard, as if it had been passed


@cache
def cases() -> tuple[Case, ...]:
    """All kinds, a third each as far as there are enough."""
    honest: list[Case] = []
    wrong: list[Case] = []
    for name in tasks.builtin_names():
        task, folder = tasks.builtin(name), tasks.folder(name)
        for source in (*tasks.correct(folder), *task.yardsticks):
            honest.append(
                Case(
                    f"{name}/{source.name}",
                    task,
                    source.text,
                    source.techniques,
                    source.language,
                    ("accepted",),
                )
            )
        for source in tasks.wrong(folder):
            wrong.append(
                Case(
                    f"{name}/{source.name}",
                    task,
                    source.text,
                    source.techniques,
                    source.language,
                    (source.expect,),
                )
            )
    return (*honest, *wrong, *_hostile())


def _hostile() -> list[Case]:
    sys.path[:0] = [str(TESTS / "cheats"), str(TESTS / "judge")]
    from catalogue import FILES, declared  # type: ignore[import-not-found]
    from hostile import CONTROL, HEAD, PRODUCT  # type: ignore[import-not-found]

    found = []
    for path in FILES:
        text = path.read_text()
        says = declared(text)
        for word, replacement in (("CONTROL", CONTROL), ("PRODUCT", PRODUCT), ("HEAD", HEAD)):
            text = text.replace(f"\n@{word}\n", f"\n{replacement}\n")
        found.append(
            Case(
                f"cheats/{path.name}",
                tasks.builtin("dgemm"),
                text,
                tuple(Technique(t.strip()) for t in says.get("permitted", "").split(",") if t),
                "c++" if path.suffix == ".cpp" else "c",
                tuple(says["expect"].split(", ")),
                guarded=says.get("guard") != "off",
            )
        )
    return found


def _built(case: Case, place: sandbox.Sandbox) -> Built | Rejection:
    if not case.guarded:
        from hostile import raw

        made: Built = raw("#define _GNU_SOURCE\n" + case.source, case.permitted, Path(case.name).stem)
        return made
    return build(
        case.task, case.source, case.permitted, host=hosts.profile(), sandbox=place, language=case.language
    )


def block(tier: str, number: int, size: int = BLOCK) -> dict[str, Any]:
    """`size` judgements: outcomes, what was not as expected, the longest, and what is left behind."""
    place, slot = sandbox.get(tier), hosts.slots()[0]
    kinds: dict[str, list[Case]] = {"honest": [], "wrong": [], "hostile": []}
    for case in cases():
        kind = (
            "hostile"
            if case.name.startswith("cheats/")
            else "honest"
            if "accepted" in case.expected
            else "wrong"
        )
        kinds[kind].append(case)
    rng = random.Random(number)
    drawn = [rng.choice(kinds[("honest", "wrong", "hostile")[i % 3]]) for i in range(size)]
    with sandbox.new_box() as box:  # the launcher and its supervisors are there before anything is counted
        place.run(sandbox.Command(argv=("/bin/true",), box=box))
    before = counts()
    outcomes: Counter[str] = Counter()
    faults: list[str] = []
    unexpected: list[str] = []
    longest_s, longest = 0.0, ""
    began = time.monotonic()
    for case in drawn:
        started = time.monotonic()
        try:
            made = _built(case, place)
            found = (
                made
                if isinstance(made, Rejection)
                else measure(case.task, made, CHECK, host=hosts.profile(), slot=slot, sandbox=place)
            )
        except Fault as fault:
            faults.append(f"{case.name}: {fault.kind.value}: {fault.message}"[:300])
            continue
        finally:
            took_s = time.monotonic() - started
            if took_s > longest_s:
                longest_s, longest = took_s, case.name
        outcomes[found.outcome.value] += 1
        if found.outcome.value not in case.expected:
            unexpected.append(f"{case.name}: {found.outcome.value}: {found.reason}"[:300])
    wall_s = time.monotonic() - began
    time.sleep(SETTLE_S)
    after = counts()
    return {
        "tier": tier,
        "judgements": size,
        "outcomes": dict(outcomes),
        "faults": faults,
        "unexpected": unexpected,
        "longest_s": longest_s,
        "longest": longest,
        "wall_s": wall_s,
        "left": {key: after[key] - before[key] for key in before},
    }


def table(store: Store, tiers: list[str], blocks: int) -> str:
    """What is measured so far, a row a tier."""
    rows = [
        "| tier | judgements | Faults | not as expected | longest s | left behind |",
        "|---|---|---|---|---|---|",
    ]
    for tier in tiers:
        found = [
            kept["figures"]
            for number in range(blocks)
            if (kept := store.load(f"endurance-{tier}-{number}")) is not None
        ]
        left: Counter[str] = Counter()
        for one in found:
            left.update({key: count for key, count in one["left"].items() if count > 0})
        rows.append(
            f"| {tier} | {sum(one['judgements'] for one in found)} | {sum(len(one['faults']) for one in found)} "
            f"| {sum(len(one['unexpected']) for one in found)} "
            f"| {max((one['longest_s'] for one in found), default=0.0):.1f} | {dict(left) or 'nothing'} |"
        )
    return "\n".join(rows)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tier", action="append", help="default: every one that works here")
    parser.add_argument("--judgements", type=int, default=JUDGEMENTS)
    parser.add_argument("--check", action="store_true", help="print what is measured, and measure nothing")
    given = parser.parse_args()
    tiers = given.tier or [report.tier for report in sandbox.probe() if report.works]
    blocks = -(-given.judgements // BLOCK)
    store = Store("endurance", [JUDGE_VERSION, Path(__file__)])
    units = [
        Unit(f"endurance-{tier}-{number}", 90.0, lambda tier=tier, number=number: block(tier, number))
        for tier in tiers
        for number in range(blocks)
    ]
    if not given.check:
        store.run(units, lambda: None)
    print(table(store, tiers, blocks))


if __name__ == "__main__":
    main()

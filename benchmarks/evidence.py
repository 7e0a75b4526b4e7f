"""`make evidence`: S1's two experiments, in kind, on both tasks. Resumable; says beforehand how long it takes.

    reward    measured speed against correctness only (everything permitted, no staging)
    staging   sqd, off, fixed, random (measured speed)

Each run is phase 3 alone from the shipped model, with equal verdicts; what is compared is the policy before and
after it, asked with the same prompt (everything permitted), and the best kernel that the run found. Combinations of
techniques that were kept out of the tiny model's corpus are looked for among what was accepted.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tomllib
from pathlib import Path
from typing import Any

import jinja2

from benchmarks.store import MODEL, Store, Unit
from hayate import tasks
from hayate.archive import Archive
from hayate.records import Technique
from hayate.report import build as build_report
from hayate.tasks import templates
from hayate.train import PlainProgress, parse_run, train

ROOT = Path(__file__).parents[1]
WORK = ROOT / "out" / "evidence"
RUNS = {"dgemm": ROOT / "runs" / "demo.toml", "jacobi2d": ROOT / "runs" / "jacobi2d.toml"}
TASKS = tuple(RUNS)
SEEDS = (0, 1, 2)
STEPS = 12  # of 32 verdicts; whoever changes this or ARMS removes what was measured so far
ARMS: dict[str, dict[str, Any]] = {
    "speed": {"curriculum": {"staging": "off"}},
    "correctness": {"curriculum": {"staging": "off"}, "reward": {"correctness_only": True}},
    "sqd": {"curriculum": {"staging": "sqd"}},
    "fixed": {"curriculum": {"staging": "fixed"}},
    "random": {"curriculum": {"staging": "random"}},
}
# "speed" is the arm "off" of the second experiment, too.
EXPERIMENTS = {"reward": ("speed", "correctness"), "staging": ("sqd", "speed", "fixed", "random")}


def run(task: str, arm: str, seed: int) -> dict[str, Any]:
    """One training run; its figures."""
    base = tomllib.loads(RUNS[task].read_text())
    grpo = {**base["phases"]["grpo"], "steps": STEPS, "check_samples": 64}
    settings = {
        "run": {"name": f"{task}-{arm}-{seed}", "tasks": [task], "seed": seed, "baselines": False},
        "policy": base.get("policy", {}),
        "curriculum": {"expected_groups": STEPS, **ARMS[arm].get("curriculum", {})},
        "reward": ARMS[arm].get("reward", {}),
        "phases": {"grpo": grpo},
    }
    folder = WORK / f"{task}-{arm}-{seed}"
    with PlainProgress() as progress:
        train(parse_run(settings), folder, resume=(folder / "run.json").exists(), progress=progress)
    report = build_report(folder)
    phases = {p.name: p for p in report.phases}
    before, after = phases["before"], phases["after"]
    return {
        "verdicts": phases["grpo"].verdicts,
        "before_median": before.median.value if before.median else None,
        "after_median": after.median.value if after.median else None,
        "before_share": before.correct_share.value if before.correct_share else None,
        "after_share": after.correct_share.value if after.correct_share else None,
        "best_speedup": report.best.speedup.median if report.best and report.best.speedup else None,
        "best_so_far": [c.best_so_far for c in report.curve],
        "niches": len(report.niches),
        "held_out": _held_out(task, folder),
    }


def _held_out(task: str, folder: Path) -> dict[str, int]:
    """How many accepted samples use each combination that phase 1's corpus does not have."""
    combinations = templates.load(tasks.folder(task)).held_out
    with Archive(folder / "archive.db") as archive:
        niches = [set(s.niche.split("+")) for s in archive.samples() if s.accepted and s.niche]
    return {
        "+".join(sorted(t.value for t in combination)): sum(
            {Technique(t).value for t in combination} <= niche for niche in niches
        )
        for combination in combinations
    }


def units() -> list[Unit]:
    return [
        Unit(f"{task}-{arm}-{seed}", 270, lambda t=task, a=arm, s=seed: run(t, a, s))  # type: ignore[misc]
        for seed, task, arm in itertools.product(SEEDS, TASKS, ARMS)
    ]


def _mean(values: list[float | None]) -> str:
    known = [v for v in values if v is not None]
    if not known:
        return "-"
    if len(known) == 1:
        return f"{known[0]:.2f}"
    return f"{statistics.fmean(known):.2f} ({min(known):.2f} to {max(known):.2f})"


def write(store: Store, to: Path = ROOT / "docs" / "evidence.md") -> None:
    records = {u.key: store.load(u.key) for u in units()}
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), trim_blocks=True, lstrip_blocks=True
    )

    def column(task: str, arm: str, key: str) -> list[Any]:
        found = [records[f"{task}-{arm}-{seed}"] for seed in SEEDS]
        return [r["figures"][key] for r in found if r is not None]

    def ratio(task: str, arm: str) -> str:
        pairs = zip(column(task, arm, "after_median"), column(task, arm, "before_median"), strict=True)
        return _mean([a / b if a and b else None for a, b in pairs])

    some = next((r for r in records.values() if r is not None), None)
    text = environment.get_template("evidence.md.j2").render(
        tasks=TASKS,
        experiments=EXPERIMENTS,
        some=some,
        judges=sorted({r["judge"] for r in records.values() if r is not None}),
        done=sum(r is not None for r in records.values()),
        of=len(records),
        steps=STEPS,
        seeds=len(SEEDS),
        ratio=ratio,
        column=column,
        mean=_mean,
    )
    to.write_text(text)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evidence", description=__doc__)
    parser.add_argument("--page-only", action="store_true", help="write the page from what is there")
    options = parser.parse_args()
    store = Store("evidence", [RUNS["dgemm"], RUNS["jacobi2d"], MODEL])
    if not options.page_only:
        store.run(units(), lambda: write(store))
    else:
        write(store)


if __name__ == "__main__":
    main()

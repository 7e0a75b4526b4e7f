"""`make bench`: what docs/performance.md quotes. Resumable; says beforehand how long it takes.

demo-SEED      the demo run, whole; then its best kernel against OpenBLAS in two bands
best-of-n-SEED as many verdicts as the demo's phase 3, spent on the policy that phase 3 began with
tpe-SEED       as many, spent by Optuna's TPE on the templates' parameters
final-SEED     the three winners, timed against each other again
throughput     verdicts per minute for a fast kernel on one slot
soak-TIER      10,000 starts of the sandbox, and what is left of them (soak.py)
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import jinja2

from benchmarks.search import best_of_n, tpe
from benchmarks.soak import soak
from benchmarks.store import MODEL, Store, Unit
from hayate import farm as farms
from hayate import tasks
from hayate.baselines import measure_baselines
from hayate.errors import Fault, FaultKind
from hayate.judge import Rejection, build, measure
from hayate.records import Built, Candidate, MeasurePlan, Origin, Outcome, Technique
from hayate.report import build as build_report
from hayate.train import PlainProgress, load_run, train

ROOT = Path(__file__).parents[1]
WORK = ROOT / "out" / "bench"
RUN = ROOT / "runs" / "demo.toml"
SEEDS = (0, 1, 2)
TIERS = ("bubblewrap", "landlock")


def _folder(seed: int) -> Path:
    return WORK / f"demo-{seed}"


def trained(seed: int, folder: Path) -> None:
    """The demo run in this folder; goes on where it was ended."""
    if not (folder / "report.json").exists():
        with PlainProgress() as progress:
            train(load_run(RUN, seed=seed), folder, resume=(folder / "run.json").exists(), progress=progress)


def demo(seed: int) -> dict[str, Any]:
    """One whole demo run. Figures from its report; its folder stays for the others."""
    folder = _folder(seed)
    started = time.monotonic()
    trained(seed, folder)
    wall_s = time.monotonic() - started
    report = build_report(folder)
    phases = {p.name: p for p in report.phases}
    before, after = phases["before"], phases["after"]
    assert before.median is not None
    assert after.median is not None
    assert before.correct_share is not None
    assert after.correct_share is not None
    assert report.best is not None
    return {
        "wall_s": wall_s,
        "verdicts": phases["grpo"].verdicts,
        "before": {"median": before.median.model_dump(), "correct_share": before.correct_share.model_dump()},
        "after": {"median": after.median.model_dump(), "correct_share": after.correct_share.model_dump()},
        "ratio": after.median.value / before.median.value,
        "share_points": 100 * (after.correct_share.value - before.correct_share.value),
        "curve": [(c.step, c.median, c.best_so_far) for c in report.curve],
        "best": {
            "source": report.best.source,
            "permitted": list(report.best.permitted),
            "task": report.task,
        },
    }


def best(store: Store, seed: int) -> dict[str, Any]:
    """The demo's best kernel against every baseline, in all report bands."""
    kernel = store.need(f"demo-{seed}")["best"]
    candidate = Candidate(
        task=kernel["task"],
        source=kernel["source"],
        permitted=tuple(Technique(t) for t in kernel["permitted"]),
        origin=Origin(kind="policy", policy="tiny", run="bench"),
    )
    with farms.open() as farm:
        found: dict[str, Any] = measure_baselines(tasks.find(kernel["task"]), candidate, farm).model_dump()
    return found


def _spent(store: Store, seed: int) -> int:
    return int(store.need(f"demo-{seed}")["verdicts"])


def untrained(store: Store, seed: int) -> dict[str, Any]:
    run = load_run(RUN, seed=seed)
    model = str(_folder(seed) / "phases" / "selftrain" / "model")
    return best_of_n(run, model, WORK / f"best-of-n-{seed}", _spent(store, seed), seed)


def optuna_tpe(store: Store, seed: int) -> dict[str, Any]:
    return tpe(load_run(RUN, seed=seed), WORK / f"tpe-{seed}", _spent(store, seed), seed)


def final(store: Store, seed: int) -> dict[str, Any]:
    """Winners of equal budgets, frozen, head to head in fresh launches: speed over the trained policy's best."""
    kernels = {name: store.need(f"{name}-{seed}")["best"] for name in ("demo", "best-of-n", "tpe")}
    task = tasks.find("dgemm")
    ratios: dict[str, Any] = {}
    with farms.open() as farm:
        built: dict[str, Built] = {}
        for name, kernel in kernels.items():
            permitted = tuple(Technique(t) for t in kernel["permitted"])
            made = farm.build(task, kernel["source"], permitted, name).result()
            if isinstance(made, Rejection):
                raise Fault(FaultKind.NOT_RECORDED, f"{name} does not build any more: {made.reason}")
            built[name] = made
        for name in ("best-of-n", "tpe"):
            plan = MeasurePlan(
                purpose="report", launches=5, max_launches=24, confidence=0.95, verify_shapes=4
            )
            result = farm.measure(task, built[name], plan, built["demo"]).result()
            if result.speedup is None:
                raise Fault(FaultKind.NOT_RECORDED, f"{name} was {result.outcome}: {result.reason}")
            ratios[name] = result.speedup.model_dump()
    return {"against_trained": ratios}


def throughput() -> dict[str, Any]:
    """Verdicts per minute on one slot: the fastest yardstick as candidate, each build and measurement fresh."""
    task = tasks.find("dgemm")
    fast = task.yardsticks[-1]
    with farms.open(farms.FarmSettings(slots=1)) as farm:
        from hayate import hosts, sandbox

        place = {"host": farm.host, "sandbox": sandbox.get(farm.sandbox_tier)}
        slot = hosts.slots()[0]
        one_s: list[float] = []
        build_s: list[float] = []
        steps: list[dict[str, float]] = []
        for _ in range(40):
            started = time.monotonic()
            made = build(task, fast.text, fast.techniques, **place)  # type: ignore[arg-type]
            build_s.append(time.monotonic() - started)
            assert isinstance(made, Built)
            result = measure(task, made, MeasurePlan(), slot=slot, **place)  # type: ignore[arg-type]
            assert result.outcome is Outcome.ACCEPTED
            one_s.append(time.monotonic() - started)
            steps.append({s.name: s.wall_s for s in result.steps})
        # As in training: a group of 32 different texts, built on all cores first.
        texts = [
            fast.text + f"\nstatic const int unused_{i} __attribute__((unused)) = {i};\n" for i in range(32)
        ]
        started = time.monotonic()
        futures = [farm.build(task, text, fast.techniques) for text in texts]
        objects = [f.result() for f in futures]
        measured = [farm.measure(task, o, MeasurePlan()) for o in objects if isinstance(o, Built)]
        for m in measured:
            m.result()
        group_s = time.monotonic() - started
    return {
        "one_after_the_other_per_minute": 60 / statistics.median(one_s),
        "group_of_32_per_minute": 60 * len(measured) / group_s,
        "build_s": statistics.median(build_s),
        "measure_steps_s": {k: statistics.median(s[k] for s in steps) for k in steps[0]},
    }


def units(store: Store) -> list[Unit]:
    found = [Unit("throughput", 60, throughput)]
    for seed in SEEDS:
        found.append(Unit(f"demo-{seed}", 500, lambda seed=seed: demo(seed)))  # type: ignore[misc]
        found.append(Unit(f"best-{seed}", 90, lambda seed=seed: best(store, seed)))  # type: ignore[misc]
    for seed in SEEDS:
        found.append(Unit(f"best-of-n-{seed}", 480, lambda seed=seed: untrained(store, seed)))  # type: ignore[misc]
        found.append(Unit(f"tpe-{seed}", 420, lambda seed=seed: optuna_tpe(store, seed)))  # type: ignore[misc]
        found.append(Unit(f"final-{seed}", 60, lambda seed=seed: final(store, seed)))  # type: ignore[misc]
    for tier in TIERS:
        found.append(Unit(f"soak-{tier}", 240, lambda tier=tier: soak(tier)))  # type: ignore[misc]
    return found


def write(store: Store, to: Path = ROOT / "docs" / "performance.md") -> None:
    """The page, from what has been measured so far on this machine."""
    records = {u.key: store.load(u.key) for u in units(store)}
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), trim_blocks=True, lstrip_blocks=True
    )
    some = next((r for r in records.values() if r is not None), None)
    soaks = [r for key, r in records.items() if r is not None and key.startswith("soak-")]
    text = environment.get_template("performance.md.j2").render(
        records=records,
        seeds=SEEDS,
        tiers=TIERS,
        some=some,
        counted=list(soaks[0]["figures"]["left"]) if soaks else [],
    )
    to.write_text(text)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.performance", description=__doc__)
    parser.add_argument("--page-only", action="store_true", help="write the page from what is there")
    parser.add_argument("--only", help="a unit, or the beginning of its name")
    options = parser.parse_args()
    store = Store("performance", [RUN, MODEL])
    if not options.page_only:
        chosen = [u for u in units(store) if not options.only or u.key.startswith(options.only)]
        store.run(chosen, lambda: write(store))
    else:
        write(store)


if __name__ == "__main__":
    main()

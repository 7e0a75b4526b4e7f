"""A best kernel beside what it must be held against, in interleaved launches: the reference, the reference at its
best flags, a vendor library at its best core type, the machine's peak.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from hayate.errors import Fault, FaultKind
from hayate.farm import Farm
from hayate.hosts import note_fastest
from hayate.judge import Measurement, Rejection, blas_baselines, reference, reference_best_flags
from hayate.judge.stats import log_ratio
from hayate.records import Built, Candidate, Fastest, Interval, MeasurePlan, Outcome, Record, Task
from hayate.sandbox import get

Say = Callable[[str], None]


class Baseline(Record):
    """GFLOPS for people, and the ratio that was measured: baseline's speed over the best kernel's."""

    name: str
    value: float
    low: float
    high: float
    ratio_to_best: Interval
    detail: str = ""


class BandFigure(Record):
    """The best kernel against one baseline in one band: its speed over the baseline's."""

    band: str
    baseline: str
    ratio: Interval


class Baselines(Record):
    """What `baselines.json` holds."""

    task: str
    best: str  # candidate hash
    best_gflops: Interval
    peak_share: Interval | None = (
        None  # of the FMA peak probed in the same launches; of tasks with a rate in GFLOPS
    )
    baselines: tuple[Baseline, ...]
    bands: tuple[BandFigure, ...] = ()
    fastest: Fastest | None = None  # of all these, beside its nearest yardstick


def measure_baselines(
    task: Task,
    best: Candidate,
    farm: Farm,
    out: Path | None = None,
    *,
    launches: int = 5,
    bands: Sequence[str] | None = None,
    say: Say = lambda _: None,
) -> Baselines:
    """Time `best` against every baseline there is for the task, in `bands` (None: the task's report bands).

    Raises Fault. Ratios come from launches in which the two are interleaved. GFLOPS are the best kernel's figure
    times them.
    """
    sandbox = get(farm.sandbox_tier)
    built = farm.build(task, best.source, best.permitted, best.hash, language=best.language).result()
    if isinstance(built, Rejection):
        raise Fault(FaultKind.INTERNAL, f"the best kernel does not build any more: {built.reason}")
    say("best kernel against the yardsticks")
    chosen_bands = tuple(bands) if bands is not None else None
    plan = MeasurePlan(purpose="report", launches=launches, max_launches=launches, bands=chosen_bands)
    own = _accepted(farm.measure(task, built, plan).result(), "the best kernel")
    assert own.metric is not None and own.timing is not None
    best_gflops = Interval(value=own.metric.value, low=own.metric.low, high=own.metric.high)
    in_gflops = own.metric.name.lower() == "gflops"  # else there is no peak to compare with
    shares = [
        f / ns / (launch.peak_gflops or math.inf)
        for launch in own.timing.launches
        for f, ns in zip(launch.flops, launch.candidate_ns, strict=True)
    ]
    shares.sort()
    share = Interval(
        value=shares[len(shares) // 2],
        low=shares[int(0.025 * len(shares))],
        high=shares[int(0.975 * len(shares))],
    )
    found: list[Baseline] = []
    by_band: list[BandFigure] = []
    fastest = (1.0, "the best kernel", own)

    def hold(name: str, what: Built, detail: str = "", slow: bool = False) -> None:
        say(f"best kernel against {name}")
        pairs = 3 if slow else None
        held = MeasurePlan(
            purpose="report",
            launches=3 if slow else launches,
            max_launches=3 if slow else launches,
            pairs=pairs,
            bands=chosen_bands,
            confidence=0.95,
            verify_shapes=1,
            wall_s=300,
        )
        result = _accepted(farm.measure(task, what, held, built).result(), name)
        assert result.speedup is not None and result.timing is not None
        ratio = result.speedup
        found.append(
            Baseline(
                name=name,
                value=best_gflops.value * ratio.median,
                low=best_gflops.value * ratio.low,
                high=best_gflops.value * ratio.high,
                ratio_to_best=Interval(value=ratio.median, low=ratio.low, high=ratio.high),
                detail=detail,
            )
        )
        by_band.extend(_band_figures(name, result))

    hold("reference", reference(task, host=farm.host, sandbox=sandbox), slow=True)
    for name, choices in (
        ("reference, best flags", reference_best_flags(task, host=farm.host, sandbox=sandbox)),
        ("OpenBLAS, best core type", blas_baselines(task, host=farm.host, sandbox=sandbox)),
    ):
        chosen = _fastest(task, choices, built, farm, say)
        if chosen is not None:
            hold(name, chosen, detail=chosen.name, slow=name.startswith("reference"))
            if found[-1].ratio_to_best.value > fastest[0]:
                say(f"{chosen.name} against the yardsticks")
                alone = farm.measure(task, chosen, plan).result()
                fastest = (found[-1].ratio_to_best.value, chosen.name, _accepted(alone, chosen.name))
    if in_gflops:
        peak = best_gflops.value / share.value
        found.append(
            Baseline(
                name="measured FMA peak",
                value=peak,
                low=best_gflops.value / share.high,
                high=best_gflops.value / share.low,
                ratio_to_best=Interval(value=1 / share.value, low=1 / share.high, high=1 / share.low),
            )
        )
    nearest = _beside_its_yardstick(task, farm, *fastest[1:])
    note_fastest(nearest)
    result = Baselines(
        task=task.name,
        best=best.hash,
        best_gflops=best_gflops,
        peak_share=share if in_gflops else None,
        baselines=tuple(found),
        bands=tuple(by_band),
        fastest=nearest,
    )
    if out is not None:
        partial = out.with_suffix(".partial")
        partial.write_text(json.dumps(result.model_dump(), indent=1) + "\n")
        partial.replace(out)
    return result


def _beside_its_yardstick(task: Task, farm: Farm, name: str, found: Measurement) -> Fastest:
    """How far it is from what it was paired with, where that is furthest."""
    assert found.timing is not None
    launches = found.timing.launches
    far = max(launches, key=lambda launch: launch.log_ratio)
    same = [x.log_ratio for x in launches if (x.band, x.yardstick) == (far.band, far.yardstick)]
    return Fastest(
        task=task.name,
        task_hash=task.hash,
        fingerprint=farm.host.fingerprint,
        name=name,
        yardstick=far.yardstick,
        times=math.exp(statistics.median(same)),
    )


def _fastest(task: Task, choices: Iterable[Built], best: Built, farm: Farm, say: Say) -> Built | None:
    """The fastest of the choices by one short launch each, all paired with the best kernel in the training bands."""
    plan = MeasurePlan(purpose="training", launches=1, verify_shapes=1)
    fastest: tuple[float, Built] | None = None
    for choice in choices:
        say(f"trying {choice.name}")
        result = farm.measure(task, choice, plan, best).result()
        if result.outcome is not Outcome.ACCEPTED or result.speedup is None:
            say(f"{choice.name} is left out: {result.reason}")
            continue
        if fastest is None or result.speedup.median > fastest[0]:
            fastest = (result.speedup.median, choice)
    return fastest[1] if fastest else None


def _accepted(result: Measurement, name: str) -> Measurement:
    if result.outcome is not Outcome.ACCEPTED:
        raise Fault(
            FaultKind.YARDSTICK_BROKEN, f"{name} was not accepted when timed for the report: {result.reason}"
        )
    return result


def _band_figures(name: str, result: Measurement) -> list[BandFigure]:
    assert result.timing is not None
    figures = []
    for band in dict.fromkeys(x.band for x in result.timing.launches):
        launches = [x for x in result.timing.launches if x.band == band]
        ratio = log_ratio(launches, 0.95, chained=False)
        figures.append(
            BandFigure(
                band=band,
                baseline=name,
                ratio=Interval(
                    value=math.exp(-ratio.value), low=math.exp(-ratio.high), high=math.exp(-ratio.low)
                ),
            )
        )
    return figures

"""A task's part of an archive -> figures with their intervals."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from hayate.archive import Archive, SampleRow
from hayate.records import Interval, Outcome
from hayate.report import statistics
from hayate.report.best import best_kernel
from hayate.report.models import (
    BaselineReport,
    Change,
    CurvePoint,
    NicheReport,
    PhaseReport,
    Probe,
    Quarter,
    TaskReport,
)
from hayate.report.reasons import frequent
from hayate.report.rows import AFTER, BEFORE, RL, TaskRows, best_row, interval_of, quarters, speeds
from hayate.report.worked import worked_s

_MAX_GROUPS = 600  # whose permitted sets are looked up; more would take longer than a reader waits
_MAX_REASONS = 12


def gather(archive: Archive, work: TaskRows) -> TaskReport:
    """All about one task."""
    best = best_kernel(archive, work)
    metric = best.metric.name if best is not None and best.metric is not None else "GFLOPS"
    permitted = _permitted(archive, work.of_phase(RL))
    stored = work.baselines
    return TaskReport(
        task=work.name,
        title=work.task.title if work.task is not None else work.name,
        metric=metric,
        phases=tuple(_phase(work, name) for name in phase_names(work)),
        change=_change(work, permitted),
        probe=_probe(work),
        curve=_curve(work, permitted),
        niches=_niches(work),
        baselines={
            b.name: BaselineReport(
                value=b.value, low=b.low, high=b.high, ratio_to_best=b.ratio_to_best, detail=b.detail
            )
            for b in (stored.baselines if stored else ())
        },
        bands=stored.bands if stored else (),
        best=best,
        reasons=tuple(reason for reason, _ in frequent(work.rows, _MAX_REASONS)),
    )


def phase_names(work: TaskRows) -> list[str]:
    """Phases in the order in which they began."""
    return list(dict.fromkeys([p.name for p in work.phases] + [row.phase for row in work.rows]))


def _grouped(rows: Iterable[SampleRow]) -> list[list[float]]:
    """Speeds by group of samples: those of one group resemble each other."""
    groups: dict[tuple[str, int, int], list[SampleRow]] = defaultdict(list)
    for row in rows:
        groups[row.phase, row.step, row.group].append(row)
    return [found for group in groups.values() if (found := speeds(group))]


def _outcomes(rows: Iterable[SampleRow]) -> dict[str, int]:
    counts = Counter("fault" if row.outcome is None else row.outcome.value for row in rows)
    return {name: counts[name] for name in [*(o.value for o in Outcome), "fault"] if counts[name]}


def _phase(work: TaskRows, name: str) -> PhaseReport:
    rows = work.of_phase(name)
    judged = [row for row in rows if row.outcome is not None]
    accepted = [row for row in judged if row.accepted]
    best = best_row(rows)
    row = next((p for p in work.phases if p.name == name), None)
    end = None if row is None else row.ended or max((r.created for r in rows), default=None)
    wall_s = None if row is None or end is None else worked_s(work.worked, row.started, end)
    return PhaseReport(
        name=name,
        task=work.name,
        steps=len({r.step for r in rows}),
        samples=len(rows),
        verdicts=len(judged),
        faults=len(rows) - len(judged),
        reused=sum(bool(r.reused) for r in judged),
        distinct_objects=len({r.object_hash for r in accepted if r.object_hash}),
        correct_share=_share(rows),
        median=statistics.median(_grouped(rows)),
        best=None if best is None else interval_of(best),
        outcomes=_outcomes(rows),
        wall_s=wall_s,
        ended=row is not None and row.ended is not None,
    )


def _permitted(archive: Archive, rows: Sequence[SampleRow]) -> dict[int, list[tuple[str, ...]]]:
    """Step -> the sets that its groups were permitted. Of a long run, those of evenly spread groups."""
    first: dict[tuple[int, int], str] = {}
    for row in rows:
        first.setdefault((row.step, row.group), row.hash)
    stride = max(1, -(-len(first) // _MAX_GROUPS))
    found: dict[int, list[tuple[str, ...]]] = defaultdict(list)
    for (step, _), name in sorted(first.items())[::stride]:
        candidate = archive.candidate(name)
        if candidate is not None:
            found[step].append(tuple(t.value for t in candidate.permitted))
    return found


def _curve(work: TaskRows, permitted: dict[int, list[tuple[str, ...]]]) -> tuple[CurvePoint, ...]:
    rows = work.of_phase(RL)
    started = min((row.id for row in rows), default=0)
    so_far = max(speeds(row for row in work.rows if row.id < started and row.phase != RL), default=None)
    by_step: dict[int, list[SampleRow]] = defaultdict(list)
    for row in rows:
        by_step[row.step].append(row)
    points = []
    for step in work.rl_steps:
        here = by_step[step]
        judged = [row for row in here if row.outcome is not None]
        rewards = [row.reward for row in judged if row.reward is not None]
        fast = speeds(here)
        if fast:
            so_far = max(max(fast), so_far or 0.0)
        low, mid, high = _quartiles(fast)
        points.append(
            CurvePoint(
                step=step,
                verdicts=len(judged),
                faults=len(here) - len(judged),
                correct_share=sum(row.accepted for row in judged) / len(judged) if judged else None,
                reward=float(np.mean(rewards)) if rewards else None,
                reward_low=_quartiles(rewards)[0],
                reward_high=_quartiles(rewards)[2],
                median=mid,
                low=low,
                high=high,
                best=max(fast, default=None),
                best_so_far=so_far,
                outcomes=_outcomes(here),
                permitted=tuple(permitted.get(step, ())),
            )
        )
    return tuple(points)


def _quartiles(values: Sequence[float]) -> tuple[float | None, float | None, float | None]:
    if not values:
        return None, None, None
    low, mid, high = np.quantile(values, [0.25, 0.5, 0.75])
    return float(low), float(mid), float(high)


def _change(work: TaskRows, permitted: dict[int, list[tuple[str, ...]]]) -> Change | None:
    cut = quarters(work.rl_steps)
    if cut is None or RL in work.picked:
        return None
    rows = work.of_phase(RL)
    parts = [[row for row in rows if row.step in set(steps)] for steps in cut]
    first, last = (_quarter(s, part, permitted) for s, part in zip(cut, parts, strict=True))
    points = None
    if first.correct_share is not None and last.correct_share is not None:
        points = statistics.share_difference(first.correct_share, last.correct_share)
    ratio = statistics.median_ratio(_grouped(parts[0]), _grouped(parts[1]))
    return Change(first=first, last=last, ratio=ratio, share_points=points)


def _probe(work: TaskRows) -> Probe | None:
    parts = [work.of_phase(BEFORE), work.of_phase(AFTER)]
    shares = [_share(part) for part in parts]
    if not all(parts) or {BEFORE, AFTER} & work.picked:
        return None
    points = None
    if shares[0] is not None and shares[1] is not None:
        points = statistics.share_difference(shares[0], shares[1])
    ratio = statistics.median_ratio(_grouped(parts[0]), _grouped(parts[1]))
    return Probe(ratio=ratio, share_points=points)


def _share(rows: Iterable[SampleRow]) -> Interval | None:
    """Of accepted among the verdicts."""
    judged = [row for row in rows if row.outcome is not None]
    return statistics.wilson(sum(row.accepted for row in judged), len(judged))


def _quarter(steps: list[int], rows: list[SampleRow], permitted: dict[int, list[tuple[str, ...]]]) -> Quarter:
    judged = [row for row in rows if row.outcome is not None]
    sets = Counter("+".join(sorted(s)) or "plain" for step in steps for s in permitted.get(step, ()))
    return Quarter(
        first_step=steps[0],
        last_step=steps[-1],
        verdicts=len(judged),
        correct_share=_share(rows),
        median=statistics.median(_grouped(rows)),
        permitted=tuple(name for name, _ in sets.most_common()),
    )


def _niches(work: TaskRows) -> tuple[NicheReport, ...]:
    """The niches filled, fastest first."""
    by_niche: dict[str, list[SampleRow]] = defaultdict(list)
    for row in work.rows:
        if row.accepted and row.metric is not None:
            by_niche[row.niche or "plain"].append(row)
    found = []
    for niche, rows in by_niche.items():
        best = best_row(rows)
        assert best is not None
        found.append(
            NicheReport(
                niche=niche,
                techniques=() if niche == "plain" else tuple(niche.split("+")),
                accepted=len(rows),
                best=interval_of(best),
                speedup=best.speedup,
                found_in=rows[0].phase,
                found_at_step=rows[0].step,
            )
        )
    return tuple(sorted(found, key=lambda n: n.best.value, reverse=True))

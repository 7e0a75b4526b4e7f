"""The drawings of one task: each function gives an inline <svg>, or "" where there is nothing to draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from hayate.records import Outcome
from hayate.report.canvas import COLOURS, draw
from hayate.report.models import CurvePoint, TaskReport
from hayate.report.rows import AFTER, BEFORE, RL, TaskRows, quarters, speeds

_C = COLOURS
_ORDER = [o.value for o in (Outcome.ACCEPTED, Outcome.WRONG, Outcome.CRASHED, Outcome.TIMED_OUT)] + [
    o.value for o in (Outcome.BUILD_FAILED, Outcome.VIOLATION, Outcome.CHEATED)
]


_MAX_DOTS = 3000  # more make the page heavy and the cloud no clearer
_MAX_BARS = 60  # steps drawn as single bars; more as areas


def figures(report: TaskReport, work: TaskRows) -> dict[str, str]:
    """Name -> <svg>."""
    return {
        "speed": _speed(report, work),
        "reward": _reward(report),
        "outcomes": _outcomes(report),
        "before_after": _before_after(report, work),
        "stages": _stages(report),
    }


def _steps(axes: Axes, curve: Sequence[CurvePoint]) -> None:
    axes.set_xlabel("step of phase 3")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(curve[0].step - 0.5, curve[-1].step + 0.5)


def _or_nan(values: Sequence[float | None]) -> list[float]:
    return [float("nan") if v is None else v for v in values]


def _speed(report: TaskReport, work: TaskRows) -> str:
    curve = report.curve
    if not any(p.median is not None for p in curve):
        return ""

    def paint(axes: Axes) -> None:
        rows = [r for r in work.of_phase(RL) if r.accepted and r.metric is not None]
        rows = rows[:: -(-len(rows) // _MAX_DOTS)]
        jitter = np.random.default_rng(0).uniform(-0.3, 0.3, len(rows))
        x = np.array([r.step for r in rows]) + jitter
        axes.scatter(x, [r.metric or 0.0 for r in rows], s=8, color=_C["accent"], alpha=0.35, linewidths=0)
        steps = [p.step for p in curve]
        axes.plot(
            steps,
            _or_nan([p.best_so_far for p in curve]),
            color=_C["accent2"],
            drawstyle="steps-post",
            label="best so far",
        )
        axes.plot(
            steps, _or_nan([p.median for p in curve]), color=_C["accent"], label="median of the correct"
        )
        _steps(axes, curve)
        axes.set_ylabel(report.metric)
        tops = [b.value for b in report.baselines.values()] + [p.best or 0.0 for p in curve]
        axes.set_ylim(0, 1.14 * max(tops))
        _baseline_lines(axes, report)
        axes.legend(
            loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, borderaxespad=0.2, handlelength=1.6
        )

    last = next(p for p in reversed(curve) if p.best_so_far is not None)
    told = f"{report.metric} by step: the best so far ends at {last.best_so_far:.1f}"
    return draw(f"{report.task}-speed", told, paint, width=9.2, height=4.4)


def _baseline_lines(axes: Axes, report: TaskReport) -> None:
    """Horizontal lines, the fast ones named on the left, the slow ones on the right: data is elsewhere."""
    top = axes.get_ylim()[1]
    taken: dict[bool, float] = {
        True: -1.0,
        False: -1.0,
    }  # height of the last label on that side
    for name, b in sorted(report.baselines.items(), key=lambda item: item[1].value):
        axes.axhline(b.value, color=_C["muted"], linewidth=1, linestyle=(0, (4, 3)))
        left = b.value > 0.3 * top
        at = max(b.value / top + 0.008, taken[left] + 0.058)
        taken[left] = at
        axes.text(
            0.012 if left else 0.988,
            at,
            f"{name}: {b.value:.1f}",
            transform=axes.transAxes,
            fontsize=8.5,
            color=_C["muted"],
            ha="left" if left else "right",
            va="bottom",
        )


def _reward(report: TaskReport) -> str:
    curve = [p for p in report.curve if p.reward is not None]
    if not curve:
        return ""

    def paint(axes: Axes) -> None:
        steps = [p.step for p in curve]
        low, high = _or_nan([p.reward_low for p in curve]), _or_nan([p.reward_high for p in curve])
        axes.fill_between(steps, low, high, color=_C["accent"], alpha=0.2, linewidth=0, label="quartiles")
        marker = "o" if len(steps) < 3 else None
        axes.plot(steps, _or_nan([p.reward for p in curve]), color=_C["accent"], marker=marker, label="mean")
        axes.axhline(0, color=_C["muted"], linewidth=0.8)
        _steps(axes, curve)
        axes.set_ylabel("reward")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, borderaxespad=0.2)

    told = f"mean reward by step, from {curve[0].reward:.2f} to {curve[-1].reward:.2f}"
    return draw(f"{report.task}-reward", told, paint)


def _outcomes(report: TaskReport) -> str:
    curve = [p for p in report.curve if p.verdicts]
    if not curve:
        return ""
    present = [o for o in _ORDER if any(p.outcomes.get(o) for p in curve)]

    def paint(axes: Axes) -> None:
        steps = [p.step for p in curve]
        shares = [[p.outcomes.get(outcome, 0) / p.verdicts for p in curve] for outcome in present]
        bottom = np.zeros(len(curve))
        for outcome, share in zip(present, np.array(shares), strict=True):
            look: dict[str, Any] = {"color": _C[outcome], "linewidth": 0, "label": outcome.replace("_", " ")}
            if len(curve) <= _MAX_BARS:
                axes.bar(steps, share, 0.9, bottom=bottom, **look)
            else:
                axes.fill_between(steps, bottom, bottom + share, step="mid", **look)
            bottom += share
        _steps(axes, curve)
        axes.set_ylim(0, 1)
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.grid(False)
        axes.legend(
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=min(4, len(present)),
            borderaxespad=0.2,
            handlelength=1,
            columnspacing=1.2,
        )

    return draw(f"{report.task}-outcomes", "share of each outcome by step", paint)


def _before_after(report: TaskReport, work: TaskRows) -> str:
    pairs = [(f"{name} phase 3", speeds(work.of_phase(name))) for name in (BEFORE, AFTER)]
    cut = quarters(work.rl_steps)
    if not all(values for _, values in pairs) and cut is not None:
        names = ("first quarter of phase 3", "last quarter of phase 3")
        rows = work.of_phase(RL)
        pairs = [
            (name, speeds(r for r in rows if r.step in set(s))) for name, s in zip(names, cut, strict=True)
        ]
    (before, first), (after, last) = pairs
    if not first or not last:
        return ""

    def paint(axes: Axes) -> None:
        bins = np.linspace(0, 1.02 * max(first + last), 31)
        for values, colour, name in (
            (first, _C["accent3"], before),
            (last, _C["accent"], after),
        ):
            weights = np.full(len(values), 1 / len(values))
            axes.hist(
                values, bins.tolist(), weights=weights, color=colour, alpha=0.55, linewidth=0, label=name
            )
            axes.axvline(float(np.median(values)), color=colour, linewidth=1.8)
        axes.set_xlabel(f"{report.metric} of the correct samples (lines: medians)")
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, borderaxespad=0.2)

    told = (
        f"distribution of {report.metric}: median {np.median(first):.1f} before, {np.median(last):.1f} after"
    )
    return draw(f"{report.task}-before-after", told, paint)


def _stages(report: TaskReport) -> str:
    """Which techniques each step's groups were permitted: the share of groups as the cell's strength."""
    curve = [p for p in report.curve if p.permitted]
    names = sorted({t for p in curve for s in p.permitted for t in s})
    if not names:
        return ""

    def paint(axes: Axes) -> None:
        for i, name in enumerate(names):
            for first, last, share in _runs([(p.step, _share(name, p)) for p in curve]):
                if share:
                    span = [(first - 0.5, last - first + 1)]
                    axes.broken_barh(
                        span, (i - 0.4, 0.8), color=_C["accent"], alpha=0.15 + 0.7 * share, linewidth=0
                    )
        _steps(axes, curve)
        axes.set_yticks(range(len(names)), [n.replace("_", " ") for n in names])
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.grid(False)

    return draw(
        f"{report.task}-stages", "techniques permitted by step", paint, height=0.9 + 0.24 * len(names)
    )


def _share(technique: str, point: CurvePoint) -> float:
    return sum(technique in s for s in point.permitted) / len(point.permitted)


def _runs(points: Sequence[tuple[int, float]]) -> list[tuple[int, int, float]]:
    """Neighbouring steps of the same value as (first, last, value)."""
    found: list[tuple[int, int, float]] = []
    for step, value in points:
        if found and found[-1][2] == value and found[-1][1] == step - 1:
            found[-1] = (found[-1][0], step, value)
        else:
            found.append((step, step, value))
    return found

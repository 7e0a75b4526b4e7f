"""RunReport -> one HTML page that needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from hayate.records import Interval
from hayate.report.models import BaselineReport, RunReport, TaskReport
from hayate.report.words import duration, figure, percent, plural, span, times


@cache
def _templates() -> Environment:
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,  # sources and reasons are untrusted text
    )
    found.filters |= {
        "duration": duration,
        "figure": figure,
        "percent": percent,
        "span": span,
        "plural": plural,
        "times": times,
    }
    return found


def page(report: RunReport, drawings: Sequence[Mapping[str, str]]) -> str:
    """The page. `drawings[i]` are the inline SVGs of `report.tasks[i]`, by name."""
    style = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")
    tasks = [
        {
            "report": task,
            "drawings": {name: Markup(svg) for name, svg in drawn.items() if svg},
            "cards": cards(task),
            "diff": _diff_lines(task.best.diff if task.best else ""),
            "techniques": sorted({t for n in task.niches for t in n.techniques}),
            "top": max((n.best.value for n in task.niches), default=0.0),
        }
        for task, drawn in zip(report.tasks, drawings, strict=True)
    ]
    settings = json.dumps(report.settings, indent=2, sort_keys=True, default=str)
    return (
        _templates()
        .get_template("report.html.j2")
        .render(
            r=report,
            tasks=tasks,
            style=Markup(style),
            settings=settings,
        )
    )


def cards(task: TaskReport) -> list[tuple[str, str, str]]:
    """The headline figures: title, figure, what is uncertain about it."""
    found: list[tuple[str, str, str]] = []
    best = task.best
    if best is not None:
        speed = best.final or best.metric
        if speed is not None:
            found.append(("best kernel", f"{figure(speed.value)} {task.metric}", span(speed)))
    slow = task.baselines.get("reference")
    if slow is not None and slow.ratio_to_best is not None:
        ratio = _inverse(slow.ratio_to_best)
        found.append(("against the reference", times(ratio.value), span(ratio)))
    elif best is not None and best.speedup is not None:
        s = best.speedup
        found.append(("against the reference", times(s.median), span(s)))
    rival = _rival(task)
    if rival is not None:
        name, ratio = rival
        found.append((f"against {name}", times(ratio.value), span(ratio)))
    if best is not None and best.peak_share is not None:
        share = best.peak_share
        found.append(("of the measured peak", percent(share.value), span(share, share=True)))
    change, probe = task.change, task.probe
    for compared, name in (
        (probe, "after / before phase 3, everything permitted"),
        (change, "last / first quarter of phase 3"),
    ):
        if compared is not None and compared.ratio is not None:
            found.append((f"median, {name}", times(compared.ratio.value), span(compared.ratio)))
    for compared, name in (
        (probe, "after less before phase 3"),
        (change, "last less first quarter"),
    ):
        if compared is not None and compared.share_points is not None:
            points = compared.share_points
            text = f"{points.low:+.0f} to {points.high:+.0f}"
            found.append((f"share correct, {name}", f"{points.value:+.0f} points", text))
    return found


def _rival(task: TaskReport) -> tuple[str, Interval] | None:
    """The best kernel over the fastest baseline that is neither the reference nor the machine's peak."""

    def is_code(name: str) -> bool:
        return not name.startswith("reference") and "peak" not in name.lower()

    able: list[tuple[str, BaselineReport]] = [
        (n, b) for n, b in task.baselines.items() if is_code(n) and b.ratio_to_best
    ]
    if not able:
        return None
    name, chosen = max(able, key=lambda item: item[1].value)
    assert chosen.ratio_to_best is not None
    return name, _inverse(chosen.ratio_to_best)


def _inverse(ratio: Interval) -> Interval:
    """Best kernel over baseline from baseline over best kernel."""
    low, high = 1 / ratio.high, 1 / ratio.low
    return Interval(value=1 / ratio.value, low=low, high=high, confidence=ratio.confidence)


def _diff_lines(diff: str) -> list[tuple[str, str]]:
    """Class and text of each line."""
    classes = {"+": "added", "-": "removed", "@": "place"}
    found = []
    for line in diff.split("\n") if diff else []:
        head = line.startswith(("+++ ", "--- "))
        found.append(("file" if head else classes.get(line[:1], "same"), line))
    return found

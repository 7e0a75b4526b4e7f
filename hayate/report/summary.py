"""The end of a run on a terminal: phases, baselines, what came of it."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hayate.portability import Portability, TaskPortability
from hayate.records import Interval
from hayate.report.models import RunReport, SurrogateReport, TaskReport
from hayate.report.page import cards
from hayate.report.words import NOTHING, duration, figure, percent, plural, span, times


def summary(report: RunReport) -> RenderableType:
    """A table of phases, one of baselines and the headline figures of each task, then the notes."""
    parts: list[RenderableType] = []
    for task in report.tasks:
        parts.append(_phases(task))
        if task.baselines:
            parts.append(_baselines(task))
        found = cards(task)
        if found:
            parts.append(_headlines(found))
    if report.portability is not None:
        parts += [_portable(report.portability, task) for task in report.portability.tasks]
    said = [plural(report.verdicts, "verdict"), duration(report.wall_s)]
    if report.reused:
        said.append(f"{report.reused:,} of known object code")
    if report.faults:
        said.append(plural(sum(report.faults.values()), "fault"))
    parts.append(Text(", ".join(said) + ". Intervals are at 95%.", style="dim"))
    parts += [Text(_guesses(one), style="dim") for one in report.surrogate]
    parts += [Text(f"Note: {note}", style="yellow") for note in report.notes]
    return Group(*parts)


def _guesses(one: SurrogateReport) -> str:
    told = [f"{one.task}: {one.guesses:,} guessed and not measured"]
    for name, found in (("held-out", one.held_out), ("audit", one.audit)):
        if found is not None:
            told.append(f"{name} rank correlation {figure(found.value)} ({span(found)})")
    return ", ".join(told) + "."


def _with_span(interval: Interval | None, *, share: bool = False) -> Text:
    if interval is None:
        return Text(NOTHING, style="dim")
    shown = percent(interval.value) if share else figure(interval.value)
    return Text.assemble(shown, (f"  {span(interval, share=share)}", "dim"))


def _phases(task: TaskReport) -> Table:
    table = Table(title=task.task, box=box.SIMPLE_HEAD, title_style="bold", title_justify="left")
    table.add_column("phase")
    for name in ("verdicts", "correct", f"median {task.metric}", f"best {task.metric}", "time"):
        table.add_column(name, justify="right")
    for phase in task.phases:
        table.add_row(
            phase.name,
            f"{phase.verdicts:,}",
            _with_span(phase.correct_share, share=True),
            _with_span(phase.median),
            _with_span(phase.best),
            duration(phase.wall_s),
        )
    return table


def _baselines(task: TaskReport) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("baseline")
    table.add_column(task.metric, justify="right")
    table.add_column("best kernel is", justify="right")
    for name, b in task.baselines.items():
        ratio = b.ratio_to_best
        said = NOTHING
        if ratio is not None:
            said = f"{times(1 / ratio.value)}  {figure(1 / ratio.high)} to {figure(1 / ratio.low)}"
        table.add_row(name, f"{figure(b.value)}  {span(b)}", said)
    return table


def _portable(whole: Portability, task: TaskPortability) -> Table:
    table = Table(
        title=f"{task.task} across classes of hosts",
        box=box.SIMPLE_HEAD,
        title_style="bold",
        title_justify="left",
    )
    table.add_column("kernel")
    for one in (*(c.name or "this run's" for c in whole.classes), "portability"):
        table.add_column(one, justify="right")
    for kernel in task.kernels:
        cells: list[Text | str] = []
        for c in whole.classes:
            at = kernel.figures[c.name]
            if at.speedup is not None:
                cells.append(Text.assemble(times(at.speedup.value), (f"  {span(at.speedup)}", "dim")))
            else:
                cells.append("fault" if at.outcome is None else at.outcome.value)
        table.add_row(f"{kernel.candidate[:8]} {kernel.niche}", *cells, percent(kernel.portability))
    return table


def _headlines(found: list[tuple[str, str, str]]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 1))
    table.add_column()
    table.add_column(style="bold", justify="right")
    table.add_column(style="dim")
    for title, value, uncertain in found:
        table.add_row(title, value, uncertain)
    return table

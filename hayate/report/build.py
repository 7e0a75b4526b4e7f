"""A run's folder -> report.html and report.json. Also of a run that still goes on or was killed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hayate.archive import Archive, RunRow, SampleRow
from hayate.errors import WrongUse
from hayate.farm.replay import REPLAYED
from hayate.portability import Portability
from hayate.records import HostProfile, Task, Verdict, decode
from hayate.report.baselines import read_baselines
from hayate.report.figures import figures
from hayate.report.gather import gather
from hayate.report.guesses import surrogates
from hayate.report.models import RunReport, SurrogateReport, TaskReport
from hayate.report.page import page
from hayate.report.rows import TaskRows, iso
from hayate.report.words import plural
from hayate.report.worked import read_worked, worked_s
from hayate.tasks import find

ARCHIVE = "archive.db"


def build(run_dir: Path, *, run: str | None = None, tasks: Mapping[str, Task] | None = None) -> RunReport:
    """Write report.html and report.json into `run_dir` from its archive, and return what the latter holds.

    `run` None: the newest run in the archive. `tasks` None: found by the names in the run's settings.
    Raises `WrongUse` if there is no archive or no such run.
    """
    path = run_dir / ARCHIVE
    if not path.is_file():
        raise WrongUse(f"no {ARCHIVE} here", where=str(run_dir), allowed="a folder that hayate train wrote")
    with Archive(path) as archive:
        row = _run(archive, run, path)
        report, work = _report(archive, row, run_dir, tasks)
    without = {name for name in ("surrogate", "portability") if not getattr(report, name)}
    _write(run_dir / "report.json", report.model_dump_json(indent=1, exclude=without) + "\n")
    drawings = [figures(task, rows) for task, rows in zip(report.tasks, work, strict=True)]
    _write(run_dir / "report.html", page(report, drawings))
    return report


def _run(archive: Archive, wanted: str | None, path: Path) -> RunRow:
    runs = archive.runs()
    names = [row.id for row in runs]
    if not runs:
        raise WrongUse("the archive holds no run", where=str(path))
    if wanted is not None and wanted not in names:
        raise WrongUse(f"no run {wanted!r} in the archive", where=str(path), allowed=", ".join(names))
    return runs[-1] if wanted is None else next(row for row in runs if row.id == wanted)


def _report(
    archive: Archive, row: RunRow, run_dir: Path, given: Mapping[str, Task] | None
) -> tuple[RunReport, list[TaskRows]]:
    recorded = archive.samples(row.id, include_abandoned=True)
    everything = [s for s in recorded if not s.guess]  # a guess is no verdict to report
    kept = [s for s in everything if not s.abandoned]
    own = [s for s in everything if s.kind == "policy"]
    phases = archive.phases(row.id)
    baselines, notes = read_baselines(run_dir)
    configured = _configured(row.config)
    known = dict(given) if given is not None else _found(configured)
    last_made = max((s.created for s in recorded), default=None)
    worked = read_worked(run_dir, last_made)
    names = list(dict.fromkeys([*known, *(s.task for s in own)])) or configured
    work = [
        TaskRows(
            name=name,
            task=known.get(name),
            rows=[s for s in own if s.task == name and not s.abandoned],
            abandoned=[s for s in own if s.task == name and s.abandoned],
            phases=phases,
            worked=worked,
            baselines=baselines.get(name),
            picked=frozenset(s.phase for s in recorded if s.guess and s.task == name),
        )
        for name in names
    ]
    reports = [gather(archive, one) for one in work]
    last = _last_verdict(archive, everything)
    end = row.ended or last_made
    guessed = surrogates(archive, row.id)
    portable, complaints = _portability(run_dir)
    faults = Counter(s.fault or "unknown" for s in kept if s.outcome is None)
    first = reports[0] if reports else None
    report = RunReport(
        run=row.id,
        created=iso(row.created),
        reported=datetime.now(UTC).isoformat(timespec="seconds"),
        finished=row.ended is not None,
        wall_s=None if end is None else worked_s(worked, min([row.created, *(a for a, _ in worked)]), end),
        judge_s=sum(s.wall_s or 0.0 for s in everything),
        policy=next((s.policy for s in reversed(own) if s.policy), ""),
        samples=len(kept),
        verdicts=sum(s.outcome is not None for s in kept),
        reused=sum(bool(s.reused) for s in kept),
        abandoned=len(everything) - len(kept),
        faults=dict(faults),
        task=first.task if first else "",
        metric=first.metric if first else "",
        phases=tuple(p for r in reports for p in r.phases),
        change=first.change if first else None,
        probe=first.probe if first else None,
        baselines=first.baselines if first else {},
        best=first.best if first else None,
        curve=first.curve if first else (),
        niches=first.niches if first else (),
        tasks=tuple(reports),
        host=_host(last),
        sandbox=last.sandbox if last else "",
        judge_version=last.judge_version if last else "",
        settings=row.config,
        notes=(*notes, *complaints, *_notes(row, reports, work, kept, last), *_guess_notes(guessed)),
        surrogate=guessed,
        portability=portable,
    )
    return report, work


def _notes(
    row: RunRow,
    reports: list[TaskReport],
    work: list[TaskRows],
    kept: list[SampleRow],
    last: Verdict | None,
) -> list[str]:
    """What a reader must know before quoting a figure."""
    notes = []
    if row.ended is None:
        notes.append("The run was interrupted or still goes on: these are the figures so far.")
    if not any(s.accepted for s in kept):
        notes.append("No sample was accepted yet, so there is no speed to tell.")
    for report, rows in zip(reports, work, strict=True):
        change, stored = report.change, rows.baselines
        if change is not None and change.first.permitted != change.last.permitted:
            notes.append(
                f"{report.task}: the first and the last quarter of phase 3 were permitted different "
                "techniques, so their difference is not the policy's progress alone"
                + ('; phases "before" and "after" were asked the same.' if report.probe else ".")
            )
        if stored is not None and report.best is not None and stored.best != report.best.candidate:
            notes.append(
                f"{report.task}: the baselines were timed against an earlier best kernel, "
                f"{stored.best[:12]}; their ratios to the best are that one's."
            )
        if stored is not None and stored.fastest is not None and stored.fastest.far:
            notes.append(
                f"{report.task}: {stored.fastest}. Its distance to the reference is known less well than others'; "
                "a faster yardstick would mend that."
            )
        if stored is None and row.ended is not None and report.best is not None:
            notes.append(f"{report.task}: no baselines were timed in this run.")
        judged_as = last.task_hash if last is not None and last.task == report.task else None
        if judged_as is not None and rows.task is not None and judged_as != rows.task.hash:
            notes.append(f"{report.task}: the task has changed since; the reference shown is today's.")
    if last is not None and REPLAYED in last.host.warnings:
        notes.append("The verdicts were replayed from an archive: nothing was measured in this run.")
    paid = row.config.get("reward", {}).get("over_classes", "first")
    if paid != "first":
        notes.append(
            f"Rewards are the {paid} over all classes of hosts, as the trainer was paid; speeds are the own class's."
        )
    if any(s.outcome is None for s in kept):
        notes.append("Samples lost to faults of the machine count neither as right nor as wrong.")
    return notes


def _portability(run_dir: Path) -> tuple[Portability | None, list[str]]:
    """What training measured on several classes of hosts at its end; and why it can't be read."""
    path = run_dir / "portability.json"
    try:
        return decode(Portability, path.read_text(encoding="utf-8")), []
    except FileNotFoundError:
        return None, []
    except (OSError, ValueError) as error:
        return None, [f"{path.name} could not be read: {str(error).splitlines()[0]}"]


def _guess_notes(guessed: Sequence[SurrogateReport]) -> list[str]:
    return [
        f"{one.task}: {plural(one.guesses, 'sample')} got a surrogate's guess and no measurement; they are in no "
        "figure here but their own. What was measured beside them was picked, so that its medians and shares are not "
        "the policy's."
        for one in guessed
        if one.guesses
    ]


def _configured(config: Mapping[str, Any]) -> list[str]:
    table = config.get("run")
    names = table.get("tasks", ()) if isinstance(table, Mapping) else ()
    return [str(name) for name in names]


def _found(names: list[str]) -> dict[str, Task]:
    """The tasks by their own names; those that are gone are left out."""
    found = {}
    for name in names:
        try:
            task = find(name)
        except WrongUse:
            continue
        found[task.name] = task
    return found


def _last_verdict(archive: Archive, rows: list[SampleRow]) -> Verdict | None:
    number = next((s.verdict for s in reversed(rows) if s.verdict is not None), None)
    return None if number is None else archive.verdict(number)


def _host(last: Verdict | None) -> HostProfile | None:
    return None if last is None else last.host


def _write(path: Path, text: str) -> None:
    """Whole or not at all: a reader never sees half a report."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)

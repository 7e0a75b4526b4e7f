"""What a surrogate guessed in a run, and what measuring some of it anyway says of the guesses."""

from __future__ import annotations

from collections.abc import Sequence

from hayate.archive import Archive, GuessedRow
from hayate.records import Interval, Outcome
from hayate.report import statistics
from hayate.report.models import SurrogateReport
from hayate.surrogate import held_out_of, rank_correlation
from hayate.surrogate.guess import AUDIT, OBJECTS, PASSES, SPEEDUP

RECENT = 50  # audits


def surrogates(archive: Archive, run: str) -> tuple[SurrogateReport, ...]:
    """One for each task that anything was guessed of."""
    rows = archive.guessed(run)
    return tuple(
        _surrogate(task, [row for row in rows if row.task == task])
        for task in dict.fromkeys(row.task for row in rows)
    )


def _surrogate(task: str, rows: Sequence[GuessedRow]) -> SurrogateReport:
    measured = [row for row in rows if not row.guess]
    audits = [row for row in measured if row.numbers.get(AUDIT) == 1]
    right = [row for row in audits if row.outcome is Outcome.ACCEPTED]
    told = next((row.numbers for row in reversed(rows) if OBJECTS in row.numbers), {})
    ratios = [row.speedup / row.numbers[SPEEDUP] for row in right if row.speedup]
    return SurrogateReport(
        task=task,
        guesses=len(rows) - len(measured),
        measured=len(measured),
        audits=len(audits),
        trained_on=round(told.get(OBJECTS, 0)),
        held_out=held_out_of(told),
        audit=_correlation(right),
        audit_recent=_correlation(right[-RECENT:]),
        bias=statistics.median([[ratio] for ratio in ratios]),
        audit_correct_share=statistics.wilson(len(right), len(audits)),
        guessed_correct_share=sum(row.numbers[PASSES] for row in audits) / len(audits) if audits else None,
    )


def _correlation(rows: Sequence[GuessedRow]) -> Interval | None:
    pairs = [(row.numbers[SPEEDUP], row.speedup) for row in rows if row.speedup]
    return rank_correlation([guessed for guessed, _ in pairs], [found for _, found in pairs])

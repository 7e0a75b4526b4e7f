"""What was recorded, for those who learn from it or answer from it: replay, the surrogate, its report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from hayate.archive.measurements import MeasurementKey, Measurements
from hayate.archive.schema import candidates, is_guess, measurements, samples, verdicts
from hayate.judge.results import Measurement
from hayate.records import GUESSED, Language, Origin, Outcome, Technique, decode

_WITH_A_GUESS = sa.cast(verdicts.c.numbers, sa.Text).contains('"guessed_speedup"', autoescape=True)


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """One verdict that was measured or refused, by what identifies it."""

    id: int
    candidate: str  # hash
    task: str
    task_hash: str
    judge_version: str
    measurement: int | None  # id; None: refused before it was run


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """A verdict that was measured or refused, with its candidate."""

    candidate: str  # hash
    source: str
    permitted: tuple[Technique, ...]
    language: Language
    parameters: dict[str, int | str]  # of a template
    techniques: tuple[Technique, ...]
    object_hash: str  # "" if it was refused before there was an object
    measurement: int | None  # id; None: refused before it was run
    outcome: Outcome
    numbers: dict[str, float]
    speedup: float | None  # median
    metric: str | None  # its name
    metric_value: float | None


@dataclass(frozen=True, slots=True)
class GuessedRow:
    """A sample whose verdict is a guess, or was guessed before it was measured."""

    sample: int  # id
    task: str
    guess: bool  # nothing was measured
    outcome: Outcome
    speedup: float | None  # median
    numbers: dict[str, float]


class Recorded(Measurements):
    def host_classes(self) -> list[tuple[str, int]]:
        """Classes of host and how many verdicts were measured there, most first."""
        count = sa.func.count()
        query = (
            sa.select(verdicts.c.host_class, count)
            .where(~is_guess)
            .group_by(verdicts.c.host_class)
            .order_by(count.desc(), verdicts.c.host_class)
        )
        with self._read() as connection:
            return [(str(name), int(number)) for name, number in connection.execute(query)]

    def verdict_rows(self, host_class: str) -> list[VerdictRow]:
        """Of every verdict on this class of host, oldest first; guesses are left out."""
        own = [verdicts.c[name] for name in VerdictRow.__slots__]
        query = sa.select(*own).where(verdicts.c.host_class == host_class, ~is_guess)
        with self._read() as connection:
            return [VerdictRow(*row) for row in connection.execute(query.order_by(verdicts.c.id))]

    def measurement_keys(self, host_class: str) -> list[tuple[int, MeasurementKey]]:
        """Of every measurement on this class of host, oldest first, with its id."""
        m = measurements.c
        own = [m[name] for name in MeasurementKey.__slots__]
        query = sa.select(m.id, *own).where(m.host_class == host_class).order_by(m.id)
        with self._read() as connection:
            return [(row[0], MeasurementKey(*row[1:])) for row in connection.execute(query)]

    def measurement(self, number: int) -> Measurement | None:
        with self._read() as connection:
            query = sa.select(measurements.c.record).where(measurements.c.id == number)
            text = connection.execute(query).scalar()
        return None if text is None else decode(Measurement, text)

    def count_measurements(self, task_hash: str, judge_version: str, host_class: str) -> int:
        """Of training's kind: confirmations repeat what is known."""
        query = sa.select(sa.func.count()).select_from(measurements)
        with self._read() as connection:
            return int(connection.scalar(query.where(*_training(task_hash, judge_version, host_class))) or 0)

    def judged(
        self, task_hash: str, judge_version: str, host_class: str, *, first: int | None = None
    ) -> list[JudgedRow]:
        """Every verdict measured or refused, oldest first; guesses are left out.

        `first`: only those up to the first so many measurements of training's kind, whatever came later.
        """
        v, c, m = verdicts.c, candidates.c, measurements.c
        here = [v.task_hash == task_hash, v.judge_version == judge_version, v.host_class == host_class]
        query = (
            sa.select(
                v.candidate,
                c.source,
                c.permitted,
                c.language,
                c.origin,
                v.techniques,
                v.object_hash,
                v.measurement,
                v.outcome,
                v.numbers,
                v.speedup,
                v.metric,
                v.metric_value,
            )
            .select_from(verdicts.join(candidates, v.candidate == c.hash))
            .where(*here)
            .order_by(v.id)
        )
        with self._read() as connection:
            if first is not None:
                of = _training(task_hash, judge_version, host_class)
                ids = sa.select(m.id).where(*of).order_by(m.id).offset(max(0, first - 1)).limit(1)
                last = connection.scalar(ids)
                if first <= 0 or last is None:
                    return []
                end = connection.scalar(sa.select(sa.func.min(v.id)).where(*here, v.measurement >= last))
                query = query.where(v.id <= (end or 0))
            return [_judged_row(row) for row in connection.execute(query).mappings()]

    def guessed(self, run: str) -> list[GuessedRow]:
        """A run's samples whose verdicts are guesses, or were guessed before they were measured, in order."""
        s, v = samples.c, verdicts.c
        query = (
            sa.select(s.id, s.task, v.judge_version, v.outcome, v.speedup, v.numbers)
            .select_from(samples.join(verdicts, s.verdict == v.id))
            .where(s.run == run, ~s.abandoned, sa.or_(is_guess, _WITH_A_GUESS))
            .order_by(s.id)
        )
        with self._read() as connection:
            return [
                GuessedRow(
                    sample=row.id,
                    task=row.task,
                    guess=row.judge_version.startswith(GUESSED),
                    outcome=Outcome(row.outcome),
                    speedup=row.speedup,
                    numbers=row.numbers,
                )
                for row in connection.execute(query)
            ]


def _training(task_hash: str, judge_version: str, host_class: str) -> list[sa.ColumnElement[bool]]:
    m = measurements.c
    return [
        m.task_hash == task_hash,
        m.judge_version == judge_version,
        m.host_class == host_class,
        m.purpose == "training",
    ]


def _judged_row(row: sa.RowMapping) -> JudgedRow:
    values: dict[str, Any] = dict(row)
    values["permitted"] = tuple(Technique(name) for name in values["permitted"])
    values["techniques"] = tuple(Technique(name) for name in values["techniques"])
    values["parameters"] = decode(Origin, values.pop("origin")).parameters
    values["outcome"] = Outcome(values["outcome"])
    return JudgedRow(**values)

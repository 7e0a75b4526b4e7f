"""Runs, their phases and steps."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from hayate.archive.database import Database
from hayate.archive.rows import PhaseRow, RunRow, StepRow
from hayate.archive.schema import is_guess, phases, runs, samples, steps, verdicts


class Runs(Database):
    def start_run(self, run: str, config: Mapping[str, Any] | None = None, host: str = "") -> None:
        """Begin a run, or go on with it: a run that is there keeps its start and config."""
        row = {"id": run, "created": time.time(), "host": host, "config": dict(config or {})}
        with self._write() as connection:
            if not self._insert_new(connection, runs, row):
                connection.execute(sa.update(runs).where(runs.c.id == run).values(ended=None))

    def end_run(self, run: str) -> None:
        with self._write() as connection:
            connection.execute(sa.update(runs).where(runs.c.id == run).values(ended=time.time()))

    def runs(self) -> list[RunRow]:
        """Oldest first."""
        with self._read() as connection:
            found = connection.execute(sa.select(runs).order_by(runs.c.created)).mappings()
            return [RunRow(**row) for row in found]

    def run(self, run: str) -> RunRow | None:
        return next((row for row in self.runs() if row.id == run), None)

    def start_phase(self, run: str, name: str) -> None:
        """Begin a phase, or go on with it."""
        with self._write() as connection:
            self._insert_new(connection, runs, {"id": run, "created": time.time(), "host": "", "config": {}})
            if not self._insert_new(connection, phases, {"run": run, "name": name, "started": time.time()}):
                here = (phases.c.run == run) & (phases.c.name == name)
                connection.execute(sa.update(phases).where(here).values(ended=None, counts=None))

    def end_phase(self, run: str, name: str) -> None:
        """The counts are those of the samples that are not abandoned."""
        counts = self.counts(run, name)
        here = (phases.c.run == run) & (phases.c.name == name)
        with self._write() as connection:
            connection.execute(sa.update(phases).where(here).values(ended=time.time(), counts=counts))

    def phases(self, run: str) -> list[PhaseRow]:
        """In the order in which they began."""
        with self._read() as connection:
            found = connection.execute(
                sa.select(phases).where(phases.c.run == run).order_by(phases.c.started)
            )
            return [PhaseRow(**row) for row in found.mappings()]

    def record_step(self, run: str, phase: str, step: int, metrics: Mapping[str, Any]) -> None:
        """Metrics of one training step. A step that runs again gets a row of its own."""
        row = {"run": run, "phase": phase, "step": step, "metrics": dict(metrics)}
        with self._write() as connection:
            self._insert_new(connection, runs, {"id": run, "created": time.time(), "host": "", "config": {}})
            connection.execute(sa.insert(steps).values(created=time.time(), abandoned=False, **row))

    def steps(self, run: str, phase: str | None = None, *, include_abandoned: bool = False) -> list[StepRow]:
        """In the order in which they were recorded."""
        where = [steps.c.run == run]
        if phase is not None:
            where.append(steps.c.phase == phase)
        if not include_abandoned:
            where.append(~steps.c.abandoned)
        wanted = [column for column in steps.c if column.name != "id"]
        with self._read() as connection:
            found = connection.execute(sa.select(*wanted).where(*where).order_by(steps.c.id))
            return [StepRow(**row) for row in found.mappings()]

    def mark_abandoned(self, run: str, phase: str, from_step: int) -> int:
        """Mark steps and samples from `from_step` on: they will run again. Returns how many samples."""
        with self._write() as connection:
            for table in (steps, samples):
                here = (table.c.run == run) & (table.c.phase == phase) & (table.c.step >= from_step)
                done = connection.execute(
                    sa.update(table).where(here, ~table.c.abandoned).values(abandoned=True)
                )
            return done.rowcount

    def counts(self, run: str | None = None, phase: str | None = None) -> dict[str, int]:
        """Outcome -> samples that are not abandoned; "fault": without a verdict, "guess": with a guessed one."""
        where: Sequence[sa.ColumnElement[bool]] = [~samples.c.abandoned]
        if run is not None:
            where = [*where, samples.c.run == run]
        if phase is not None:
            where = [*where, samples.c.phase == phase]
        outcome = sa.case((is_guess, "guess"), else_=sa.func.coalesce(verdicts.c.outcome, "fault"))
        query = (
            sa.select(outcome, sa.func.count())
            .select_from(samples.outerjoin(verdicts, samples.c.verdict == verdicts.c.id))
            .where(*where)
            .group_by(outcome)
        )
        with self._read() as connection:
            return {str(name): int(number) for name, number in connection.execute(query)}

"""The best of each niche, and how it came there."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa

from hayate.archive.database import Database
from hayate.archive.rows import Elite
from hayate.archive.schema import elite_history, elites, figures, verdicts
from hayate.records import Verdict


class Elites(Database):
    def put_elite(
        self, verdict: Verdict, verdict_id: int, *, confirmed: bool, quality: float | None = None
    ) -> None:
        """Make an accepted verdict the elite of its niche, whatever stood there: `evaluate` decides.

        `quality` None: the low end of the verdict's interval.
        """
        if verdict.speedup is None:
            raise ValueError("only an accepted verdict with a speed-up can be an elite")
        key = {"task": verdict.task, "niche": verdict.niche, "host_class": verdict.host.host_class}
        values = {
            "task_hash": verdict.task_hash,
            "judge_version": verdict.judge_version,
            "candidate": verdict.candidate,
            "verdict": verdict_id,
            "quality": verdict.speedup.low if quality is None else quality,
            "confirmed": confirmed,
            "created": time.time(),
        }
        with self._write() as connection:
            if not self._insert_new(connection, elites, {**key, **values}):
                here = sa.and_(*(elites.c[name] == value for name, value in key.items()))
                connection.execute(sa.update(elites).where(here).values(**values))
            connection.execute(sa.insert(elite_history).values(**key, **values))

    def drop_elite(self, elite: Elite) -> None:
        """Empty the elite's niche, unless another candidate has taken it meanwhile. Its history stays."""
        with self._write() as connection:
            connection.execute(
                sa.delete(elites).where(
                    elites.c.task == elite.task,
                    elites.c.niche == elite.niche,
                    elites.c.host_class == elite.host_class,
                    elites.c.candidate == elite.candidate,
                )
            )

    def elites(
        self, task: str, *, host_class: str | None = None, task_hash: str | None = None
    ) -> list[Elite]:
        """Of every niche filled, best first. With `task_hash` only those of this version of the task."""
        wanted = {"task": task, "host_class": host_class, "task_hash": task_hash}
        return self._elites(elites, {name: value for name, value in wanted.items() if value is not None})

    def best(self, task: str, *, host_class: str | None = None, task_hash: str | None = None) -> Elite | None:
        """The elite of highest quality."""
        return next(iter(self.elites(task, host_class=host_class, task_hash=task_hash)), None)

    def elite_history(self, task: str, *, niche: str | None = None) -> list[Elite]:
        """Every elite that ever was, in order."""
        wanted = {"task": task} if niche is None else {"task": task, "niche": niche}
        return self._elites(elite_history, wanted)

    def _elites(self, table: sa.Table, wanted: Mapping[str, str]) -> list[Elite]:
        with self._read() as connection:
            found = connection.execute(_query(table, tuple(wanted)), wanted).mappings()
            return [Elite(**row) for row in found]


@cache
def _query(table: sa.Table, names: tuple[str, ...]) -> sa.Select[Any]:
    """Rows where the columns of these names have the values given: elites best first, their history in order."""
    return (
        sa.select(
            *(column for column in table.c if column.name != "id"),
            *figures,
        )
        .select_from(table.join(verdicts, table.c.verdict == verdicts.c.id))
        .where(*(table.c[name] == sa.bindparam(name) for name in names))
        .order_by(elite_history.c.id if table is elite_history else table.c.quality.desc())
    )

"""The queue of `hayate serve`: jobs that survive the death of the process that runs them.

A job is taken under a lease. When the lease runs out, or its holder is known to be dead, the job is queued
again; whoever finishes it first has made its result, and a later one is dropped. A content hash is the key,
so that whoever asks for the same again gets the same job.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from hayate.archive.database import Database
from hayate.archive.schema import jobs
from hayate.errors import Fault, FaultKind

_TRIES = 3  # starts of a job whose process died each time; after that the job is taken for the cause
_CHUNK = 500  # keys in one statement


@dataclass(frozen=True, slots=True)
class NewJob:
    """What is asked for."""

    key: str
    kind: str
    request: str  # JSON
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """One row, without the object code."""

    key: str
    kind: str
    request: str
    state: str  # "queued", "running", "done", "fault"
    result: str | None
    fault: str | None
    fault_message: str | None
    fault_remedy: str | None
    token: str
    shared: bool
    priority: int
    tries: int
    created: float
    started: float | None
    ended: float | None
    worker: str | None

    @property
    def over(self) -> bool:
        return self.state in ("done", "fault")


class QueueFull(Exception):
    """Nothing of the batch was queued: it has `over` jobs more than its token may have waiting."""

    def __init__(self, queued: int, over: int) -> None:
        super().__init__(queued, over)
        self.queued, self.over = queued, over


_COLUMNS = [jobs.c[name] for name in Job.__slots__]
_OVER = jobs.c.state.in_(("done", "fault"))
_FRESH: Mapping[str, Any] = {
    "result": None, "code": None, "fault": None, "fault_message": None, "fault_remedy": None,
    "started": None, "ended": None, "worker": None, "lease": None,
}  # fmt: skip


class Jobs(Database):
    def submit_jobs(
        self, wanted: Sequence[NewJob], *, token: str, limit: int, needs: Collection[str] = ()
    ) -> tuple[list[Job], set[str]]:
        """The jobs in their order, and the keys of those that are queued now and were not before.

        What is queued, running or done stays as it is; what ended in a fault is tried anew. `needs` are jobs
        whose results these will read: they are kept as long. Raises QueueFull if `token` would have more than
        `limit` jobs waiting.
        """
        distinct = {job.key: job for job in wanted}
        with self._write() as connection:
            if connection.dialect.name == "postgresql":  # several servers: the count below must hold
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(427820)"))
            known = {job.key: job for job in _select(connection, distinct, keep=True)}
            new = [job for key, job in distinct.items() if key not in known or known[key].state == "fault"]
            waiting = connection.execute(
                sa.select(sa.func.count()).where(jobs.c.state == "queued", jobs.c.token == token)
            ).scalar_one()
            if new and waiting + len(new) > limit:
                raise QueueFull(waiting, waiting + len(new) - limit)
            for job in new:
                values = {
                    **_FRESH,
                    "key": job.key,
                    "kind": job.kind,
                    "request": job.request,
                    "state": "queued",
                    "token": token,
                    "shared": False,
                    "priority": job.priority,
                    "tries": 0,
                    "created": time.time(),
                    "used": time.time(),
                }
                if job.key in known:
                    connection.execute(sa.update(jobs).where(jobs.c.key == job.key).values(**values))
                else:
                    connection.execute(sa.insert(jobs).values(**values))
            for key, old in known.items():
                if old.state != "fault" and old.token != token and not old.shared:
                    connection.execute(sa.update(jobs).where(jobs.c.key == key).values(shared=True))
                if old.state == "queued" and distinct[key].priority < old.priority:
                    connection.execute(
                        sa.update(jobs).where(jobs.c.key == key).values(priority=distinct[key].priority)
                    )
            kept = sorted({*known, *needs})
            connection.execute(sa.update(jobs).where(jobs.c.key.in_(kept)).values(used=time.time()))
            now = {job.key: job for job in _select(connection, distinct)}
        return [now[job.key] for job in wanted], {job.key for job in new}

    def take_job(
        self, worker: str, *, lease_s: float, served: Mapping[str, float] | None = None
    ) -> Job | None:
        """The next job, running now; None if none waits.

        Tokens take turns, the one that was served longest ago first (`served`: token -> when): neither a long queue
        nor a low priority starves the others. Of one token's jobs, lower priorities go first.
        """
        served = served or {}
        with self._write() as connection:
            query = sa.select(jobs.c.priority, jobs.c.token, sa.func.min(jobs.c.created).label("created"))
            heads = connection.execute(
                query.where(jobs.c.state == "queued").group_by(jobs.c.priority, jobs.c.token)
            ).all()
            for head in sorted(heads, key=lambda h: (served.get(h.token, 0.0), h.priority, h.created)):
                row = connection.execute(
                    sa.select(jobs.c.key)
                    .where(
                        jobs.c.state == "queued",
                        jobs.c.priority == head.priority,
                        jobs.c.token == head.token,
                    )
                    .order_by(jobs.c.created, jobs.c.key)
                    .limit(1)
                    .with_for_update(skip_locked=True)
                ).first()
                if row is None:  # another server took it meanwhile
                    continue
                now = time.time()
                taken = connection.execute(
                    sa.update(jobs)
                    .where(jobs.c.key == row.key, jobs.c.state == "queued")
                    .values(
                        state="running",
                        worker=worker,
                        started=now,
                        lease=now + lease_s,
                        tries=jobs.c.tries + 1,
                    )
                    .returning(*_COLUMNS)
                )
                job = taken.mappings().first()
                if job is not None:
                    return Job(**job)
        return None

    def finish_job(self, key: str, result: str, code: bytes | None = None) -> bool:
        """Record the result (JSON), unless there is one already: the first that finishes counts."""
        with self._write() as connection:
            done = connection.execute(
                sa.update(jobs)
                .where(jobs.c.key == key, jobs.c.state.in_(("queued", "running")))
                .values(state="done", result=result, code=code, ended=time.time(), worker=None, lease=None)
            )
        return done.rowcount == 1

    def fault_job(self, key: str, worker: str, fault: Fault) -> bool:
        """Record the machine's trouble, if `worker` still holds the job: another's try is not its business."""
        with self._write() as connection:
            done = connection.execute(
                sa.update(jobs).where(_held(worker), jobs.c.key == key).values(**_fault(fault))
            )
        return done.rowcount == 1

    def release_jobs(self, worker: str) -> int:
        """What `worker` holds is queued again, as if it had not been started. How many."""
        with self._write() as connection:
            done = connection.execute(
                sa.update(jobs)
                .where(_held(worker))
                .values(state="queued", started=None, worker=None, lease=None, tries=jobs.c.tries - 1)
            )
        return done.rowcount

    def renew_leases(self, worker: str, keys: Collection[str], *, lease_s: float) -> None:
        """Of those of `keys` that `worker` holds."""
        with self._write() as connection:
            connection.execute(
                sa.update(jobs)
                .where(_held(worker), jobs.c.key.in_(list(keys)))
                .values(lease=time.time() + lease_s)
            )

    def job_waits(self) -> bool:
        with self._read() as connection:
            query = sa.select(sa.literal(1)).where(jobs.c.state == "queued").limit(1)
            return connection.execute(query).first() is not None

    def job_workers(self) -> set[str]:
        """Who holds jobs."""
        with self._read() as connection:
            query = sa.select(jobs.c.worker).where(jobs.c.state == "running").distinct()
            return {worker for (worker,) in connection.execute(query) if worker is not None}

    def requeue_jobs(self, dead: Collection[str] = ()) -> tuple[int, int]:
        """Queue again what the dead held, and what nobody kept the lease of. (queued again, given up).

        A job that was started three times and ended its process each time becomes a fault.
        """
        fault = Fault(
            FaultKind.RUNNER_LOST,
            f"the server died {_TRIES} times while it ran this job",
            remedy="look at the server's log and memory, then submit it again",
        )
        lost = sa.and_(
            jobs.c.state == "running",
            sa.or_(jobs.c.lease < time.time(), jobs.c.worker.in_(list(dead))),
        )
        with self._write() as connection:
            given_up = connection.execute(
                sa.update(jobs).where(lost, jobs.c.tries >= _TRIES).values(**_fault(fault))
            ).rowcount
            queued = connection.execute(
                sa.update(jobs).where(lost).values(state="queued", started=None, worker=None, lease=None)
            ).rowcount
        return queued, given_up

    def job(self, key: str) -> Job | None:
        return next(iter(self.jobs([key])), None)

    def jobs(self, keys: Collection[str]) -> list[Job]:
        """Those that are known, each once, in the order of `keys`."""
        with self._read() as connection:
            found = {job.key: job for job in _select(connection, keys)}
        return [found[key] for key in dict.fromkeys(keys) if key in found]

    def jobs_over(self, keys: Collection[str]) -> dict[str, bool]:
        """Of those that are known, whether each has ended: no more than that, since this is asked often."""
        wanted = list(keys)
        found: dict[str, bool] = {}
        with self._read() as connection:
            for start in range(0, len(wanted), _CHUNK):
                query = sa.select(jobs.c.key, _OVER).where(jobs.c.key.in_(wanted[start : start + _CHUNK]))
                found |= {key: bool(over) for key, over in connection.execute(query)}
        return found

    def job_code(self, key: str) -> bytes | None:
        """The object that a finished build made."""
        with self._read() as connection:
            query = sa.select(jobs.c.code).where(jobs.c.key == key, jobs.c.state == "done")
            code = connection.execute(query).scalar()
        return None if code is None else bytes(code)

    def drop_jobs(self, keys: Collection[str], token: str) -> list[str]:
        """Those of `token` alone that still waited; they are gone."""
        wanted = sorted(set(keys))
        dropped: list[str] = []
        with self._write() as connection:
            for start in range(0, len(wanted), _CHUNK):
                gone = connection.execute(
                    sa.delete(jobs)
                    .where(
                        jobs.c.key.in_(wanted[start : start + _CHUNK]),
                        jobs.c.state == "queued",
                        jobs.c.token == token,
                        ~jobs.c.shared,
                    )
                    .returning(jobs.c.key)
                )
                dropped += [key for (key,) in gone]
        return dropped

    def forget_jobs(self, before: float) -> int:
        """Delete what ended and was last asked for before that time (seconds since 1970). How many."""
        with self._write() as connection:
            done = connection.execute(
                sa.delete(jobs).where(_OVER, jobs.c.used < before, jobs.c.ended < before)
            )
        return done.rowcount

    def count_jobs(self) -> dict[tuple[str, str], int]:
        """(kind, state) -> jobs."""
        with self._read() as connection:
            query = sa.select(jobs.c.kind, jobs.c.state, sa.func.count().label("n"))
            found = connection.execute(query.group_by(jobs.c.kind, jobs.c.state))
            return {(row.kind, row.state): row.n for row in found}


def _held(worker: str) -> sa.ColumnElement[bool]:
    return sa.and_(jobs.c.state == "running", jobs.c.worker == worker)


def _fault(fault: Fault) -> dict[str, Any]:
    return {
        "state": "fault", "fault": fault.kind.value, "fault_message": fault.message,
        "fault_remedy": fault.remedy, "ended": time.time(), "worker": None, "lease": None,
    }  # fmt: skip


def _select(connection: sa.Connection, keys: Collection[str], *, keep: bool = False) -> list[Job]:
    """`keep`: nobody else changes or deletes them before this transaction ends."""
    wanted = sorted(keys)  # in one order, so that two servers can't wait for each other
    found: list[Job] = []
    for start in range(0, len(wanted), _CHUNK):
        query = sa.select(*_COLUMNS).where(jobs.c.key.in_(wanted[start : start + _CHUNK]))
        if keep:
            query = query.with_for_update()
        found += [Job(**row) for row in connection.execute(query).mappings()]
    return found

"""The queue of `hayate serve`: jobs that survive the death of the process that runs them.

A job is taken under a lease. When the lease runs out, or its holder is known to be dead, the job is queued
again; whoever finishes it first has made its result, and a later one is dropped. A content hash is the key,
so that whoever asks for the same again gets the same job.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa

from hayate.archive.database import Database
from hayate.archive.schema import jobs
from hayate.errors import Fault, FaultKind

_ENDED = ("done", "fault")  # states
_TRIES = 3  # starts of a job whose process died each time; after that the job is taken for the cause


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
        return self.state in _ENDED


class QueueFull(Exception):
    """Nothing of the batch was queued: it has `over` jobs more than its token may have waiting."""

    def __init__(self, queued: int, over: int) -> None:
        super().__init__(queued, over)
        self.queued, self.over = queued, over


_COLUMNS = [jobs.c[name] for name in Job.__slots__]
_OVER = jobs.c.state.in_(_ENDED)
_FRESH: Mapping[str, Any] = {
    "result": None, "code": None, "fault": None, "fault_message": None, "fault_remedy": None,
    "started": None, "ended": None, "worker": None, "lease": None,
}  # fmt: skip

# What each job asks for is built once: building a statement takes SQLAlchemy several times as long as SQLite takes to
# answer it.
_HEADS = (
    sa.select(jobs.c.priority, jobs.c.token, sa.func.min(jobs.c.created).label("created"))
    .where(jobs.c.state == "queued")
    .group_by(jobs.c.priority, jobs.c.token)
)
_FIRST = (
    sa.select(jobs.c.key)
    .where(
        jobs.c.state == "queued",
        jobs.c.priority == sa.bindparam("priority"),
        jobs.c.token == sa.bindparam("token"),
    )
    .order_by(jobs.c.created, jobs.c.key)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_TAKE = (
    sa.update(jobs)
    .where(jobs.c.key == sa.bindparam("wanted"), jobs.c.state == "queued")
    .values(
        state="running",
        worker=sa.bindparam("by"),
        started=sa.bindparam("now"),
        lease=sa.bindparam("until"),
        tries=jobs.c.tries + 1,
    )
    .returning(*_COLUMNS)
)
_FINISH = (
    sa.update(jobs)
    .where(jobs.c.key == sa.bindparam("wanted"), jobs.c.state.in_(("queued", "running")))
    .values(
        state="done",
        result=sa.bindparam("found"),
        code=sa.bindparam("object"),
        ended=sa.bindparam("now"),
        worker=None,
        lease=None,
    )
)
_CODE = sa.select(jobs.c.code).where(jobs.c.key == sa.bindparam("wanted"), jobs.c.state == "done")


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
                mine = old.token == token  # what others need sooner is no matter of theirs
                if mine and old.state == "queued" and distinct[key].priority < old.priority:
                    connection.execute(
                        sa.update(jobs).where(jobs.c.key == key).values(priority=distinct[key].priority)
                    )
            kept = sorted({*known, *needs})
            connection.execute(sa.update(jobs).where(jobs.c.key.in_(kept)).values(used=time.time()))
            now = {job.key: job for job in _select(connection, distinct)}
        return [now[job.key] for job in wanted], {job.key for job in new}

    def take_job(
        self,
        worker: str,
        *,
        lease_s: float,
        served: Mapping[str, float] | None = None,
        excluded: Collection[str] = (),
    ) -> Job | None:
        """The next job, running now; None if none waits but those of tokens that are `excluded`.

        Tokens take turns, the one that was served least first (`served`: token -> how much, in any unit): neither a
        long queue nor a low priority starves the others. Of one token's jobs, lower priorities go first.
        """
        served = served or {}
        with self._write() as connection:
            heads = [head for head in connection.execute(_HEADS) if head.token not in excluded]
            for head in sorted(heads, key=lambda h: (served.get(h.token, 0.0), h.priority, h.created)):
                of_head = {"priority": head.priority, "token": head.token}
                key = connection.execute(_FIRST, of_head).scalar()
                if key is None:  # another server took it meanwhile
                    continue
                now = time.time()
                job = connection.execute(
                    _TAKE, {"wanted": key, "by": worker, "now": now, "until": now + lease_s}
                ).first()
                if job is not None:
                    return Job(*job)
        return None

    def finish_job(self, key: str, result: str, code: bytes | None = None) -> bool:
        """Record the result (JSON), unless there is one already: the first that finishes counts."""
        with self._write() as connection:
            done = connection.execute(
                _FINISH, {"wanted": key, "found": result, "object": code, "now": time.time()}
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

    def put_back(self, key: str, worker: str) -> bool:
        """It is queued again, as if it had not been started, as its token's last. False if `worker` lost it."""
        with self._write() as connection:
            done = connection.execute(
                sa.update(jobs)
                .where(_held(worker), jobs.c.key == key)
                .values(
                    state="queued",
                    started=None,
                    worker=None,
                    lease=None,
                    tries=jobs.c.tries - 1,
                    created=time.time(),
                )
            )
        return done.rowcount == 1

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

    def queued_since(self) -> dict[str, float]:
        """Token -> when the oldest of its jobs that wait was queued."""
        with self._read() as connection:
            found: dict[str, float] = {}
            for head in connection.execute(_HEADS):
                found[head.token] = min(head.created, found.get(head.token, head.created))
            return found

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
        with self._read() as connection:
            query = _of_keys(connection.dialect.name).states
            found = connection.execute(query, {"keys": _text(keys)}).all()
        return {key: bool(over) for key, over in found}

    def job_code(self, key: str) -> bytes | None:
        """The object that a finished build made."""
        with self._read() as connection:
            code = connection.execute(_CODE, {"wanted": key}).scalar()
        return None if code is None else bytes(code)

    def drop_jobs(self, keys: Collection[str], token: str) -> list[str]:
        """Those of `token` alone that waited or ran; they are gone, and whoever runs one has to end it."""
        with self._write() as connection:
            query = _of_keys(connection.dialect.name).drop
            return list(connection.execute(query, {"keys": _text(keys), "of": token}).scalars())

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


@dataclass(frozen=True)
class _OfKeys:
    """Statements about many keys at once, which come as one parameter: a JSON list."""

    rows: sa.Select[Any]
    kept: sa.Select[Any]  # rows that nobody else changes or deletes before this transaction ends
    states: sa.TextClause
    drop: sa.Executable


@cache
def _of_keys(dialect: str) -> _OfKeys:
    listed = {
        "sqlite": "SELECT value FROM json_each(:keys)",
        "postgresql": "SELECT json_array_elements_text(CAST(:keys AS json))",
    }[dialect]
    ended = ", ".join(f"'{state}'" for state in _ENDED)
    among = jobs.c.key.in_(sa.text(listed))
    # SQLite would take the primary key, and for each state read past the whole request.
    hint = "INDEXED BY ix_jobs_key_state" if dialect == "sqlite" else ""
    rows = sa.select(*_COLUMNS).where(among)
    return _OfKeys(
        rows=rows,
        kept=rows.order_by(
            jobs.c.key
        ).with_for_update(),  # one order, so that two servers can't wait for each other
        states=sa.text(f"SELECT key, state IN ({ended}) FROM {jobs.name} {hint} WHERE key IN ({listed})"),
        drop=sa.delete(jobs)
        .where(
            among, jobs.c.state.in_(("queued", "running")), jobs.c.token == sa.bindparam("of"), ~jobs.c.shared
        )
        .returning(jobs.c.key),
    )


def _text(keys: Iterable[str]) -> str:
    return json.dumps(sorted(set(keys)))


def _select(connection: sa.Connection, keys: Collection[str], *, keep: bool = False) -> list[Job]:
    """`keep`: nobody else changes or deletes them before this transaction ends."""
    about = _of_keys(connection.dialect.name)
    found = connection.execute(about.kept if keep else about.rows, {"keys": _text(keys)})
    return [Job(*row) for row in found]

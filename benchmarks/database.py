"""What verdicts and a server's queue ask of the database: rows, statements and bytes, and how many a second it takes.

Verdicts go the whole way, candidate to record, with a judge that takes no time; queued jobs are submitted in batches
as clients do, taken and finished by as many threads as a server has.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks import simulated
from hayate import tasks
from hayate.archive import Archive, NewJob
from hayate.evaluate import EvaluateSettings, Evaluator
from hayate.records import Candidate, Origin

BACKENDS = ("sqlite", "postgresql")
VERDICTS = 2048
BATCHES = (64, 1024)
JOBS = 2000
THREADS = 8
_SUBMITTED = 64  # jobs in one submission


def missing(backend: str) -> str:
    """Why it can't be measured here; "" if it can."""
    if backend == "sqlite":
        return ""
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return "no psycopg: pip install 'psycopg[binary]'"
    return "" if _program("initdb") and _program("pg_ctl") else "no PostgreSQL: apt install postgresql"


def database(
    backend: str, *, object_bytes: int, verdicts: int = VERDICTS, jobs: int = JOBS
) -> dict[str, Any]:
    with _place(backend) as url:
        return {
            "verdicts": {str(batch): _verdicts(url, batch, verdicts, object_bytes) for batch in BATCHES},
            "queue": _queue(url, jobs, object_bytes),
        }


def _verdicts(url: str, batch: int, count: int, object_bytes: int) -> dict[str, Any]:
    task = tasks.builtin(simulated.TASK)
    text = task.yardsticks[-1].text
    candidates = [
        Candidate(
            task=task.name,
            source=simulated.source(f"verdict-{batch}-{i}", 0, object_bytes, text),
            permitted=(),
            origin=Origin(kind="policy", run="bench", phase="grpo", step=i // batch, index=i % batch),
        )
        for i in range(count)
    ]
    with tempfile.TemporaryDirectory(prefix="hayate-bench-") as name:
        os.environ[simulated.FOLDER] = name
        with Archive(url) as archive, simulated.local(4) as farm:
            settings = EvaluateSettings(confirm="never", fault_share=1)
            evaluator = Evaluator(farm, archive, {task.name: task}, settings=settings)
            before = _bytes(url)
            with _counted() as statements:
                began = time.monotonic()
                for first in range(0, count, batch):
                    evaluator.evaluate(candidates[first : first + batch])
                wall_s = time.monotonic() - began
            rows = sum(archive.counts("bench").values())
    assert rows >= count
    return {
        "per_s": count / wall_s,
        "bytes": (_bytes(url) - before) / count,
        "statements": {kind: n / count for kind, n in sorted(statements.items())},
    }


def _queue(url: str, count: int, object_bytes: int) -> dict[str, Any]:
    task = tasks.builtin(simulated.TASK)
    request = simulated.source("queued", 0, object_bytes, task.yardsticks[-1].text)
    code, ended = b"\0" * object_bytes, Counter[str]()
    with Archive(url) as archive, _counted() as statements:
        began = time.monotonic()
        for first in range(0, count, _SUBMITTED):
            keys = [f"{i:032x}" for i in range(first, min(first + _SUBMITTED, count))]
            new = [NewJob(key, "build", request) for key in keys]
            archive.submit_jobs(new, token="bench", limit=count)
        submitted_s = time.monotonic() - began

        def work(name: str) -> None:
            while (job := archive.take_job(name, lease_s=60)) is not None:
                archive.finish_job(job.key, "{}", code)
                ended[name] += 1

        threads = [threading.Thread(target=work, args=(f"worker-{i}",)) for i in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wall_s = time.monotonic() - began
    assert sum(ended.values()) == count
    return {
        "per_s": count / wall_s,
        "submitted_per_s": count / submitted_s,
        "statements": {kind: n / count for kind, n in sorted(statements.items())},
    }


@contextlib.contextmanager
def _counted() -> Iterator[Counter[str]]:
    """Statements by their first word, and transactions that were committed."""
    counts: Counter[str] = Counter()

    def statement(*given: Any) -> None:
        word = given[2].split(None, 1)[0].lower()
        if word != "begin":
            counts[word] += 1

    def commit(*_: Any) -> None:
        counts["commit"] += 1

    sa.event.listen(sa.Engine, "before_cursor_execute", statement)
    sa.event.listen(sa.Engine, "commit", commit)
    try:
        yield counts
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", statement)
        sa.event.remove(sa.Engine, "commit", commit)


def _bytes(url: str) -> int:
    """Of the database on disk."""
    if "://" not in url:
        return sum(path.stat().st_size for path in Path(url).parent.glob(Path(url).name + "*"))
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        size = connection.execute(sa.text("SELECT pg_database_size(current_database())")).scalar_one()
    engine.dispose()
    return int(size)


def _program(name: str) -> str | None:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))  # where Debian keeps them, off the PATH
    return str(found[-1]) if found else shutil.which(name)


@contextlib.contextmanager
def _place(backend: str) -> Iterator[str]:
    """An empty database. PostgreSQL syncs every commit to disk, as it does unless told otherwise."""
    with tempfile.TemporaryDirectory(prefix="hayate-bench-") as name:
        folder = Path(name)
        if backend == "sqlite":
            yield str(folder / "archive.db")
            return
        as_user: list[str] = []
        if os.getuid() == 0:  # it refuses to run as root; as nobody it does
            as_user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
            os.chown(folder, 65534, 65534)

        def run(program: str, *options: str) -> None:
            command = [*as_user, str(_program(program)), "-D", str(folder / "data"), *options]
            subprocess.run(command, check=True, capture_output=True, cwd=folder)

        run("initdb", "-U", "hayate", "-A", "trust")
        run("pg_ctl", "-o", f"-k {folder} -c listen_addresses=''", "-l", str(folder / "log"), "-w", "start")
        try:
            yield f"postgresql+psycopg://hayate@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-m", "immediate", "stop")

"""Opening, migrating, dying, and trouble with the disk."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from record_examples import candidate, refused

from hayate.archive import Archive, MeasurementKey, NewJob, migrate, schema
from hayate.archive.measurements import bands_key, plan_key
from hayate.errors import Fault, FaultKind, WrongUse
from hayate.judge.results import Measurement
from hayate.records import MeasurePlan, Outcome

ROOT = Path(__file__).parents[2]


def _version(path: Path, value: str | None = None) -> str:
    with sqlite3.connect(path) as connection:
        if value is not None:
            connection.execute("UPDATE alembic_version SET version_num = ?", (value,))
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def test_the_migrations_lead_to_the_schema(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'a.db'}")
    with engine.connect() as connection:
        with connection.begin():
            migrate.run_migrations(connection, None, where="here")
        assert migrate.current(connection) == schema.HEAD
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []
    engine.dispose()
    scripts = ScriptDirectory(str(migrate.SCRIPTS))
    assert scripts.get_heads() == [schema.HEAD]
    Archive(tmp_path / "a.db").close()  # what migrations made opens


def test_an_archive_from_before_there_were_languages_opens_and_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    made, in_cxx = candidate(), candidate("void g() {}").model_copy(update={"language": "c++"})
    with Archive(path) as archive:
        archive.record_sample(made, refused(made, Outcome.WRONG), -1)
    with sqlite3.connect(path) as connection:
        connection.execute("ALTER TABLE candidates DROP COLUMN language")
        connection.execute("DROP TABLE jobs")
        for name in ("plan", "sandbox", "compiler"):
            connection.execute(f"ALTER TABLE measurements DROP COLUMN {name}")
    _version(path, "0001")
    with Archive(path) as archive:
        assert archive.counts() == {"wrong": 1}
        assert archive.verdict_of(made.hash) is not None
        assert archive.candidate(made.hash) == made
        archive.record_candidate(in_cxx)
        assert archive.candidate(in_cxx.hash) == in_cxx
    assert _version(path) == schema.HEAD


def test_measurements_from_before_plans_were_kept_answer_nobody_but_a_replay(tmp_path: Path) -> None:
    """How strictly they were made is not known."""
    path = tmp_path / "a.db"
    plan = MeasurePlan()
    key = MeasurementKey(
        "o", "t", "1", "h", "-O3", bands_key(plan), plan.purpose, plan_key(plan), "landlock", "gcc"
    )
    with Archive(path) as archive:
        archive.store_measurement(key, Measurement(outcome=Outcome.WRONG, reason="of one shape"))
        assert archive.find_measurement(key) is not None
    with sqlite3.connect(path) as connection:
        for name in ("plan", "sandbox", "compiler"):
            connection.execute(f"ALTER TABLE measurements DROP COLUMN {name}")
    _version(path, "0004")
    with Archive(path) as archive:
        assert archive.find_measurement(key) is None
        ((number, old),) = archive.measurement_keys("h")
        assert old == key.kind
        assert archive.measurement(number) is not None
        archive.store_measurement(key, Measurement(outcome=Outcome.WRONG, reason="again"))
        assert archive.find_measurement(key) is not None
    assert _version(path) == schema.HEAD


def test_a_newer_archive_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    Archive(path).close()
    _version(path, "9999")
    with pytest.raises(WrongUse, match=r"schema 9999.*newer hayate"):
        Archive(path)
    assert _version(path) == "9999"


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_text("this is a text, long enough to be looked at as the head of a database file" * 20)
    with pytest.raises(WrongUse, match="no archive"):
        Archive(path)
    other = tmp_path / "b.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE candidates (x)")
    with pytest.raises(WrongUse, match="something else"):
        Archive(other)
    with pytest.raises(WrongUse, match="sqlite, postgresql"):
        Archive("mysql://root:secret@localhost/x")
    with pytest.raises(WrongUse, match="not a database URL"):
        Archive("://")


def test_a_password_is_not_told(tmp_path: Path) -> None:
    with pytest.raises(WrongUse) as told:
        Archive("mysql://root:secret@localhost/x")
    assert "secret" not in str(told.value)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file" / "a.db", Path("/proc/nowhere/a.db"), tmp_path):
        with pytest.raises(Fault) as told:
            Archive(place)
        assert told.value.kind is FaultKind.NOT_WRITABLE
        assert "--out" in told.value.remedy


def test_the_next_job_is_found_without_reading_the_rows(tmp_path: Path) -> None:
    with Archive(tmp_path / "a.db") as archive:
        archive.submit_jobs([NewJob("k", "build", "{}")], token="t", limit=9)
        asked: list[tuple[str, Any]] = []
        sa.event.listen(
            archive._engine,
            "before_cursor_execute",
            lambda _c, _u, text, values, *_: asked.append((text, values)),
        )
        assert archive.take_job("w", lease_s=60) is not None
        looks = [(text, values) for text, values in asked if text.startswith("SELECT")]
        assert len(looks) == 2
        with archive._read() as connection:
            for text, values in looks:
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values).all()
                assert "USING COVERING INDEX" in plan[0].detail, plan


def test_a_full_disk_is_a_fault_and_loses_nothing(tmp_path: Path) -> None:
    with Archive(tmp_path / "a.db") as archive:
        first = candidate("first")
        archive.record_sample(first, refused(first, Outcome.WRONG), -1)
        with archive._read() as connection:  # SQLite answers SQLITE_FULL past this, as on a full disk
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        huge = candidate("x" * 100_000)
        with pytest.raises(Fault) as told:
            archive.record_sample(huge, refused(huge, Outcome.WRONG), -1)
        assert told.value.kind is FaultKind.DISK_FULL
        assert archive.counts() == {"wrong": 1}
        assert archive.candidate(huge.hash) is None


WRITER = """
import sys
from hayate.archive import Archive
from hayate.records import Outcome
from record_examples import candidate, refused
archive = Archive(sys.argv[1])
for i in range(100000):
    made = candidate(f"source {i}")
    archive.record_sample(made, refused(made, Outcome.WRONG), -1)
    print(i + 1, flush=True)
"""


def test_every_recorded_verdict_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT}/tests"}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert writer.stdout is not None
    told = 0
    for line in writer.stdout:
        told = int(line)
        if told == 50:
            writer.send_signal(signal.SIGKILL)
            break
    told = max([told, *(int(line) for line in writer.stdout.read().split())])
    writer.wait()
    with Archive(path) as archive:
        kept = archive.counts()["wrong"]
        assert kept in (told, told + 1)  # the last may have been committed before it was told
        assert len(archive.samples()) == kept


def test_two_processes_share_an_archive(tmp_path: Path) -> None:
    with Archive(tmp_path / "a.db") as writer, Archive(tmp_path / "a.db") as other:

        def work(archive: Archive) -> None:
            for i in range(20):
                made = candidate(f"source {i}")
                archive.record_sample(made, refused(made, Outcome.WRONG), -1)

        threads = [threading.Thread(target=work, args=(archive,)) for archive in (writer, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert writer.counts() == other.counts() == {"wrong": 40}

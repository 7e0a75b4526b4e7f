"""The same archive in a real PostgreSQL, started for these tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from record_examples import HOST, accepted, candidate, refused, timing

from hayate.archive import Archive, MeasurementKey
from hayate.archive.measurements import bands_key, plan_key
from hayate.errors import Fault, FaultKind
from hayate.judge.results import Measurement
from hayate.records import MeasurePlan, Outcome

pytest.importorskip("psycopg", reason="no psycopg: pip install 'psycopg[binary]'")


def _program(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    path = str(found[-1]) if found else shutil.which(name)
    if path is None:
        pytest.skip(f"no {name}: apt install postgresql")
    return path


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """PostgreSQL refuses to run as root; then it runs as nobody."""
    initdb, control = _program("initdb"), _program("pg_ctl")
    as_user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as name:
        folder = Path(name)
        data = folder / "data"
        if as_user:
            os.chown(folder, 65534, 65534)
        subprocess.run(
            [*as_user, initdb, "-D", data, "-U", "hayate", "-A", "trust", "--no-sync"],
            check=True, capture_output=True, cwd=folder,
        )  # fmt: skip
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        subprocess.run(
            [*as_user, control, "-D", data, "-o", options, "-l", folder / "log", "-w", "start"],
            check=True, capture_output=True, cwd=folder,
        )  # fmt: skip
        try:
            yield f"postgresql+psycopg://hayate@/postgres?host={folder}"
        finally:
            subprocess.run(
                [*as_user, control, "-D", data, "-m", "immediate", "stop"],
                check=True, capture_output=True, cwd=folder,
            )  # fmt: skip


def test_postgres_keeps_what_sqlite_keeps(url: str) -> None:
    with Archive(url) as archive:
        archive.start_run("r1", {"seed": 1}, host="h")
        archive.start_phase("r1", "grpo")
        archive.record_step("r1", "grpo", 0, {"reward": 1.5})
        made = candidate(parents=("p1",))
        plan = MeasurePlan()
        key = MeasurementKey(
            "o1",
            "t1",
            "1",
            HOST.host_class,
            "-O3",
            bands_key(plan),
            plan.purpose,
            plan_key(plan),
            "none",
            "gcc",
        )
        found = Measurement(outcome=Outcome.ACCEPTED, reason="fine", timing=timing(), wall_s=0.2)
        number = archive.store_measurement(key, found)
        verdict = accepted(made)
        verdict_id = archive.record_sample(made, verdict, 4.5, measurement=number)
        archive.put_elite(verdict, verdict_id, confirmed=True)
        archive.put_elite(verdict, verdict_id, confirmed=True)
        assert archive.verdict(verdict_id) == verdict
        assert archive.find_measurement(key) == (number, found)
        recalled = archive.recall(made.hash, "t1", "1", HOST, plan, sandbox="none")
        assert recalled is not None
        assert recalled.verdict == verdict
        best = archive.best("dgemm")
        assert best is not None
        assert best.quality == pytest.approx(15.0 * 0.98, rel=1e-12)  # double precision, as in SQLite
        assert len(archive.elite_history("dgemm")) == 2
        assert [a.hash for a in archive.lineage(made.hash)] == ["p1"]
        archive.end_phase("r1", "grpo")
        assert archive.phases("r1")[0].counts == {"accepted": 1}
        assert archive.mark_abandoned("r1", "grpo", 0) == 1
        assert archive.samples("r1") == []
    with Archive(url) as again:
        assert again.candidate(made.hash) == made


def test_two_at_once_open_and_write(url: str) -> None:
    trouble: list[BaseException] = []
    other = f"{url}&options=-csearch_path%3Dtwo"  # an empty schema: both find nothing and make the tables
    with Archive(url) as first, first._write() as connection:
        connection.exec_driver_sql("CREATE SCHEMA two")

    def work() -> None:
        try:
            with Archive(other) as archive:
                for i in range(10):
                    made = candidate(f"source {i}")
                    archive.record_sample(made, refused(made, Outcome.WRONG), -1)
        except BaseException as error:
            trouble.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not trouble
    with Archive(other) as archive:
        assert archive.counts() == {"wrong": 30}


def test_a_server_that_does_not_answer_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(Fault) as told:
        Archive(f"postgresql+psycopg://hayate:secret@/postgres?host={tmp_path}")
    assert told.value.kind is FaultKind.NODE_LOST
    assert "secret" not in str(told.value)

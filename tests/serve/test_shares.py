"""Long jobs of one token starve nobody: shares of time, spare workers, budgets, and taking back what runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from served import BOB, Server, SlowFarm, build, error, finish, submit, verdict

from hayate.archive import Archive, DatabaseFault, Job
from hayate.errors import FaultKind
from hayate.serve import ServeSettings, Service
from hayate.serve.models import BuildJob, VerdictJob
from hayate.serve.service import DATABASE_TROUBLE
from hayate.serve.shares import HALF_LIFE_S, Shares
from hayate.tasks import builtin

TASK = builtin("dgemm")


class TestShares:
    def test_when_all_workers_are_busy_who_has_none_may_begin(self) -> None:
        shares = Shares(2, 1)
        assert shares.excluded() == set()
        first = shares.begin("a1", "a")
        assert shares.excluded() == set()
        second = shares.begin("a2", "a")
        assert shares.excluded() == {"a"}
        shares.begin("b1", "b")
        assert shares.excluded() is None
        assert shares.by_token() == {"a": 2, "b": 1}
        shares.end(first)
        assert shares.excluded() == {"a", "b"}
        shares.end(second)
        assert shares.excluded() == set()

    def test_time_is_what_counts_and_it_is_forgotten(self) -> None:
        now = 0.0
        shares = Shares(4, 1, clock=lambda: now)
        long = shares.begin("a1", "a")
        now = 10.0
        assert shares.used_s()["a"] == pytest.approx(10, abs=0.1)  # while it runs
        short = shares.begin("b1", "b")
        shares.end(long)
        now = 11.0
        shares.end(short)
        used = shares.used_s()
        assert used["b"] < 2 < 9 < used["a"]
        now += HALF_LIFE_S
        assert shares.used_s()["a"] == pytest.approx(used["a"] / 2, rel=0.01)
        for number in range(200):  # short ones count, too
            shares.end(shares.begin(f"b{number}", "b"))
        assert shares.used_s()["b"] > 3

    def test_a_first_job_stands_beside_the_others_first(self) -> None:
        shares = Shares(9, 1)
        of_a = [shares.begin(f"a{i}", "a") for i in range(5)]
        of_b = [shares.begin(f"b{i}", "b") for i in range(2)]
        assert [turn.rank for turn in of_a] == [0, 1, 2, 3, 4]
        assert [turn.rank for turn in of_b] == [0, 1]
        for turn in (*of_a[:4], *of_b):
            shares.end(turn)
        assert shares.begin("a5", "a").rank == 5
        assert shares.begin("c0", "c").rank == 4  # not before what has waited for long

    def test_one_job_may_run_while_its_last_run_still_ends(self) -> None:
        shares = Shares(2, 1)
        old, new = shares.begin("k", "a"), shares.begin("k", "a")
        shares.end(old)
        assert set(shares.running()) == {"k"}
        shares.end(new)
        assert shares.running() == {}


@contextmanager
def served(folder: Path, **settings: float) -> Iterator[tuple[Service, SlowFarm]]:
    farm = SlowFarm(folder)
    with Archive(folder / "a.db") as archive:
        service = Service(farm, archive, {"dgemm": TASK}, ServeSettings.model_validate(settings))
        service.start()
        try:
            yield service, farm
        finally:
            (folder / "hold").unlink(missing_ok=True)
            service.stop()


def ask(service: Service, token: str, *sources: str) -> list[Job]:
    return service.submit(token, [BuildJob.model_validate(build(source)) for source in sources])


def until_over(service: Service, job: Job) -> Job:
    deadline = time.monotonic() + 60
    while not (found := service.archive.job(job.key) or job).over:
        assert time.monotonic() < deadline, found
        time.sleep(0.01)
    return found


def test_a_token_that_holds_all_workers_leaves_one_for_the_others(tmp_path: Path) -> None:
    """And in the farm the newcomer's job goes before those of the one that came with many."""
    (tmp_path / "hold").touch()
    with served(tmp_path, workers=4, more_workers=1) as (service, farm):
        ask(service, "mallory", *(f"int speed = 1; // {i}" for i in range(20)))
        while len(farm.ranks) < 4:
            time.sleep(0.01)
        time.sleep(0.1)
        assert len(farm.ranks) == 4
        (job,) = ask(service, "alice", "int speed = 2;")
        while len(farm.ranks) < 5:
            time.sleep(0.01)
        assert farm.ranks == [0, 1, 2, 3, 0]
        found = service.archive.job(job.key)
        assert found is not None
        assert found.state == "running"
        assert service.shares.by_token() == {"mallory": 4, "alice": 1}
        assert service.unready() == []


def test_priorities_order_a_tokens_own_jobs_only(tmp_path: Path) -> None:
    """In the farm's queue all tokens meet: there a client's own word counts nothing."""
    with served(tmp_path, workers=1) as (service, farm):
        urgent = BuildJob.model_validate(build("int speed = 1; // urgent", priority=-100))
        (job,) = service.submit("mallory", [urgent])
        until_over(service, job)
        assert farm.ranks == [0]


def test_a_job_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    (tmp_path / "hold").touch()
    with served(tmp_path, workers=1, more_workers=0, job_s=0.2) as (service, _):
        long, queued = ask(service, "mallory", "int speed = 1; // long", "int speed = 1; // after it")
        found = until_over(service, long)
        assert found.fault == "out_of_time"
        assert "0.2 s" in (found.fault_message or "")
        (tmp_path / "hold").unlink()
        assert until_over(service, queued).state in ("done", "fault")
        assert until_over(service, ask(service, "alice", "int speed = 1; // short")[0]).state == "done"
        (again,) = ask(service, "mallory", "int speed = 1; // long")  # a fault is tried anew
        assert until_over(service, again).state == "done"


@pytest.mark.parametrize("kind", ["build", "verdict"])
def test_what_runs_is_ended_when_it_is_taken_back(tmp_path: Path, kind: str) -> None:
    (tmp_path / "hold").touch()
    with served(tmp_path, workers=1, more_workers=0) as (service, farm):
        job = build("int speed = 1;") if kind == "build" else verdict("int speed = 1;")
        model = BuildJob if kind == "build" else VerdictJob
        (running,) = service.submit("alice", [model.model_validate(job)])
        while not farm.ranks:
            time.sleep(0.01)
        assert service.drop([running.key], "bob") == []
        assert service.drop([running.key], "alice") == [running.key]
        assert service.archive.job(running.key) is None
        deadline = time.monotonic() + 30
        while service.shares.running() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert service.shares.running() == {}  # though the farm still holds what runs there
        assert service.archive.elites("dgemm") == []
        (tmp_path / "hold").unlink()
        (again,) = service.submit("alice", [model.model_validate(job)])
        assert until_over(service, again).state == "done"


def test_a_job_asked_for_again_is_not_what_was_taken_back(tmp_path: Path) -> None:
    """Its last run may still end when the next one begins: what becomes of it is none of the next one's."""
    farm = SlowFarm(tmp_path)
    (tmp_path / "hold").touch()
    slow_to_end = threading.Event()
    end = farm.end
    farm.end = lambda future: (slow_to_end.wait(30), end(future))[1]  # type: ignore[method-assign]
    with Archive(tmp_path / "a.db") as archive:
        service = Service(farm, archive, {"dgemm": TASK}, ServeSettings(workers=2))
        service.start()
        try:
            (first,) = ask(service, "alice", "int speed = 1;")
            while len(farm.ranks) < 1:
                time.sleep(0.01)
            dropping = threading.Thread(target=service.drop, args=([first.key], "alice"))
            dropping.start()
            while archive.job(first.key) is not None:
                time.sleep(0.01)
            (second,) = ask(service, "alice", "int speed = 1;")
            while len(farm.ranks) < 2:
                time.sleep(0.01)
            slow_to_end.set()
            dropping.join(30)
            while len(service.shares.running()) != 1 or service.shares.by_token()["alice"] != 1:
                time.sleep(0.01)
            (tmp_path / "hold").unlink()
            assert until_over(service, second).state == "done"
        finally:
            service.stop()


def test_what_was_taken_back_by_way_of_another_server_is_ended_here(tmp_path: Path) -> None:
    (tmp_path / "hold").touch()
    with served(tmp_path, workers=1) as (service, farm), Archive(tmp_path / "a.db") as other:
        (job,) = ask(service, "alice", "int speed = 1;")
        while not farm.ranks:
            time.sleep(0.01)
        assert other.drop_jobs([job.key], "alice") == [job.key]
        deadline = time.monotonic() + 30
        while service.shares.running() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert service.shares.running() == {}


def test_a_running_job_is_taken_back_over_http(tmp_path: Path) -> None:
    with Server(tmp_path, workers=2) as server, server.client() as alice, server.client(BOB) as bob:
        server.hold()
        one, two, shared = submit(alice, *(build(f"int speed = 1; // {i}") for i in range(3)))
        for job in (one, two):
            while alice.get(f"/v1/jobs/{job['key']}").json()["state"] != "running":
                time.sleep(0.01)
        submit(bob, build("int speed = 1; // 2"))
        assert error(bob.delete(f"/v1/jobs/{one['key']}"), 403)["kind"] == "not_yours"
        assert alice.delete(f"/v1/jobs/{one['key']}").json() == {"dropped": [one["key"]]}
        keys = [job["key"] for job in (one, two, shared)]
        assert alice.post("/v1/drop", json={"keys": keys}).json() == {"dropped": [two["key"]]}
        assert error(alice.get(f"/v1/jobs/{two['key']}"), 404)["kind"] == "unknown_job"
        while alice.get(f"/v1/jobs/{shared['key']}").json()["state"] != "running":
            time.sleep(0.01)  # there is a worker again
        server.go_on()
        assert finish(alice, shared["key"])["state"] == "done"
        assert len(server.ran()) == 1


def test_anothers_repeat_does_not_change_a_jobs_priority(tmp_path: Path) -> None:
    with Archive(tmp_path / "a.db") as archive:
        service = Service(SlowFarm(tmp_path), archive, {"dgemm": TASK}, ServeSettings(workers=1))

        def priority(token: str, value: int) -> int:
            job = BuildJob.model_validate(build("int speed = 1;", priority=value))
            (found,) = service.submit(token, [job])
            return found.priority

        assert priority("alice", 5) == 5
        assert priority("mallory", -100) == 5
        assert priority("alice", 7) == 5
        assert priority("alice", 1) == 1
        service.stop()


def test_a_full_disk_makes_no_faults_of_accepted_jobs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the midst of an evaluation, too; and nobody is told where the archive is."""
    with served(tmp_path, workers=1, more_workers=0) as (service, _):
        store, record = service.archive.store_measurement, service.archive.record_sample
        failing = ["store", "store", "record"]

        def sometimes(what: str, real: object) -> object:
            def call(*arguments: object, **named: object) -> object:
                if what in failing:
                    failing.remove(what)
                    raise DatabaseFault(
                        FaultKind.DISK_FULL, f"no space left for {tmp_path}", remedy="--resume"
                    )
                return real(*arguments, **named)  # type: ignore[operator]

            return call

        monkeypatch.setattr(service.archive, "store_measurement", sometimes("store", store))
        monkeypatch.setattr(service.archive, "record_sample", sometimes("record", record))
        (job,) = service.submit("alice", [VerdictJob.model_validate(verdict("int speed = 1;"))])
        said: set[str] = set()
        while not (found := service.archive.job(job.key) or job).over:
            said |= set(service.unready())
            time.sleep(0.01)
        assert not failing
        assert found.state == "done"
        assert said == {DATABASE_TROUBLE}
        assert (tmp_path / "ran").read_text().count(" training") == 3  # not again after it was stored


def test_a_fault_of_the_farm_is_still_the_jobs(tmp_path: Path) -> None:
    with served(tmp_path, workers=1) as (service, _):
        (job,) = ask(service, "alice", "fault")
        assert until_over(service, job).fault == "disk_full"


def test_the_databases_trouble_is_told_without_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fastapi.testclient import TestClient

    from hayate.serve import Tokens
    from hayate.serve.app import create_app

    with served(tmp_path, workers=1) as (service, _):

        def broken(*_: object, **__: object) -> None:
            raise DatabaseFault(FaultKind.DISK_FULL, f"no space for {tmp_path}/a.db", remedy="--resume")

        monkeypatch.setattr(service.archive, "submit_jobs", broken)
        with TestClient(create_app(service, Tokens({"a": "a" * 20}))) as client:
            head = {"Authorization": f"Bearer {'a' * 20}"}
            answer = client.post("/v1/jobs", json=[build("int speed = 1;")], headers=head)
            assert answer.status_code == 503
            assert answer.json()["error"]["kind"] == "disk_full"
            assert str(tmp_path) not in answer.text
            assert "--resume" not in answer.text
            monkeypatch.setattr(service, "_trouble", f"no space left for {tmp_path}/a.db")
            said = client.get("/readyz")
            assert said.status_code == 503
            assert said.json()["reasons"] == [DATABASE_TROUBLE]

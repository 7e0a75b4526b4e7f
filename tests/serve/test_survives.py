"""What is queued outlives its server: kill -9, restart, drain; in SQLite and in a real PostgreSQL."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from record_examples import HOST
from served import BOB, Server, SlowFarm, build, error, finish, submit, verdict

from hayate.archive import Archive, Job, NewJob, QueueFull
from hayate.errors import Fault, FaultKind, WrongUse
from hayate.records import Task
from hayate.rewards import RewardSettings
from hayate.serve import ServeSettings, Service
from hayate.serve.models import BuildJob, MeasureJob, VerdictJob
from hayate.serve.refused import Refused
from hayate.tasks import builtin


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty one."""
    if request.param == "sqlite":
        return str(tmp_path / "archive.db")
    url: str = request.getfixturevalue("postgres_url")
    schema = f"s{time.time_ns()}"
    with Archive(url) as archive, archive._write() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    return f"{url}&options=-csearch_path%3D{schema}"


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_by_kill_9(database: str, tmp_path: Path) -> None:
    """200 jobs, the server killed in the midst of them, three times."""
    with Server(tmp_path, archive=database, delay_s=0.01, queue=500, workers=4) as server:
        with server.client() as client:
            sources = [f"int speed = {i % 10}; // job {i}" for i in range(200)]
            keys = [job["key"] for job in submit(client, *map(build, sources))]
        for part in (20, 80, 140):
            while len(server.ran()) < part:
                time.sleep(0.01)
            server.kill()
            server.start()
        with server.client() as client:
            waiting, over = set(keys), []
            while waiting:
                said = client.post("/v1/results", json={"keys": sorted(waiting), "wait_s": 30}).json()
                assert not said["unknown"]
                over += said["over"]
                waiting -= {job["key"] for job in said["over"]}
            again = submit(client, *map(build, sources))
            assert [job["state"] for job in again] == ["done"] * 200
    assert Counter(job["key"] for job in over) == Counter(keys)
    assert all(job["built"] is not None for job in over)
    ran = Counter(server.ran())
    assert len(ran) == 200
    assert sum(ran.values()) <= 200 + 3 * 4  # what ran when it was killed ran again, nothing else
    with Archive(database) as archive:
        assert archive.count_jobs() == {("build", "done"): 200}


@pytest.mark.slow
def test_a_drained_server_finishes_what_runs_and_keeps_the_rest(tmp_path: Path) -> None:
    with Server(tmp_path, workers=2) as server:
        with server.client() as client:
            server.hold()
            jobs = submit(client, *(build(f"int speed = 1; // {i}") for i in range(5)))
            running = [job["key"] for job in jobs[:2]]
            for key in running:
                while client.get(f"/v1/jobs/{key}").json()["state"] != "running":
                    time.sleep(0.01)
            server.terminate()
            while client.get("/readyz").status_code == 200:
                time.sleep(0.01)
            assert client.get("/readyz").json() == {"ok": False, "reasons": ["draining"]}
            assert client.get("/healthz").status_code == 200
            answer = client.post("/v1/jobs", json=[build("int speed = 1; // late")])
            assert error(answer, 503)["kind"] == "draining"
            assert int(answer.headers["Retry-After"]) >= 1
            server.go_on()  # from now on it may be gone before it can be asked
        assert server.process.wait(30) == 0
        assert len(server.ran()) == 2
        server.start()
        with server.client() as client:
            assert [finish(client, job["key"])["state"] for job in jobs] == ["done"] * 5
        assert len(server.ran()) == 5


@pytest.mark.slow
@pytest.mark.parametrize("how", ["time is up", "second signal"])
def test_what_a_drain_cannot_wait_for_is_queued_again(tmp_path: Path, how: str) -> None:
    with Server(tmp_path, workers=2, drain_s=0.2 if how == "time is up" else 60) as server:
        with server.client() as client:
            server.hold()
            (job,) = submit(client, build("int speed = 1;"))
            while client.get(f"/v1/jobs/{job['key']}").json()["state"] != "running":
                time.sleep(0.01)
        server.process.send_signal(signal.SIGINT)
        if how == "second signal":
            time.sleep(0.3)
            server.process.send_signal(signal.SIGINT)
        assert server.process.wait(30) == 0
        with Archive(server.archive) as archive:
            assert archive.count_jobs() == {("build", "queued"): 1}
        server.go_on()
        server.start()
        with server.client() as client:
            assert finish(client, job["key"])["state"] == "done"


def test_waiting_clients_get_an_answer_when_the_server_ends(tmp_path: Path) -> None:
    with Server(tmp_path, drain_s=0.1) as server, server.client() as client:
        server.hold()
        (job,) = submit(client, build("int speed = 1;"))
        threading.Timer(0.3, server.terminate).start()
        answer = client.get(f"/v1/jobs/{job['key']}", params={"wait_s": 60})
        assert answer.status_code == 200
        assert answer.json()["state"] == "running"


@pytest.mark.slow
def test_two_servers_on_one_database_share_the_jobs(database: str, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with (
        Server(tmp_path / "a", archive=database, workers=2) as first,
        Server(tmp_path / "b", archive=database, workers=2) as second,
    ):
        first.hold()
        with first.client() as client, second.client(BOB) as other:
            jobs = submit(client, *(build(f"int speed = 1; // {i}") for i in range(12)))
            while len(second.ran()) < 10:  # what the first does not hold
                time.sleep(0.01)
            first.go_on()
            assert [finish(other, job["key"])["state"] for job in jobs] == ["done"] * 12
        assert len(first.ran()) == 2
        assert len(second.ran()) == 10


class TestQueue:
    """The archive's part alone."""

    def test_one_result_per_job_whoever_finishes(self, database: str) -> None:
        with Archive(database) as archive:
            archive.submit_jobs([NewJob("k", "build", "{}")], token="t", limit=9)
            first = archive.take_job("w1", lease_s=-1)  # run out at once
            assert first is not None
            assert archive.requeue_jobs() == (1, 0)
            second = archive.take_job("w2", lease_s=60)
            assert second is not None
            assert second.key == first.key
            assert archive.take_job("w3", lease_s=60) is None
            assert not archive.fault_job("k", "w1", Fault(FaultKind.INTERNAL, "late"))
            assert archive.finish_job("k", '{"from": 1}', b"\x00code")
            assert not archive.finish_job("k", '{"from": 2}')
            assert not archive.fault_job("k", "w2", Fault(FaultKind.INTERNAL, "late"))
            found = archive.job("k")
            assert found is not None
            assert found.result == '{"from": 1}'
            assert archive.job_code("k") == b"\x00code"

    def test_a_job_that_kills_its_server_is_given_up(self, database: str) -> None:
        with Archive(database) as archive:
            archive.submit_jobs([NewJob("k", "build", "{}")], token="t", limit=9)
            for _ in range(2):
                assert archive.take_job("w", lease_s=60) is not None
                assert archive.requeue_jobs({"w"}) == (1, 0)
            assert archive.take_job("w", lease_s=60) is not None
            assert archive.requeue_jobs({"w"}) == (0, 1)
            found = archive.job("k")
            assert found is not None
            assert found.fault == "runner_lost"
            archive.submit_jobs([NewJob("k", "build", "{}")], token="t", limit=9)
            assert archive.take_job("w", lease_s=60) is not None

    def test_a_release_is_no_try(self, database: str) -> None:
        with Archive(database) as archive:
            archive.submit_jobs([NewJob("k", "build", "{}")], token="t", limit=9)
            for _ in range(5):
                assert archive.take_job("w", lease_s=60) is not None
                assert archive.release_jobs("w") == 1
            assert archive.take_job("w", lease_s=60) is not None
            assert archive.job_workers() == {"w"}

    def test_tokens_take_turns_and_order_their_own_by_priority(self, database: str) -> None:
        """Neither a long queue nor a low priority starves the others."""
        with Archive(database) as archive:
            archive.submit_jobs([NewJob(f"a{i}", "build", "{}") for i in range(3)], token="a", limit=9)
            archive.submit_jobs([NewJob("b0", "build", "{}")], token="b", limit=9)
            archive.submit_jobs([NewJob(f"c{i}", "build", "{}", -i) for i in range(3)], token="c", limit=9)
            served: dict[str, float] = {}
            order = []
            for now in range(7):
                job = archive.take_job("w", lease_s=60, served=served)
                assert job is not None
                served[job.token] = 1.0 + now
                order.append(job.key)
        assert order == ["c2", "a0", "b0", "c1", "a1", "c0", "a2"]

    def test_the_limit_holds_for_the_batch_as_a_whole(self, database: str) -> None:
        with Archive(database) as archive:
            new = [NewJob(f"k{i}", "build", "{}") for i in range(5)]
            archive.submit_jobs(new[:3], token="t", limit=4)
            with pytest.raises(QueueFull) as told:
                archive.submit_jobs(new, token="t", limit=4)
            assert (told.value.queued, told.value.over) == (3, 1)
            assert archive.job("k4") is None
            archive.submit_jobs(new[:4], token="t", limit=4)
            archive.submit_jobs(new[:4], token="t", limit=1)  # nothing new in it
            archive.submit_jobs(new[4:], token="u", limit=4)

    def test_what_has_ended_is_told_from_what_waits_and_what_is_unknown(self, database: str) -> None:
        with Archive(database) as archive:
            archive.submit_jobs([NewJob(k, "build", "{}") for k in "abc"], token="t", limit=9)
            job = archive.take_job("w", lease_s=60)
            assert job is not None
            archive.finish_job(job.key, "{}")
            assert archive.jobs_over(["a", "b", "x"]) == {"a": True, "b": False}

    def test_what_nobody_asks_for_is_forgotten(self, database: str) -> None:
        with Archive(database) as archive:
            archive.submit_jobs([NewJob(k, "build", "{}") for k in ("a", "b", "c")], token="t", limit=9)
            for _ in range(2):
                job = archive.take_job("w", lease_s=60)
                assert job is not None
                archive.finish_job(job.key, "{}")
            after = time.time()
            archive.submit_jobs([NewJob("d", "measure", "{}")], token="t", limit=9, needs=["a"])
            assert archive.forget_jobs(after) == 1
            assert {key for key in "abcd" if archive.job(key)} == {"a", "c", "d"}

    def test_at_once_from_many_threads_each_job_runs_once(self, database: str) -> None:
        with Archive(database) as one, Archive(database) as two:
            one.submit_jobs([NewJob(f"k{i}", "build", "{}") for i in range(40)], token="t", limit=99)
            taken: list[str] = []

            def work(archive: Archive, name: str) -> None:
                while (job := archive.take_job(name, lease_s=60)) is not None:
                    taken.append(job.key)
                    archive.finish_job(job.key, "{}")

            threads = [
                threading.Thread(target=work, args=(archive, f"{name}{i}"))
                for archive, name in ((one, "one"), (two, "two"))
                for i in range(3)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sorted(taken) == sorted(f"k{i}" for i in range(40))
            assert one.count_jobs() == {("build", "done"): 40}


def test_a_second_server_at_the_same_address_is_refused(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        with pytest.raises(AssertionError, match="did not start"):
            Server(tmp_path, port=server.port)
        assert httpx.get(f"{server.url}/healthz", trust_env=False).status_code == 200


def test_what_was_queued_for_another_compiler_is_not_run_by_this_one(tmp_path: Path) -> None:
    task = builtin("dgemm")

    def service(archive: Archive, compiler: str) -> Service:
        farm = SlowFarm(tmp_path)
        farm.host = HOST.model_copy(update={"compiler": compiler})
        return Service(farm, archive, {task.name: task}, ServeSettings(workers=1))

    def ended(archive: Archive, key: str) -> Job:
        while (job := archive.job(key)) is None or not job.over:
            time.sleep(0.01)
        return job

    ask = BuildJob.model_validate(build("int speed = 1;"))
    with Archive(tmp_path / "a.db") as archive:
        old = service(archive, "gcc 12")
        (queued,) = old.submit("alice", [ask])
        new = service(archive, "gcc 13")
        new.start()
        try:
            assert ended(archive, queued.key).fault == "node_lost"
            (again,) = new.submit("alice", [ask])
            assert again.key != queued.key
            assert ended(archive, again.key).state == "done"
            measure = {"kind": "measure", "plan": {"purpose": "check"}}
            with pytest.raises(Refused) as told:
                old.submit("alice", [MeasureJob.model_validate({**measure, "build": again.key})])
            assert (told.value.status, told.value.kind) == (404, "unknown_build")
        finally:
            new.stop()
            old.stop()


def test_an_object_of_an_older_task_is_not_measured_as_the_newer(tmp_path: Path) -> None:
    task = builtin("dgemm")
    newer = Task.model_validate({**task.model_dump(), "flops": "3"})
    ask = BuildJob.model_validate(build("int speed = 1;"))
    with Archive(tmp_path / "a.db") as archive:

        def service(*tasks: Task) -> Service:
            known = {one.name: one for one in tasks}
            return Service(SlowFarm(tmp_path), archive, known, ServeSettings(workers=1))

        old = service(task)
        old.start()
        try:
            (built,) = old.submit("alice", [ask])
            while (job := archive.job(built.key)) is None or not job.over:
                time.sleep(0.01)
        finally:
            old.stop()
        measure = MeasureJob.model_validate(
            {"kind": "measure", "build": built.key, "plan": {"purpose": "check"}}
        )
        for now, kind in ((service(newer), "task_differs"), (service(), "unknown_task")):
            with pytest.raises(Refused) as told:
                now.submit("alice", [measure])
            assert told.value.kind == kind
            now.stop()


def test_other_rewards_are_other_verdicts(tmp_path: Path) -> None:
    task = builtin("dgemm")
    ask = VerdictJob.model_validate(verdict("int speed = 1;"))
    keys = set()
    with Archive(tmp_path / "a.db") as archive:
        for pay in (RewardSettings(), RewardSettings(preset="s1"), RewardSettings()):
            service = Service(SlowFarm(tmp_path), archive, {task.name: task}, reward_settings=pay)
            keys.add(service.requests.new_job(ask).key)
            service.stop()
    assert len(keys) == 2


def test_an_unexpected_error_is_tried_again_at_a_walking_pace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not as fast as a loop goes: each try leaves a trace in the log."""
    task = builtin("dgemm")
    tries: list[float] = []

    def broken(*_: object, **__: object) -> None:
        tries.append(time.monotonic())
        raise WrongUse("this is no archive", where="a.db")

    with Archive(tmp_path / "a.db") as archive:
        service = Service(SlowFarm(tmp_path), archive, {task.name: task}, ServeSettings(workers=1))
        monkeypatch.setattr(archive, "take_job", broken)
        service.start()
        try:
            while len(tries) < 3:
                time.sleep(0.01)
        finally:
            service.stop()
    assert len(tries) < 10  # thousands, if it did not pause


def test_a_build_that_was_forgotten_is_unknown_though_it_was_measured(tmp_path: Path) -> None:
    task = builtin("dgemm")

    def finished(archive: Archive, key: str) -> bool:
        job = archive.job(key)
        return job is not None and job.state == "done"

    with Archive(tmp_path / "a.db") as archive:
        service = Service(SlowFarm(tmp_path), archive, {task.name: task}, ServeSettings(workers=1))
        service.start()
        try:
            (built,) = service.submit("t", [BuildJob.model_validate(build("int speed = 5;"))])
            while not finished(archive, built.key):
                time.sleep(0.01)
            plan = {"purpose": "training"}
            measure = MeasureJob.model_validate({"kind": "measure", "build": built.key, "plan": plan})
            (measured,) = service.submit("t", [measure])
            while not finished(archive, measured.key):
                time.sleep(0.01)
            assert service.requests.object(built.key)[1].object_code
            assert archive.forget_jobs(time.time() + 60) == 2
            with pytest.raises(Refused, match="unknown_build"):
                service.submit("t", [measure])
            with pytest.raises(Refused, match="unknown_build"):
                service.requests.object(built.key)
        finally:
            service.stop()


def test_trouble_that_is_over_is_forgotten_though_nobody_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = builtin("dgemm")
    with Archive(tmp_path / "a.db") as archive:
        service = Service(SlowFarm(tmp_path), archive, {task.name: task}, ServeSettings(workers=1))
        job_waits, failing = archive.job_waits, ["first", "second"]

        def sometimes() -> bool:
            if failing:
                kind = failing.pop()
                raise Fault(FaultKind.NODE_LOST, "away") if kind == "first" else ZeroDivisionError
            return job_waits()

        monkeypatch.setattr(archive, "job_waits", sometimes)
        service.start()
        try:
            deadline = time.monotonic() + 60
            while failing and time.monotonic() < deadline:
                time.sleep(0.01)
            while service.unready() and time.monotonic() < deadline:
                time.sleep(0.01)
            assert service.unready() == []
        finally:
            service.stop()


def test_a_database_that_fails_for_a_while_loses_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = builtin("dgemm")
    with Archive(tmp_path / "a.db") as archive:
        service = Service(SlowFarm(tmp_path), archive, {task.name: task}, ServeSettings(workers=1))
        finish_job, failing = archive.finish_job, [True, True]

        def sometimes(*arguments: Any) -> bool:
            if failing:
                failing.pop()
                raise Fault(FaultKind.DISK_FULL, "no space left")
            return finish_job(*arguments)

        monkeypatch.setattr(archive, "finish_job", sometimes)
        service.start()
        try:
            (job,) = service.submit("alice", [BuildJob.model_validate(build("int speed = 1;"))])
            while archive.count_jobs() != {("build", "done"): 1}:
                time.sleep(0.01)
            assert not failing
            assert (tmp_path / "ran").read_text().count("build") == 1
            assert archive.job(job.key) is not None
        finally:
            service.stop()

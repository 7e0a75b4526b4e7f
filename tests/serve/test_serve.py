"""The service as its clients meet it: real HTTP, a real database, a scripted farm."""

from __future__ import annotations

import io
import json
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console
from served import ALICE, BOB, TASKS, Server, build, error, finish, submit, verdict

from hayate import farm as farms
from hayate.errors import WrongUse
from hayate.farm.settings import SENT_MAX_BYTES
from hayate.judge import JUDGE_VERSION
from hayate.records import HostProfile
from hayate.report import farm_view
from hayate.tasks import builtin


def test_a_build_is_measured_and_no_object_code_comes_out(server: Server) -> None:
    with server.client() as client:
        (job,) = submit(client, build("int speed = 4; // measured"))
        done = finish(client, job["key"])
        assert done["state"] == "done"
        assert done["built"]["object_code"] == ""
        assert done["built"]["flags"] == ["-O3"]
        (rival,) = submit(client, build("int speed = 2; // rival"))
        finish(client, rival["key"])
        (alone, against) = submit(
            client,
            {"kind": "measure", "build": job["key"], "plan": {"purpose": "training"}},
            {
                "kind": "measure",
                "build": job["key"],
                "rival": rival["key"],
                "plan": {"purpose": "confirm", "nonce": "12345678"},
            },
        )
        assert finish(client, alone["key"])["measurement"]["speedup"]["median"] == 4.0
        assert finish(client, against["key"])["measurement"]["speedup"]["median"] == 2.0


def test_a_rejection_and_a_fault_and_a_bug_are_told_apart(server: Server) -> None:
    with server.client() as client:
        jobs = submit(client, build("no"), build("fault"), build("bug"))
        rejected, faulty, broken = (finish(client, job["key"]) for job in jobs)
    assert rejected["state"] == "done"
    assert rejected["rejection"]["outcome"] == "build_failed"
    assert faulty["state"] == "fault"
    assert faulty["fault"] == {
        "kind": "disk_full", "message": "scripted to fail", "remedy": "free some space",
    }  # fmt: skip
    assert broken["fault"]["kind"] == "internal"


def test_a_verdict_for_a_foreign_trainer(server: Server) -> None:
    with server.client() as client:
        good, bad = submit(client, verdict("int speed = 7;"), verdict("int speed = 0;"))
        found = finish(client, good["key"])["verdict"]
        assert found["outcome"] == "accepted"
        assert found["reward"] > 0
        assert found["speedup"]["median"] == 7.0
        assert HostProfile.model_validate(found["host"])
        assert finish(client, bad["key"])["verdict"]["outcome"] == "wrong"


def test_the_same_content_is_one_job(server: Server) -> None:
    source = "int speed = 3; // once"
    with server.client() as client, server.client(BOB) as other:
        first, second = submit(client, build(source), build(source, priority=3))
        assert first["key"] == second["key"]
        finish(client, first["key"])
        (third,) = submit(other, build(source))
        assert third["key"] == first["key"]
        assert third["state"] == "done"
        (elsewhere,) = submit(client, build(source, task="jacobi2d", task_hash=builtin("jacobi2d").hash))
        assert elsewhere["key"] != first["key"]
        finish(client, elsewhere["key"])
        plan = {"purpose": "report", "nonce": "first-of-all"}
        job = {"kind": "measure", "build": first["key"], "plan": plan}
        again = {**job, "plan": {**plan, "nonce": "second-of-all"}}
        a, b, c = submit(client, job, job, again)
        assert a["key"] == b["key"] != c["key"]
        made = finish(client, a["key"])["built"], finish(client, first["key"])["built"]
        finish(client, c["key"])
        assert made[0] is None
        ran = [line for line in server.ran() if line.endswith(f"{made[1]['object_hash']} report")]
        assert len(ran) == 2


def test_a_fault_is_tried_anew_when_asked_for_again(server: Server) -> None:
    with server.client() as client:
        (job,) = submit(client, build("fault, again"))
        finish(client, job["key"])
        (again,) = submit(client, build("fault, again"))
        assert again["key"] == job["key"]
        assert again["state"] in ("queued", "running")
        finish(client, job["key"])


def test_a_long_poll_ends_with_the_job_and_with_its_time(server: Server) -> None:
    with server.client() as client:
        server.hold()
        try:
            (job,) = submit(client, build("int speed = 5; // polled"))
            answer = client.get(f"/v1/jobs/{job['key']}", params={"wait_s": 0.2}).json()
            assert answer["state"] in ("queued", "running")
            threading.Timer(0.3, server.go_on).start()
            assert finish(client, job["key"])["state"] == "done"
        finally:
            server.go_on()
        unknown = "0" * 32
        answer = client.post("/v1/results", json={"keys": [job["key"], unknown], "wait_s": 10}).json()
        assert [one["key"] for one in answer["over"]] == [job["key"]]
        assert answer["waiting"] == []
        assert answer["unknown"] == [unknown]


def test_a_stream_gives_each_job_once_as_it_ends(server: Server) -> None:
    with server.client() as client:
        server.hold()
        jobs = submit(client, *(build(f"int speed = 1; // streamed {i}") for i in range(5)))
        keys = [job["key"] for job in jobs]
        threading.Timer(0.2, server.go_on).start()
        with client.stream("GET", "/v1/results", params={"keys": keys, "wait_s": 60}) as answer:
            assert answer.headers["content-type"] == "application/x-ndjson"
            lines = [json.loads(line) for line in answer.iter_lines() if line]
    assert sorted(line["key"] for line in lines) == sorted(keys)
    assert all(line["state"] == "done" for line in lines)


@pytest.mark.parametrize("token", ["", "wrong", ALICE[:-1], ALICE + "x", "ünknown-ünknown"])
def test_without_a_known_token_nothing(server: Server, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}".encode("latin-1")} if token else {}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False) as client:
        for method, path in (
            ("GET", "/v1/host"),
            ("POST", "/v1/jobs"),
            ("GET", f"/v1/jobs/{'0' * 32}"),
            ("DELETE", f"/v1/jobs/{'0' * 32}"),
            ("POST", "/v1/results"),
            ("GET", "/v1/results"),
            ("POST", "/v1/drop"),
            ("GET", "/metrics"),
            ("GET", "/anything"),
        ):
            assert error(client.request(method, path), 401)["kind"] == "unauthorized"
        for path in ("/healthz", "/readyz", "/openapi.json"):
            assert client.get(path).status_code == 200


def test_only_ones_own_job_can_be_taken_back(server: Server) -> None:
    with server.client() as alice, server.client(BOB) as bob:
        server.hold()
        try:
            first = submit(alice, *(build(f"int speed = 1; // filler {i}") for i in range(8)))
            mine, both, left = submit(
                alice, *(build(f"int speed = 2; // {name}") for name in ("mine", "both", "left"))
            )
            submit(bob, build("int speed = 2; // both"))
            assert error(bob.delete(f"/v1/jobs/{mine['key']}"), 403)["kind"] == "not_yours"
            assert alice.delete(f"/v1/jobs/{mine['key']}").json() == {"dropped": [mine["key"]]}
            assert error(alice.get(f"/v1/jobs/{mine['key']}"), 404)["kind"] == "unknown_job"
            assert error(alice.delete(f"/v1/jobs/{both['key']}"), 409)["kind"] == "shared"
            assert bob.post("/v1/drop", json={"keys": [left["key"]]}).json() == {"dropped": []}
            keys = [left["key"], both["key"], mine["key"]]
            assert alice.post("/v1/drop", json={"keys": keys}).json() == {"dropped": [left["key"]]}
        finally:
            server.go_on()
        for job in (*first, both):
            finish(alice, job["key"])
        assert error(alice.delete(f"/v1/jobs/{both['key']}"), 409)["kind"] == "over"


def test_tasks_are_named_and_compared(server: Server) -> None:
    with server.client() as client:
        told = error(client.post("/v1/jobs", json=[build("x", task="nosuch")]), 404)
        assert told["kind"] == "unknown_task"
        assert "dgemm" in told["remedy"]
        told = error(client.post("/v1/jobs", json=[build("x", task_hash="0" * 32)]), 409)
        assert told["kind"] == "task_differs"
        assert builtin("dgemm").hash in told["message"]
        assert "0" * 32 in told["message"]
        told = error(client.post("/v1/jobs", json=[verdict("x", plan=_plan(bands=["7"]))]), 404)
        assert told["kind"] == "unknown_band"


def test_what_is_measured_must_be_built_here(server: Server) -> None:
    with server.client() as client:

        def measure(key: str, **more: object) -> httpx.Response:
            return client.post("/v1/jobs", json=[{"kind": "measure", "build": key, "plan": _plan(), **more}])

        assert error(measure("0" * 32), 404)["kind"] == "unknown_build"
        (rejected, other, good) = submit(
            client,
            build("no good"),
            build("int speed = 1;", task="jacobi2d", task_hash=builtin("jacobi2d").hash),
            build("int speed = 1;"),
        )
        for job in (rejected, other, good):
            finish(client, job["key"])
        assert error(measure(rejected["key"]), 409)["kind"] == "build_rejected"
        assert error(measure(good["key"], rival=other["key"]), 409)["kind"] == "rival_of_another_task"
        (judged,) = submit(client, verdict("int speed = 1;"))
        assert error(measure(judged["key"]), 404)["kind"] == "unknown_build"
        server.hold()
        try:
            (waiting,) = submit(client, build("int speed = 1; // held"))
            assert error(measure(waiting["key"]), 409)["kind"] == "build_unfinished"
        finally:
            server.go_on()
        finish(client, waiting["key"])


def _plan(**more: object) -> dict[str, Any]:
    return {"purpose": "training", **more}


@pytest.mark.parametrize(
    "job",
    [
        build("x", object_code="aGk="),
        build("x", built={"object_code": "aGk="}),
        build("x", path="/etc/passwd"),
        build("x", file="kernel.c"),
        build("x", task="../../etc"),
        build("x", task="/srv/task"),
        build("x", task={"name": "dgemm"}),
        build("x", task_file='name = "dgemm"'),
        build("x", result={"built": {}}),
        build("x", flags=["-Ofast"]),
        build("x", libraries=["/lib/x.so"]),
        build("x", environment={"LD_PRELOAD": "x"}),
        build("x", key="0" * 32),
        build("x", state="done"),
        build("x", permitted=["everything"]),
        build("x", priority="1"),
        build("x", priority=True),
        build(["x"]),  # type: ignore[arg-type]
        build("x", language="fortran"),
        verdict("x", outcome="accepted"),
        verdict("x", verdict={"outcome": "accepted"}),
        verdict("x", reward=10.0),
        verdict("x", plan=_plan(seed=1)),
        verdict("x", plan=_plan(launches=10**9)),
        verdict("x", plan=_plan(wall_s=1e9)),
        verdict("x", plan=_plan(confidence=2)),
        verdict("x", plan={"purpose": "report"}),  # without a nonce
        {"kind": "measure", "build": "0" * 32, "plan": _plan(), "measurement": {"outcome": "accepted"}},
        {"kind": "measure", "build": {"object_code": "aGk="}, "plan": _plan()},
        {"kind": "measure", "build": "../" * 10 + "ab", "plan": _plan()},
        {"kind": "task", "task": "x"},
        {},
        None,
        "build",
    ],
    ids=lambda job: json.dumps(job)[:80] if isinstance(job, dict) else repr(job),
)
def test_a_client_is_not_trusted(server: Server, job: Any) -> None:
    with server.client() as client:
        assert error(client.post("/v1/jobs", json=[job]), 422)["kind"] == "invalid"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'[{"kind": "build", "source": "\\ud800"}]',
        b"\xff\xfe",
        b"[" * 100_000,
        b"1" * 100_000,
        b'[{"kind": "verdict", "plan": {"wall_s": NaN}}]',
    ],
    ids=lambda content: repr(content[:40]),
)
def test_what_is_no_json_is_refused_in_the_same_form(server: Server, content: bytes) -> None:
    with server.client() as client:
        answer = client.post("/v1/jobs", content=content, headers={"Content-Type": "application/json"})
        assert error(answer, answer.status_code)["kind"] in ("no_json", "invalid", "too_many_values")
        assert answer.status_code in (400, 413, 422)


def test_other_paths_methods_and_types(server: Server) -> None:
    with server.client() as client:
        assert error(client.get("/nowhere"), 404)["kind"] == "no_such_path"
        assert error(client.put("/v1/jobs"), 405)["kind"] == "method_not_allowed"
        assert error(client.post("/v1/jobs", content=b"[]", headers={"Content-Type": "text/plain"}), 415)
        assert error(client.get("/v1/jobs/nokey"), 422)
        assert error(client.get(f"/v1/jobs/{'0' * 32}", params={"wait_s": "nan"}), 422)
        assert error(client.get("/docs"), 404)


def test_the_host_says_what_it_is(server: Server) -> None:
    with server.client() as client:
        said = client.get("/v1/host").json()
    assert said["judge_version"] == JUDGE_VERSION
    assert {task["name"]: task["hash"] for task in said["tasks"]} == {n: builtin(n).hash for n in TASKS}
    assert HostProfile.model_validate(said["host"]).host_class == "Example CPU x86-64-v4"


def test_the_farm_says_what_it_does(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with server.client() as client:
        (job,) = submit(client, build("int speed = 4; // for the view"))
        finish(client, job["key"])
        (fault,) = submit(client, build("fault // for the view"))
        finish(client, fault["key"])
    monkeypatch.setenv("HAYATE_TOKEN", ALICE)
    found = farms.look_at(server.url)
    said = found.farms[""]
    assert said.ended["build"] >= 1
    assert said.faults["disk_full"] >= 1
    assert said.per_minute > 0
    assert found.jobs["build"]["done"] >= 1
    assert not found.draining
    shown = io.StringIO()
    Console(width=160, file=shown).print(farm_view(found))
    text = shown.getvalue()
    assert "disk full" in text
    assert "jobs in the queue's database: done" in text
    monkeypatch.setenv("HAYATE_TOKEN", "nobody-knows-this-one")
    with pytest.raises(WrongUse, match="does not know the token"):
        farms.look_at(server.url)


def test_metrics_count_what_happened(server: Server) -> None:
    with server.client() as client:
        (job,) = submit(client, build("int speed = 6; // counted"))
        finish(client, job["key"])
        submit(client, build("int speed = 6; // counted"))
        client.get(f"/v1/jobs/{'0' * 32}")
        client.get("/v1/host", headers={"Authorization": "Bearer nobody"})
        answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    for name in (
        'hayate_requests_total{method="POST",route="/v1/jobs",status="200"}',
        'hayate_requests_total{method="GET",route="/v1/jobs/{key}",status="200"}',
        'hayate_jobs_submitted_total{kind="build"}',
        'hayate_jobs_repeated_total{kind="build"}',
        'hayate_jobs_ended_total{kind="build",state="done"}',
        'hayate_job_run_seconds_bucket{kind="build",le="0.1"}',
        'hayate_job_wait_seconds_count{kind="build"}',
        'hayate_jobs{kind="build",state="done"}',
        "hayate_draining 0.0",
        'hayate_refused_total{kind="unknown_job"}',
        'hayate_refused_total{kind="unauthorized"}',
        "hayate_info{",
    ):
        assert name in answer.text, name
    assert ALICE not in answer.text
    assert "alice" not in answer.text  # a name is no other token's matter


def test_the_documented_trainer_gets_its_rewards(server: Server) -> None:
    page = (Path(__file__).parents[2] / "docs" / "service.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    scope: dict[str, Any] = {}
    exec(code.replace("http://127.0.0.1:8177", server.url).replace("TOKEN", ALICE), scope)
    good, wrong, fault, same = scope["rewards"](
        "dgemm", ["int speed = 5; // doc", "int speed = 0; // doc", "fault // doc", "int speed = 5; // doc"]
    )
    assert good == same > 0 > wrong
    assert fault is None


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("small")
    with Server(folder, body_bytes=20_000, queue=4, workers=2, body_s=1.0) as started:
        yield started


class TestLimits:
    def test_a_body_that_is_too_large(self, small: Server) -> None:
        with small.client() as client:
            told = error(client.post("/v1/jobs", json=[build("x" * 30_000)]), 413)
            assert told["kind"] == "too_large"
        head = (
            f"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ALICE}\r\n"
            "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", small.port), timeout=20) as raw:
            raw.sendall(head.encode())
            chunk = b"1000\r\n" + b" " * 4096 + b"\r\n"
            for _ in range(6):  # never the end
                raw.sendall(chunk)
            assert raw.recv(4096).startswith(b"HTTP/1.1 413")

    def test_a_body_that_does_not_come(self, small: Server) -> None:
        head = (
            f"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ALICE}\r\n"
            "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n["
        )
        with socket.create_connection(("127.0.0.1", small.port), timeout=20) as raw:
            raw.sendall(head.encode())
            assert raw.recv(4096).startswith(b"HTTP/1.1 408")

    def test_a_full_queue_names_a_time_to_wait_and_takes_nothing(self, small: Server) -> None:
        with small.client() as client, small.client(BOB) as other:
            small.hold()
            try:
                running = submit(client, *(build(f"int speed = 1; // r{i}") for i in range(2)))
                for job in running:
                    while client.get(f"/v1/jobs/{job['key']}").json()["state"] != "running":
                        pass
                waiting = submit(client, *(build(f"int speed = 1; // w{i}") for i in range(3)))
                more = [build(f"int speed = 1; // m{i}") for i in range(2)]
                answer = client.post("/v1/jobs", json=more)
                assert error(answer, 429)["kind"] == "queue_full"
                assert int(answer.headers["Retry-After"]) >= 1
                assert submit(client, build("int speed = 1; // w0"))[0]["state"] == "queued"  # a repeat
                submit(other, more[0])  # another token has a queue of its own
                submit(client, more[1])
                answer = client.post("/v1/jobs", json=[build(f"int speed = 1; // n{i}") for i in range(5)])
                assert error(answer, 413)["kind"] == "too_many_jobs"
            finally:
                small.go_on()
            for job in (*running, *waiting):
                finish(client, job["key"])

    def test_too_many_open_requests(self, tmp_path: Path) -> None:
        with (
            Server(tmp_path, open_requests=2) as server,
            server.client() as client,
            server.client(BOB) as other,
        ):
            server.hold()
            (job,) = submit(client, build("int speed = 1; // held"))
            answers: list[httpx.Response] = []

            def poll() -> None:
                with server.client() as own:
                    answers.append(own.get(f"/v1/jobs/{job['key']}", params={"wait_s": 60}))

            polls = [threading.Thread(target=poll) for _ in range(2)]
            for thread in polls:
                thread.start()
            while (answer := client.get("/v1/host")).status_code == 200:
                pass
            assert error(answer, 429)["kind"] == "too_many_open"
            assert other.get("/v1/host").status_code == 200
            assert client.get("/healthz").status_code == 200
            server.go_on()
            for thread in polls:
                thread.join(60)
            assert [answer.json()["state"] for answer in answers] == ["done"] * 2
            assert client.get("/v1/host").status_code == 200

    def test_a_source_that_is_far_too_long(self, server: Server) -> None:
        with server.client() as client:
            answer = client.post("/v1/jobs", json=[build("x" * (SENT_MAX_BYTES + 1))])
            assert error(answer, 422)["kind"] == "invalid"

    def test_too_many_requests(self, tmp_path: Path) -> None:
        with (
            Server(tmp_path, rate=1.0, rate_alone=1.0) as slow,
            slow.client() as client,
            slow.client(BOB) as other,
        ):
            answers = [client.get("/v1/host") for _ in range(8)]
            refused = [answer for answer in answers if answer.status_code != 200]
            assert refused
            for answer in refused:
                assert error(answer, 429)["kind"] == "too_many_requests"
                assert int(answer.headers["Retry-After"]) >= 1
            assert other.get("/v1/host").status_code == 200
            assert client.get("/healthz").status_code == 200

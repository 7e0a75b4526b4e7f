"""The client against a real server in a process of its own, over a scripted farm."""

from __future__ import annotations

import threading
import time
from concurrent.futures import CancelledError, Future, wait
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="no FastAPI: pip install 'hayate[serve]'")
pytest.importorskip("uvicorn", reason="no uvicorn: pip install 'hayate[serve]'")

from record_examples import HOST
from served import ALICE, TASKS, Server, SlowFarm, finish, submit, verdict

from hayate import farm as farms
from hayate.archive import Archive
from hayate.errors import Fault, FaultKind, WrongUse
from hayate.evaluate import EvaluateSettings, Evaluator
from hayate.farm import Farm, FarmSettings, HttpSettings, http
from hayate.farm.http import HttpFarm
from hayate.farm.settings import SENT_MAX_BYTES
from hayate.judge import JUDGE_VERSION, Rejection
from hayate.records import (
    Built,
    Candidate,
    MeasurePlan,
    Origin,
    Outcome,
    Task,
    Technique,
    Verdict,
    content_hash,
)
from hayate.tasks import builtin

DGEMM = builtin("dgemm")
pytestmark = pytest.mark.usefixtures("token")


def client(url: str, patience_s: float = 60) -> HttpFarm:
    opened = farms.open(FarmSettings(kind="http", http=HttpSettings(url=url, patience_s=patience_s)))
    assert isinstance(opened, HttpFarm)
    return opened


def build(farm: Farm, source: str) -> Built:
    built = farm.build(DGEMM, source, (Technique.SIMD,), "c").result(60)
    assert isinstance(built, Built)
    return built


def _candidates() -> list[Candidate]:
    sources = [
        *(f"int speed = {speed}; // {i}" for i, speed in enumerate((1, 5, 0, 7, 9))),
        "int speed = 5; // 1",
        "no good",
        "fault",
        "",
        "\ud800",
    ]
    return [
        Candidate(
            task=task,
            source=source,
            permitted=(Technique.SIMD,),
            origin=Origin(kind="policy", index=i),
        )
        for i, source in enumerate(sources)
        for task in TASKS
    ]


def _judged(farm: Farm, candidates: list[Candidate]) -> list[Any]:
    tasks = {name: builtin(name) for name in TASKS}
    with Archive("sqlite://") as archive:
        evaluator = Evaluator(farm, archive, tasks, settings=EvaluateSettings(fault_share=1))
        found = evaluator.evaluate(candidates)
        elites = [(e.task, e.niche, e.candidate, e.quality) for name in TASKS for e in archive.elites(name)]
    return [*(_stripped(one) for one in found), elites]


def _stripped(found: Verdict | Fault) -> object:
    """Without what a clock said."""
    if isinstance(found, Fault):
        return found.kind, found.message, found.remedy
    steps = [(step.name, step.note) for step in found.steps]
    return found.model_copy(update={"steps": (), "wall_s": 0.0}), steps


@pytest.mark.slow
def test_an_evaluator_gets_the_same_as_from_the_farm_itself(server: Server, tmp_path: Path) -> None:
    candidates = _candidates()
    with SlowFarm(tmp_path) as here:
        # In one order: who is measured first, is measured against.
        expected = [_judged(here, [candidate]) for candidate in candidates]
    with client(server.url) as there:
        assert there.host == HOST
        assert there.sandbox_tier == "landlock"
        found = [_judged(there, [candidate]) for candidate in candidates]
        together = _judged(there, candidates)
    assert found == expected
    # All at once they may be told apart by who was measured first, and by nothing else.
    assert [_outcome(one) for one in together[:-1]] == [_outcome(one) for (one, _) in expected]


def _outcome(stripped: Any) -> object:
    first = stripped[0]
    return first.outcome if isinstance(first, Verdict) else first


def test_the_object_stays_with_the_server(server: Server) -> None:
    with client(server.url) as farm:
        built = build(farm, "int speed = 4; // stays")
        assert built.name == "c"
        assert built.object_code == b""
        assert built.flags == ("-O3",)
        assert built.permitted == (Technique.SIMD,)
        assert built.compile_wall_s == 0.25
        rival = build(farm, "int speed = 2; // stays")
        found = farm.measure(DGEMM, built, MeasurePlan(), rival).result(60)
        assert found.speedup is not None
        assert found.speedup.median == 2.0
        stranger = built.model_copy(update={"object_hash": "0" * 32})
        with pytest.raises(Fault) as told:
            farm.measure(DGEMM, stranger, MeasurePlan()).result(60)
        assert told.value.kind is FaultKind.HOST_UNFIT
        with pytest.raises(WrongUse, match="seed"):
            farm.measure(DGEMM, built, MeasurePlan(seed=1))
        with pytest.raises(WrongUse, match="until_width"):
            farm.measure(DGEMM, built, MeasurePlan(until_width=0.02))


def test_what_is_asked_afresh_is_measured_again(server: Server) -> None:
    with client(server.url) as farm:
        built = build(farm, "int speed = 4; // afresh")
        for _ in range(2):
            farm.measure(DGEMM, built, MeasurePlan()).result(60)
            farm.measure(DGEMM, built, MeasurePlan(purpose="confirm")).result(60)
            farm.measure(DGEMM, built, MeasurePlan(), elsewhere=True).result(60)
    ran = [line.split()[-1] for line in server.ran() if line.startswith(f"measure {built.object_hash}")]
    assert sorted(ran) == ["confirm", "confirm", "training", "training", "training"]


def test_a_thorough_check_is_made_there_and_answers_no_other_plan(server: Server) -> None:
    """The evaluator's, of what is to be a task's best."""
    thorough = MeasurePlan(purpose="check", launches=0, verify_shapes=120, thorough=True, wall_s=60)
    usual = thorough.model_copy(update={"thorough": False})
    with client(server.url) as farm:
        built = build(farm, "int speed = 4; // wrong in a corner")
        found = [farm.measure(DGEMM, built, plan).result(60) for plan in (usual, thorough) * 2]
    assert [one.outcome for one in found] == [Outcome.ACCEPTED, Outcome.WRONG] * 2
    assert found[1].reason == "wrong in a corner of the domain"
    ran = [line for line in server.ran() if line.startswith(f"measure {built.object_hash}")]
    assert len(ran) == 2  # each of the two once


def test_faults_and_rejections_come_as_they_are(server: Server) -> None:
    with client(server.url) as farm:
        with pytest.raises(Fault) as told:
            farm.build(DGEMM, "fault", ()).result(60)
        assert told.value.kind is FaultKind.DISK_FULL
        assert told.value.remedy == "free some space"
        found = farm.build(DGEMM, "nothing", ()).result(60)
        assert found == Rejection(
            outcome=Outcome.BUILD_FAILED, reason="no speed in it", numbers={"errors": 2.0}
        )
        assert build(farm, "int speed = 3; // \ud800 \0").object_hash  # arrives as question marks
        # Of a text that is far too long, enough arrives for the judge to say so.
        long = "int speed = 3; //" + "x" * 10**6
        assert build(farm, long).object_hash == content_hash("dgemm", long[:SENT_MAX_BYTES].encode())


@pytest.mark.slow
def test_a_thousand_at_once(server: Server) -> None:
    with client(server.url) as farm:
        futures = [farm.build(DGEMM, f"int speed = {i % 10}; // mass {i // 2}", ()) for i in range(1000)]
        done, _ = wait(futures, 280)
        assert len(done) == 1000
        assert all(isinstance(future.result(), Built) for future in futures)


def test_wrong_use_is_told_at_once(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Task.model_validate({**DGEMM.model_dump(), "flops": "3"})
    unknown = Task.model_validate({**DGEMM.model_dump(), "name": "unknown"})
    with client(server.url) as farm:
        with pytest.raises(WrongUse, match=f"{DGEMM.hash}.*{other.hash}"):
            farm.build(other, "int speed = 1;", ()).result(60)
        with pytest.raises(WrongUse, match="no task 'unknown'"):
            farm.build(unknown, "int speed = 1;", ()).result(60)
        built = build(farm, "int speed = 1;")
        with pytest.raises(WrongUse, match="launches"):
            farm.measure(DGEMM, built, MeasurePlan(launches=1000)).result(60)
        assert build(farm, "int speed = 2;")  # it goes on
    monkeypatch.delenv("HAYATE_TOKEN")
    with pytest.raises(WrongUse, match="HAYATE_TOKEN"):
        client(server.url)
    monkeypatch.setenv("HAYATE_TOKEN", "something else altogether")
    with pytest.raises(WrongUse, match="HAYATE_TOKEN"):
        client(server.url)
    monkeypatch.setenv("HAYATE_TOKEN", ALICE)
    with pytest.raises(WrongUse, match=r"no hayate server|Not Found"):
        client(f"{server.url}/nothing/here")


def test_versions_of_tasks_are_compared_before_any_work(server: Server) -> None:
    other = Task.model_validate({**DGEMM.model_dump(), "flops": "3"})
    unknown = Task.model_validate({**DGEMM.model_dump(), "name": "unknown"})
    with client(server.url) as farm, Archive("sqlite://") as archive:
        Evaluator(farm, archive, {"dgemm": DGEMM})
        with pytest.raises(WrongUse, match=f"{DGEMM.hash} there, {other.hash} here"):
            Evaluator(farm, archive, {"dgemm": other})
        with pytest.raises(WrongUse, match="no task 'unknown'"):
            Evaluator(farm, archive, {"unknown": unknown})


def test_an_address_that_is_none_is_wrong_use() -> None:
    with pytest.raises(WrongUse, match="no URL"):
        client("http://127.0.0.1:port")


def test_what_is_asked_for_is_kept_longest(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """An elite that is everybody's rival is built once and needed for ever."""
    monkeypatch.setattr(http, "_KEPT_RECIPES", 3)
    with client(server.url) as farm:
        rival = build(farm, "int speed = 2; // the elite")
        forgotten = build(farm, "int speed = 3; // forgotten")
        for i in range(6):
            built = build(farm, f"int speed = 4; // {i} of many")
            found = farm.measure(DGEMM, built, MeasurePlan(purpose="confirm"), rival).result(60)
            assert found.speedup is not None
            assert found.speedup.median == 2.0
        with pytest.raises(Fault) as told:
            farm.measure(DGEMM, forgotten, MeasurePlan()).result(60)
        assert told.value.kind is FaultKind.HOST_UNFIT


@pytest.mark.slow
def test_a_server_on_another_kernel_is_asked_again(tmp_path: Path) -> None:
    """What was queued for the old one is a fault there; the client sends it again and takes in the new host."""
    newer = HOST.model_copy(update={"fingerprint": "f2", "kernel": "6.99"})
    with Server(tmp_path) as server, client(server.url) as farm:
        built = build(farm, "int speed = 4; // before")
        server.hold()
        waiting = [farm.build(DGEMM, f"int speed = 1; // waiting {i}", ()) for i in range(20)]
        measured = farm.measure(DGEMM, built, MeasurePlan())
        while not farm._sent:
            time.sleep(0.01)
        server.kill()
        server.go_on()
        server.start(host=newer)
        assert all(isinstance(future.result(60), Built) for future in waiting)
        assert measured.result(60).outcome is Outcome.ACCEPTED
        assert farm.host == newer
        server.kill()
        server.start(host=HOST.model_copy(update={"host_class": "another"}))
        with pytest.raises(Fault, match="another now"):
            farm.build(DGEMM, "int speed = 1; // on another class", ()).result(60)


def test_a_cancelled_job_does_not_run(server: Server) -> None:
    with client(server.url) as farm, server.client() as watching:
        server.hold()
        futures = [farm.build(DGEMM, f"int speed = 1; // cancelled {i}", ()) for i in range(30)]
        kept = farm.build(DGEMM, "int speed = 1; // cancelled 29", ())  # the same job as the last

        def queued() -> int:
            lines = watching.get("/metrics").text.splitlines()
            of = [line for line in lines if line.startswith('hayate_jobs{kind="build",state="queued"}')]
            return int(float(of[0].split()[-1])) if of else 0

        while queued() < 30 - 8:
            time.sleep(0.05)
        assert all(future.cancel() for future in futures)
        while queued() > 1:
            time.sleep(0.05)
        server.go_on()
        assert isinstance(kept.result(60), Built)
        with pytest.raises(CancelledError):
            futures[0].result(1)


def test_closing_settles_everything_and_takes_back_what_waits(tmp_path: Path) -> None:
    with Server(tmp_path, workers=2) as server:
        server.hold()
        farm = client(server.url)
        futures: list[Future[Any]] = [farm.build(DGEMM, f"int speed = 1; // {i}", ()) for i in range(50)]
        with server.client() as watching:
            while 'state="queued"} 48.0' not in watching.get("/metrics").text:
                time.sleep(0.05)
            farm.close()
            farm.close()
            for future in futures:
                with pytest.raises(Fault) as told:
                    future.result(0)
                assert told.value.kind is FaultKind.NODE_LOST
            assert 'state="queued"' not in watching.get("/metrics").text
        with pytest.raises(Fault, match="closed"):
            farm.build(DGEMM, "int speed = 1;", ())


def test_a_server_that_is_gone_is_a_fault_after_patience(tmp_path: Path) -> None:
    with Server(tmp_path) as server, client(server.url, patience_s=1) as farm:
        built = build(farm, "int speed = 1;")
        server.hold()
        waiting = farm.build(DGEMM, "int speed = 2;", ())
        while not farm._sent:
            time.sleep(0.01)
        server.kill()
        after = farm.measure(DGEMM, built, MeasurePlan())
        for future in (waiting, after):
            with pytest.raises(Fault) as told:
                future.result(60)
            assert told.value.kind is FaultKind.NODE_LOST
            assert "hayate serve" in told.value.remedy
        with pytest.raises(Fault) as told:
            client(server.url, patience_s=0.5)
        assert told.value.kind is FaultKind.NODE_LOST


@pytest.mark.slow
def test_a_restarted_server_goes_on_and_one_that_forgot_builds_again(tmp_path: Path) -> None:
    with Server(tmp_path) as server, client(server.url) as farm:
        built, rival = build(farm, "int speed = 6;"), build(farm, "int speed = 3;")
        server.hold()
        waiting = [farm.build(DGEMM, f"int speed = 1; // {i}", ()) for i in range(20)]
        while len(farm._sent) < 20:
            time.sleep(0.01)
        server.kill()
        server.go_on()
        server.start()
        assert all(isinstance(future.result(60), Built) for future in waiting)
        assert len(server.ran()) == 22

        server.hold()
        measuring = farm.measure(DGEMM, built, MeasurePlan(purpose="report"))
        while not farm._sent:
            time.sleep(0.01)
        server.kill()
        for path in tmp_path.glob("archive.db*"):
            path.unlink()  # all is forgotten
        server.go_on()
        server.start()
        found = measuring.result(60)
        assert found.speedup is not None
        found = farm.measure(DGEMM, built, MeasurePlan(), rival).result(60)
        assert found.speedup is not None
        assert found.speedup.median == 2.0


def test_a_small_queue_pushes_back_and_all_is_done(tmp_path: Path) -> None:
    with Server(tmp_path, queue=5, rate=200.0) as server, client(server.url) as farm:
        futures = [farm.build(DGEMM, f"int speed = 1; // {i}", ()) for i in range(40)]
        assert all(isinstance(future.result(120), Built) for future in futures)
        assert len(server.ran()) == 40


def test_what_was_sent_twice_runs_once(server: Server) -> None:
    """Through a proxy that loses the first answer to every request, after the server has carried it out."""
    proxy = _Losing(server)
    with proxy as url, client(url) as farm:
        built = build(farm, "int speed = 8; // lost")
        plan = MeasurePlan(purpose="report")
        futures = [farm.measure(DGEMM, built, plan) for _ in range(6)]
        assert all(future.result(120).speedup is not None for future in futures)
    assert sum(b'"measure"' in body for body in proxy.lost) >= 1
    assert sum(line.startswith(f"measure {built.object_hash}") for line in server.ran()) == 6


def test_another_judge_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hayate.farm.http.JUDGE_VERSION", "0 of another time")
    with pytest.raises(WrongUse, match=f"version {JUDGE_VERSION}, this hayate by 0 of another time"):
        client(server.url)


def test_what_is_no_hayate_server(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>hello</html>")

        def log_message(self, *_: object) -> None:
            pass

    other = ThreadingHTTPServer(("127.0.0.1", 0), Other)
    threading.Thread(target=other.serve_forever, daemon=True).start()
    try:
        with pytest.raises(WrongUse, match="no hayate server"):
            client(f"http://127.0.0.1:{other.server_address[1]}")
    finally:
        other.shutdown()
        other.server_close()


def test_a_server_that_takes_requests_and_never_answers(server: Server) -> None:
    """The first question is answered, then no other; closing does not wait for it."""
    silent = threading.Event()
    with _Losing(server, silent=silent) as url:
        farm = client(url)
        silent.set()
        future = farm.build(DGEMM, "int speed = 1; // silence", ())
        while not farm._live:
            time.sleep(0.01)
        farm.close()
        with pytest.raises(Fault, match="closed"):
            future.result(0)
        with pytest.raises(Fault) as told:
            client(url, patience_s=1)
        assert told.value.kind is FaultKind.NODE_LOST
        silent.clear()


def test_a_verdict_made_there_is_the_evaluators(server: Server, tmp_path: Path) -> None:
    """What a foreign trainer gets is what ours gets."""
    with server.client() as foreign:
        (job,) = submit(foreign, verdict("int speed = 3; // both ways"))
        there = finish(foreign, job["key"])["verdict"]
    candidate = Candidate(
        task="dgemm",
        source="int speed = 3; // both ways",
        permitted=(Technique.SIMD,),
        origin=Origin(kind="policy"),
    )
    with client(server.url) as farm:
        ((here, _), _) = _judged(farm, [candidate])
    assert there["candidate"] == here.candidate
    assert there["outcome"] == here.outcome.value
    assert there["speedup"] == here.speedup.model_dump()


class _Losing:
    """Passes requests on, and hangs up instead of the first answer to each."""

    def __init__(self, server: Server, *, silent: threading.Event | None = None) -> None:
        """While `silent` is set, nothing is answered."""
        self.lost: set[bytes] = set()  # bodies
        losing = self
        passing = server.client()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.do_POST()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                while silent is not None and silent.is_set():
                    time.sleep(0.05)
                answer = passing.request(
                    self.command, self.path, content=body, headers={"Content-Type": "application/json"}
                )
                if body not in losing.lost:
                    losing.lost.add(body)
                    self.close_connection = True
                    return
                self.send_response(answer.status_code)
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            def log_message(self, *_: object) -> None:
                pass

        self._passing = passing
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> str:
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._passing.close()


def test_jobs_asked_for_one_by_one_go_in_few_requests(tmp_path: Path) -> None:
    with Server(tmp_path) as server, client(server.url) as farm:
        asked = []
        for i in range(200):
            asked.append(farm.build(DGEMM, f"int speed = 1; // {i}", (), "c"))
            time.sleep(0.005)
        for future in asked:
            future.result(60)
        with server.client() as operator:
            text = operator.get("/metrics").text
        sent = {
            line.split('route="')[1].split('"')[0]: float(line.split()[-1])
            for line in text.splitlines()
            if line.startswith('hayate_requests_total{method="POST"')
        }
        assert sum(sent.values()) < 60, sent  # a second, and what the server takes to answer

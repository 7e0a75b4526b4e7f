"""A real `hayate.serve` in a process of its own, over a farm whose answers are written in the source.

`int speed = 5;` is accepted at 5 times the reference, 0 is wrong; `fault` meets the machine's trouble, `noisy`
as long as a file of that name is in DIR; without a speed it does not build. `wrong beyond 11 shapes` is found by a
plan that looks at 12, `wrong in a corner` by a thorough one, `takes 59 s` is too slow for one that gives less than a
minute. Each build and measurement leaves a line in DIR/ran, and waits while DIR/hold exists.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from record_examples import HOST
from scripted_farm import scripted_build, scripted_measurement

from hayate.archive import Archive
from hayate.errors import Fault, FaultKind
from hayate.farm import BuildJob, Farm, MeasureJob
from hayate.farm.base import taken_back
from hayate.judge import Measurement, Rejection
from hayate.records import Built, HostProfile, Outcome, content_hash, decode, encode
from hayate.tasks import builtin

ROOT = Path(__file__).parents[2]
ALICE, BOB = "alice-alice-alice-1", "bob-bob-bob-bob-bob-2"
TASKS = ("dgemm", "jacobi2d")


class SlowFarm(Farm):
    """Two places; each job takes `delay_s`, and longer while the file `hold` is there."""

    def __init__(self, folder: Path, delay_s: float = 0.0) -> None:
        self.host, self.sandbox_tier = HOST, "landlock"
        self._folder, self._delay_s = folder, delay_s
        self._pool = ThreadPoolExecutor(2)
        self._closed = threading.Event()
        self._ended: dict[Future[Any], threading.Event] = {}
        self.ranks: list[int] = []  # in the order in which they were asked for

    def submit_build(self, job: BuildJob, priority: int) -> Future[Built | Rejection]:
        self.ranks.append(priority)
        return self._submit(self._build, job)

    def submit_measure(self, job: MeasureJob, priority: int) -> Future[Measurement]:
        return self._submit(self._measure, job)

    def _submit(self, work: Any, job: Any) -> Future[Any]:
        ended = threading.Event()
        future = self._pool.submit(work, job, ended)
        self._ended[future] = ended
        return future

    def end(self, future: Future[Any]) -> None:
        future.cancel()
        self._ended[future].set()

    def close(self) -> None:
        self._closed.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _take(self, what: str, ended: threading.Event) -> None:
        time.sleep(self._delay_s)
        while (self._folder / "hold").exists() and not self._closed.is_set() and not ended.is_set():
            time.sleep(0.01)
        if ended.is_set():
            raise taken_back()
        if self._closed.is_set():
            raise Fault(FaultKind.NODE_LOST, "the farm was closed")
        with (self._folder / "ran").open("a") as ran:
            ran.write(what + "\n")

    def _build(self, job: BuildJob, ended: threading.Event) -> Built | Rejection:
        source = job.source
        self._take(f"build {content_hash(source)}", ended)
        if "fault" in source:
            raise Fault(FaultKind.DISK_FULL, "scripted to fail", remedy="free some space")
        if "noisy" in source and (self._folder / "noisy").exists():
            raise Fault(FaultKind.HOST_TOO_NOISY, "scripted to be noisy")
        if "bug" in source:
            raise ZeroDivisionError
        return scripted_build(job)

    def _measure(self, job: MeasureJob, ended: threading.Event) -> Measurement:
        self._take(f"measure {job.built.object_hash} {job.plan.purpose}", ended)
        if b"wrong beyond 11 shapes" in job.built.object_code and job.plan.verify_shapes > 11:
            return Measurement(outcome=Outcome.WRONG, reason="wrong on the 12th shape")
        if b"wrong in a corner" in job.built.object_code and job.plan.thorough:
            return Measurement(outcome=Outcome.WRONG, reason="wrong in a corner of the domain")
        if b"takes 59 s" in job.built.object_code and job.plan.wall_s < 60:
            return Measurement(outcome=Outcome.TIMED_OUT, reason="out of time")
        return scripted_measurement(job.built, job.plan, job.rival)


class Server:
    """`with Server(folder) as server`: its process, its address, clients with tokens."""

    def __init__(
        self, folder: Path, *, archive: str = "", delay_s: float = 0.0, port: int = 0, **settings: float
    ) -> None:
        self.folder, self.archive = folder, archive or str(folder / "archive.db")
        self._delay_s, self._settings, self.port = delay_s, settings, port
        self.said: list[str] = []
        self.start()

    def start(self, host: HostProfile = HOST) -> None:
        """Also again after it ended, at the same address; perhaps on a machine that has changed."""
        (self.folder / "host.json").write_text(encode(host))
        program = f"from served import main; main({str(self.folder)!r}, {self.archive!r}, {self.port}, \
            {self._delay_s}, {self._settings!r})"
        self.process = subprocess.Popen(
            [sys.executable, "-c", program.strip()],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT}/tests:{ROOT}/tests/serve"},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.strip())
            if line.startswith("serving at "):
                self.url = line.split()[-1]
                self.port = int(self.url.rsplit(":", 1)[1])
                # Nobody reads on: what is said later goes to a thread of its own.
                threading.Thread(target=self._listen, args=(self.process.stdout,), daemon=True).start()
                return
        raise AssertionError(f"the server did not start: {self.said}")

    def _listen(self, output: Any) -> None:
        for line in output:
            self.said.append(line.strip())

    def kill(self) -> None:
        """As `kill -9` does."""
        self.process.kill()
        self.process.wait()

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def client(self, token: str = ALICE) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=90, trust_env=False)

    def hold(self) -> None:
        (self.folder / "hold").touch()

    def go_on(self) -> None:
        (self.folder / "hold").unlink(missing_ok=True)

    def ran(self) -> list[str]:
        """What the farm did, a line each."""
        path = self.folder / "ran"
        return path.read_text().splitlines() if path.exists() else []

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.go_on()
        if self.process.poll() is None:
            self.kill()
        if self.process.stdout is not None:
            self.process.stdout.close()


def main(folder: str, archive: str, port: int, delay_s: float, settings: dict[str, Any]) -> None:
    """What the process does."""
    from hayate.serve import ServeSettings, Service, Tokens, serve

    limits = ServeSettings.model_validate({"rate": 10_000.0, "drain_s": 20.0, **settings})
    tokens = Tokens({"alice": ALICE, "bob": BOB})
    with Archive(archive) as kept, SlowFarm(Path(folder), delay_s) as farm:
        farm.host = decode(HostProfile, (Path(folder) / "host.json").read_text())
        service = Service(farm, kept, {name: builtin(name) for name in TASKS}, limits)
        serve(service, tokens, bind=f"127.0.0.1:{port}", say=lambda text: print(text, flush=True))


def build(source: str, **more: object) -> dict[str, Any]:
    """The JSON of a build job."""
    return {
        "kind": "build", "task": "dgemm", "task_hash": builtin("dgemm").hash, "source": source,
        "permitted": ["simd"], **more,
    }  # fmt: skip


def verdict(source: str, **more: object) -> dict[str, Any]:
    return {"kind": "verdict", "task": "dgemm", "source": source, "permitted": ["simd"], **more}


def submit(client: httpx.Client, *jobs: dict[str, Any]) -> list[dict[str, Any]]:
    answer = client.post("/v1/jobs", json=list(jobs))
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def finish(client: httpx.Client, key: str) -> dict[str, Any]:
    """The job when it is over."""
    answer = client.get(f"/v1/jobs/{key}", params={"wait_s": 60})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert found["state"] in ("done", "fault"), found
    return found


def raw(server: Server, *parts: bytes) -> bytes:
    """What the server answers to these bytes, until it hangs up or has nothing more to say."""
    answer = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        for part in parts:
            connection.sendall(part)
        connection.settimeout(5)
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while more := connection.recv(65536):
                answer += more
    return answer


def error(answer: httpx.Response, status: int) -> dict[str, str]:
    """The body of a refusal, which has one form."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert list(body) == ["error"]
    assert set(body["error"]) == {"kind", "message", "remedy"}
    said: dict[str, str] = body["error"]
    return said


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A real PostgreSQL for these tests. It refuses to run as root; then it runs as nobody."""
    pytest.importorskip("psycopg", reason="no psycopg: pip install 'psycopg[binary]'")
    programs = {}
    for name in ("initdb", "pg_ctl"):
        found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
        path = str(found[-1]) if found else shutil.which(name)
        if path is None:
            pytest.skip(f"no {name}: apt install postgresql")
        programs[name] = path
    as_user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as name:
        folder = Path(name)
        data = folder / "data"
        if as_user:
            os.chown(folder, 65534, 65534)

        def run(*command: object) -> None:
            subprocess.run([*as_user, *map(str, command)], check=True, capture_output=True, cwd=folder)

        run(programs["initdb"], "-D", data, "-U", "hayate", "-A", "trust", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        run(programs["pg_ctl"], "-D", data, "-o", options, "-l", folder / "log", "-w", "start")
        try:
            yield f"postgresql+psycopg://hayate@/postgres?host={folder}"
        finally:
            run(programs["pg_ctl"], "-D", data, "-m", "immediate", "stop")

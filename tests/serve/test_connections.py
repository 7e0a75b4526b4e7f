"""Connections that hold places: half a head, nothing at all, more than there is room for."""

from __future__ import annotations

import contextlib
import json
import logging
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from served import ALICE, ROOT, Server

from hayate.serve import connections
from hayate.serve.connections import raise_descriptors
from hayate.serve.quiet import KINDS, LINES, WINDOW_S, Quiet, quieten

HALF = f"GET /v1/host HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ALICE}\r\n".encode()


@contextlib.contextmanager
def opened(server: Server, count: int, said: bytes = b"") -> Iterator[list[socket.socket]]:
    found: list[socket.socket] = []
    try:
        for _ in range(count):
            one = socket.create_connection(("127.0.0.1", server.port), timeout=30)
            found.append(one)
            with contextlib.suppress(OSError):
                one.sendall(said)
        yield found
    finally:
        for one in found:
            one.close()


def answer(connection: socket.socket) -> bytes:
    """One whole answer of /v1/host."""
    said = b""
    while not said.endswith(b"}"):
        more = connection.recv(65536)
        assert more, said
        said += more
    return said


def closed(connection: socket.socket) -> bool:
    """Did the server hang up already?"""
    connection.setblocking(False)
    try:
        while connection.recv(65536):
            pass
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("slow"), head_s=1.0, connections_per_peer=40) as started:
        yield started


@pytest.mark.parametrize("said", [b"", b"G", HALF], ids=["nothing", "G", "half"])
def test_a_head_that_does_not_come_is_told_so(impatient: Server, said: bytes) -> None:
    with opened(impatient, 1, said) as (connection,):
        told = b""
        while more := connection.recv(65536):
            told += more
    assert told.startswith(b"HTTP/1.1 408 ")
    assert json.loads(told.partition(b"\r\n\r\n")[2])["error"]["kind"] == "too_slow"


def test_a_head_that_comes_byte_by_byte_gets_no_longer(impatient: Server) -> None:
    began = time.monotonic()
    with opened(impatient, 1) as (connection,):
        for byte in HALF * 100:
            time.sleep(0.05)
            try:
                connection.sendall(bytes([byte]))
            except OSError:
                break
        else:
            raise AssertionError("nobody hung up")
    assert time.monotonic() - began < 60


def test_a_connection_in_use_has_the_deadline_anew_for_each_request(impatient: Server) -> None:
    with opened(impatient, 1) as (connection,):
        for _ in range(3):
            connection.sendall(HALF)
            time.sleep(0.6)
            connection.sendall(b"\r\n")
            assert answer(connection).startswith(b"HTTP/1.1 200 ")
        connection.sendall(HALF + b"\r\n" + HALF)  # the second half of a request, behind a whole one
        said = b""
        while more := connection.recv(65536):
            said += more
        assert said.startswith(b"HTTP/1.1 200 ")


def test_the_newest_of_too_many_takes_the_place_of_the_oldest_idle(impatient: Server) -> None:
    with opened(impatient, 1, HALF + b"\r\n") as (used,):
        assert answer(used).startswith(b"HTTP/1.1 200 ")
        with opened(impatient, 100, HALF) as many:
            with impatient.client() as client:
                assert client.get("/v1/host").status_code == 200
            assert not closed(used)  # it had asked something; those that had not went first
            assert sum(closed(one) for one in many) >= 60


def test_half_sent_requests_do_not_stop_a_server_with_few_descriptors(tmp_path: Path) -> None:
    """As many as it has descriptors, and more, again and again; its log stays short."""
    log = tmp_path / "log"
    program = f"""
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (400, 400))
from served import main
main({str(tmp_path)!r}, {str(tmp_path / "a.db")!r}, 0, 0.0, {{"connections_per_peer": 4096}})
"""
    (tmp_path / "host.json").write_text(_host())
    with log.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={"PYTHONPATH": f"{ROOT}:{ROOT}/tests:{ROOT}/tests/serve", "PATH": "/usr/bin:/bin"},
            stdout=subprocess.PIPE,
            stderr=written,
            text=True,
        )
    try:
        assert process.stdout is not None
        server = Server.__new__(Server)
        server.url = process.stdout.readline().split()[-1]
        server.port = int(server.url.rsplit(":", 1)[1])
        for _ in range(2):
            with opened(server, 600, HALF), server.client() as client:
                for _ in range(5):
                    assert client.get("/v1/host").status_code == 200
        for _ in range(300):
            with opened(server, 1, b"nonsense\r\n\r\n") as (one,):
                one.recv(65536)
        assert log.stat().st_size < 20_000
    finally:
        process.kill()
        process.communicate()


def _host() -> str:
    from record_examples import HOST

    from hayate.records import encode

    return encode(HOST)


def test_the_soft_limit_of_descriptors_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    was = resource.getrlimit(resource.RLIMIT_NOFILE)
    if was[1] < 300:
        pytest.skip("the hard limit is too low")
    monkeypatch.setattr(connections, "_WANTED_DESCRIPTORS", 300)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, was[1]))
        assert raise_descriptors() == 300
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (300, was[1])
        resource.setrlimit(resource.RLIMIT_NOFILE, (301, was[1]))
        assert raise_descriptors() == 301  # never lowered
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, was)


def test_answers_do_not_wait_for_one_another(tmp_path: Path) -> None:
    """Nagle's algorithm would hold each second one back until the first was acknowledged."""
    from hayate.serve.server import _bound

    with _bound("127.0.0.1", 0) as listening:
        assert listening.proto == socket.IPPROTO_TCP
        with socket.create_connection(listening.getsockname()):
            accepted, _ = listening.accept()
            with accepted:  # what asyncio looks at before it sets TCP_NODELAY
                assert accepted.proto == socket.IPPROTO_TCP


class TestLog:
    def _record(self, line: int, text: str = "x %d", *arguments: object) -> logging.LogRecord:
        return logging.LogRecord("hayate.serve", logging.ERROR, "server.py", line, text, arguments, None)

    def test_lines_that_are_alike_are_few_and_counted(self) -> None:
        now = 0.0
        quiet = Quiet(clock=lambda: now)
        kept = [quiet.filter(self._record(1, "x %d", i)) for i in range(1000)]
        assert kept == [True] * LINES + [False] * (1000 - LINES)
        assert quiet.filter(self._record(2))
        now = WINDOW_S
        again = self._record(1, "x %d", 7)
        assert quiet.filter(again)
        assert again.getMessage() == f"x 7 (and {1000 - LINES} more like it)"
        for line in range(10 * KINDS):
            quiet.filter(self._record(line))
        assert len(quiet._seen) <= KINDS

    def test_the_servers_loggers_have_it_once(self) -> None:
        quieten()
        quieten()
        for name in ("hayate.serve", "uvicorn.error", "asyncio"):
            logger = logging.getLogger(name)
            found = [one for one in logger.filters if isinstance(one, Quiet)]
            assert len(found) == 1
            logger.removeFilter(found[0])

"""What an attacker on the network may send: heads that can be read in two ways, tokens that are none, paths, bombs."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from served import ALICE, BOB, Server, build, error, finish, raw, submit, verdict

from hayate.archive import Archive
from hayate.serve.gate import _is_this

HOST = b"Host: x\r\n"
AUTH = f"Authorization: Bearer {ALICE}\r\n".encode()
ASK = b"GET /v1/host HTTP/1.1\r\n"
JSON = b"Content-Type: application/json\r\n"
HIDDEN = b"GET /v1/host HTTP/1.1\r\nHost: x\r\n" + AUTH + b"\r\n"
NO_JOBS = b"[]"


def answers(said: bytes) -> list[tuple[int, str]]:
    """(status, kind of refusal) of each answer; every refusal must be in the documented form."""
    found = []
    while said:
        head, _, rest = said.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        assert first.startswith(b"HTTP/1.1 "), said[:200]
        status = int(first.split()[1])
        length = int(headers[b"content-length"]) if b"content-length" in headers else len(rest)
        body, said = rest[:length], rest[length:]
        kind = ""
        if status >= 400:
            refusal = json.loads(body)
            assert set(refusal) == {"error"}
            assert set(refusal["error"]) == {"kind", "message", "remedy"}
            kind = refusal["error"]["kind"]
        found.append((status, kind))
    return found


NOBODY = [
    b"",
    b"Authorization: \r\n",
    b"Authorization: Bearer\r\n",
    b"Authorization: Bearer \r\n",
    b"Authorization: Basic YWxpY2U6eA==\r\n",
    f"Authorization: {ALICE}\r\n".encode(),
    f"Authorization: Basic {ALICE}\r\n".encode(),
    f"Authorization: Bearer {ALICE}x\r\n".encode(),
    f"Authorization: Bearer {ALICE[:-1]}\r\n".encode(),
    f"Authorization: Bearer {ALICE.upper()}\r\n".encode(),
    f"Authorization: Bearer alice:{ALICE}\r\n".encode(),
    b"Authorization: Bearer alice\r\n",
    f"Authorization: Bearer {ALICE} {BOB}\r\n".encode(),
    f"Authorization: Bearer {ALICE},{BOB}\r\n".encode(),
    f'Authorization: Bearer "{ALICE}"\r\n'.encode(),
    f"X-Authorization: Bearer {ALICE}\r\n".encode(),
    f"Cookie: token={ALICE}\r\nProxy-Authorization: Bearer {ALICE}\r\n".encode(),
]


@pytest.mark.parametrize("head", NOBODY, ids=repr)
def test_forms_of_authorisation_that_are_none(server: Server, head: bytes) -> None:
    head = HOST + head + b"Connection: close\r\n\r\n"
    in_the_path = b"GET /v1/host?token=" + ALICE.encode() + b" HTTP/1.1\r\n"
    for ask in (ASK, in_the_path):
        assert answers(raw(server, ask + head)) == [(401, "unauthorized")]


@pytest.mark.parametrize(
    "head",
    [
        AUTH + f"Authorization: Bearer {BOB}\r\n".encode(),
        b"Authorization: Bearer nobody-at-all-1234\r\n" + AUTH,
        AUTH + AUTH,
        AUTH + HOST,
        AUTH + JSON + JSON,
        AUTH + JSON + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
    ],
    ids=repr,
)
def test_a_head_that_can_be_read_in_two_ways_is_refused_and_the_connection_closed(
    server: Server, head: bytes
) -> None:
    said = raw(server, b"POST /v1/jobs HTTP/1.1\r\n" + HOST + head + b"\r\n0\r\n\r\n" + HIDDEN)
    assert answers(said) in ([(400, "ambiguous_head")], [(400, "no_http")])  # the gate's, or the parser's


SMUGGLED = {
    "two lengths": b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n[]" + HIDDEN,
    "a list of lengths": b"Content-Length: 2, 3\r\n\r\n[]" + HIDDEN,
    "a signed length": b"Content-Length: +2\r\n\r\n[]" + HIDDEN,
    "a length in hex": b"Content-Length: 0x2\r\n\r\n[]" + HIDDEN,
    "a negative length": b"Content-Length: -1\r\n\r\n[]" + HIDDEN,
    "length and chunks": b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "an unknown coding": b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two codings": b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a chunk that is no size": b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n" + HIDDEN,
    "a folded header": b"X: a\r\n b\r\nContent-Length : 2\r\n\r\n[]" + HIDDEN,
    "a bare line feed in a header": b"X: a\nContent-Length: 2\r\n\x00\r\n\r\n[]" + HIDDEN,
    "a space before the colon": b"Content-Length : 2\r\n\r\n[]" + HIDDEN,
}


@pytest.mark.parametrize("rest", SMUGGLED.values(), ids=SMUGGLED.keys())
def test_no_request_is_smuggled_behind_another(server: Server, rest: bytes) -> None:
    """Whatever a proxy in front makes of it: here one request is answered, with a refusal, and no more are read."""
    found = answers(raw(server, b"POST /v1/jobs HTTP/1.1\r\n" + HOST + AUTH + JSON + rest))
    assert len(found) == 1
    assert found[0][0] >= 400


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200 + b"\r\n\r\n", 400),
        (b"GET\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),  # no Host
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 70_000, 431),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    ],
    ids=["TLS", "GET", "9.9", "no Host", "long", "HTTP 2"],
)
def test_what_is_no_http_is_refused_in_the_documented_form(server: Server, said: bytes, status: int) -> None:
    assert answers(raw(server, said)) == [(status, "no_http")]


def test_an_upgrade_is_ignored(server: Server) -> None:
    head = (
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n"
    )
    said = raw(server, b"GET /v1/jobs HTTP/1.1\r\n" + HOST + AUTH + head + b"\r\n")
    assert answers(said)[0] == (405, "method_not_allowed")


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/v1/jobs/../../../etc/passwd",
        "/v1/jobs/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/v1/jobs/..%5c..%5cetc",
        "//etc/passwd",
        "/v1/jobs/" + "0" * 31 + "/",
        "/v1/jobs/%00",
        "/static/../healthz/../v1/host",
        "/openapi.json/../v1/host",
    ],
)
def test_paths_lead_nowhere(server: Server, path: str) -> None:
    """As bytes: a client would tidy them up."""
    ((status, _),) = answers(
        raw(server, f"GET {path} HTTP/1.1\r\n".encode() + HOST + AUTH + b"Connection: close\r\n\r\n")
    )
    assert status in (404, 422)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "gzip, gzip"])
def test_a_bomb_is_not_unpacked(server: Server, coding: str) -> None:
    zeros = b" " * 50_000_000
    packed = zlib.compress(zeros) if coding == "deflate" else gzip.compress(zeros, 1)
    with server.client() as client:
        head = {"Content-Type": "application/json", "Content-Encoding": coding}
        assert error(client.post("/v1/jobs", content=packed, headers=head), 415)["kind"] == "encoded"
        sent = client.post("/v1/jobs", content=packed, headers={"Content-Type": "application/json"})
        assert error(sent, 400)["kind"] == "no_json"


def test_no_page_of_another_origin_gets_an_answer(server: Server) -> None:
    with server.client() as client:
        head = {"Origin": "https://evil.example.org", "Access-Control-Request-Method": "POST"}
        told = client.options("/v1/jobs", headers=head)
        assert told.status_code == 405
        for answer in (told, client.get("/v1/host", headers=head), client.get("/healthz", headers=head)):
            assert not [name for name in answer.headers if name.startswith("access-control")]
        # What a form can send without asking first is not taken.
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            assert error(client.post("/v1/jobs", content=b"[]", headers={"Content-Type": kind}), 415)


@pytest.mark.parametrize(
    "forged",
    [
        {"verdict": {"outcome": "accepted", "reward": 99}},
        {"result": {"outcome": "accepted"}},
        {"state": "done"},
        {"measurement": {"outcome": "accepted"}},
        {"object_hash": "0" * 32},
        {"judge_version": "1"},
        {"token": "bob"},
        {"place": "0" * 32},
    ],
    ids=lambda forged: next(iter(forged)),
)
def test_a_verdict_can_not_be_brought_along(server: Server, forged: dict[str, Any]) -> None:
    with server.client() as client:
        for job in (build("int speed = 1;", **forged), verdict("int speed = 1;", **forged)):
            assert error(client.post("/v1/jobs", json=[job]), 422)["kind"] == "invalid"


@pytest.mark.parametrize(
    ("host", "this"),
    [
        ("127.0.0.1:8177", True),
        ("localhost:8177", True),
        ("LOCALHOST:8177", True),
        ("[::1]:8177", True),
        ("127.0.0.1", False),
        ("127.0.0.1:80", False),
        ("127.0.0.1:8178", False),
        ("localhost", False),
        ("[::1]", False),
        ("evil.example.org:8177", False),
        ("localhost.evil.example.org:8177", False),
        ("127.0.0.1:8177:8177", False),
        ("127.0.0.1:", False),
        (":8177", False),
        ("", False),
    ],
)
def test_without_tokens_the_host_is_this_server_with_its_port(host: str, this: bool) -> None:
    assert _is_this(host, {"server": ("127.0.0.1", 8177), "scheme": "http"}) is this
    if this:
        assert not _is_this(host, {"server": ("127.0.0.1", 80), "scheme": "http"})


def test_the_usual_port_needs_no_saying() -> None:
    assert _is_this("localhost", {"server": ("127.0.0.1", 80), "scheme": "http"})
    assert _is_this("[::1]", {"server": ("::1", 443), "scheme": "https"})
    assert not _is_this("localhost", {"server": ("127.0.0.1", 443), "scheme": "http"})


@pytest.fixture
def flooded(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path, rate=20.0, rate_alone=1.0, queue=50, open_requests=8) as started:
        yield started


def test_a_flood_of_one_token_leaves_the_others_answered(flooded: Server) -> None:
    with flooded.client() as mallory, flooded.client(BOB) as bob:
        seen = set()
        for number in range(250):
            seen.add(mallory.post("/v1/jobs", json=[build(f"int speed = 1; // {number}")]).status_code)
            if number % 25 == 0:
                assert bob.get("/v1/host").status_code == 200
        assert seen == {200, 429}


@pytest.mark.slow
def test_honest_clients_lose_nothing_beside_all_of_it_at_once(tmp_path: Path) -> None:
    """Half-sent heads, long bodies, long plans, floods and weak plans by one; fifty others submit and wait."""
    over = threading.Event()
    lost: list[object] = []
    done: list[str] = []
    with Server(
        tmp_path, delay_s=0.005, workers=4, more_workers=2, head_s=2.0, connections_per_peer=300
    ) as server:

        def crowd() -> None:
            while not over.is_set():
                held = [socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in range(150)]
                for one in held:
                    with contextlib.suppress(OSError):
                        one.sendall(ASK + HOST)
                over.wait(0.5)
                for one in held:
                    one.close()

        def bodies() -> None:
            long = json.dumps([verdict("x", permitted=["simd"] * 400_000)]).encode()
            with server.client(BOB) as client:
                while not over.is_set():
                    client.post("/v1/jobs", content=long, headers={"Content-Type": "application/json"})

        def jobs() -> None:
            long = {"purpose": "training", "launches": 64, "pairs": 200, "wall_s": 300}
            number = 0
            with server.client(BOB) as client:
                while not over.is_set():
                    number += 20
                    batch = [
                        verdict(
                            f"int speed = 9; // {number + i}", plan=long if i % 2 else {**long, "wall_s": 10}
                        )
                        for i in range(20)
                    ]
                    answer = client.post("/v1/jobs", json=batch)
                    if answer.status_code == 200 and number % 100 == 0:
                        client.post("/v1/drop", json={"keys": [job["key"] for job in answer.json()]})

        def honest(number: int) -> None:
            with server.client() as client:
                for turn in range(3):
                    try:
                        (job,) = submit(client, verdict(f"int speed = 3; // {number} {turn}"))
                        found = finish(client, job["key"])
                        assert found["verdict"]["outcome"] == "accepted"
                        done.append(job["key"])
                    except Exception as trouble:
                        lost.append(trouble)

        attackers = [threading.Thread(target=work) for work in (crowd, bodies, jobs)]
        clients = [threading.Thread(target=honest, args=(number,)) for number in range(50)]
        for thread in (*attackers, *clients):
            thread.start()
        for thread in clients:
            thread.join()
        over.set()
        for thread in attackers:
            thread.join()
        status = Path(f"/proc/{server.process.pid}/status").read_text()
        peak_mib = int(status.partition("VmHWM:")[2].split()[0]) / 1024
        assert server.process.poll() is None
    assert not lost
    assert len(set(done)) == 150
    assert peak_mib < 1024
    with Archive(server.archive) as archive:
        assert archive.counts() == {"accepted": 150}  # nothing of the other's


def test_what_one_learns_without_a_token_names_no_path(server: Server) -> None:
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        for path in ("/healthz", "/readyz", "/openapi.json"):
            text = client.get(path).text
            assert str(server.folder) not in text
            assert "alice" not in text

"""A served farm attacked on loopback by one who has a token, in a process of its own: all at once, bounded in rate.

    idle     open connections that never ask anything
    slow     heads that come in a byte a second
    lists    a body of a million values, within the size that a server takes
    plans    long plans, for as long as its queue takes them
    bad      no token, no HTTP, no such path, no JSON

`python -m benchmarks.attacks URL TOKEN SCALE SECONDS` says at the end, as JSON, how often each was tried.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import httpx

from benchmarks import simulated

IDLE, SLOW = 400, 200  # connections at a time, at scale 1
VALUES = 1_000_000  # of a list
LONG_S, LONG_JOBS = 200.0, 50  # of each plan; waiting at a time, at scale 1
BAD_PER_S = 200.0  # at scale 1
NAMES = ("idle", "slow", "lists", "plans", "bad")
_TICK_S = 1.0
_PLAN = {"purpose": "training", "launches": 64, "max_launches": 64, "pairs": 200, "wall_s": 300}


class Attack:
    """Threads that go on until it is over. Whatever the server does to them is its right."""

    def __init__(self, url: str, token: str, scale: float) -> None:
        self.tried: Counter[str] = Counter()
        self._url, self._scale = url, scale
        address = urlsplit(url)
        self._address = (address.hostname or "", address.port or 80)
        self._head = {"Authorization": f"Bearer {token}"}
        self._over = threading.Event()

    def run(self, seconds: float) -> None:
        threads = [threading.Thread(target=self._repeat, args=(name,)) for name in NAMES]
        for thread in threads:
            thread.start()
        self._over.wait(seconds)
        self._over.set()
        for thread in threads:
            thread.join()

    def _repeat(self, name: str) -> None:
        """One attack, begun anew when the server, or what it leaves of the connection, ends it."""
        work: Callable[[], None] = getattr(self, f"_{name}")
        while not self._over.wait(0.05):
            with contextlib.suppress(OSError, httpx.HTTPError):
                work()

    def _idle(self) -> None:
        self._hold("idle", int(IDLE * self._scale), b"")

    def _slow(self) -> None:
        self._hold("slow", int(SLOW * self._scale), b"GET /v1/host HTTP/1.1\r\nHost: x\r\nX-Slow: ")

    def _hold(self, name: str, number: int, first: bytes) -> None:
        """So many connections, each of them opened again when it was closed."""
        held: list[socket.socket] = []
        try:
            while not self._over.wait(_TICK_S):
                while len(held) < max(1, number):
                    held.append(socket.create_connection(self._address, timeout=10))
                    held[-1].sendall(first)
                    held[-1].setblocking(False)
                    self.tried[name] += 1
                held = [one for one in held if _goes_on(one, b"x" if first else b"")]
        finally:
            for one in held:
                one.close()

    def _lists(self) -> None:
        job = {"kind": "verdict", "task": simulated.TASK, "source": "x", "permitted": [0] * VALUES}
        body = json.dumps([job], separators=(",", ":")).encode()
        with self._client() as client:
            while not self._over.wait(_TICK_S / 5):
                client.post("/v1/jobs", content=body, headers={"Content-Type": "application/json"})
                self.tried["lists"] += 1

    def _plans(self) -> None:
        with self._client() as client:
            waiting = 0
            for number in self._until_over(_TICK_S / 5):
                if waiting < max(4, LONG_JOBS * self._scale):
                    source = simulated.source(f"long-{number}", LONG_S, 2000)
                    job = {
                        "kind": "verdict",
                        "task": simulated.TASK,
                        "source": source,
                        "permitted": [],
                        "plan": _PLAN,
                        "priority": -100,
                    }
                    waiting += client.post("/v1/jobs", json=[job]).status_code == 200
                    self.tried["plans"] += 1

    def _bad(self) -> None:
        requests = (
            ("GET", "/v1/host", {"Authorization": "Bearer nobody"}, b""),
            ("GET", "/../../etc/passwd", {}, b""),
            ("POST", "/v1/jobs", {"Content-Type": "application/json"}, b"[" * 1000),
            ("POST", "/v1/results", {"Content-Type": "text/plain"}, b"none"),
        )
        with self._client() as client:
            for number in self._until_over(1 / (BAD_PER_S * self._scale)):
                method, path, head, body = requests[number % len(requests)]
                client.request(method, path, headers=head, content=body)
                self.tried["bad"] += 1
                if number % 20 == 0:
                    with socket.create_connection(self._address, timeout=10) as one:
                        one.sendall(b"\x16\x03\x01 no HTTP\r\n\r\n")

    def _until_over(self, every_s: float) -> Iterator[int]:
        number = 0
        while not self._over.wait(every_s):
            yield number
            number += 1

    def _client(self) -> httpx.Client:
        return httpx.Client(base_url=self._url, headers=self._head, timeout=60, trust_env=False)


def _goes_on(one: socket.socket, more: bytes) -> bool:
    """Send `more` on it. False, and it is closed, where the server has hung up."""
    try:
        if more:
            one.sendall(more)
        if one.recv(4096):
            raise ConnectionResetError  # it was answered
    except BlockingIOError:
        return True
    except OSError:
        pass
    one.close()
    return False


def main(arguments: list[str]) -> None:
    url, token, scale, seconds = arguments
    attack = Attack(url, token, float(scale))
    began = time.monotonic()
    attack.run(float(seconds))
    print(json.dumps({**attack.tried, "seconds": time.monotonic() - began}))


if __name__ == "__main__":
    main(sys.argv[1:])

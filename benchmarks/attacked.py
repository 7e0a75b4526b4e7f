"""Honest clients beside every attack at once (attacks.py), on a real server with the simulated judge.

Each honest client has a token and asks for one verdict after the other. A job is lost if its client does not get a
verdict on it. Its wait to begin is the time from its first submission, tries that were refused included, to the start
of its measurement, as the judge's own log says: of one that gave way, of the last.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks import engines, simulated
from hayate.archive import Archive

HONEST, SLOTS = 50, 2
SECONDS = 180.0
JOB_S = 0.05  # of a slot
PAUSE_S = 2.5  # of an honest client between two verdicts, on average: together they ask for half of the slots
MALLORY = "mallory-mallory-mallory"
_ATTACK_FIRST_S = 5.0  # so that the honest meet a server whose slots are taken
_PATIENCE_S = 120.0  # of a client, for one job
_LOOK_S = 0.2


@dataclass
class Clients:
    """What the honest clients saw."""

    asked: dict[str, float] = field(
        default_factory=dict
    )  # job's name -> monotonic time of its first submission
    answered: dict[str, float] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    again: Counter[str] = field(default_factory=Counter)  # why a request was sent once more

    async def work(self, url: str, honest: int, seconds: float, pause_s: float) -> None:
        until = time.monotonic() + seconds
        await asyncio.gather(*(self._client(url, number, until, pause_s) for number in range(honest)))

    async def _client(self, url: str, number: int, until: float, pause_s: float) -> None:
        rng, turn = random.Random(number), 0
        head = {"Authorization": f"Bearer {_token(number)}"}
        async with httpx.AsyncClient(base_url=url, headers=head, timeout=90, trust_env=False) as client:
            await asyncio.sleep(rng.uniform(0, pause_s))
            while time.monotonic() < until:
                name = f"honest-{number}-{turn}"
                turn += 1
                self.asked[name] = time.monotonic()
                try:
                    async with asyncio.timeout(_PATIENCE_S):
                        said = await self._verdict(client, name)
                except TimeoutError:
                    said = "no verdict in time"
                if said:
                    self.lost[name] = said
                else:
                    self.answered[name] = time.monotonic()
                await asyncio.sleep(rng.uniform(0.5, 1.5) * pause_s)

    async def _verdict(self, client: httpx.AsyncClient, name: str) -> str:
        """Why there is none; "" if it came."""
        job = {
            "kind": "verdict",
            "task": simulated.TASK,
            "source": simulated.source(name, JOB_S, 2000),
            "permitted": [],
        }
        answer = await self._ask(client, "POST", "/v1/jobs", json=[job])
        if answer.status_code != 200:
            return answer.text[:200]
        (found,) = answer.json()
        while found["state"] in ("queued", "running"):
            answer = await self._ask(client, "GET", f"/v1/jobs/{found['key']}", params={"wait_s": 30})
            if answer.status_code != 200:
                return answer.text[:200]
            found = answer.json()
        if found["state"] == "done" and found["verdict"]["outcome"] == "accepted":
            return ""
        return json.dumps(found)[:200]

    async def _ask(self, client: httpx.AsyncClient, method: str, path: str, **more: Any) -> httpx.Response:
        while True:
            try:
                answer = await client.request(method, path, **more)
            except httpx.TransportError as trouble:  # of a connection that was closed while it was idle, say
                self.again[type(trouble).__name__] += 1
                await asyncio.sleep(0.05)
                continue
            if answer.status_code not in (429, 503):
                return answer
            self.again[str(answer.status_code)] += 1
            await asyncio.sleep(float(answer.headers.get("Retry-After", 1)))


def attacked(
    *,
    honest: int = HONEST,
    slots: int = SLOTS,
    seconds: float = SECONDS,
    scale: float = 1.0,
    pause_s: float = PAUSE_S,
    first_s: float = _ATTACK_FIRST_S,
) -> dict[str, Any]:
    """Lost jobs, waits to begin, memory of the server."""
    tokens = {"mallory": MALLORY, **{f"honest-{i}": _token(i) for i in range(honest)}}
    clients = Clients()
    with tempfile.TemporaryDirectory(prefix="hayate-bench-") as name:
        folder = Path(name)
        environment = {"HAYATE_TOKENS": ",".join(f"{one}:{token}" for one, token in tokens.items())}
        with contextlib.closing(engines.Server(folder, slots, child=True, environment=environment)) as server:
            process = server.process()
            assert process is not None
            with _memory(process) as rss_bytes, _attack(server.url, scale, first_s + seconds) as attack:
                time.sleep(first_s)
                asyncio.run(clients.work(server.url, honest, seconds, pause_s))
                tried = json.loads(attack.communicate(timeout=seconds + 300)[0])
            head = {"Authorization": f"Bearer {MALLORY}"}
            metrics = httpx.get(f"{server.url}/metrics", headers=head, timeout=60, trust_env=False).text
            starts = server.starts
        left = engines.left(folder)  # the flood's jobs: the server was killed with them
        began: dict[str, float] = {}
        for line in simulated.log(folder).read_text().splitlines():
            job, start, *_ = line.split()
            began[job] = min(float(start), began.get(job, float("inf")))
        with Archive(folder / "archive.db") as archive:
            states = Counter({state: n for (_, state), n in archive.count_jobs().items()})
    waits = [began[job] - asked for job, asked in clients.asked.items() if job in began]
    whole = [ended - clients.asked[job] for job, ended in clients.answered.items()]
    return {
        "honest": honest,
        "slots": slots,
        "seconds": seconds,
        "scale": scale,
        "job_s": JOB_S,
        "asked": len(clients.asked),
        "answered": len(clients.answered),
        "lost": len(clients.lost),
        "why_lost": Counter(clients.lost.values()).most_common(3),
        "answered_without_a_run": len(clients.answered.keys() - began.keys()),
        "longest_wait_to_begin_s": max(waits, default=None),
        "p99_wait_to_begin_s": _high(waits),
        "median_wait_to_begin_s": statistics.median(waits) if waits else None,
        "longest_to_verdict_s": max(whole, default=None),
        "sent_again": dict(clients.again),
        "attacks": tried,
        "gave_way": _metric(metrics, "hayate_jobs_gave_way_total"),
        "jobs": dict(states),
        "server_starts": starts,
        "server_rss_mib": max(rss_bytes, default=0) / 2**20,
        "processes_left": len([command for command in left if not command.startswith("sleep")]),
    }


def _token(number: int) -> str:
    return f"honest-honest-honest-{number}"


def _high(values: list[float]) -> float | None:
    """The 99th percentile, from a hundred values on."""
    return statistics.quantiles(values, n=100)[98] if len(values) >= 100 else None


def _metric(text: str, name: str) -> float:
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))


@contextlib.contextmanager
def _attack(url: str, scale: float, seconds: float) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "benchmarks.attacks", url, MALLORY, str(scale), str(seconds)]
    with subprocess.Popen(
        command, cwd=engines.ROOT, env={**os.environ}, stdout=subprocess.PIPE, text=True
    ) as attack:
        try:
            yield attack
        finally:
            attack.kill()


@contextlib.contextmanager
def _memory(process: psutil.Process) -> Iterator[list[int]]:
    """Resident bytes of the server's process, seen several times a second."""
    seen: list[int] = []
    over = threading.Event()

    def look() -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            while not over.wait(_LOOK_S):
                seen.append(process.memory_info().rss)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()

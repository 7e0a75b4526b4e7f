"""A real judge behind the server: what clients do to the server's descriptors, or ask, changes no verdict."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from served import ALICE, BOB, ROOT, finish, submit

from hayate import farm, sandbox, tasks, toolchains
from hayate.errors import Fault
from hayate.tasks import builtin

PROGRAM = """
import os, sys
from hayate import farm
from hayate.archive import Archive
from hayate.serve import ServeSettings, Service, Tokens, serve
from hayate.tasks import builtin

folder, alice, bob, held = sys.argv[1:]
kept_open = [os.open("/dev/null", os.O_RDONLY) for _ in range(int(held))]
limits = ServeSettings(rate=10_000, head_s=600, connections_per_peer=4096, workers=2)
with Archive(folder + "/a.db") as archive, farm.open() as opened:
    service = Service(opened, archive, {"dgemm": builtin("dgemm")}, limits)
    tokens = Tokens({"alice": alice, "bob": bob})
    serve(service, tokens, bind="127.0.0.1:0", say=lambda text: print(text, flush=True))
"""
DGEMM = builtin("dgemm")
K_ONE = (tasks.folder("dgemm") / "wrong" / "k_one.c").read_text()
CHECK = {"purpose": "check", "launches": 0, "verify_shapes": 4}


@pytest.fixture(scope="module", autouse=True)
def _needed() -> None:
    try:
        toolchains.compilers()
        sandbox.best()
        with farm.open():  # calibrates once for all
            pass
    except Fault as fault:
        pytest.skip(f"{fault.kind}: {fault.remedy}")


@contextlib.contextmanager
def judging(folder: Path, held: int = 0) -> Iterator[str]:
    """Its address. The process has `held` descriptors open beside its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), ALICE, BOB, str(held)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("serving at "), line
        yield line.split()[-1]
    finally:
        process.terminate()
        process.wait(60)
        if process.stdout is not None:
            process.stdout.close()


def client(url: str, token: str = ALICE) -> httpx.Client:
    return httpx.Client(
        base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=120, trust_env=False
    )


def judged(asking: httpx.Client, source: str, plan: dict[str, Any] | None = None) -> dict[str, Any]:
    job = {"kind": "verdict", "task": "dgemm", "source": source, "permitted": []}
    (made,) = submit(asking, {**job, "plan": plan} if plan else job)
    done = finish(asking, made["key"])
    while done["state"] not in ("done", "fault"):
        done = finish(asking, made["key"])
    assert done["state"] == "done", done
    return dict(done["verdict"])


def judges_right(asking: httpx.Client, note: str) -> None:
    """What is right, and what is wrong everywhere; each is built and run for this."""
    right = judged(asking, f"/* {note} */\n{DGEMM.reference.text}", {**CHECK, "nonce": note})
    assert right["outcome"] == "accepted", (note, right)
    head = DGEMM.declaration.rstrip(";")
    wrong = judged(asking, f"{head} {{ for (int i = 0; i < M * N; i++) C[i] = 1; }} /* {note} */", CHECK)
    assert wrong["outcome"] == "wrong", (note, wrong)


def with_connections(folder: Path, counts: list[int]) -> None:
    with judging(folder) as url, client(url) as asking, contextlib.ExitStack() as stack:
        at = httpx.URL(url)
        connected = 0
        for count in counts:
            for _ in range(count - connected):
                stack.enter_context(socket.create_connection((at.host, at.port or 0), timeout=60))
            connected = count
            judges_right(asking, f"{count}-connections")


def test_idle_connections_break_no_sandbox(tmp_path: Path) -> None:
    """They take descriptors in the server, so that whoever opens them chose where the sandbox's came to lie."""
    with_connections(tmp_path, [0, 2, 5, 13])


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_no_number_of_idle_connections_breaks_a_sandbox(tmp_path: Path) -> None:
    with_connections(tmp_path, [*range(0, 40), 60, 100, 200, 400, 700, 1000])


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("held", [1, 7, 50, 250, 1000])
def test_no_number_of_open_descriptors_breaks_a_sandbox(tmp_path: Path, held: int) -> None:
    with judging(tmp_path, held) as url, client(url) as asking:
        for number in range(3):
            judges_right(asking, f"{held}-held-{number}")


def test_one_clients_few_shapes_are_no_other_clients_verdict(tmp_path: Path) -> None:
    """Wrong where K is 1 only: what passes with as little as can be asked for is wrong by the usual plan."""
    with judging(tmp_path) as url, client(url) as mallory, client(url, BOB) as bob:
        least = {"purpose": "training", "verify_shapes": 4, "pairs": 3, "confidence": 0.8}
        weak = judged(mallory, K_ONE, least)
        assert weak["reward"] is None
        assert judged(bob, K_ONE)["outcome"] == "wrong"
        short = judged(mallory, DGEMM.reference.text, {"purpose": "training", "wall_s": 10})
        assert short["reward"] is None
        due = judged(bob, DGEMM.reference.text)
        assert due["outcome"] == "accepted"
        assert due["reward"] > 0

"""Bodies that would keep a validator busy are counted first."""

from __future__ import annotations

import json
import threading
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter
from served import Server, build, error, verdict

from hayate.serve import body as bodies
from hayate.serve.models import MAX_JOBS, MAX_KEYS, KeysRequest, ResultsRequest, Submission
from hayate.serve.refused import Refused

MIB4 = 4 * 2**20
JOBS: TypeAdapter[Any] = TypeAdapter(Submission)


def _many_keys(count: int) -> dict[str, int]:
    return {f"k{i:x}": 0 for i in range(count)}


LONG = {
    "a million techniques": json.dumps([verdict("x", permitted=["simd"] * 400_000)]),
    "a million keys": json.dumps([{**verdict("x"), **_many_keys(300_000)}]),
    "33 keys": json.dumps([{**verdict("x"), **_many_keys(33)}]),
    "many jobs with 80 techniques": json.dumps([verdict("x", permitted=["simd"] * 80)] * 256),
    "a million bands": json.dumps([verdict("x", plan={"purpose": "training", "bands": ["480"] * 500_000})]),
    "a million jobs": json.dumps([{}] * 1_000_000),
    "numbers": json.dumps([0] * 1_000_000),
    "deep lists": "[" * MIB4,
    "deep objects": '{"a":' * 700_000,
    "a little deep": json.dumps([[[[[[[]]]]]]]),
    "strings": '["' + '","' * (MIB4 // 3 - 2) + '"]',
    "keys after an escape": json.dumps([{"kind": '\\" [{,', **_many_keys(40)}]),
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG.keys())
def test_too_many_values_are_refused_before_they_are_read(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object, **__: object) -> None:
        raise AssertionError("read")

    monkeypatch.setattr(TypeAdapter, "validate_json", read)
    with pytest.raises(Refused) as told:
        bodies.parse(JOBS, text[:MIB4].encode())
    assert (told.value.status, told.value.kind) == (413, "too_many_values")


def test_as_much_as_a_server_takes_is_not_too_much() -> None:
    plan = {"purpose": "report", "nonce": "1" * 8, "bands": [str(i) for i in range(12)], "launches": 1}
    plan |= {
        "max_launches": 2,
        "pairs": 5,
        "confidence": 0.9,
        "verify_shapes": 5,
        "wall_s": 60,
        "decide_s": 9,
    }
    every = ["simd", "threads", "prefetch", "alloc", "fastmath", "loop_order", "blocking"]
    every += ["register_blocking", "packing", "unrolling", "time_blocking"]
    text = 'a "[{,]}" \\" \\\\ of braces ,,,, {{{{ \n' * 200
    job = verdict(text, plan=plan, permitted=every, language="c++", priority=1, task_hash="0" * 32)
    found = bodies.parse(JOBS, json.dumps([job] * MAX_JOBS).encode())
    assert len(found) == MAX_JOBS
    assert found[-1].source == text
    keys = {"keys": ["0" * 32] * MAX_KEYS, "wait_s": 1.0}
    assert len(bodies.parse(TypeAdapter(ResultsRequest), json.dumps(keys).encode()).keys) == MAX_KEYS
    del keys["wait_s"]
    bodies.parse(TypeAdapter(KeysRequest), json.dumps(keys).encode())


def test_what_was_sent_is_not_sent_back() -> None:
    for job in (
        build("x", secret="password"),
        build("x", task="pass word"),
        build("x", permitted=["password"]),
    ):
        with pytest.raises(Refused) as told:
            bodies.parse(JOBS, json.dumps([job]).encode())
        assert "password" not in told.value.message.replace("secret", "")
    with pytest.raises(Refused) as told:
        bodies.parse(JOBS, json.dumps([{**build("x"), "k" * 100_000: 0}]).encode())
    assert len(told.value.message) < 1000


def test_bad_bodies_from_many_leave_the_server_answering(server: Server) -> None:
    """Each is refused; meanwhile others are answered."""
    refused: list[int] = []

    def send(text: str) -> None:
        with server.client() as client:
            for _ in range(3):
                content = text[: MIB4 - 1].encode()
                answer = client.post(
                    "/v1/jobs", content=content, headers={"Content-Type": "application/json"}
                )
                error(answer, answer.status_code)
                refused.append(answer.status_code)

    threads = [threading.Thread(target=send, args=(text,)) for text in LONG.values()]
    for thread in threads:
        thread.start()
    with httpx.Client(base_url=server.url, trust_env=False, timeout=5) as other:
        while any(thread.is_alive() for thread in threads):
            assert other.get("/healthz").status_code == 200
    assert refused == [413] * (3 * len(threads))

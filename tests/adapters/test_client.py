"""What the adapters share, against a real server over a scripted farm."""

from __future__ import annotations

import asyncio
import pickle
import re
import threading
import time
from pathlib import Path

import pytest
from served import Server

from hayate.adapters import Client, Question, ask, rewards
from hayate.errors import Fault, FaultKind, WrongUse
from hayate.records import Outcome, Technique, encode
from hayate.rewards import FAILURES
from hayate.tasks import builtin

QUESTION, PROMPT = ask("dgemm", ["simd"])


def fenced(source: str) -> str:
    return f"It is fast:\n```c\n{source}\n```"


def verdicts(client: Client, *replies: str) -> list[dict[str, object] | Fault]:
    return asyncio.run(client.verdicts([QUESTION] * len(replies), replies))


def test_replies_are_paid_in_their_order(server: Server) -> None:
    client = Client(server.url)
    found = verdicts(
        client,
        fenced("int speed = 7; // order"),
        fenced("int speed = 0; // order"),
        "I can't do that.",
        fenced("fault // order"),
        fenced("int speed = 7; // order"),
        "```c\nint speed = 9; // cut off",
    )
    fast, wrong, silent, fault, same, cut = rewards(found, fault_share=0.2)
    failures = FAILURES["scaled"]
    assert fast == same > 0
    assert wrong == failures[Outcome.WRONG]
    assert silent == cut == failures[Outcome.VIOLATION]
    assert fault is None
    assert isinstance(found[3], Fault)
    assert found[3].kind is FaultKind.DISK_FULL


def test_sources_are_taken_as_they_are(server: Server) -> None:
    found = asyncio.run(Client(server.url).judge([QUESTION] * 2, ["int speed = 3; // bare", None]))
    good, none = rewards(found)
    assert good is not None
    assert good > 0
    assert none == FAILURES["scaled"][Outcome.VIOLATION]


def test_a_batch_with_too_many_faults_is_refused_with_the_cause(server: Server) -> None:
    replies = [fenced(f"fault // {i}") for i in range(2)] + [fenced(f"int speed = {i};") for i in range(1, 9)]
    found = verdicts(Client(server.url), *replies)
    assert rewards(found, fault_share=0.2)[:2] == [None, None]
    with pytest.raises(Fault, match="scripted to fail") as told:
        rewards(found)
    assert told.value.kind is FaultKind.TOO_MANY_FAULTS


def submissions(server: Server) -> int:
    with server.client() as client:
        text = client.get("/metrics").text
    found = re.search(r'requests_total\{method="POST",route="/v1/jobs",status="200"\} (\d+)', text)
    return int(found.group(1)) if found else 0


def test_what_is_asked_together_goes_together(server: Server) -> None:
    client = Client(server.url)
    verdicts(client, fenced("int speed = 1; // connects"))
    before = submissions(server)

    async def one_by_one() -> None:
        """As trainers do that know nothing of groups."""
        await asyncio.gather(
            *(client.verdicts([QUESTION], [fenced(f"int speed = 2; // {i}")]) for i in range(48))
        )

    asyncio.run(one_by_one())
    assert submissions(server) - before <= 2


def test_one_client_serves_several_loops_and_travels(server: Server) -> None:
    client = Client(server.url)
    first = verdicts(client, fenced("int speed = 4; // loops"))
    assert verdicts(client, fenced("int speed = 4; // loops")) == first
    in_thread: list[object] = []
    thread = threading.Thread(
        target=lambda: in_thread.extend(verdicts(client, fenced("int speed = 4; // loops")))
    )
    thread.start()
    thread.join(60)
    assert in_thread == first
    assert verdicts(pickle.loads(pickle.dumps(client)), fenced("int speed = 4; // loops")) == first
    client.close()
    assert verdicts(client, fenced("int speed = 4; // loops")) == first


def test_passing_trouble_is_waited_for(tmp_path: Path) -> None:
    with Server(tmp_path) as noisy:
        mark = tmp_path / "noisy"
        mark.touch()
        hasty, patient = Client(noisy.url, again_s=0), Client(noisy.url, again_s=60)
        (fault,) = verdicts(hasty, fenced("int speed = 5; // noisy"))
        assert isinstance(fault, Fault)
        assert fault.kind is FaultKind.HOST_TOO_NOISY

        def calm_down() -> None:
            while sum(line.startswith("build") for line in noisy.ran()) < 2:
                time.sleep(0.01)
            mark.unlink()

        thread = threading.Thread(target=calm_down)
        thread.start()
        (verdict,) = verdicts(patient, fenced("int speed = 5; // noisy"))
        thread.join()
        assert not isinstance(verdict, Fault)
        assert verdict["outcome"] == "accepted"


def test_a_full_queue_is_waited_for(tmp_path: Path) -> None:
    with Server(tmp_path, queue=4, workers=1) as small, small.client() as other:
        client = Client(small.url)
        verdicts(client, *(fenced(f"int speed = 1; // first {i}") for i in range(3)))
        small.hold()

        def go_on() -> None:
            while 'refused_total{kind="queue_full"}' not in other.get("/metrics").text:
                time.sleep(0.05)
            small.go_on()

        thread = threading.Thread(target=go_on)
        thread.start()
        found = verdicts(client, *(fenced(f"int speed = 1; // {i}") for i in range(12)))
        thread.join()
    assert [v["outcome"] for v in found if not isinstance(v, Fault)] == ["accepted"] * 12


def test_a_server_that_is_not_there_is_a_fault() -> None:
    with pytest.raises(Fault) as told:
        verdicts(Client("http://127.0.0.1:9", patience_s=0.2), fenced("int speed = 1;"))
    assert told.value.kind is FaultKind.NODE_LOST


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (QUESTION.model_copy(update={"task": "nothing"}), "no task 'nothing'"),
        (QUESTION.model_copy(update={"task_hash": "0" * 32}), "the task dgemm is"),
    ],
    ids=["unknown", "other"],
)
def test_what_the_server_does_not_have_is_wrong_use(server: Server, question: Question, said: str) -> None:
    with pytest.raises(WrongUse, match=said):
        asyncio.run(Client(server.url).verdicts([question], [fenced("int speed = 1;")]))


def test_an_unknown_token_is_wrong_use(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER", "nobody")
    with pytest.raises(WrongUse, match="OTHER"):
        verdicts(Client(server.url, token_env="OTHER"), fenced("int speed = 1;"))


def test_an_address_that_is_none_is_wrong_use() -> None:
    with pytest.raises(WrongUse, match="url = 'localhost:8177'"):
        Client("localhost:8177")


def test_a_reply_far_too_long_is_sent_all_the_same(server: Server) -> None:
    (verdict,) = verdicts(Client(server.url), fenced("int speed = 1; //" + "é" * 2**20))
    assert not isinstance(verdict, Fault)
    assert verdict["outcome"] == "accepted"  # this farm has no limit


def test_a_question_survives_a_data_set() -> None:
    assert Question.read(encode(QUESTION)) == QUESTION
    assert QUESTION.task_hash == builtin("dgemm").hash
    with pytest.raises(WrongUse, match="no question of hayate's"):
        Question.read('{"answer": 42}')


def test_a_question_permits_what_its_prompt_says() -> None:
    assert QUESTION.permitted == (Technique.SIMD,)
    assert "- simd: vector types" in PROMPT.user
    everything, _ = ask("dgemm")
    assert Technique.THREADS not in everything.permitted
    assert set(everything.permitted) == set(builtin("dgemm").techniques) - {Technique.THREADS}
    assert ask("jacobi2d", [])[0].permitted == (Technique.ALLOC,)  # its reference allocates
    with pytest.raises(WrongUse, match="'magic' is not a valid Technique"):
        ask("dgemm", ["magic"])
    with pytest.raises(WrongUse, match="no task 'nothing'"):
        ask("nothing")
    in_cxx, prompt = ask("dgemm", ["simd"], language="c++")
    assert in_cxx.source("```cpp\nint x;\n```") == "int x;\n"
    assert in_cxx.source("```c\nint x;\n```") is None
    assert "C++20" in prompt.user

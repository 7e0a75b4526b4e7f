"""What a person sees of a run."""

from __future__ import annotations

import io
import json

import pytest
from record_examples import accepted, candidate, refused
from rich.console import Console

from hayate.errors import Fault, FaultKind
from hayate.records import Outcome
from hayate.train.progress import JsonProgress, PlainProgress, Progress, RichProgress


def drive(progress: Progress) -> None:
    one, two = candidate("a"), candidate("b")
    results = [
        accepted(one, gflops=40.0),
        accepted(two, gflops=50.0),
        refused(two, Outcome.WRONG),
        Fault(FaultKind.NODE_LOST, "gone"),
    ]
    with progress:
        progress.phase("grpo", 3, 3, 10)
        for result in results:
            progress.verdict(result)
        progress.group(results)
        progress.step(1, {"reward": 4.5, "loss": 0.1, "permitted": ["simd"]})
        progress.say("hello")


def test_one_plain_line_a_step() -> None:
    stream = io.StringIO()
    drive(PlainProgress(stream))
    first, step, last = stream.getvalue().splitlines()
    assert first == "phase 3/3: grpo, 10 steps"
    assert last == "hello"
    for part in (
        "step 1/10",
        "left",
        "4 verdicts",
        "accepted 2",
        "wrong 1",
        "fault 1",
        "best 50.0 GFLOPS",
        "median 45.0",
        "/min",
        "reward 4.5",
    ):
        assert part in step


def test_one_json_object_a_line() -> None:
    stream = io.StringIO()
    drive(JsonProgress(stream))
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["phase", "step", "say"]
    assert lines[1]["outcomes"] == {"accepted": 2, "wrong": 1, "fault": 1}
    assert lines[1]["best"] == 50.0
    assert lines[1]["median"] == 45.0
    assert lines[1]["metrics"]["permitted"] == ["simd"]
    assert lines[1]["left_s"] >= 0


def test_a_live_panel_on_a_terminal() -> None:
    stream = io.StringIO()
    drive(RichProgress(Console(file=stream, force_terminal=True, width=120)))
    shown = stream.getvalue()
    for part in ("phase 3/3 grpo", "1/10", "best 50.0 GFLOPS", "hello"):
        assert part in shown


def test_before_the_first_verdict_nothing_is_counted() -> None:
    progress = Progress()
    progress.phase("sft", 1, 3, 5, done=2)
    assert progress.tally.line() == ""
    assert progress.left_s is None
    assert progress.step_number == 2
    assert progress.tally.per_minute == pytest.approx(0.0)


def test_a_resumed_phase_takes_as_long_as_its_own_steps_say(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    progress = Progress()
    progress.phase("grpo", 3, 3, 100)
    progress.goes_on(90)  # by a process that was killed
    now += 20
    progress.step(92, {})
    assert progress.left_s == pytest.approx(80)

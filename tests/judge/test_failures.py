"""Each complaint of the clock becomes one outcome with a reason; only what the machine may have done is doubtful."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hayate.judge import failures
from hayate.records import Outcome
from hayate.sandbox import Exit

RUNNER = Path(failures.__file__).parent / "runner"
CLOCK = ("clock.c", "check.c", "process.c", "regions.c", "values.c")
DIED = "the process ended during a call"


def words() -> list[str]:
    """What the clock says of a runner."""
    text = "".join((RUNNER / name).read_text() for name in CLOCK)
    said = [
        *re.findall(r'fail\((?:r->name|who|examiner\.name), "(\w+)', text),
        *re.findall(r'"fail %s (\w+) %', text),
    ]
    (held,) = re.findall(r'what = !e->exactly \? "(\w+)" : [^?]* \? "(\w+)" : "(\w+)"', text)
    return sorted({*said, *held})


def test_every_complaint_of_the_clock_is_known() -> None:
    found = words()
    assert {
        "died",
        "wrong",
        "inexact",
        "unequal",
        "late",
        "awake",
        "padding",
        "unloadable",
        "ungenerated",
    } <= set(found)
    unknown = [w for w in found if failures.explained(w, ["3000000"] * 6, None).reason == DIED]
    assert unknown == ["died"]


def test_times_and_counts_stand_in_the_reason() -> None:
    late = failures.explained("awake", ["2500000"], None)
    assert late.outcome is Outcome.CHEATED and "2500 us" in late.reason
    wrong = failures.explained("wrong", ["2", "9", "4", "1.5", "2.5", "0.25"], None)
    assert wrong.outcome is Outcome.WRONG and wrong.numbers["error_bound"] == 0.25
    assert "2 of 9 elements" in wrong.reason and "first at 4" in wrong.reason
    inexact = failures.explained("inexact", ["2", "9", "4", "1.5", "2.5", "0"], None)
    assert inexact.outcome is Outcome.WRONG and inexact.reason.startswith("exact test (")
    unequal = failures.explained("unequal", ["2", "9", "4", "1", "2", "0"], None)
    assert unequal.outcome is Outcome.WRONG and "not equal to what is right; first at 4" in unequal.reason
    padding = failures.explained("padding", ["1"], None, ["A", "C"])
    assert padding.outcome is Outcome.WRONG and "the padding of C" in padding.reason
    slow = failures.explained("timeout", ["5000000000"], None)
    assert slow.outcome is Outcome.TIMED_OUT and slow.numbers == {"limit_s": 5.0}


def test_only_what_the_machine_may_have_done_is_doubtful() -> None:
    doubtful = {w for w in words() if failures.explained(w, ["3000000"] * 6, None).doubtful}
    assert doubtful == {"awake", "not_ready", "unfreezable"}


def ended(status: int, *, stopped: str = "", out_of_memory: bool = False) -> Exit:
    return Exit(
        returncode=status,
        signal=-status if status < 0 else None,
        stdout=b"",
        stderr=b"",
        wall_s=0.1,
        timed_out=stopped in ("wall", "cpu"),
        truncated=stopped == "output",
        out_of_memory=out_of_memory,
        stopped=stopped,
    )


@pytest.mark.parametrize(
    ("end", "outcome", "said", "doubtful"),
    [
        (ended(-11), Outcome.CRASHED, "signal 11", False),
        (ended(3), Outcome.CRASHED, "status 3", False),
        (ended(-9), Outcome.CRASHED, "signal 9", True),
        (ended(-9, out_of_memory=True), Outcome.CRASHED, "more memory", False),
        (ended(-9, stopped="killed"), Outcome.CRASHED, "signal 9", False),
        (ended(-9, stopped="wall"), Outcome.TIMED_OUT, "time limit", False),
        (ended(-9, stopped="output"), Outcome.CRASHED, "printed without end", False),
    ],
)
def test_an_end_is_told_by_how_it_came(end: Exit, outcome: Outcome, said: str, doubtful: bool) -> None:
    failure = failures.explained("died", [], end)
    assert (failure.outcome, failure.doubtful) == (outcome, doubtful)
    assert said in failure.reason

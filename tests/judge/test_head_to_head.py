"""When a head-to-head ends, and with which words: launches and time are scripted."""

from __future__ import annotations

import importlib
import itertools
import math
import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from hayate import hosts
from hayate.judge.measure import _Measurer
from hayate.judge.pairing import HEAD_TO_HEAD_PAIRS, HEAD_TO_HEAD_S, Pairing
from hayate.judge.results import Measurement
from hayate.judge.verification import Covered
from hayate.records import Launch, MeasurePlan, Outcome
from hayate.tasks import builtin


class Clock:
    """Stands for `time` in the modules that decide by it."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    # The package has a function of the module's name.
    monkeypatch.setattr(importlib.import_module("hayate.judge.measure"), "time", made)
    monkeypatch.setattr("hayate.judge.pairing.time", made)
    return made


def head_to_head(plan: MeasurePlan, clock: Clock, ratio: Callable[[int], float]) -> Measurement:
    """One second a launch; launch i says that the candidate is `ratio(i)` times as fast."""
    made: Any = object.__new__(_Measurer)
    task = builtin("dgemm")
    made.subject = SimpleNamespace(
        task=task,
        plan=plan,
        rng=random.Random(0),
        rival=SimpleNamespace(name="old.c"),
        bands=[band for band in task.bands if band.name == "480"],
        host=hosts.profile(),
    )
    made.guard = SimpleNamespace(beaten=lambda launches: None, drifted=1.0)
    made.steps, made.covered = [], Covered()
    numbers = itertools.count()

    def launch(_wanted: object) -> list[Launch]:
        clock.now += 1
        ns = 1_000_000
        return [
            Launch(
                band="480",
                yardstick="old.c",
                shapes=((480, 480, 480),),
                candidate_ns=(ns,),
                yardstick_ns=(round(ns * ratio(next(numbers))),),
                flops=(1e6,),
            )
        ]

    made._launch = launch
    found: Measurement = made.run()
    return found


def plan(**fields: Any) -> MeasurePlan:
    known = {"purpose": "confirm", "launches": 3, "max_launches": 64, "confidence": 0.99}
    return MeasurePlan.model_validate({**known, **fields})


def scattered(by: float) -> Callable[[int], float]:
    return lambda i: math.exp(by if i % 2 else -by)


def uncertain(i: int) -> float:
    return (0.7, 1.0, 1.5, 0.85, 1.2)[i % 5]


def launches(found: Measurement) -> int:
    return round(found.numbers["launches"])


def test_it_ends_as_soon_as_it_is_decided(clock: Clock) -> None:
    found = head_to_head(plan(decide_s=60.0), clock, lambda i: 1.2 + 0.001 * (i % 3))
    assert found.reason.endswith("; faster")
    assert launches(found) <= 6


def test_alike_is_equal_within_a_per_cent(clock: Clock) -> None:
    found = head_to_head(plan(), clock, scattered(0.005))
    assert found.outcome is Outcome.ACCEPTED
    assert "; equal within 0." in found.reason
    assert 6 < launches(found) < 64


def test_no_launch_is_begun_that_would_end_too_late(clock: Clock) -> None:
    found = head_to_head(plan(decide_s=9.5), clock, scattered(0.015))
    assert clock.now == launches(found) == 9
    assert "; equal within " in found.reason


def test_what_stays_open_is_undecided_and_says_why(clock: Clock) -> None:
    found = head_to_head(plan(decide_s=9.5), clock, scattered(0.2))
    assert found.outcome is Outcome.ACCEPTED
    assert found.decision == "undecided"
    assert found.reason.endswith("at 99%); undecided after 9.0 s: launches differ that much")
    assert found.speedup is not None
    assert found.speedup.low < 1 < found.speedup.high


def test_too_few_launches_are_said_to_be_too_few(clock: Clock) -> None:
    found = head_to_head(plan(decide_s=3.5), clock, scattered(0.2))
    assert found.decision == "undecided"
    assert "too few launches fitted in" in found.reason
    assert "inf" not in found.reason


def test_without_a_time_it_is_said_too(clock: Clock) -> None:
    found = head_to_head(plan(max_launches=9), clock, scattered(0.2))
    assert found.outcome is Outcome.ACCEPTED
    assert launches(found) == 9
    assert found.decision == "undecided"
    assert found.speedup is not None
    assert found.speedup.low < 1 < found.speedup.high


@pytest.mark.parametrize(
    ("ratio", "decision"),
    [(1.2, "faster"), (0.8, "slower"), (1.0, "equal")],
)
def test_the_decision_is_a_field(clock: Clock, ratio: float, decision: str) -> None:
    assert head_to_head(plan(), clock, lambda i: ratio * (1 + 0.002 * (i % 2))).decision == decision


def test_it_goes_on_until_the_interval_is_narrow(clock: Clock) -> None:
    def scattered_fast(i: int) -> float:
        return 1.2 * scattered(0.02)(i)

    decided = head_to_head(plan(), clock, scattered_fast)
    narrow = head_to_head(plan(until_width=0.02, max_launches=1000), clock, scattered_fast)
    assert decided.decision == narrow.decision == "faster"
    assert launches(narrow) > 2 * launches(decided)
    assert decided.speedup is not None
    assert narrow.speedup is not None
    assert decided.speedup.high / decided.speedup.low > 1.02 >= narrow.speedup.high / narrow.speedup.low


def test_a_width_that_is_not_reached_in_time_is_told(clock: Clock) -> None:
    found = head_to_head(plan(until_width=0.001, decide_s=9.5), clock, lambda i: 1.2 * scattered(0.01)(i))
    assert found.decision == "faster"
    assert "; faster, but after 9.0 s the interval is " in found.reason
    assert found.reason.endswith("% wide, not 0.1%")


@pytest.mark.parametrize(
    ("ratio", "pair_s", "expected"),
    [
        (lambda i: 1.0, 0.001, HEAD_TO_HEAD_PAIRS[0]),
        (lambda i: 1.3, 0.001, HEAD_TO_HEAD_PAIRS[0]),  # certain, whoever is ahead
        (uncertain, 0.001, HEAD_TO_HEAD_PAIRS[1]),
        (uncertain, 0.05, 5 + round(HEAD_TO_HEAD_S / 0.05)),
        (lambda i: 1.0, 1.0, 6),  # of long calls one more
    ],
)
def test_a_launch_goes_on_until_its_median_is_certain(
    ratio: Callable[[int], float], pair_s: float, expected: int, clock: Clock
) -> None:
    def pair() -> Any:
        clock.now += pair_s
        return None, SimpleNamespace(candidate_ns=1000, yardstick_ns=1000 * ratio(len(found)))

    found = [(None, SimpleNamespace(candidate_ns=1000, yardstick_ns=1000 * ratio(i))) for i in range(5)]
    Pairing._pair_until_certain(object.__new__(Pairing), found, pair)  # type: ignore[arg-type]
    assert len(found) in (expected, expected + 1)  # a sum of twentieths

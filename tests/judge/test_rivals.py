"""A rival that fails in its role: its own doing, bounded in seconds, and no word on who was to be compared with it."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
from hostile import kernel, raw

from hayate.hosts import Slot
from hayate.judge import measure
from hayate.judge.failures import CandidateFailed, OpponentFailed
from hayate.judge.measure import PERSISTS, _Measurer
from hayate.judge.pairing import HEAD_TO_HEAD_SLOW_S, RIVAL_MOST_S, Pairing
from hayate.judge.results import Measurement
from hayate.judge.suspicion import Guard, Suspicion
from hayate.judge.verification import Covered
from hayate.records import Built, HostProfile, Launch, MeasurePlan, Outcome, Task
from hayate.sandbox import Sandbox

# As a candidate its first calls are small, as a rival its first is large: so it can tell its role.
ROLE = "static int calls, rival;"
NOTE = "if (!calls++) rival = M > 400;"
SPIN = """
#include <time.h>
static void spin_s(double seconds)
{
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    do clock_gettime(CLOCK_MONOTONIC, &b);
    while ((b.tv_sec - a.tv_sec) + 1e-9 * (b.tv_nsec - a.tv_nsec) < seconds);
}
"""
PLAN = MeasurePlan(
    purpose="confirm", launches=3, max_launches=3, verify_shapes=2, bands=("480",), wall_s=30.0
)


def saboteur(before: str = "", after: str = "") -> Built:
    return raw(kernel(head=SPIN + ROLE, before=f"{NOTE} {before}", after=after), name="saboteur")


def against(task: Task, host: HostProfile, slot: Slot, best: Sandbox, rival: Built) -> Measurement:
    return measure(task, raw(kernel()), PLAN, host=host, slot=slot, sandbox=best, rival=rival)


@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [
        ("if (rival) *(volatile int *)0 = 1;", "", Outcome.CRASHED),
        ("if (rival) for (volatile int i = 0;; i++) {}", "", Outcome.TIMED_OUT),
        ("", "if (rival) C[0] += 1;", Outcome.WRONG),
        (
            "if (rival) { for (long i = 0; i < (long)M * N; i++) C[i] = __builtin_inf(); return; }",
            "",
            Outcome.WRONG,
        ),
        ("", "if (rival) C[(long)M * N] = 1;", Outcome.WRONG),
    ],
    ids=["crashes", "hangs", "is_wrong", "writes_infinities", "writes_outside"],
)
def test_what_a_rival_does_is_its_own(
    task: Task, host: HostProfile, slot: Slot, best: Sandbox, before: str, after: str, outcome: Outcome
) -> None:
    found = against(task, host, slot, best, saboteur(before, after))
    assert found.outcome is Outcome.ACCEPTED
    assert found.decision == "undecided"
    assert found.rival is not None
    assert found.rival.outcome is outcome
    assert "the rival saboteur failed: " + outcome.value in found.reason
    assert found.speedup is None
    assert found.numbers["verified_shapes"] >= 2


def test_a_rival_that_sleeps_through_its_calls_costs_a_bounded_time(
    task: Task, host: HostProfile, slot: Slot, best: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hayate.judge.pairing.RIVAL_MOST_S", 2.0)
    began = time.monotonic()
    found = against(task, host, slot, best, saboteur("if (rival) spin_s(0.9);"))
    assert found.outcome is Outcome.ACCEPTED
    assert found.rival is not None
    assert found.rival.outcome is Outcome.TIMED_OUT
    assert "longer than the candidate's" in found.rival.reason
    assert found.rival.numbers["limit_s"] == 2.0
    assert time.monotonic() - began < 30  # once it was as long as the launches' limits allowed, and a Fault


def test_a_candidate_that_is_wrong_is_wrong_though_the_rival_failed_first(
    task: Task, host: HostProfile, slot: Slot, best: Sandbox
) -> None:
    """The rival ends while it is loaded, before anything was verified."""
    dead = raw("__attribute__((constructor)) static void at_once(void) { __builtin_trap(); }\n" + kernel())
    wrong = raw(kernel(after="C[0] += 1;"))
    found = measure(task, wrong, PLAN, host=host, slot=slot, sandbox=best, rival=dead)
    assert found.outcome is Outcome.WRONG
    found = measure(task, raw(kernel()), PLAN, host=host, slot=slot, sandbox=best, rival=dead)
    assert found.outcome is Outcome.ACCEPTED
    assert found.rival is not None


# -- scripted


def subject(plan: MeasurePlan = PLAN) -> Any:
    rival, task = SimpleNamespace(name="old.c", permitted=()), SimpleNamespace(where="dgemm")
    built = SimpleNamespace(permitted=())
    return SimpleNamespace(plan=plan, rival=rival, opponents=(rival,), built=built, task=task)


def pairing(plan: MeasurePlan = PLAN) -> Pairing:
    return Pairing(subject(plan), Covered())


def test_only_what_a_rival_takes_beyond_the_candidate_counts() -> None:
    beside = pairing()
    for _ in range(100):
        beside.bear_rival(-1_000_000_000, 2_000_000_000)
    for _ in range(int(RIVAL_MOST_S)):
        beside.bear_rival(1_000_000_000, 0)
    with pytest.raises(OpponentFailed):
        beside.bear_rival(1_000_000, 0)
    # A person has said how long it may take.
    pairing(PLAN.model_copy(update={"decide_s": 60.0})).bear_rival(59_000_000_000, 0)


def test_long_calls_of_a_rival_are_few() -> None:
    slow: Any = SimpleNamespace(candidate_ns=1_000_000, yardstick_ns=round(HEAD_TO_HEAD_SLOW_S * 1e9))
    short: Any = SimpleNamespace(candidate_ns=10, yardstick_ns=10)
    band: Any = SimpleNamespace(pairs=5)
    assert pairing()._enough([slow], band)
    assert not pairing()._enough([short], band)


def measurer() -> Any:
    made: Any = object.__new__(_Measurer)
    made.subject = subject()
    made.pairing = pairing()
    made.guard = Guard(made.subject, made.pairing)
    made.checked, made._within_limit = False, lambda: None
    return made


def test_a_rival_that_keeps_itself_waiting_is_slow_and_no_noise() -> None:
    judge = measurer()
    launch: Any = SimpleNamespace(yardstick="old.c")
    for candidate_too in (False, True):
        pair: Any = SimpleNamespace(candidate_delayed=candidate_too, yardstick_delayed=True)
        with pytest.raises(Suspicion) as told:
            judge.guard.launch(launch, [pair] * 5)
        assert told.value.rivals == (not candidate_too)

    # Launch after launch: the third one is taken as it is.
    tries: list[bool] = []

    def launched(_wanted: object) -> list[Launch]:
        tries.append(judge.guard.rivals_delays)
        if not judge.guard.rivals_delays:
            raise Suspicion(None, "delayed", {}, rivals=True)
        return []

    judge._try_launch = launched
    assert judge._launch(None) == []
    assert tries == [False, False, True]


@pytest.mark.parametrize("doubtful", [True, False])
def test_what_the_machine_may_have_done_to_a_rival_is_tried_again(doubtful: bool) -> None:
    judge = measurer()
    tries: list[int] = []

    def launched(_wanted: object) -> list[Launch]:
        tries.append(1)
        raise OpponentFailed("old.c", CandidateFailed(Outcome.CRASHED, "killed", doubtful=doubtful), "dgemm")

    judge._try_launch = launched
    with pytest.raises(OpponentFailed):
        judge._launch(None)
    assert len(tries) == (PERSISTS if doubtful else 1)

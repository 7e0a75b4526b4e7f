"""A rival that fails in its role: its own doing, bounded in seconds, and no word on who was to be compared with it."""

from __future__ import annotations

import sys
import time
from types import SimpleNamespace
from typing import Any

import pytest
from hostile import kernel, raw

from hayate.errors import Fault, FaultKind
from hayate.hosts import Slot
from hayate.judge import measure
from hayate.judge.failures import CandidateFailed, OpponentFailed
from hayate.judge.measure import PERSISTS, _Measurer
from hayate.judge.pairing import HEAD_TO_HEAD_SLOW_S, RIVAL_MOST_S, Pairing
from hayate.judge.results import Measurement
from hayate.judge.session import LaunchSession
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


@pytest.mark.parametrize(
    ("source", "outcome"),
    [
        (kernel(before="*(volatile int *)0 = 1;"), Outcome.CRASHED),
        (kernel(before="if ((double)M * N * K > 2e6) __builtin_trap();"), Outcome.CRASHED),
        (kernel(before="if ((double)M * N * K > 2e6) for (volatile int i = 0;; i++) {}"), Outcome.TIMED_OUT),
        (kernel(after="if ((double)M * N * K > 2e6) C[0] += 1;"), Outcome.WRONG),
    ],
    ids=["dies", "dies_at_large_shapes", "hangs_at_large_shapes", "is_wrong_at_large_shapes"],
)
def test_one_that_fails_while_shapes_are_verified_leaves_all_of_them_verified(
    task: Task, host: HostProfile, slot: Slot, best: Sandbox, source: str, outcome: Outcome
) -> None:
    """Some of twelve are beyond what the oracle can afford, and are then compared with a yardstick's."""
    plan = PLAN.model_copy(update={"verify_shapes": 12})
    found = measure(
        task, raw(kernel()), plan, host=host, slot=slot, sandbox=best, rival=raw(source, name="r")
    )
    assert found.outcome is Outcome.ACCEPTED, found.reason
    assert found.decision == "undecided"
    assert found.rival is not None
    assert found.rival.outcome is outcome
    assert found.numbers["verified_shapes"] == 14
    assert found.numbers["verified_beyond_oracle"] == 2


@pytest.mark.parametrize("function", [-1, 1])
def test_an_opponent_that_is_not_loaded_is_a_bug_of_ours(function: int) -> None:
    session: Any = object.__new__(LaunchSession)
    session.opponents = (None,)
    with pytest.raises(Fault) as told:
        session.pair(
            {}, function=function, candidate_first=True, distribution=0, seed=0, timeout_s=1.0, reach={}
        )
    assert told.value.kind is FaultKind.INTERNAL


# Its first calls as a rival are quick, the others are not; beside small shapes, as a candidate, all are.
TIRES = "static int calls, small;"
TIRED = "if ((long)M * N * K <= 2000000) small = 1; for (int t = !small && calls++ >= 3 ? 3 : 1; t; t--) {"


def test_a_rival_that_slows_itself_makes_nobody_a_cheat(
    task: Task, host: HostProfile, slot: Slot, best: Sandbox
) -> None:
    rival = raw(kernel(head=TIRES, before=TIRED, after="}"), name="tired")
    plan = PLAN.model_copy(update={"max_launches": 24, "decide_s": 30.0})
    found = measure(task, raw(kernel()), plan, host=host, slot=slot, sandbox=best, rival=rival)
    assert found.outcome is Outcome.ACCEPTED, found.reason
    # It counts the same calls beside itself, and so is as slow there: it is beaten.
    assert found.decision == "faster", found.reason


@pytest.mark.parametrize("yardsticks_too", [False, True])
def test_what_looks_like_a_cheat_beside_a_rival_is_one_if_it_does_beside_yardsticks(
    task: Task,
    host: HostProfile,
    slot: Slot,
    best: Sandbox,
    yardsticks_too: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def looked_at(self: Guard, launch: Launch, times: object) -> None:
        if self.subject.rival is not None or yardsticks_too:
            raise Suspicion(Outcome.CHEATED, "it looks like a cheat", {})

    monkeypatch.setattr(Guard, "launch", looked_at)
    monkeypatch.setattr(sys.modules["hayate.judge.measure"], "ACCUSED_PAUSES_S", (0.0, 0.0, 0.0))
    plan = PLAN.model_copy(update={"pairs": 1})
    rival = raw(kernel(), name="odd")
    found = measure(task, raw(kernel()), plan, host=host, slot=slot, sandbox=best, rival=rival)
    if yardsticks_too:
        assert found.outcome is Outcome.CHEATED
        return
    assert found.outcome is Outcome.ACCEPTED
    assert found.decision == "undecided"
    assert found.rival is not None
    assert "it looks like a cheat; nothing of that kind was seen beside the task's yardsticks" in found.reason


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

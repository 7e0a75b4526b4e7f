"""Which yardstick a launch is timed against does not hang on one slow call, nor on many before it counts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hayate.hosts import Slot
from hayate.judge import build
from hayate.judge.choice import (
    CHEAP_CALL_NS,
    CHOOSING_PAIRS,
    enough_to_choose,
    much_nearer,
    nearest,
    second_counts,
)
from hayate.judge.pairing import Pairing
from hayate.judge.session import LaunchSession
from hayate.judge.shapes import largest
from hayate.judge.subject import subject_of
from hayate.judge.verification import Covered
from hayate.records import Band, Built, HostProfile, Launch, MeasurePlan, Task
from hayate.sandbox import Sandbox

FIGURES: Any = [
    SimpleNamespace(call_ns=ns, speedup=SimpleNamespace(value=8e6 / ns)) for ns in (8e6, 4e6, 2e6)
]
LAST = len(FIGURES) - 1


def pairs(candidate_ns: list[float], yardstick_ns: float = 2e6) -> Any:
    return [(1.0, SimpleNamespace(candidate_ns=ns, yardstick_ns=yardstick_ns)) for ns in candidate_ns]


@pytest.mark.parametrize("k", range(CHOOSING_PAIRS))
@pytest.mark.parametrize("times", [1.5, 2.0, 50.0])
def test_one_slow_call_chooses_nothing(k: int, times: float) -> None:
    calls = [2e6 * (times if i == k else 1) for i in range(CHOOSING_PAIRS)]
    assert nearest(FIGURES, LAST, pairs(calls)) == LAST


@pytest.mark.parametrize("ns", [1, CHEAP_CALL_NS, 100 * CHEAP_CALL_NS])
def test_never_does_a_single_call_choose(ns: int) -> None:
    assert not enough_to_choose([ns])
    assert enough_to_choose([ns, ns]) == (ns >= CHEAP_CALL_NS)
    assert not enough_to_choose([ns, 1])  # a slow one beside it does not end the choice
    assert enough_to_choose([ns] * CHOOSING_PAIRS)


def test_slow_while_it_is_chosen_and_fast_when_it_counts_is_seen() -> None:
    chosen = nearest(FIGURES, LAST, pairs([8e6] * CHOOSING_PAIRS))
    assert chosen == 0
    assert much_nearer(FIGURES, chosen, pairs([2e6] * 5, yardstick_ns=8e6)) == LAST
    assert much_nearer(FIGURES, chosen, pairs([8e6] * 5, yardstick_ns=8e6)) is None


def test_slow_in_the_set_that_is_timed_first_alone_is_slow() -> None:
    """Fast while it is chosen, slow in the first set, which so chooses another yardstick, and fast again."""
    slow, fast = pairs([8e6] * 5), pairs([2e6] * 5, yardstick_ns=8e6)
    assert much_nearer(FIGURES, LAST, slow) == 0
    assert not second_counts(FIGURES, (LAST, slow), (0, fast))
    # Nor where the second set is just so slow that the new yardstick is confirmed.
    slow, less = pairs([9.9e6] * 5), pairs([6e6] * 5, yardstick_ns=8e6)
    assert much_nearer(FIGURES, 0, less) is None
    assert not second_counts(FIGURES, (LAST, slow), (0, less))


def test_a_second_set_that_confirms_its_yardstick_counts() -> None:
    slow, again = pairs([8e6] * 5), pairs([7.9e6] * 5, yardstick_ns=8e6)
    assert second_counts(FIGURES, (LAST, slow), (0, again))
    # Slow while it was chosen, and fast in both sets.
    first, second = pairs([2e6] * 5, yardstick_ns=8e6), pairs([2e6] * 5)
    assert second_counts(FIGURES, (0, first), (LAST, second))


def test_of_two_sets_without_a_nearest_the_slower_counts() -> None:
    first, second = pairs([2e6] * 5, yardstick_ns=8e6), pairs([8e6] * 5)
    assert second_counts(FIGURES, (0, first), (LAST, second))
    assert not second_counts(FIGURES, (LAST, second), (0, first))


def test_about_as_near_is_left_as_it_is() -> None:
    between = 2e6 * math.sqrt(2) * 0.97
    assert nearest(FIGURES, LAST, pairs([between])) == LAST
    assert much_nearer(FIGURES, 1, pairs([between], yardstick_ns=4e6)) is None


def test_a_rival_has_no_figures_and_is_never_changed() -> None:
    assert nearest([None], 0, pairs([1e9])) == 0
    assert much_nearer([None], 0, pairs([1e9])) is None


# -- on this host

SLOW_CALLS = """
static int calls;
static volatile double sink;
static void tarry(int M)
{
  double s = M;
  if (++calls < FIRST || calls > LAST)
    return;
  for (long i = 0; i < STEPS; i++)
    s = s * 0.9999999 + 1e-7;
  sink = s;
}
"""


@pytest.fixture(scope="module")
def small(task: Task, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Task]:
    """Two yardsticks that are far apart."""
    patch = pytest.MonkeyPatch()
    patch.setenv("HAYATE_STATE", str(tmp_path_factory.mktemp("state")))
    band = Band(name="96", center={"M": 96, "N": 96, "K": 96}, training=True)
    known = {Path(y.name).stem: y for y in task.yardsticks}
    yield task.model_copy(update={"bands": (band,), "yardsticks": (known["10_naive"], known["40_tile"])})
    patch.undo()


@pytest.mark.parametrize(
    "steps", [4_000_000, 30_000_000]
)  # a cheap call of some milliseconds, and one that is not
@pytest.mark.parametrize(("first", "last"), [(0, 0), *((k, k) for k in range(1, 5)), (1, 4), (1, 5)])
def test_a_kernel_that_is_slow_at_first_gets_the_yardstick_that_it_had_else(
    small: Task, host: HostProfile, slot: Slot, best: Sandbox, first: int, last: int, steps: int
) -> None:
    """It is the faster one itself, so that one is the nearest; a slow call takes longer than one of the slower one."""
    launch, note = timed_beside(small, host, slot, best, first, last, steps)
    if last == 5 and steps == 30_000_000:  # two calls choose there, so most of those that are timed are slow
        assert "timed again, to no avail" in note
        assert launch.log_ratio < 0
        return
    if "to no avail" in note:  # a busy machine slowed a third of the five calls
        assert (first, last, steps) == (1, 4, 30_000_000)  # the one case in which two slow ones are timed
        assert max(launch.candidate_ns) > CHEAP_CALL_NS  # it is that set which counts
        return
    assert launch.yardstick == "40_tile", (note, launch.candidate_ns, launch.yardstick_ns)
    assert ("timed again" in note) == (
        last - first >= CHOOSING_PAIRS - 1
    )  # else none was chosen by slow calls alone


def test_slow_calls_that_were_timed_are_never_thrown_away(
    small: Task, host: HostProfile, slot: Slot, best: Sandbox
) -> None:
    """Those of the first set choose the slower yardstick; those after it are fast."""
    first, last = CHOOSING_PAIRS + 1, CHOOSING_PAIRS + 3
    launch, note = timed_beside(small, host, slot, best, first, last, 4_000_000, pairs=3)
    assert "timed again, to no avail" in note
    assert launch.yardstick == "40_tile"
    assert launch.log_ratio < 0  # the slow ones


def timed_beside(
    small: Task,
    host: HostProfile,
    slot: Slot,
    best: Sandbox,
    first: int,
    last: int,
    steps: int,
    pairs: int | None = None,
) -> tuple[Launch, str]:
    """Of the faster yardstick, slow from call to call."""
    source = small.yardsticks[1].text.replace("void dgemm(", "static void plain(", 1)
    head = SLOW_CALLS.replace("FIRST", str(first)).replace("LAST", str(last)).replace("STEPS", str(steps))
    whole = f"{source}\n{head}\n{small.declaration.rstrip().rstrip(';')}\n{{ tarry(M); plain(M, N, K, A, B, C); }}\n"
    made = build(small, whole, small.techniques, host=host, sandbox=best)
    assert isinstance(made, Built), made
    subject = subject_of(small, made, MeasurePlan(pairs=pairs), host, slot, best, None)
    (band,) = small.bands
    with LaunchSession(
        small,
        subject.built,
        subject.opponents,
        natives=subject.programs,
        slot=slot,
        sandbox=best,
        shapes=[largest(small, band)],
    ) as session:
        launch, _, note = Pairing(subject, Covered()).time_band(session, band)
    return launch, note

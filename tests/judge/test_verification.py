"""What is checked before anything is timed: with the oracle, beside a yardstick, thoroughly."""

from __future__ import annotations

import random

import pytest
from hostile import kernel, raw

from hayate import sandbox
from hayate.hosts import Slot
from hayate.judge import build, measure, verification
from hayate.judge.results import Measurement
from hayate.records import Built, HostProfile, MeasurePlan, Outcome, Task
from hayate.tasks import builtin, evaluate_expression, folder

THOROUGH = MeasurePlan(purpose="check", launches=0, verify_shapes=60, thorough=True, wall_s=60.0)


def window(low: int, high: int) -> str:
    """An honest kernel but for some widths."""
    return kernel(before=f"if (N > {low} && N < {high}) return;")


def test_every_sixth_shape_is_beyond_the_oracle(task: Task, host: HostProfile) -> None:
    made = verification.cases(task, MeasurePlan(verify_shapes=12), random.Random(1), host)
    assert (len(made.small), len(made.large), len(made)) == (12, 2, 14)
    assert all(verification.work_of(task, shape) > task.oracle_work_max for shape, _ in made.large)
    assert len(made.few()) == 3


def test_a_thorough_check_reaches_corners_and_bands_cheapest_first(task: Task, host: HostProfile) -> None:
    made = verification.cases(task, THOROUGH, random.Random(1), host)
    work = [verification.work_of(task, shape) for shape, _ in made.large]
    assert work == sorted(work)
    assert len(made.large) == 10 + 5 * len(task.bands)
    for band in task.bands:
        reach = [max(1, int(c * band.spread)) for c in band.center.values()]
        close = [
            kind
            for shape, kind in made.large
            if all(abs(shape[n] - c) <= r for (n, c), r in zip(band.center.items(), reach, strict=True))
        ]
        assert set(close) == set(range(5))


def test_what_was_covered_is_said(task: Task, host: HostProfile, slot: Slot, best: sandbox.Sandbox) -> None:
    found = measure(task, raw(kernel()), THOROUGH, host=host, slot=slot, sandbox=best)
    assert found.outcome is Outcome.ACCEPTED, found.reason
    assert found.numbers["verified_shapes"] + found.numbers.get("verification_left_out", 0) == 60 + 10 + 15
    assert found.numbers["verified_beyond_oracle"] >= 5
    assert "the largest M=" in found.reason


def test_a_window_in_the_domain_is_found_by_a_thorough_check(
    task: Task, host: HostProfile, slot: Slot, best: sandbox.Sandbox
) -> None:
    """It writes nothing for 300 < N < 340: a hundredth of the domain by its logarithm."""
    plan = THOROUGH.model_copy(update={"verify_shapes": 240})
    found = measure(task, raw(window(300, 340)), plan, host=host, slot=slot, sandbox=best)
    assert found.outcome is Outcome.WRONG, found.reason
    assert "never written" in found.reason


@pytest.mark.parametrize("name", ["dgemm", "jacobi2d"])
def test_a_slow_kernel_that_is_right_passes_with_less_covered(
    name: str, host: HostProfile, slot: Slot, best: sandbox.Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not refused for the largest shapes that it would take minutes for."""
    monkeypatch.setattr(verification, "THOROUGH_CALL_S", 0.05)
    task = builtin(name)
    built = build(task, task.reference.text, task.reference.techniques, host=host, sandbox=best)
    assert isinstance(built, Built)
    found = measure(task, built, THOROUGH, host=host, slot=slot, sandbox=best)
    assert found.outcome is Outcome.ACCEPTED, found.reason
    assert found.numbers["verification_left_out"] >= 1
    assert "left out, too slow" in found.reason
    assert folder(name).is_dir()


def test_numbers_of_a_check_say_how_far_it_went(task: Task) -> None:
    covered = verification.Covered()
    for shape, large in (({"M": 9, "N": 9, "K": 9}, False), ({"M": 400, "N": 300, "K": 200}, True)):
        covered.note(shape, float(evaluate_expression(task.oracle_work, shape)), 0.25, large=large)
    assert covered.words() == "2 shapes, the largest M=400 N=300 K=200"
    assert covered.numbers() == {
        "verified_shapes": 2.0,
        "verified_beyond_oracle": 1.0,
        "worst_error_in_bounds": 0.25,
    }
    assert isinstance(
        Measurement(outcome=Outcome.ACCEPTED, reason="", numbers=covered.numbers()), Measurement
    )


def automatic(task: Task) -> Task:
    return task.model_copy(update={"correct": "automatic"})


def test_without_knowledge_the_oracle_is_asked(task: Task) -> None:
    reach = verification.Reach(automatic(task))
    shape = {"M": 300, "N": 300, "K": 300}
    assert all(share < 0 for share in reach.at(shape, 0).values())
    reach.note({"M": 9, "N": 9, "K": 9}, 1, {a.name: 1e-15 for a in task.written}, 1e-4)
    assert all(1e-15 < share < 1e-11 for share in reach.at(shape, 0).values())
    assert reach.numbers()["pairs_against_oracle"] == reach.numbers()["pairs_by_reach"] == 1
    assert verification.Reach(task).at(shape, 0) == {}


def test_a_sum_that_cancels_does_not_widen_the_reach(task: Task) -> None:
    reach = verification.Reach(automatic(task))
    small, large = {"M": 9, "N": 9, "K": 9}, {"M": 300, "N": 300, "K": 300}
    for share in (1e-15, 2e-15, 40.0, 0.0):
        reach.note(small, 0, {a.name: share for a in task.written}, 1e-4)
    assert max(reach.at(large, 0).values()) < 1e-10


def test_where_the_reach_says_little_the_oracle_is_asked_once_a_launch(task: Task) -> None:
    small, large = {"M": 9, "N": 9, "K": 9}, {"M": 90, "N": 90, "K": 90}
    for seconds, asked in ((1e-4, 1), (1.0, 0)):
        reach = verification.Reach(automatic(task))
        reach.note(small, 0, {a.name: 0.5 for a in task.written}, seconds)
        for launches in (1, 2):
            reach.begin()
            given = [reach.at(large, 0) for _ in range(reach.AMONG)]
            assert all(max(each.values()) <= reach.WEAK for each in given)
            assert reach.numbers()["pairs_against_oracle"] == launches * asked
        assert reach.numbers()["widest_reach"] == reach.WEAK

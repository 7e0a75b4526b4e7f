"""A yardstick that is slow: by the candidate's doing, or because the machine has changed since it was calibrated."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from hayate.judge.suspicion import DRIFTED_SHARE, Guard, Suspicion, Unsettled
from hayate.records import Launch, MeasurePlan, Outcome


def measurer(purpose: str, beside_itself: float) -> Any:
    made: Any = object.__new__(Guard)
    made.subject = SimpleNamespace(
        plan=MeasurePlan.model_validate({"purpose": purpose}), calibration=SimpleNamespace(peak_gflops=100.0)
    )
    made.drifted = 1.0
    made._yardstick_beside_itself = lambda launch: beside_itself
    return made


def launch(share: float, peak_gflops: float = 100.0) -> Launch:
    """The yardstick, calibrated at half the peak, runs at `share` of that."""
    flops = 1e8
    ns = round(flops / (share * 0.5 * peak_gflops))
    return Launch(
        band="480",
        yardstick="y",
        shapes=((1,),),
        candidate_ns=(ns,),
        yardstick_ns=(ns,),
        flops=(flops,),
        peak_gflops=peak_gflops,
        yardstick_gflops=50.0,
    )


@pytest.mark.parametrize("purpose", ["training", "report"])
def test_a_yardstick_at_its_usual_speed_is_fine(purpose: str) -> None:
    judge = measurer(purpose, beside_itself=0.0)  # never asked
    judge._denominator(launch(0.9))
    judge._denominator(launch(0.9, peak_gflops=40.0))  # a core that is slower today is slower for all
    assert judge.drifted == 1.0


@pytest.mark.parametrize("purpose", ["training", "report"])
def test_slow_beside_the_candidate_alone_is_held_against_it(purpose: str) -> None:
    with pytest.raises(Suspicion) as told:
        measurer(purpose, beside_itself=0.95)._denominator(launch(0.4))
    assert told.value.outcome is Outcome.CHEATED
    assert "40% of its usual speed" in told.value.reason


def test_a_machine_that_has_changed_is_let_pass_in_training_and_said() -> None:
    judge = measurer("training", beside_itself=0.5)
    judge._denominator(launch(0.45))
    assert judge.drifted == 0.5
    for purpose in ("report", "confirm"):
        with pytest.raises(Suspicion) as told:
            measurer(purpose, beside_itself=0.5)._denominator(launch(0.45))
        assert told.value.outcome is None


def test_a_machine_that_has_changed_too_much_is_a_fault_in_training_too() -> None:
    with pytest.raises(Suspicion) as told:
        measurer("training", beside_itself=DRIFTED_SHARE - 0.05)._denominator(launch(0.2))
    assert told.value.outcome is None


def test_in_a_drifted_machine_a_cheat_is_still_one() -> None:
    with pytest.raises(Suspicion) as told:
        measurer("training", beside_itself=0.5)._denominator(launch(0.25))
    assert told.value.outcome is Outcome.CHEATED


# -- a rival is guarded as a yardstick is


def rivalled(*alone: float) -> Any:
    """`alone`: the share of the peak that the rival reaches beside itself, each time it is asked."""
    made: Any = object.__new__(Guard)
    made.subject = SimpleNamespace(rival=SimpleNamespace(name="old.c"))
    told = list(alone)
    made._rival_beside_itself = lambda: {"480": told.pop(0)}
    return made


def test_a_rival_that_is_slow_beside_the_candidate_alone_convicts_nobody() -> None:
    with pytest.raises(Unsettled) as seen:
        rivalled(0.5, 0.48).beaten([launch(0.4), launch(0.42), launch(0.9)])
    assert "the rival ran at 21%" in seen.value.reason


def test_a_rival_at_its_own_speed_is_beaten_honestly() -> None:
    rivalled(0.5).beaten([launch(0.9), launch(1.0), launch(0.95)])


def test_one_look_that_agrees_with_the_candidate_is_enough() -> None:
    rivalled(0.5, 0.2).beaten([launch(0.4), launch(0.42), launch(0.4)])

"""Verdict -> Reward: a pure function of what the verdict says.

Preset `s1` is the published table: -100 for format, forbidden library and cheats, then -40, -30, -20, down to
-10 for a wrong result. Its positive scale is unpublished; ours is plain GFLOPS.

Preset `scaled`, the default, keeps the order and shrinks the distances. GRPO standardises rewards within a
group, so that one -100 among 32 makes the gap between 50 and 55 GFLOPS vanish: the policy then learns to
avoid failing and nothing else. With failures at -4..-1 against GFLOPS / 10 (0.3 for three loops, 9.6 for the
best on the machine where it was tried) the mean of correct samples doubled in 25 steps, and their share held.
The default positive scale,

    3 * log(1 + speed-up over the reference),

has that spread without depending on the machine: 2.1 at the reference's speed, 7.2 at 10 times, 10.3 at 30
times. The logarithm pays a further per cent of a fast kernel like one of a slower kernel, so that a lucky one
does not outweigh a group of good ones; the 1 + keeps every right kernel above 0, however slow, and so above
every failure.

A figure is paid as far as its interval bears it: where the interval is wide, its low end times BELIEVED_ABOVE_LOW.

A ratio is worth its noise and no more: log time is rounded to the noise band first, or the luckiest of equal
kernels would be taught as the best.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from hayate.errors import Fault, FaultKind, WrongUse
from hayate.records import Outcome, Reward, Verdict

Positive = Literal["log", "speedup", "peak_fraction", "gflops"]

FAILURES: dict[str, dict[Outcome, float]] = {
    "s1": {
        Outcome.VIOLATION: -100.0,
        Outcome.CHEATED: -100.0,
        Outcome.BUILD_FAILED: -40.0,
        Outcome.TIMED_OUT: -30.0,
        Outcome.CRASHED: -20.0,
        Outcome.WRONG: -10.0,
    },
    "scaled": {
        Outcome.VIOLATION: -4.0,
        Outcome.CHEATED: -4.0,
        Outcome.BUILD_FAILED: -3.0,
        Outcome.TIMED_OUT: -2.0,
        Outcome.CRASHED: -1.5,
        Outcome.WRONG: -1.0,
    },
}
_POSITIVE: dict[str, Positive] = {"s1": "gflops", "scaled": "log"}
# Chosen so that the fastest kernels of a task with 30-fold head-room get about 10.
_SCALE: dict[Positive, float] = {"log": 3.0, "speedup": 1 / 3, "peak_fraction": 10.0, "gflops": 0.1}
_S1_GFLOPS_SCALE = 1.0
# The middle of a wide interval is luck, and a candidate that makes its own interval wide must not be paid for it. An
# ordinary training verdict's low end lies some 6% below its middle, the chain to the reference included.
BELIEVED_ABOVE_LOW = 1.15
_QUANTUM = 0.02  # what a paired ratio of one launch is worth where the host's noise was not measured


class RewardSettings(BaseModel):
    """How verdicts are paid. What is left out follows from the preset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset: Literal["scaled", "s1"] = "scaled"
    positive: Positive | None = None  # None: "log" for scaled, "gflops" for s1
    scale: float | None = Field(
        default=None, gt=0
    )  # factor on the positive scale; None: as the scale's name says
    correctness_only: bool = False  # 1 for every accepted candidate: the control of the speed experiment
    failures: dict[Outcome, float] = {}  # in place of the preset's, outcome by outcome
    quantum: float | None = Field(default=None, ge=0, lt=1)  # of log time; None: the host's noise; 0: none
    # Of a candidate judged on several classes of hosts (judge.classes = "all"): the run's own class counts, or the
    # least, or the mean of its rewards. With the scale "log" the mean orders as geometric means of 1 + speed-up do.
    over_classes: Literal["first", "worst", "mean"] = "first"

    @field_validator("failures")
    @classmethod
    def _are_penalties(cls, failures: dict[Outcome, float]) -> dict[Outcome, float]:
        if Outcome.ACCEPTED in failures:
            raise ValueError("accepted is no failure: use positive and scale")
        if any(value >= 0 for value in failures.values()):
            raise ValueError("a failure's reward must be below 0, or a slow right kernel would not beat it")
        return failures


def reward(verdict: Verdict, settings: RewardSettings | None = None) -> Reward:
    """What a trainer gets for `verdict`. A machine's fault has no verdict, and None is the caller's matter.

    An accepted candidate that was not timed (a plan without launches) gets 1, as with `correctness_only`.
    Raises `Fault(HOST_UNFIT)` if the scale is `peak_fraction` and the host's peak was not measured,
    `WrongUse` if the task has no GFLOPS and the scale needs them.
    """
    settings = settings or RewardSettings()
    if verdict.outcome is not Outcome.ACCEPTED:
        value = {**FAILURES[settings.preset], **settings.failures}[verdict.outcome]
        return Reward(value=value, parts={"failure": value})
    if settings.correctness_only or verdict.speedup is None:
        return Reward(value=1.0, parts={"correct": 1.0})
    positive = settings.positive or _POSITIVE[settings.preset]
    rounded = _rounded(_speed(verdict, positive), _quantum(verdict, settings))
    scale = settings.scale
    if scale is None:
        scale = _S1_GFLOPS_SCALE if settings.preset == "s1" and positive == "gflops" else _SCALE[positive]
    value = scale * (math.log1p(rounded) if positive == "log" else rounded)
    return Reward(value=value, parts={positive: value, "speedup": verdict.speedup.median})


def over_classes(results: Sequence[Verdict | Fault], settings: RewardSettings | None = None) -> float | None:
    """What a trainer gets for a candidate's results on several classes of hosts, the run's own first.

    None if the machine failed on one that counts. Raises as `reward` does.
    """
    settings = settings or RewardSettings()
    counted = results[:1] if settings.over_classes == "first" else results
    verdicts = [result for result in counted if isinstance(result, Verdict)]
    if len(verdicts) < len(counted):
        return None
    values = [reward(verdict, settings).value for verdict in verdicts]
    return min(values) if settings.over_classes == "worst" else statistics.fmean(values)


def _speed(verdict: Verdict, positive: Positive) -> float:
    """The figure that the scale starts from: a ratio, a share of one core's peak, or GFLOPS."""
    assert verdict.speedup is not None
    if positive in ("log", "speedup"):
        return _believed(verdict.speedup.median, verdict.speedup.low)
    if verdict.metric is None or verdict.metric.name.lower() != "gflops":
        raise WrongUse(
            f"a verdict on {verdict.task} has no rate in GFLOPS", where="positive", allowed="log, speedup"
        )
    rate = _believed(verdict.metric.value, verdict.metric.low)
    if positive == "gflops":
        return rate
    if verdict.host.peak_gflops is None:
        raise Fault(
            FaultKind.HOST_UNFIT,
            "the reward is a share of the host's peak, and that was not measured",
            remedy="hayate doctor, or positive = 'log'",
        )
    return rate / verdict.host.peak_gflops.value


def _believed(value: float, low: float) -> float:
    """A figure as far as its interval bears it: at most BELIEVED_ABOVE_LOW times the low end."""
    return min(value, BELIEVED_ABOVE_LOW * low) if low > 0 else value


def _quantum(verdict: Verdict, settings: RewardSettings) -> float:
    if settings.quantum is not None:
        return settings.quantum
    return _QUANTUM if verdict.host.noise is None else verdict.host.noise


def _rounded(speed: float, quantum: float) -> float:
    """`speed` with its logarithm rounded to a multiple of `quantum`."""
    return speed if quantum == 0 else math.exp(round(math.log(speed) / quantum) * quantum)

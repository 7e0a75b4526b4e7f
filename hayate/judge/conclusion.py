"""What a measurement's launches say together: the decision of a head-to-head, and the result with its words."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hayate.judge import stats
from hayate.judge.results import Measurement
from hayate.judge.subject import Subject
from hayate.judge.verification import Covered
from hayate.judge.work import rate_of
from hayate.records import Decision, Launch, MeasurePlan, Outcome, Speedup, Timing

EQUAL_WITHIN_MOST = 0.05  # a head-to-head at its end that is less certain than this is undecided


def decision(
    plan: MeasurePlan, decided: Decision, interval: stats.LogRatio, after_s: float
) -> tuple[Decision, str]:
    """What a head-to-head says that is over, in a word and in words."""
    most = max(abs(math.expm1(interval.low)), abs(math.expm1(interval.high)))
    after = f"after {after_s:.1f} s"
    if decided in ("faster", "slower"):
        words: str = decided
    elif most <= EQUAL_WITHIN_MOST:
        decided, words = "equal", f"equal within {most:.1%}"
    elif math.isfinite(most):
        return "undecided", f"undecided {after}: launches differ that much"
    elif plan.decide_s is None:
        return "undecided", ""  # as many launches as were asked for, and no more was asked of them
    else:
        return "undecided", f"undecided {after}: too few launches fitted in to say more"
    wanted = plan.until_width
    if wanted is not None and interval.width > wanted:
        words += f", but {after} the interval is {interval.width:.1%} wide, not {wanted:.1%}"
    return decided, words


def accepted(
    subject: Subject,
    covered: Covered,
    launches: Sequence[Launch] = (),
    decided: Decision = "",
    word: str = "",
    interval: stats.LogRatio | None = None,
    drifted: float = 1.0,
) -> Measurement:
    """Of a candidate that is right. `drifted`: the share of its calibrated speed that a yardstick was let pass with."""
    numbers = covered.numbers()
    if not launches:
        return Measurement(
            outcome=Outcome.ACCEPTED,
            reason=f"right on {covered.words()}, worst error {covered.worst_error:.2g} of its bound; "
            "not timed",
            numbers=numbers,
        )
    timing = Timing(launches=tuple(launches))
    rate = rate_of(subject.task)
    baseline = subject.rival.name if subject.rival is not None else "reference"
    speedup = stats.speedup(timing, subject.plan.confidence, baseline)
    if interval is not None and math.isfinite(interval.low) and math.isfinite(interval.high):
        speedup = Speedup(
            baseline=baseline,
            median=math.exp(interval.value),
            low=math.exp(interval.low),
            high=math.exp(interval.high),
            confidence=subject.plan.confidence,
        )
    numbers["pairs"] = float(sum(len(x.candidate_ns) for x in launches))
    numbers["launches"] = float(len(launches) // max(1, len(subject.bands)))
    word = f"; {word}" if word else ""
    if drifted < 1:
        numbers["yardstick_of_calibrated"] = drifted
        word += f"; the machine gives the yardstick {drifted:.0%} of its calibrated speed"
    return Measurement(
        outcome=Outcome.ACCEPTED,
        reason=f"right on {covered.shapes} shapes, {speedup.median:.3g}x {baseline} "
        f"({speedup.low:.3g} to {speedup.high:.3g} at {speedup.confidence:.0%}){word}",
        numbers=numbers,
        timing=timing,
        metric=stats.metric(timing, subject.plan.confidence, rate.metric, rate.scale),
        speedup=speedup,
        decision=decided,
    )

"""What the clock's `fail` says of a candidate: outcome, reason and numbers, in words that a person can follow."""

from __future__ import annotations

import signal
from collections.abc import Sequence

from hayate.errors import Fault, FaultKind
from hayate.records import Outcome
from hayate.sandbox import Exit


class CandidateFailed(Exception):
    """The candidate's own behaviour ended the launch."""

    def __init__(
        self,
        outcome: Outcome,
        reason: str,
        numbers: dict[str, float] | None = None,
        *,
        doubtful: bool = False,
    ) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason
        self.numbers = numbers or {}
        self.doubtful = doubtful  # the machine may have done it: believed only if it persists


class Starved(Fault):
    """A runner did not get its core: another launch may fare better."""


class OpponentFailed(Fault):
    """What the candidate is paired with failed. A task's yardstick is right, so it is the machine's trouble or the
    task's; a rival answers for itself, and `measure` tells of it in its result."""

    def __init__(self, name: str, failure: CandidateFailed, task: str) -> None:
        super().__init__(
            FaultKind.YARDSTICK_BROKEN,
            f"the yardstick ({name}) failed: {failure.reason}",
            remedy=f"hayate tasks check {task}; if it passes, the machine is at fault",
        )
        self.failure = failure


def _array(number: str, names: Sequence[str]) -> str:
    at = int(number)
    return names[at] if at < len(names) else f"array {number}"


def explained(
    what: str, rest: Sequence[str], ended: Exit | None, arrays: Sequence[str] = ()
) -> CandidateFailed:
    """The failure that `fail candidate WHAT REST...` of runner/clock.c stands for; `ended` is how, if it died.

    `arrays`: the names of the task's, by their number in the clock.
    """
    match what:
        case "wrong":
            return _wrong(rest)
        case "inexact":
            return _inexact(rest)
        case "apart":
            return _apart(rest)
        case "unwritten":
            n, total = int(rest[0]), int(rest[1])
            return CandidateFailed(
                Outcome.WRONG,
                f"{n} of {total} elements of the output were never written",
                {"unwritten": n, "elements": total},
            )
        case "outside":
            n = int(rest[0])
            return CandidateFailed(
                Outcome.WRONG, f"{n} words next to the output were overwritten", {"overwritten": n}
            )
        case "padding":
            return CandidateFailed(
                Outcome.WRONG,
                f"the padding of {_array(rest[0], arrays)}, which is no part of the problem, was overwritten",
            )
        case "unequal":
            return _unequal(rest)
        case "refused":
            return CandidateFailed(Outcome.CRASHED, "it can't do what it was asked for")
        case "ungenerated":
            return CandidateFailed(
                Outcome.WRONG, f"it left elements of {_array(rest[0], arrays)} unwritten, which has no values"
            )
        case "numbers":
            return CandidateFailed(
                Outcome.WRONG,
                f"what it expects of {_array(rest[0], arrays)} at element {rest[1]} is {float(rest[2]):g} within "
                f"{float(rest[3]):g}, and neither may be anything but a number",
            )
        case "late":
            return CandidateFailed(
                Outcome.CHEATED,
                f"the output changed at element {rest[0]} after the call had ended: "
                "work went on outside the timed call",
                {"index": float(rest[0])},
            )
        case "awake":
            ran_us = int(rest[0]) / 1e3
            return CandidateFailed(
                Outcome.CHEATED,
                f"the process ran for {ran_us:.0f} us while it was stopped, between its calls",
                {"awake_us": ran_us},
                doubtful=True,  # the kernel's accounting is not exact, nor is a virtual machine's
            )
        case "unloadable":
            return CandidateFailed(Outcome.BUILD_FAILED, f"the object can't be loaded: {' '.join(rest)}")
        case "timeout" | "load_timeout" | "not_ready" | "unfreezable":
            return _too_long(what, int(rest[0]) / 1e9)
        case _:
            return _died(ended)


def _wrong(rest: Sequence[str]) -> CandidateFailed:
    bad, total, index = (int(x) for x in rest[:3])
    got, want, bound = (float(x) for x in rest[3:6])
    return CandidateFailed(
        Outcome.WRONG,
        f"{bad} of {total} elements are outside the error bound; first at {index}: "
        f"computed {got:.17g}, expected {want:.17g}, bound {bound:.3g}",
        {
            "wrong_elements": bad,
            "elements": total,
            "index": index,
            "computed": got,
            "expected": want,
            "error_bound": bound,
        },
    )


def _inexact(rest: Sequence[str]) -> CandidateFailed:
    wrong = _wrong(rest)
    reason = f"exact test (values whose results are exact in its precision): {wrong.reason}"
    return CandidateFailed(wrong.outcome, reason, wrong.numbers)


def _apart(rest: Sequence[str]) -> CandidateFailed:
    wrong = _wrong(rest)
    bad, total, index = (int(x) for x in rest[:3])
    reason = (
        f"too near a branch for the oracle to tell, {bad} of {total} elements differ from the opponent's, more than "
        f"one in a hundred; first at {index}: computed {float(rest[3]):.17g}, the opponent {float(rest[4]):.17g}"
    )
    return CandidateFailed(
        wrong.outcome, reason, wrong.numbers, doubtful=True
    )  # an honest kernel may, now and then


def _unequal(rest: Sequence[str]) -> CandidateFailed:
    wrong = _wrong(rest)
    bad, total, index = (int(x) for x in rest[:3])
    got, want = (float(x) for x in rest[3:5])
    reason = (
        f"{bad} of {total} elements are not equal to what is right; first at {index}: "
        f"computed {got:.17g}, expected {want:.17g}"
    )
    return CandidateFailed(wrong.outcome, reason, wrong.numbers)


def _too_long(what: str, limit_s: float) -> CandidateFailed:
    outcome, reason = {
        "timeout": (Outcome.TIMED_OUT, f"a call took longer than {limit_s:.3g} s"),
        "load_timeout": (Outcome.TIMED_OUT, f"loading the object took longer than {limit_s:.3g} s"),
        "not_ready": (
            Outcome.CHEATED,
            f"the process was not ready for a call within {limit_s:.3g} s of being woken: "
            "something else ran in it",
        ),
        "unfreezable": (
            Outcome.CHEATED,
            f"the process could not be stopped within {limit_s:.3g} s after a call: it keeps itself running",
        ),
    }[what]
    return CandidateFailed(
        outcome, reason, {"limit_s": limit_s}, doubtful=what in ("not_ready", "unfreezable")
    )


def _died(ended: Exit | None) -> CandidateFailed:
    if ended is None:
        return CandidateFailed(Outcome.CRASHED, "the process ended during a call")
    # Nobody in the sandbox sends SIGKILL, nor did we: the kernel found memory short, or a person did it.
    doubtful = ended.signal == 9 and not (ended.stopped or ended.out_of_memory)
    outcome = Outcome.CRASHED
    numbers: dict[str, float] = {}
    if ended.out_of_memory:
        reason = "the process used more memory than it may"
    elif ended.truncated:
        reason = "the process was ended: it printed without end"
    elif ended.timed_out:
        outcome, reason = Outcome.TIMED_OUT, "the process reached its time limit"
    elif ended.signal == signal.SIGSYS:
        reason = "the process made a system call that is not allowed, and was ended by signal 31"
        numbers = {"signal": ended.signal}
    elif ended.signal:
        reason = f"the process was ended by signal {ended.signal} during a call"
        numbers = {"signal": ended.signal}
    else:
        reason = f"the process ended itself with status {ended.returncode} during a call"
        numbers = {"status": float(ended.returncode or 0)}
    return CandidateFailed(outcome, reason, numbers, doubtful=doubtful)

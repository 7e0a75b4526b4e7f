"""Trouble that is not the candidate's: faults of the machine, and wrong use by a person.

A `Fault` is never a verdict. It is retried elsewhere where that can help; to a trainer it is `None`, never 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum


class FaultKind(StrEnum):
    """What part of the machine failed."""

    COMPILER_MISSING = "compiler_missing"
    SANDBOX_BROKEN = "sandbox_broken"
    HOST_TOO_NOISY = "host_too_noisy"
    HOST_UNFIT = "host_unfit"  # too few cores, no clock, no such architecture
    DISK_FULL = "disk_full"
    NOT_WRITABLE = "not_writable"
    OUT_OF_MEMORY = "out_of_memory"
    RUNNER_LOST = "runner_lost"  # the judge's own process ended; not the candidate's doing
    NODE_LOST = "node_lost"
    OUT_OF_TIME = "out_of_time"  # a job took longer than whoever lends the machine allows
    YARDSTICK_BROKEN = "yardstick_broken"  # a known-good solution failed: the machine or the task is at fault
    DEPENDENCY_MISSING = "dependency_missing"
    NOT_RECORDED = "not_recorded"  # a replayed archive has no answer, or too few to learn from
    TOO_MANY_FAULTS = "too_many_faults"
    INTERNAL = "internal"


# Another try, on this slot or another, can help with these.
RETRIABLE = frozenset(
    {
        FaultKind.HOST_TOO_NOISY,
        FaultKind.OUT_OF_MEMORY,
        FaultKind.RUNNER_LOST,
        FaultKind.NODE_LOST,
        FaultKind.YARDSTICK_BROKEN,
    }
)


class Fault(Exception):
    """The machine's trouble, with its cause and what a person can do about it.

    >>> str(Fault(FaultKind.COMPILER_MISSING, "no C compiler found", remedy="apt install gcc"))
    'no C compiler found. Remedy: apt install gcc'
    """

    def __init__(self, kind: FaultKind, message: str, *, remedy: str = "") -> None:
        super().__init__(kind, message, remedy)
        self.kind = kind
        self.message = message
        self.remedy = remedy

    @property
    def retriable(self) -> bool:
        return self.kind in RETRIABLE

    def __str__(self) -> str:
        return f"{self.message}. Remedy: {self.remedy}" if self.remedy else self.message

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_fault, (self.kind, self.message, self.remedy)


def _rebuild_fault(kind: FaultKind, message: str, remedy: str) -> Fault:
    return Fault(kind, message, remedy=remedy)


def too_many(faults: Sequence[Fault], among: int, share: float) -> None:
    """Raises Fault(TOO_MANY_FAULTS), with the most frequent cause, if they are more than `share` of `among`."""
    if not faults or len(faults) <= share * among:
        return
    kind, _ = Counter(fault.kind for fault in faults).most_common(1)[0]
    cause = next(fault for fault in faults if fault.kind is kind)
    raise Fault(
        FaultKind.TOO_MANY_FAULTS,
        f"{len(faults)} of {among} candidates met trouble of the machine's; most often: {cause.message}",
        remedy=cause.remedy,
    ) from cause


class WrongUse(Exception):
    """A person gave something that can't be right: a wrong key, a missing file. One clear message, exit 2.

    `where` names the file and, where there is one, the key; `allowed` says what would be right.
    """

    def __init__(self, message: str, *, where: str = "", allowed: str = "") -> None:
        super().__init__(message, where, allowed)
        self.message = message
        self.where = where
        self.allowed = allowed

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}. Allowed: {self.allowed}" if self.allowed else text

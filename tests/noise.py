"""Which failures of a test are the machine's, which has too much else to do for timing."""

from __future__ import annotations

from functools import cache

from hayate.errors import Fault, FaultKind
from hayate.hosts.calibrate import priority

# What a command, or an assertion about a result, shows of such a fault.
SHOWN = (f'"kind": "{FaultKind.HOST_TOO_NOISY}"', "hayate: host too noisy", "end other work on this machine")


EXCUSED: list[str] = []  # what was excused so far


def excusable(collected: int) -> int:
    """How many tests of a run may be excused: a tenth, ten at least."""
    return max(10, collected // 10)


@cache
def real_time() -> bool:
    """Whether other work can't disturb a timed call here."""
    return priority() == "fifo"


def excused(error: Exception) -> bool:
    """Whether it is a fault by noise, or a failed assertion that shows one, where noise can't be kept out."""
    if isinstance(error, Fault):
        noisy = error.kind is FaultKind.HOST_TOO_NOISY
    else:
        noisy = isinstance(error, AssertionError) and any(words in str(error) for words in SHOWN)
    return noisy and not real_time()

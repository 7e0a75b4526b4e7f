"""What the clock answers: the times of calls, and what was found of a call that was checked."""

from __future__ import annotations

from dataclasses import dataclass

DELAYED_SHARE = 0.02
LONG_CALL_NS = 400_000_000
LONG_DELAYED_SHARE = 0.08


@dataclass(frozen=True)
class CallTimes:
    """One call, in nanoseconds; what surrounds it is the process's own, too. In the order of the clock's answer."""

    ns: int  # from go to done, by the clock
    delay_ns: int  # that the scheduler kept it waiting meanwhile
    thaw_ns: int  # from the wake-up to ready
    thaw_delay_ns: int
    halt_ns: int  # from done to standing still
    cpu_ns: int  # that all its threads used from the wake-up to standing still

    @property
    def whole_ns(self) -> int:
        return self.thaw_ns + self.ns + self.halt_ns

    @property
    def delayed(self) -> bool:
        return _delayed(self.ns, self.delay_ns)


@dataclass(frozen=True)
class PairTimes:
    """One interleaved pair; `worst_error` in units of its bound."""

    candidate: CallTimes
    yardstick: CallTimes
    worst_error: float
    examined: bool = False  # by the oracle, beyond its cheap bounds

    @property
    def candidate_ns(self) -> int:
        return self.candidate.ns

    @property
    def yardstick_ns(self) -> int:
        return self.yardstick.ns

    @property
    def candidate_delayed(self) -> bool:
        return self.candidate.delayed

    @property
    def yardstick_delayed(self) -> bool:
        return self.yardstick.delayed


def _delayed(ns: int, delay_ns: int) -> bool:
    """Did the scheduler keep this call waiting for more than a share of its time that matters?

    The kernel takes a twentieth of each second from real-time processes, so of long calls it always takes that.
    """
    return delay_ns > (DELAYED_SHARE if ns < LONG_CALL_NS else LONG_DELAYED_SHARE) * ns


@dataclass(frozen=True)
class Verified:
    """A call that was checked by the examiner."""

    worst_error: float  # in units of its bound
    skipped: int  # numbers of which nothing is known
    numbers: int  # all of them; 0 where a branch is near
    near_branches: int  # above 0 nothing was compared: honest results differ there
    oracle_s: float
    reach: dict[str, float]  # of each written array: its widest bound as a share of its largest magnitude

    @property
    def compared(self) -> bool:
        """Whether half of the numbers at least were held against what is right."""
        return not self.near_branches and 2 * self.skipped <= self.numbers

"""What a call costs beyond the time from go to done: work before ready and after done is the candidate's, too.

A process that is woken, and one that is stopped, needs some tens of microseconds. What it needs beyond that, beyond the
other process of the pair, it used for something else, and the clock's figure for the call does not hold it: so it is
added. Of one thread it is seen in its CPU time, which waiting does not change; of several by the clock on the wall.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from hayate.judge.times import CallTimes, PairTimes

# Less than this is the scatter of waking and stopping: half of all calls of identical code lie within 10 us of their
# median, nineteen of twenty within 25.
FREE_NS = 25_000


def around_ns(call: CallTimes, threads: bool, waited_ns: float = 0) -> int:
    """Time that the process had around the call, without what the scheduler kept it waiting. Never negative: who did
    not compute within its call has no time to its credit, and the other side none to pay.

    With threads one may work while the other, whose waiting is known, waits for it: so no more waiting is believed than
    `waited_ns`, which is to be the other process's.
    """
    if threads:
        return max(0, call.thaw_ns - round(min(call.thaw_delay_ns, waited_ns)) + call.halt_ns)
    return max(0, call.cpu_ns - (call.ns - call.delay_ns))


def charged(times: Sequence[PairTimes], threads: bool) -> list[tuple[int, int]]:
    """For each pair the nanoseconds to be added to the candidate's call and to the yardstick's.

    Whichever of the two needs less around its calls, in the middle of all pairs, says what is usual.
    """
    mine_ns = statistics.median(t.candidate.thaw_delay_ns for t in times)
    its_ns = statistics.median(t.yardstick.thaw_delay_ns for t in times)
    around = [
        (around_ns(t.candidate, threads, its_ns), around_ns(t.yardstick, threads, mine_ns)) for t in times
    ]
    usual = min(statistics.median(ns) for ns in zip(*around, strict=True))
    return [(_beyond(mine, usual), _beyond(other, usual)) for mine, other in around]


def _beyond(around: int, usual: float) -> int:
    more = around - usual
    return round(more) if more > FREE_NS else 0

"""What speeds are measured by: a task's floating-point operations; where it has none its bytes, or its calls.

Ratios of times don't depend on it. It makes times at different shapes comparable, and is the rate that people are told.
"""

from __future__ import annotations

from dataclasses import dataclass

from hayate.records import Shape, Task
from hayate.tasks import evaluate_expression


@dataclass(frozen=True)
class Rate:
    """`metric` is the name of a rate for people: so many units of work a nanosecond, times `scale`."""

    metric: str
    scale: float = 1.0


FLOPS = Rate("gflops")
BYTES = Rate("GB/s")
CALLS = Rate("calls/s", 1e9)


def rate_of(task: Task) -> Rate:
    """The same for all shapes of a task: the first that is above 0 at each band's centre."""
    for text, rate in ((task.flops, FLOPS), (task.bytes, BYTES)):
        if all(evaluate_expression(text, band.center) > 0 for band in task.bands):
            return rate
    return CALLS


def work_of_call(task: Task, shape: Shape) -> float:
    """The minimal work of one call, in the unit of `rate_of`; never 0."""
    rate = rate_of(task)
    if rate is CALLS:
        return 1.0
    work = float(evaluate_expression(task.flops if rate is FLOPS else task.bytes, shape))
    return work if work > 0 else 1.0

"""What speeds are measured by, of tasks with and without floating-point operations."""

from __future__ import annotations

import pytest

from hayate.judge.stats import metric
from hayate.judge.work import BYTES, CALLS, FLOPS, Rate, rate_of, work_of_call
from hayate.records import Launch, Task, Timing
from hayate.tasks import builtin

SHAPE = {"M": 2, "N": 3, "K": 5}


@pytest.mark.parametrize(
    ("said", "rate", "work"),
    [
        ({}, FLOPS, 2.0 * 2 * 3 * 5),
        ({"flops": "0"}, BYTES, 7.0),
        ({"flops": "0 * M"}, BYTES, 7.0),
        ({"flops": "0", "bytes": "0"}, CALLS, 1.0),
        ({"flops": "M - 2"}, FLOPS, 1.0),  # some at each band's centre, none here: never 0
    ],
)
def test_the_first_that_is_not_zero_is_the_work(said: dict[str, str], rate: Rate, work: float) -> None:
    task: Task = builtin("dgemm").model_copy(update={"bytes": "M + K", **said})
    assert rate_of(task) is rate
    assert work_of_call(task, SHAPE) == work


@pytest.mark.parametrize(("rate", "value"), [(FLOPS, 0.5), (BYTES, 0.5), (CALLS, 5e8)])
def test_a_rate_is_of_its_unit(rate: Rate, value: float) -> None:
    launch = Launch(
        band="b", yardstick="y", shapes=((1,),), candidate_ns=(200,), yardstick_ns=(200,), flops=(100.0,)
    )
    found = metric(Timing(launches=(launch,)), 0.95, rate.metric, rate.scale)
    assert found.name == rate.metric
    assert found.value == pytest.approx(value)

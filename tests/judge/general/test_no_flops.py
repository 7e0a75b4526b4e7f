"""A kernel without floating-point operations from end to end: right or wrong, timed, and told in its own unit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from folders import ALL

from hayate import hosts, sandbox
from hayate.judge import Rejection, build, measure
from hayate.judge.results import Measurement
from hayate.records import Built, HostProfile, MeasurePlan, Outcome
from hayate.tasks import load

PLAN = MeasurePlan(verify_shapes=8, max_launches=1, pairs=3)
BAND = {"name": "all", "center": {"n": 20000, "bins": 150}, "spread": 0.1, "training": True}
DOMAIN = {"n": [0, 40000], "bins": [1, 300]}
Judge = Callable[..., Rejection | Measurement]
REFERENCE = ALL["histogram"][1]["reference.c"]


@pytest.mark.parametrize(
    ("flops", "traffic", "unit"),
    [("0", "4 * n + 4 * bins", "GB/s"), ("n - n", "0", "calls/s"), ("n", "4 * n", "gflops")],
)
def test_it_is_judged_in_its_own_unit(
    flops: str, traffic: str, unit: str, written: Callable[..., Path], judged: Judge, tier: sandbox.Sandbox
) -> None:
    said: dict[str, object] = {"flops": flops, "bytes": traffic, "domain": DOMAIN, "band": [BAND]}
    task = load(written("histogram", said=said))
    found = judged(task, REFERENCE, tier, PLAN)
    assert found.outcome is Outcome.ACCEPTED, found.reason
    assert isinstance(found, Measurement) and found.speedup is not None and found.metric is not None
    assert found.speedup.low < found.speedup.median < found.speedup.high
    assert found.metric.name == unit
    assert found.metric.value > 0


def test_it_is_compared_with_a_rival(
    written: Callable[..., Path], tier: sandbox.Sandbox, host: HostProfile
) -> None:
    said: dict[str, object] = {"flops": "0", "bytes": "4 * n", "domain": DOMAIN, "band": [BAND]}
    task = load(written("histogram", said=said))
    slow = REFERENCE.replace(
        "{ for (int b", "{ for (volatile int t = 0; t < 200000; t++) {}\n  for (int b", 1
    )
    fast, rival = (build(task, text, task.techniques, host=host, sandbox=tier) for text in (REFERENCE, slow))
    assert isinstance(fast, Built) and isinstance(rival, Built)
    plan = MeasurePlan(purpose="confirm", launches=3, max_launches=16, verify_shapes=2, confidence=0.99)
    found = measure(task, fast, plan, host=host, slot=hosts.slots()[0], sandbox=tier, rival=rival)
    assert found.outcome is Outcome.ACCEPTED, found.reason
    assert found.decision == "faster", found.reason

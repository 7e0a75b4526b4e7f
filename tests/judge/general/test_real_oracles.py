"""Tasks whose oracle is made by hayate.running, judged from end to end: honest variants pass, what is less exact not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from folders import array, size
from make import make

from hayate import sandbox
from hayate.judge import Rejection
from hayate.judge.results import Measurement
from hayate.records import MeasurePlan, Outcome
from hayate.tasks import load

Judge = Callable[..., Rejection | Measurement]
TIMED = MeasurePlan(verify_shapes=12, max_launches=1, pairs=2)
DOT = "double dot(int n, const double *x, const double *y)"


def test_a_reduction_is_held_to_the_oracle_where_it_is_timed(
    tmp_path: Path, judged: Judge, tier: sandbox.Sandbox
) -> None:
    """Its sums cancel, so that bounds are no share of them; and the error is beyond what is verified."""
    honest = f"{DOT}\n{{ double s = 0; for (int i = 0; i < n; i++) s += x[i] * y[i]; return s; }}\n"
    said = {
        "entry": "dot",
        "declaration": DOT,
        "returns": "double",
        "argument": [size("n"), array("x", "input", "double", "n"), array("y", "input", "double", "n")],
        "domain": {"n": [1, 40000]},
        "oracle_work_max": 3000,
        "band": [{"name": "timed", "center": {"n": 30000}, "spread": 0.02, "training": True}],
        "correct": "automatic",
    }
    task = load(make(tmp_path / "dot", said, {"reference.c": honest}))
    found = judged(task, honest, tier, TIMED)
    assert found.outcome is Outcome.ACCEPTED, found.reason
    assert found.numbers["pairs_by_reach"] + found.numbers["pairs_against_oracle"] >= 3
    assert found.numbers["widest_reach"] <= 0.01
    for wrong in ("s * (1 + 1e-4 * (n > 20000))", "n > 20000 ? s * 0.5 : s"):
        found = judged(task, honest.replace("return s", f"return {wrong}"), tier, TIMED)
        assert found.outcome is Outcome.WRONG, found.reason

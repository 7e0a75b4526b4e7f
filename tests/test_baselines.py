"""Which code is the fastest known at the end of a run, and how far the nearest yardstick is from it."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from record_examples import HOST, candidate

from hayate import baselines
from hayate.hosts import fastest_known
from hayate.judge import Measurement
from hayate.judge.stats import metric, speedup
from hayate.records import Built, Launch, MeasurePlan, Outcome, Timing
from hayate.tasks import builtin


def timed(ratio: float, baseline: str, yardstick: str) -> Measurement:
    """Three launches in which it was `ratio` times as fast as what it was paired with."""
    launch = Launch(
        band="480",
        yardstick=yardstick,
        shapes=((1,),),
        candidate_ns=(1_000_000,),
        yardstick_ns=(round(1_000_000 * ratio),),
        flops=(1e8,),
        peak_gflops=200.0,
    )
    timing = Timing(launches=(launch,) * 3)
    return Measurement(
        outcome=Outcome.ACCEPTED,
        reason="right",
        timing=timing,
        speedup=speedup(timing, 0.95, baseline),
        metric=metric(timing),
    )


@pytest.mark.parametrize(
    ("vendor", "name", "times"), [(2.0, "OpenBLAS Haswell", 2.4), (0.8, "the best kernel", 1.2)]
)
def test_the_fastest_is_held_against_its_nearest_yardstick(
    vendor: float, name: str, times: float, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HAYATE_STATE", str(tmp_path))
    task = builtin("dgemm")
    library = Built(name="OpenBLAS Haswell", object_code=b"", object_hash="o")
    monkeypatch.setattr(baselines, "get", lambda tier: None)
    monkeypatch.setattr(
        baselines, "reference", lambda *_, **__: library.model_copy(update={"name": "reference"})
    )
    monkeypatch.setattr(baselines, "reference_best_flags", lambda *_, **__: ())
    monkeypatch.setattr(baselines, "blas_baselines", lambda *_, **__: (library,))

    def measure(_: object, built: Built, plan: MeasurePlan, rival: Built | None = None) -> Any:
        if rival is None:
            found = timed(1.2 * (vendor if built is library else 1), "reference", "40_tile")
        else:
            found = timed(vendor if built.name == library.name else 0.1, rival.name, rival.name)
        return SimpleNamespace(result=lambda: found)

    best = candidate("void dgemm;")
    built = library.model_copy(update={"name": best.hash})
    farm: Any = SimpleNamespace(
        sandbox_tier="",
        host=HOST,
        build=lambda *_, **__: SimpleNamespace(result=lambda: built),
        measure=measure,
    )
    out = tmp_path / "baselines.json"
    found = baselines.measure_baselines(task, best, farm, out)
    assert found.fastest is not None
    assert (found.fastest.name, found.fastest.yardstick) == (name, "40_tile")
    assert math.isclose(found.fastest.times, times)
    assert fastest_known(HOST.fingerprint) == [found.fastest]
    assert baselines.Baselines.model_validate_json(out.read_text()) == found

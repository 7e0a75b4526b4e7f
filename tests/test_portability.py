"""The table of kernels and classes of hosts, with scripted speeds."""

from __future__ import annotations

from pathlib import Path

import pytest
from record_examples import OTHER_HOST, candidate
from scripted_farm import ScriptedFarm

from hayate.archive import Archive
from hayate.evaluate import EvaluateSettings, Evaluator
from hayate.portability import ClassFigure, Portability, measure_portability, portability
from hayate.records import Outcome, Technique, decode
from hayate.tasks import builtin

TASK = builtin("dgemm")


def evaluator(farm: ScriptedFarm) -> Evaluator:
    return Evaluator(
        farm,
        Archive("sqlite://"),
        {"dgemm": TASK},
        settings=EvaluateSettings(confirm="never", fault_share=1),
        run="r1",
    )


def at(efficiency: float | None, outcome: Outcome | None = Outcome.ACCEPTED) -> ClassFigure:
    return ClassFigure(outcome=outcome, efficiency=efficiency)


@pytest.mark.parametrize(
    ("figures", "value"),
    [
        ([at(1.0), at(1.0)], 1.0),
        ([at(1.0), at(0.5)], 2 / 3),
        ([at(1.0), at(None, Outcome.WRONG)], 0.0),
        ([at(None, None), at(None, Outcome.WRONG)], 0.0),
        ([at(1.0), at(None, None)], None),
    ],
)
def test_performance_portability(figures: list[ClassFigure], value: float | None) -> None:
    assert portability(figures) == (value if value is None else pytest.approx(value))


def test_elites_of_every_class_are_measured_on_every_class(tmp_path: Path) -> None:
    """Fast here is slow there; one is wrong there."""
    there = ScriptedFarm(host=OTHER_HOST, truth=lambda speed: 9 - speed)
    evaluators = {"": evaluator(ScriptedFarm()), "other": evaluator(there)}
    fast, mid = (
        candidate(f"int speed = {speed};", permitted=permitted)
        for speed, permitted in ((9, ()), (6, (Technique.SIMD,)))
    )
    evaluators[""].evaluate([fast, mid])
    slow = candidate("int speed = 1;", permitted=(Technique.SIMD,))
    evaluators["other"].evaluate([slow])
    said: list[str] = []
    found = measure_portability({"dgemm": TASK}, evaluators, tmp_path / "portability.json", say=said.append)
    assert decode(Portability, (tmp_path / "portability.json").read_text()) == found
    assert [c.host_class for c in found.classes] == [e.farm.host.host_class for e in evaluators.values()]
    (table,) = found.tasks
    rows = {kernel.candidate: kernel for kernel in table.kernels}
    assert set(rows) == {fast.hash, mid.hash, slow.hash}
    assert rows[fast.hash].best_on == ("",)
    assert rows[slow.hash].best_on == ("other",)
    assert rows[fast.hash].figures["other"].outcome is Outcome.WRONG
    assert rows[fast.hash].portability == 0.0
    # Speed-ups 6 of 9 here and 3 of 8 there; 1 of 9 here and 8 of 8 there.
    assert rows[mid.hash].portability == pytest.approx(2 / (9 / 6 + 8 / 3))
    assert rows[slow.hash].portability == pytest.approx(2 / (9 / 1 + 8 / 8))
    assert [k.candidate for k in table.kernels] == [mid.hash, slow.hash, fast.hash]
    assert said == ["dgemm: 3 kernels on 2 classes of hosts"]


def test_the_machines_trouble_leaves_a_gap() -> None:
    here = evaluator(ScriptedFarm())
    here.evaluate([candidate("int speed = 5;")])
    there = ScriptedFarm(host=OTHER_HOST, faulty=lambda speed: True)
    found = measure_portability({"dgemm": TASK}, {"": here, "other": evaluator(there)})
    (kernel,) = found.tasks[0].kernels
    assert kernel.figures["other"].outcome is None
    assert "scripted to fail" in kernel.figures["other"].reason
    assert kernel.figures[""].efficiency == 1.0
    assert kernel.portability is None

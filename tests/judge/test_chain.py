"""Yardsticks on a host: their order, what is left out, their links to the reference, who is picked from them."""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hayate import hosts
from hayate.hosts import Slot
from hayate.judge import blas_baselines, build, calibrate_task, chain, measure
from hayate.judge.chain import (
    MOST_ROUNDS,
    PRECISION,
    ROUNDS,
    SHAPES,
    BandCalibration,
    Round,
    calibrate_band,
    figures,
    rank,
)
from hayate.judge.choice import nearest
from hayate.judge.results import TaskCalibration, YardstickFigure
from hayate.judge.subject import Subject
from hayate.judge.times import CallTimes, PairTimes
from hayate.records import (
    Band,
    Built,
    HostProfile,
    Interval,
    MeasurePlan,
    Outcome,
    Shape,
    SourceText,
    StandardError,
    Task,
    Technique,
)
from hayate.sandbox import Sandbox


def _call(ns: int) -> CallTimes:
    return CallTimes(ns=ns, delay_ns=0, thaw_ns=0, thaw_delay_ns=0, halt_ns=0, cpu_ns=ns)


def built(name: str) -> Built:
    return Built(name=name, object_code=b"", object_hash=name)


def figure(name: str, call_ns: float) -> YardstickFigure:
    sure = StandardError(value=0.01, freedom=5)
    return YardstickFigure(
        name=name,
        band="480",
        gflops=1e6 / call_ns,
        gflops_error=sure,
        speedup=Interval(value=1.0, low=0.9, high=1.1),
        speedup_error=sure,
        call_ns=call_ns,
    )


# -- order


def test_yardsticks_stand_in_the_order_that_was_measured() -> None:
    kept, notes = rank([built(n) for n in "abc"], [100.0, 30.0, 40.0], "480")
    assert [b.name for b in kept] == ["a", "c", "b"]
    assert notes == ()


def test_what_is_much_slower_than_one_ranked_below_it_is_left_out_and_said() -> None:
    kept, notes = rank(
        [built(n) for n in ("rows", "tile", "packed", "wide")], [90.0, 50.0, 800.0, 700.0], "480"
    )
    assert [b.name for b in kept] == ["rows", "tile"]
    assert len(notes) == 2
    assert "packed is left out: it takes 16.0 times as long here as tile" in notes[0]


def test_pairs_are_with_the_nearest_by_measured_order() -> None:
    """The one ranked fastest was left out, the next is slower here than the one below it."""
    known = TaskCalibration(
        task_hash="",
        fingerprint="",
        judge_version="",
        made_at="",
        peak_gflops=1.0,
        figures=(figure("naive", 9000.0), figure("packed", 400.0), figure("tile", 300.0)),
    )
    nothing: Any = dict.fromkeys(field.name for field in dataclasses.fields(Subject))
    opponents = tuple(SimpleNamespace(name=n) for n in ("naive", "tile", "packed", "wide"))
    subject = Subject(**{**nothing, "opponents": opponents, "calibration": known})
    band = Band(name="480", center={"M": 1})
    assert subject.fastest(band) == 1
    figures = [subject.figure(opponent, band) for opponent in subject.opponents]
    for candidate_ns, expected in ((250, "tile"), (330, "tile"), (420, "packed"), (20_000, "naive")):
        # The pairs are with the fastest, on a machine that is half as fast as it was.
        pair: Any = SimpleNamespace(candidate_ns=2 * candidate_ns, yardstick_ns=600)
        assert subject.opponents[nearest(figures, 1, [(1.0, pair)])].name == expected


# -- links


def test_figures_follow_from_the_rounds(task: Task) -> None:
    band = task.bands[0]
    rng = random.Random(1)
    rounds = []
    for _ in range(400):
        noise = [rng.gauss(0, s) for s in (0.05, 0.1)]
        ratios = math.log(4) + noise[0], math.log(12) + noise[1]
        rounds.append(Round(ratios, (math.log(20) + noise[0] / 2, math.log(60))))
    slow, fast = figures(task, band, [built("slow"), built("fast")], rounds)
    assert slow.speedup.value == pytest.approx(4, rel=0.02)
    assert fast.speedup.value == pytest.approx(12, rel=0.03)
    assert slow.speedup.low < slow.speedup.value < slow.speedup.high
    assert fast.gflops == pytest.approx(60)
    assert slow.gflops == pytest.approx(20, rel=0.02)
    assert slow.speedup_error.value == pytest.approx(0.05 / 20, rel=0.2)
    assert fast.speedup_error.value == pytest.approx(0.1 / 20, rel=0.2)
    assert fast.speedup_error.freedom == 399
    assert slow.gflops_error.value == pytest.approx(0.025 / 20, rel=0.2)
    assert fast.gflops_error.value == 0
    assert fast.call_ns < slow.call_ns


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], list[int]]:
    """Launches that take no time: the reference 9 ms, yardsticks 3 and 0.5, launches `spread` apart. Shapes of each."""

    def script(spread: float) -> list[int]:
        ns, rng = {"slow": 3e6, "fast": 0.5e6}, random.Random(2)
        made: list[int] = []

        def launch(
            place: Any, reference: Built, known: list[Built], shapes: list[Shape], *, warmed: bool = True
        ) -> list[list[PairTimes]]:
            made.append(len(shapes))
            place.peaks.append(100.0)
            off = math.exp(rng.gauss(0, spread))
            return [
                [PairTimes(_call(9_000_000), _call(round(off * ns[b.name])), 0.0) for _ in shapes]
                for b in known
            ]

        monkeypatch.setattr(chain, "_launch", launch)
        return made

    return script


def test_rounds_go_on_until_the_links_are_as_precise_as_stated(
    task: Task, host: HostProfile, slot: Slot, best: Sandbox, scripted: Callable[[float], list[int]]
) -> None:
    def calibrated() -> BandCalibration:
        known = [built("slow"), built("fast")]
        return calibrate_band(task, task.bands[0], built("r"), known, host=host, slot=slot, sandbox=best)

    made = scripted(0.0)
    slow, fast = calibrated().figures
    assert made == [2, *[SHAPES] * ROUNDS]
    assert (slow.speedup.value, fast.speedup.value) == (pytest.approx(3), pytest.approx(18))
    made = scripted(0.04)
    found = calibrated()
    assert ROUNDS < len(made) - 1 <= MOST_ROUNDS
    assert max(f.speedup_error.value for f in found.figures) <= PRECISION or len(made) - 1 == MOST_ROUNDS


# -- on this host


def small(task: Task, yardsticks: tuple[SourceText, ...]) -> Task:
    band = Band(name="96", center={"M": 96, "N": 96, "K": 96}, training=True)
    return task.model_copy(update={"bands": (band,), "yardsticks": yardsticks})


def test_a_hopeless_yardstick_is_left_out_and_never_paired_with(
    task: Task, host: HostProfile, slot: Slot, best: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HAYATE_STATE", str(tmp_path))
    known = {y.name: y for y in task.yardsticks}
    rows = known["20_rows.c"]
    again = rows.text.replace("void dgemm(", "static void once(", 1)
    again += f"{task.declaration}\n{{ for (int i = 0; i < 40; i++) once(M, N, K, A, B, C); }}\n"
    hopeless = rows.model_copy(update={"name": "70_forty_times.c", "text": again})
    own = small(task, (known["10_naive.c"], rows, hopeless))
    found = calibrate_task(own, ["96"], host=host, slot=slot, sandbox=best)
    assert [f.name for f in found.ranked("96")] == ["10_naive", "20_rows"]
    assert len(found.notes) == 1
    assert "70_forty_times is left out" in found.notes[0]
    made = build(own, again, (Technique.SIMD,), host=host, sandbox=best)
    assert isinstance(made, Built)
    measured = measure(own, made, MeasurePlan(), host=host, slot=slot, sandbox=best)
    assert measured.outcome is Outcome.ACCEPTED, measured.reason
    assert measured.timing is not None
    assert {x.yardstick for x in measured.timing.launches} <= {"10_naive", "20_rows"}


def test_vendors_are_timed_beside_the_fastest_yardstick(
    task: Task, host: HostProfile, slot: Slot, best: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if not any(True for _ in blas_baselines(task, host=host, sandbox=best)):
        pytest.skip("no OpenBLAS: pip install scipy-openblas64")
    monkeypatch.setenv("HAYATE_STATE", str(tmp_path))
    naive = small(task, task.yardsticks[:1])
    calibrate_task(naive, ["96"], host=host, slot=slot, sandbox=best)
    (found,) = hosts.fastest_known(host.fingerprint)
    assert (found.task, found.yardstick) == ("dgemm", "10_naive")
    assert found.name.startswith("OpenBLAS")
    assert found.far


@pytest.mark.parametrize("arch", ["x86-64-v2", "x86-64-v3"])
def test_yardsticks_serve_a_host_with_narrower_vectors(
    task: Task, host: HostProfile, slot: Slot, best: Sandbox, arch: str
) -> None:
    """Objects and calibrations of one architecture are never taken for another's, though the machine is the same."""
    if not host.arch.startswith("x86-64") or host.arch <= arch:
        pytest.skip(f"no narrower form of {host.arch}")
    narrow = host.model_copy(update={"arch": arch})
    own = small(task, (task.yardsticks[0], task.yardsticks[-1]))
    found = calibrate_task(own, ["96"], host=narrow, slot=slot, sandbox=best)
    wide = calibrate_task(own, ["96"], host=host, slot=slot, sandbox=best)
    assert found.notes == wide.notes == ()
    assert found.figures != wide.figures

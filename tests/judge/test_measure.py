"""Whole measurements: yardsticks calibrated, candidates verified, timed, chained to the reference.

Times are not asserted, only what must hold on any machine: order of magnitudes between very different codes,
intervals that hold their own value, outcomes.
"""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hayate.errors import Fault
from hayate.hosts import Slot
from hayate.judge import build, calibrate_task, measure, yardsticks
from hayate.judge.chain import BandCalibration
from hayate.judge.results import TaskCalibration, YardstickFigure
from hayate.records import Band, Built, HostProfile, Interval, MeasurePlan, Outcome, StandardError, Task
from hayate.sandbox import Sandbox


@pytest.fixture(scope="module")
def known(task: Task, host: HostProfile, best: Sandbox) -> tuple[Built, ...]:
    return yardsticks(task, host=host, sandbox=best)


def training(task: Task) -> list[str]:
    return [b.name for b in task.bands if b.training]


def _gflops(figures: TaskCalibration, built: Built, bands: list[str]) -> float:
    """In the band that suits it least."""
    found = [figures.of(built.name, band) for band in bands]
    return min(figure.gflops for figure in found if figure is not None)


def test_the_chain_of_yardsticks_is_kept(
    task: Task, host: HostProfile, slot: Slot, best: Sandbox, known: tuple[Built, ...]
) -> None:
    first = calibrate_task(task, training(task), host=host, slot=slot, sandbox=best)
    again = calibrate_task(task, training(task), host=host, slot=slot, sandbox=best)
    assert again == first
    for built in known:
        for band in training(task):
            figure = first.of(built.name, band)
            assert figure is not None
            assert figure.speedup.low <= figure.speedup.value <= figure.speedup.high
            assert figure.gflops > 0


def test_a_training_verdict_has_one_launch_with_all_raw_samples(
    task: Task, host: HostProfile, slot: Slot, best: Sandbox, known: tuple[Built, ...]
) -> None:
    found = measure(task, known[-1], MeasurePlan(), host=host, slot=slot, sandbox=best)
    assert found.outcome is Outcome.ACCEPTED, found.reason
    assert found.timing is not None
    assert found.speedup is not None
    assert found.metric is not None
    for launch in found.timing.launches:
        assert len(launch.candidate_ns) == len(launch.yardstick_ns) == len(launch.shapes) == len(launch.flops)
        assert launch.peak_gflops is not None
        assert launch.peak_gflops > 0
        assert launch.yardstick in {b.name for b in known}
        assert (
            launch.yardstick_speedup_error is not None
        )  # of the calibration, for the chain to the reference
        assert launch.yardstick_gflops_error is not None
    assert found.speedup.baseline == "reference"
    own = [step for step in found.steps if step.name in ("verify", "time")]
    assert all(0 < step.calls_s < step.wall_s for step in own)
    timed_s = sum(sum(x.candidate_ns) + sum(x.yardstick_ns) for x in found.timing.launches) / 1e9
    assert sum(step.calls_s for step in own) > timed_s  # warm-ups and verified calls are calls, too
    assert found.speedup.low <= found.speedup.median <= found.speedup.high
    assert found.metric.low <= found.metric.value <= found.metric.high
    assert [s.name for s in found.steps][:2] == ["start", "verify"]


def test_verification_alone_is_not_timed(
    task: Task, host: HostProfile, slot: Slot, best: Sandbox, known: tuple[Built, ...]
) -> None:
    plan = MeasurePlan(purpose="check", launches=0, verify_shapes=5)
    found = measure(task, known[0], plan, host=host, slot=slot, sandbox=best)
    assert found.outcome is Outcome.ACCEPTED
    assert found.timing is None
    assert found.speedup is None
    assert found.numbers["verified_shapes"] == 5


def test_a_head_to_head_decides_between_very_different_codes(
    task: Task, host: HostProfile, slot: Slot, best: Sandbox, known: tuple[Built, ...]
) -> None:
    plan = MeasurePlan(
        purpose="confirm", launches=3, max_launches=16, pairs=3, confidence=0.95, verify_shapes=2
    )
    # Which of them is fast is the machine's business: where vectors are narrow, the widest code is the slowest.
    figures = calibrate_task(task, training(task), host=host, slot=slot, sandbox=best)
    slowest, *_, fastest = sorted(known, key=lambda built: _gflops(figures, built, training(task)))
    found = measure(task, fastest, plan, host=host, slot=slot, sandbox=best, rival=slowest)
    assert found.speedup is not None
    assert found.speedup.baseline == slowest.name
    assert found.speedup.low > 1
    assert found.reason.endswith("faster")


def test_right_in_verification_and_wrong_in_timed_calls_is_wrong(
    task: Task, host: HostProfile, slot: Slot, best: Sandbox
) -> None:
    source = """
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (long i = 0; i < M; i++)
        for (long j = 0; j < N; j++) {
            double s = 0;
            for (long k = 0; k < (M > 400 && N > 400 && K > 400 ? K / 2 : K); k++) s += A[i * K + k] * B[k * N + j];
            C[i * N + j] = s;
        }
}
"""
    made = build(task, source, (), host=host, sandbox=best)
    assert isinstance(made, Built)
    found = measure(task, made, MeasurePlan(), host=host, slot=slot, sandbox=best)
    assert found.outcome is Outcome.WRONG
    assert found.timing is None


def test_who_waited_for_another_calibration_finds_its_figures(
    task: Task, host: HostProfile, slot: Slot, best: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Two at once, as two processes would: measured once, and neither loses the other's bands."""
    monkeypatch.setenv("HAYATE_STATE", str(tmp_path))
    measured: list[str] = []

    def figures(_task: Task, band: Band, *_: object, **__: object) -> BandCalibration:
        measured.append(band.name)
        time.sleep(0.1)
        sure = StandardError(value=0.01, freedom=5)
        figure = YardstickFigure(
            name="60_packed_wide",
            band=band.name,
            gflops=1.0,
            gflops_error=sure,
            speedup=Interval(value=1.0, low=1.0, high=1.0),
            speedup_error=sure,
            call_ns=1.0,
        )
        return BandCalibration((figure,), 1.0, ())

    monkeypatch.setattr("hayate.judge.calibrate.calibrate_band", figures)
    monkeypatch.setattr("hayate.judge.calibrate._beside_vendors", lambda *_: None)
    with ThreadPoolExecutor(4) as pool:
        asked = [["480"], ["256"], ["480", "256"], ["480"]]
        found = list(
            pool.map(lambda bands: calibrate_task(task, bands, host=host, slot=slot, sandbox=best), asked)
        )
    assert sorted(measured) == ["256", "480"]
    for bands, calibration in zip(asked, found, strict=True):
        assert set(bands) <= {f.band for f in calibration.figures}


def test_one_core_for_clock_and_calls(
    task: Task, host: HostProfile, slot: Slot, best: Sandbox, known: tuple[Built, ...]
) -> None:
    core = slot.compute_cores[0]
    shared = Slot((core,), core, shared=True)
    calibrate_task(task, ["256"], host=host, slot=slot, sandbox=best)
    # Where others use that core, too, it is a fault, and says so: never a rejection.
    with contextlib.suppress(Fault):
        found = measure(task, known[-1], MeasurePlan(bands=("256",)), host=host, slot=shared, sandbox=best)
        assert found.outcome is Outcome.ACCEPTED, found.reason

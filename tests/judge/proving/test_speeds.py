"""The yardsticks' order and the bands' scale, from figures made here."""

from __future__ import annotations

from typing import Any

import pytest

from hayate.judge.proving.speeds import band_out_of_scale, out_of_order
from hayate.judge.results import TaskCalibration, YardstickFigure
from hayate.records import Band, Interval, StandardError, Task
from hayate.tasks import builtin

DGEMM = builtin("dgemm")
SURE = StandardError(value=0.01, freedom=5)


def calibration(
    speedups: dict[str, float], *, reference_gflops: float = 2.0, peak: float = 150.0
) -> TaskCalibration:
    return TaskCalibration(
        task_hash=DGEMM.hash,
        fingerprint="f",
        judge_version="1",
        made_at="",
        peak_gflops=peak,
        figures=tuple(
            YardstickFigure(
                name=name,
                band="480",
                gflops=reference_gflops * times,
                gflops_error=SURE,
                speedup=Interval(value=times, low=times, high=times),
                speedup_error=SURE,
                call_ns=2 * 480**3 / (reference_gflops * times),
            )
            for name, times in speedups.items()
        ),
    )


def ordered(**changed: float) -> dict[str, float]:
    names = [source.name.removesuffix(".c") for source in DGEMM.yardsticks]
    return {name: changed.get(f"_{name[:2]}", 1.5 * 2**i) for i, name in enumerate(names)}


def band(**changed: Any) -> Band:
    known = next(one for one in DGEMM.bands if one.name == "480")
    return known.model_copy(update=changed)


def cube(n: int) -> dict[str, int]:
    return {"M": n, "N": n, "K": n}


def test_the_slowest_come_first() -> None:
    assert out_of_order(DGEMM, calibration(ordered()), "480", 64) == ""
    assert out_of_order(DGEMM, calibration(ordered(_15=1.45)), "480", 64) == ""  # the machine's day
    said = out_of_order(DGEMM, calibration(ordered(_40=3.0)), "480", 64)
    assert said.startswith("40_tile.c is 3 times as fast as the reference and 20_rows.c before it 6 times")
    assert "the reference before it" in out_of_order(DGEMM, calibration(ordered(_10=0.5)), "480", 64)


def test_code_for_wider_vectors_than_the_machines_is_excused() -> None:
    slow = calibration(ordered(_60=1.0))
    assert out_of_order(DGEMM, slow, "480", 64)
    assert out_of_order(DGEMM, slow, "480", 32) == ""


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({}, ""),
        ({"center": cube(8)}, "less than 2 us"),
        ({"center": cube(2000)}, "more than 150 ms"),
        ({"center": cube(2000), "training": False}, ""),
        ({"center": cube(8000), "training": False}, "fastest yardstick takes about"),
    ],
)
def test_a_bands_calls_are_neither_too_short_nor_too_long(changed: dict[str, Any], says: str) -> None:
    told = band_out_of_scale(DGEMM, band(**changed), calibration(ordered()), "480")
    assert told == "" if not says else says in told


def test_a_reference_that_takes_minutes_is_told() -> None:
    slow = calibration(ordered(), reference_gflops=0.2)
    told = band_out_of_scale(DGEMM, band(center=cube(2000), training=False), slow, "480")
    assert told.startswith("a call of the reference takes about 80 s")


def test_flops_and_bytes_that_can_not_be(monkeypatch: pytest.MonkeyPatch) -> None:
    def task(**changed: str) -> Task:
        return DGEMM.model_copy(update=changed)

    known = calibration(ordered())
    # A kernel without floating-point operations is measured by its bytes, and has no peak.
    traffic = 3 * 8 * 480**2 / (2 * 480**3)
    by_bytes = calibration(ordered(), reference_gflops=2.0 * traffic, peak=1e-3)
    assert band_out_of_scale(task(flops="0 * M"), band(), by_bytes, "480") == ""
    assert "bytes is 0" in band_out_of_scale(task(bytes="M - M"), band(), known, "480")
    low = calibration(ordered(), peak=50.0)
    assert "flops is more than the minimal work" in band_out_of_scale(DGEMM, band(), low, "480")

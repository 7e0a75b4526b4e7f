"""The order of the yardsticks and the scale of the bands, from a calibration."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hayate.judge.results import TaskCalibration, YardstickFigure
from hayate.judge.work import FLOPS, rate_of, work_of_call
from hayate.records import Band, Task
from hayate.tasks import evaluate_expression

OUT_OF_ORDER = 0.9  # of the one before; what is nearer may be the machine's day
# The slowest may well be slower than the reference: slow candidates are paired with it. Much slower is a mistake.
BELOW_REFERENCE = 0.67
SHORTEST_S = 2e-6  # the handshake around a call takes 0.13 us, and a shape that differs moves the rest
LONGEST_TRAINING_S = 0.15  # beyond, a training launch has a single pair
LONGEST_S = 5.0  # beyond, a timed call of a good candidate meets the judge's limits
LONGEST_REFERENCE_S = 30.0  # the calibration's limit for one call
FASTER_THAN_PEAK = 1.05
# Code for 64-byte vectors is slow where there are none, and no mistake of who ordered the folder.
_WIDE = re.compile(r"_mm512|__m512|vector_size\s*\(\s*64\s*\)|\bVL\s+8\b")


def out_of_order(task: Task, known: TaskCalibration, band: str, vector_bytes: int) -> str:
    """The first yardstick that is slower than the one before it (or than the reference); "" if none is."""
    before, name_before = 1.0, "the reference"
    for source in task.yardsticks:
        figure = known.of(source.name.rpartition(".")[0], band)
        if figure is None or (vector_bytes < 64 and _WIDE.search(source.text)):
            continue
        now = figure.speedup.value
        least = BELOW_REFERENCE if name_before == "the reference" else OUT_OF_ORDER
        if now < least * before:
            return (
                f"{source.name} is {now:.3g} times as fast as the reference and {name_before} before it "
                f"{before:.3g} times, in band {band}: file names must put the slowest first"
            )
        before, name_before = now, source.name
    return ""


def band_out_of_scale(task: Task, band: Band, known: TaskCalibration, measured: str) -> str:
    """What is wrong with the size of a band's calls, by the rates measured in the band `measured`; "" if nothing."""
    work, traffic = work_of_call(task, band.center), float(evaluate_expression(task.bytes, band.center))
    if traffic <= 0:
        return f"bytes is {traffic:g} at its centre: nothing can be measured by it"
    figures = _figures(task, known, measured)
    if not figures:
        return ""
    best = max(figure.gflops for figure in figures)
    if rate_of(task) is FLOPS and best > FASTER_THAN_PEAK * known.peak_gflops:
        return (
            f"by `flops` the fastest yardstick makes {best:.4g} GFLOPS and the machine {known.peak_gflops:.4g}: "
            "flops is more than the minimal work"
        )
    slowest = min(figure.gflops / figure.speedup.value for figure in figures)  # the reference
    fast_s, slow_s = 1e-9 * work / best, 1e-9 * work / slowest
    if fast_s < SHORTEST_S:
        return (
            f"a call of the fastest yardstick takes about {_seconds(fast_s)} at its centre, "
            f"less than {_seconds(SHORTEST_S)}"
        )
    most = LONGEST_TRAINING_S if band.training else LONGEST_S
    if fast_s > most:
        return (
            f"a call of the fastest yardstick takes about {_seconds(fast_s)} at its centre, "
            f"more than {_seconds(most)}"
        )
    if slow_s > LONGEST_REFERENCE_S:
        return (
            f"a call of the reference takes about {_seconds(slow_s)} at its centre, "
            f"more than {_seconds(LONGEST_REFERENCE_S)}"
        )
    return ""


def _figures(task: Task, known: TaskCalibration, band: str) -> Sequence[YardstickFigure]:
    names = [source.name.rpartition(".")[0] for source in task.yardsticks]
    return [figure for figure in (known.of(name, band) for name in names) if figure is not None]


def _seconds(value: float) -> str:
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if value * factor >= 1:
            return f"{value * factor:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"

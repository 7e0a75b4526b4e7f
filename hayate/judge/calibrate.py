"""The yardsticks of a task on this host: built once, and their ratios chained to the reference.

Each is timed against its neighbour by interleaved pairs, never against a clock alone: absolute figures drift by
15% on shared machines where ratios hold.
"""

from __future__ import annotations

import contextlib
import datetime
import itertools
import math
import random
import secrets
import statistics
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from hayate.errors import Fault, FaultKind
from hayate.hosts import Slot, state_dir, vector_bytes
from hayate.judge import stats
from hayate.judge.build import build
from hayate.judge.failures import CandidateFailed
from hayate.judge.locks import held
from hayate.judge.native import JUDGE_VERSION, natives
from hayate.judge.results import Rejection, TaskCalibration, YardstickFigure
from hayate.judge.session import LaunchSession, PairTimes
from hayate.judge.shapes import largest, near, sizes
from hayate.records import (
    Band,
    Built,
    HostProfile,
    Interval,
    Launch,
    Shape,
    SourceText,
    Task,
    content_hash,
    decode,
    encode,
)
from hayate.sandbox import Sandbox
from hayate.tasks import evaluate_expression

LAUNCHES = 4
PAIRS = 5
LAUNCH_TRIES = 3
SLOW_CALL_S = 0.1
CONFIDENCE = 0.95
CALIBRATION_WAIT_S = 600.0

_lock = threading.Lock()
_built: dict[str, Built] = {}


def _trusted(task: Task, source: SourceText, host: HostProfile, sandbox: Sandbox) -> Built:
    """A source of the task folder, built in the sandbox like any candidate and kept on disk."""
    key = content_hash(
        JUDGE_VERSION,
        task.hash,
        source.text,
        " ".join(source.techniques),
        host.fingerprint,
        " ".join(source.flags),
    )
    with _lock:
        if key in _built:
            return _built[key]
        path = state_dir() / "yardsticks" / f"{key}.json"
        try:
            found = decode(Built, path.read_bytes())
        except (OSError, ValidationError):
            result = build(
                task,
                source.text,
                source.techniques,
                host=host,
                sandbox=sandbox,
                name=Path(source.name).stem,
                extra_flags=source.flags,
                language=source.language,
            )
            if isinstance(result, Rejection):
                raise Fault(
                    FaultKind.YARDSTICK_BROKEN,
                    f"{task.name}: {source.name} does not pass: {result.reason}",
                    remedy=f"hayate tasks check {task.name}",
                ) from None
            found = result
            _write(path, encode(found))
        _built[key] = found
        return found


def reference(task: Task, *, host: HostProfile, sandbox: Sandbox) -> Built:
    """The task's reference, built with what it is permitted."""
    return _trusted(task, task.reference, host, sandbox)


def yardsticks(task: Task, *, host: HostProfile, sandbox: Sandbox) -> tuple[Built, ...]:
    """The task's yardsticks, slowest first."""
    return tuple(_trusted(task, y, host, sandbox) for y in task.yardsticks)


def calibrate_task(
    task: Task,
    bands: Sequence[str],
    *,
    host: HostProfile,
    slot: Slot,
    sandbox: Sandbox,
    refresh: bool = False,
) -> TaskCalibration:
    """Figures of all yardsticks in these bands, measured where they are not known yet. Raises Fault."""
    key = content_hash(task.hash, host.fingerprint, JUDGE_VERSION, sandbox.tier)
    path = state_dir() / "calibration" / f"{task.name}-{key}.json"
    if not refresh:
        known = _known(path)
        if known is not None and not _missing(task, bands, known):
            return known
    # One at a time, processes and threads alike; who waited finds the figures there.
    with held(path.with_suffix(".lock"), CALIBRATION_WAIT_S, f"the calibration of {task.name}"):
        return _extend(task, bands, None if refresh else _known(path), path, host, slot, sandbox)


def _known(path: Path) -> TaskCalibration | None:
    try:
        return decode(TaskCalibration, path.read_bytes())
    except (OSError, ValidationError):
        return None


def _missing(task: Task, bands: Sequence[str], known: TaskCalibration | None) -> list[Band]:
    have = {f.band for f in known.figures} if known else set()
    return [b for b in task.bands if b.name in bands and b.name not in have]


def _extend(
    task: Task,
    bands: Sequence[str],
    known: TaskCalibration | None,
    path: Path,
    host: HostProfile,
    slot: Slot,
    sandbox: Sandbox,
) -> TaskCalibration:
    missing = _missing(task, bands, known)
    if known is not None and not missing:
        return known
    figures = list(known.figures) if known else []
    peaks = [known.peak_gflops] if known else []
    for band in missing:
        found, peak = _calibrate_band(task, band, host, slot, sandbox)
        figures += found
        peaks.append(peak)
    made = TaskCalibration(
        task_hash=task.hash,
        fingerprint=host.fingerprint,
        judge_version=JUDGE_VERSION,
        made_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        peak_gflops=statistics.median(peaks),
        figures=tuple(figures),
    )
    _write(path, encode(made))
    return made


def _calibrate_band(
    task: Task, band: Band, host: HostProfile, slot: Slot, sandbox: Sandbox
) -> tuple[list[YardstickFigure], float]:
    chain = [reference(task, host=host, sandbox=sandbox), *yardsticks(task, host=host, sandbox=sandbox)]
    rng = random.Random(secrets.randbits(64))
    total = stats.LogRatio(0.0, 0.0, 0.0)
    ratios: list[stats.LogRatio] = []
    peaks: list[float] = []
    launches: list[Launch] = []
    for slower, faster in itertools.pairwise(chain):
        launches = [
            _launch(task, band, faster, slower, host, slot, sandbox, rng, peaks) for _ in range(LAUNCHES)
        ]
        step = stats.log_ratio(launches, CONFIDENCE, chained=False)
        half = math.hypot((total.high - total.low) / 2, (step.high - step.low) / 2)
        value = total.value + step.value
        total = stats.LogRatio(value, value - half, value + half)
        ratios.append(total)
    # The fastest one's raw rate carries the others': one absolute figure, all else ratios.
    rates = [f / ns for x in launches for f, ns in zip(x.flops, x.candidate_ns, strict=True)]
    top = statistics.median(rates)
    centre = float(evaluate_expression(task.flops, band.center))
    figures = []
    for built, ratio in zip(chain[1:], ratios, strict=True):
        gflops = top * math.exp(ratio.value - ratios[-1].value)
        figures.append(
            YardstickFigure(
                name=built.name,
                band=band.name,
                gflops=gflops,
                speedup=Interval(
                    value=math.exp(ratio.value),
                    low=math.exp(ratio.low),
                    high=math.exp(ratio.high),
                    confidence=CONFIDENCE,
                ),
                call_ns=centre / gflops,
            )
        )
    return figures, statistics.median(peaks)


def _launch(
    task: Task,
    band: Band,
    faster: Built,
    slower: Built,
    host: HostProfile,
    slot: Slot,
    sandbox: Sandbox,
    rng: random.Random,
    peaks: list[float],
) -> Launch:
    """Again where the scheduler disturbed it or the machine may have failed it: what is kept is used for days."""
    for attempt in range(LAUNCH_TRIES):
        try:
            found, priority = _pairs(task, band, faster, slower, host, slot, sandbox, rng, peaks)
        except CandidateFailed as failure:
            if failure.doubtful and attempt < LAUNCH_TRIES - 1:
                continue
            raise Fault(
                FaultKind.YARDSTICK_BROKEN,
                f"{task.name}: {faster.name} failed: {failure.reason}",
                remedy=f"hayate tasks check {task.name}",
            ) from failure
        if 2 * sum(t.candidate_delayed or t.yardstick_delayed for _, t in found) <= len(found):
            break
    else:
        raise Fault(
            FaultKind.HOST_TOO_NOISY,
            f"the scheduler disturbed {LAUNCH_TRIES} launches of {task.name}'s calibration in band {band.name}",
            remedy="end other work on this machine, or allow real-time priority; hayate doctor",
        )
    return Launch(
        band=band.name,
        yardstick=slower.name,
        shapes=tuple(sizes(task, s) for s, _ in found),
        candidate_ns=tuple(t.candidate_ns for _, t in found),
        yardstick_ns=tuple(t.yardstick_ns for _, t in found),
        flops=tuple(float(evaluate_expression(task.flops, s)) for s, _ in found),
        priority=priority,
    )


def _pairs(
    task: Task,
    band: Band,
    faster: Built,
    slower: Built,
    host: HostProfile,
    slot: Slot,
    sandbox: Sandbox,
    rng: random.Random,
    peaks: list[float],
) -> tuple[list[tuple[Shape, PairTimes]], Literal["fifo", "nice", "none"]]:
    """One launch's pairs without the first, which warms up, and the priority that the runners got."""
    width = vector_bytes(host.arch)
    with LaunchSession(
        task,
        faster,
        [slower],
        natives=natives(task, host),
        slot=slot,
        sandbox=sandbox,
        shapes=[largest(task, band)],
    ) as session:
        peaks.append(session.peak_gflops(width))
        found: list[tuple[Shape, PairTimes]] = []
        wanted = PAIRS + 1
        while len(found) < wanted:
            shape = near(task, band, rng)
            times = session.pair(
                shape,
                function=0,
                candidate_first=rng.random() < 0.5,
                distribution=0,
                seed=rng.getrandbits(62),
                timeout_s=30.0,
            )
            if times.yardstick_ns > SLOW_CALL_S * 1e9:
                wanted = 3
            found.append((shape, times))
    return found[1:], session.priority


def _write(path: Path, text: str) -> None:
    """Atomically, so that a reader never sees half a file."""
    partial = path.with_suffix(f".{secrets.token_hex(4)}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text)
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        kind = FaultKind.DISK_FULL if error.errno == 28 else FaultKind.NOT_WRITABLE
        raise Fault(
            kind, f"{path} can't be written: {error}", remedy="free space, or set HAYATE_STATE"
        ) from error

"""The yardsticks of a task on this host: built once, calibrated once (chain.py), and kept."""

from __future__ import annotations

import contextlib
import datetime
import statistics
import threading
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from hayate.errors import Fault, FaultKind
from hayate.hosts import Slot, keep, note_fastest, state_dir
from hayate.judge.baselines import blas_baselines
from hayate.judge.build import build
from hayate.judge.chain import calibrate_band, times_as_fast
from hayate.judge.locks import held
from hayate.judge.native import JUDGE_VERSION
from hayate.judge.results import Rejection, TaskCalibration
from hayate.records import (
    Band,
    Built,
    Fastest,
    HostProfile,
    SourceText,
    Task,
    content_hash,
    decode,
    encode,
)
from hayate.sandbox import Sandbox

CALIBRATION_WAIT_S = 600.0
# Drift is estimated between calibrations of some days at most (stats.DRIFT); an older one is made again.
LIFETIME = datetime.timedelta(days=7)

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
        host.arch,
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
                    remedy=f"hayate tasks check {task.where}",
                ) from None
            found = result
            keep(path, encode(found))
        _built[key] = found
        return found


def reference(task: Task, *, host: HostProfile, sandbox: Sandbox) -> Built:
    """The task's reference, built with what it is permitted."""
    return _trusted(task, task.reference, host, sandbox)


def yardsticks(task: Task, *, host: HostProfile, sandbox: Sandbox) -> tuple[Built, ...]:
    """The task's yardsticks as its folder ranks them; how they rank on this host is the calibration's to say."""
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
    key = content_hash(task.hash, host.fingerprint, host.arch, JUDGE_VERSION, sandbox.tier)
    path = state_dir() / "calibration" / f"{task.name}-{key}.json"
    if not refresh:
        known = _known(path)
        if known is not None and not _missing(task, bands, known):
            return known
    # One at a time, processes and threads alike; who waited finds the figures there.
    with held(path.with_suffix(".lock"), CALIBRATION_WAIT_S, f"the calibration of {task.name}"):
        return _extend(task, bands, None if refresh else _known(path), path, host, slot, sandbox)


def _known(path: Path) -> TaskCalibration | None:
    """What is kept there, unless it is of another version or too old."""
    try:
        found = decode(TaskCalibration, path.read_bytes())
        age = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(found.made_at)
    except (OSError, ValueError):  # pydantic's is a ValueError
        return None
    return found if age < LIFETIME else None


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
    notes = list(known.notes) if known else []
    base = reference(task, host=host, sandbox=sandbox)
    ranked = yardsticks(task, host=host, sandbox=sandbox)
    for band in missing:
        found = calibrate_band(task, band, base, ranked, host=host, slot=slot, sandbox=sandbox)
        figures += found.figures
        peaks.append(found.peak_gflops)
        notes += found.notes
        if known is None and band is missing[0]:
            name = found.figures[-1].name
            top = next(built for built in ranked if built.name == name)
            _beside_vendors(task, band, top, host, slot, sandbox)
    made = TaskCalibration(
        task_hash=task.hash,
        fingerprint=host.fingerprint,
        judge_version=JUDGE_VERSION,
        made_at=known.made_at if known else datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        peak_gflops=statistics.median(peaks),
        figures=tuple(figures),
        notes=tuple(notes),
    )
    keep(path, encode(made))
    return made


def _beside_vendors(
    task: Task, band: Band, top: Built, host: HostProfile, slot: Slot, sandbox: Sandbox
) -> None:
    """Leave word how much faster than the fastest yardstick the vendors' libraries are, where there are some.

    For people only, so what goes wrong with a library here is no trouble of the calibration.
    """
    with contextlib.suppress(Fault):
        for vendor in blas_baselines(task, host=host, sandbox=sandbox):
            times = times_as_fast(task, band, vendor, top, host=host, slot=slot, sandbox=sandbox)
            if times is None:
                continue
            note_fastest(
                Fastest(
                    task=task.name,
                    task_hash=task.hash,
                    fingerprint=host.fingerprint,
                    name=vendor.name,
                    yardstick=top.name,
                    times=times,
                )
            )

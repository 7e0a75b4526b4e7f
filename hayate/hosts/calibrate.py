"""What one core of this machine can do: FMA peak, read bandwidth per level, noise. Takes some seconds.

The programs are hayate's own, so they run outside the sandbox.
"""

from __future__ import annotations

import itertools
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hayate.errors import Fault, FaultKind
from hayate.records import Interval
from hayate.toolchains import compilers
from hayate.toolchains.instructions import LEVELS

ROUNDS = 5  # interleaved, so that a burst of load does not fall on one figure alone
_SOURCES = Path(__file__).parent
_DEFAULT_CACHES = {"L1": 32 << 10, "L2": 512 << 10, "L3": 8 << 20}


@dataclass(frozen=True)
class Calibration:
    """Figures of one core."""

    peak_gflops: Interval
    bandwidth_gbs: dict[str, Interval]
    noise: float


def vector_bytes(arch: str) -> int:
    """Width of the widest vector register of an architecture level."""
    return LEVELS[arch].vector_bytes if arch in LEVELS else 16


def cache_bytes(core: int, root: Path = Path("/")) -> dict[str, int]:
    """Size of each data cache that `core` sees, by sysfs; usual sizes where it says nothing."""
    sizes: dict[str, int] = {}
    for index in sorted((root / f"sys/devices/system/cpu/cpu{core}/cache").glob("index*")):
        try:
            if (index / "type").read_text().strip() == "Instruction":
                continue
            level = (index / "level").read_text().strip()
            text = (index / "size").read_text().strip()
            unit = {"K": 1 << 10, "M": 1 << 20}.get(text[-1], 1)
            sizes[f"L{level}"] = int(text.rstrip("KM")) * unit
        except (OSError, ValueError):
            continue
    return sizes or dict(_DEFAULT_CACHES)


def interval(samples: Sequence[float]) -> Interval:
    """The 90th percentile of short windows, between the median and the maximum.

    A peak is what the core does when nothing disturbs it, so a high quantile; not the maximum, which one
    mistimed window can set.
    """
    ordered = sorted(samples)
    return Interval(
        value=ordered[min(len(ordered) - 1, math.ceil(0.9 * len(ordered)) - 1)],
        low=statistics.median(ordered),
        high=ordered[-1],
        confidence=0.9,
    )


def calibrate(core: int, arch: str) -> Calibration:
    """Measure on `core`. Raises Fault."""
    width = vector_bytes(arch)
    compiler = compilers()[0]
    with tempfile.TemporaryDirectory(prefix="hayate-calibrate-") as name:
        folder = Path(name)
        for program in ("fma", "bandwidth"):
            argv = [compiler.path, "-O3", f"-march={arch}", f"-DWIDTH={width}", "-ffp-contract=fast"]
            argv += ["-o", str(folder / program), str(_SOURCES / f"{program}.c")]
            if width == 64:
                argv.insert(1, "-mprefer-vector-width=512")
            done = subprocess.run(argv, capture_output=True, text=True, timeout=60)
            if done.returncode:
                raise Fault(
                    FaultKind.COMPILER_MISSING,
                    f"the calibration program does not compile: {done.stderr.strip()[-400:]}",
                    remedy="install gcc 11 or newer and the C library's headers (apt install gcc libc6-dev)",
                )
        caches = cache_bytes(core)
        working_sets = {level: size // 2 for level, size in caches.items()}
        working_sets["DRAM"] = max(64 << 20, min(256 << 20, 3 * max(caches.values())))
        peaks: list[float] = []
        bandwidths: dict[str, list[float]] = {level: [] for level in working_sets}
        for _ in range(ROUNDS):
            peaks += _run([str(folder / "fma"), "40"], core)
            for level, size in working_sets.items():
                windows = 3 if level == "DRAM" else 20
                bandwidths[level] += _run([str(folder / "bandwidth"), str(size), str(windows)], core)
    return Calibration(
        peak_gflops=interval(peaks),
        bandwidth_gbs={level: interval(found) for level, found in bandwidths.items()},
        # A loop in registers and one in the caches: they suffer from different neighbours.
        noise=max(_noise(peaks), _noise(bandwidths.get("L2", peaks))),
    )


def _noise(windows: Sequence[float]) -> float:
    """How far neighbouring windows of the same loop differ: what one raw figure is worth here.

    The median of |log ratio|: zero is where the ratios of equals centre.
    """
    return statistics.median(abs(math.log(b / a)) for a, b in itertools.pairwise(windows))


def _run(argv: list[str], core: int) -> list[float]:
    try:
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            timeout=60,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        )
        figures = [float(line) for line in done.stdout.split()]
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise Fault(FaultKind.HOST_UNFIT, f"the calibration program failed: {error}") from error
    if done.returncode or not figures:
        raise Fault(FaultKind.HOST_UNFIT, f"the calibration program ended with status {done.returncode}")
    return figures


def priority() -> Literal["fifo", "nice", "none"]:
    """The best scheduling that this user may ask for, tried in a child."""
    trial = (
        "import os\n"
        "try:\n os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)); print('fifo')\n"
        "except OSError:\n"
        " try:\n  os.setpriority(os.PRIO_PROCESS, 0, -20); print('nice')\n"
        " except OSError:\n  print('none')\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", trial], capture_output=True, text=True, timeout=30
    )
    said = done.stdout.strip()
    return "fifo" if said == "fifo" else "nice" if said == "nice" else "none"

"""Cores, and the slots made of them: compute cores for calls, and one for the clock."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from hayate.errors import Fault, FaultKind


@dataclass(frozen=True)
class Slot:
    """Where one candidate is measured at a time."""

    compute_cores: tuple[int, ...]
    clock_core: int
    shared: bool = False  # the clock has no core of its own: intervals get wide

    def __str__(self) -> str:
        cores = ", ".join(map(str, self.compute_cores))
        return f"calls on core {cores}, clock on core {self.clock_core}"


def _siblings(root: Path, core: int) -> tuple[int, ...]:
    """Hardware threads of the physical core that `core` belongs to."""
    path = root / f"sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list"
    try:
        return tuple(parse_cores(path.read_text()))
    except (OSError, ValueError):
        return (core,)


def parse_cores(text: str) -> list[int]:
    """[0, 1, 2, 5] of "0-2,5"."""
    found: list[int] = []
    for part in text.strip().split(","):
        if part:
            low, _, high = part.partition("-")
            found += range(int(low), int(high or low) + 1)
    return found


def physical_cores(root: Path = Path("/")) -> list[int]:
    """One hardware thread of each physical core in this process's affinity mask; siblings stay idle."""
    mask = sorted(os.sched_getaffinity(0))
    chosen: list[int] = []
    taken: set[int] = set()
    for core in mask:
        if core not in taken:
            chosen.append(core)
            taken.update(_siblings(root, core))
    return chosen


def slots(compute_cores: int = 1, root: Path = Path("/")) -> list[Slot]:
    """As many slots as the machine has cores for; each has its own clock core.

    The lowest core, where interrupts usually land, is a clock's. With one core only, clock and call share it.
    Raises Fault(HOST_UNFIT) if there are fewer cores than `compute_cores`.
    """
    cores = physical_cores(root)
    if len(cores) < compute_cores:
        raise Fault(
            FaultKind.HOST_UNFIT,
            f"a slot of {compute_cores} compute cores was asked for; we may use {len(cores)} here",
            remedy="ask for fewer, or widen the CPU affinity of this process",
        )
    if len(cores) <= compute_cores:
        return [Slot(tuple(cores[:compute_cores]), cores[0], shared=True)]
    width = compute_cores + 1
    return [Slot(tuple(cores[i + 1 : i + width]), cores[i]) for i in range(0, len(cores) - width + 1, width)]

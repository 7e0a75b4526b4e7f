"""Which elements of which arrays a call reads and writes, in which order, and how often each block runs."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hayate.errors import WrongUse
from hayate.new.read import Found
from hayate.new.running.operations import operations_of
from hayate.new.running.program import Program
from hayate.sandbox import Sandbox

READ_FIRST, WRITTEN_FIRST, READ, WRITTEN = 1, 2, 4, 8
FILLED = 1 << 16  # elements of each array that are filled; those beyond are 0
TRACE_S = 20.0
FLAGS = (
    "-O1",
    "-fno-tree-vectorize",
    "-ffp-contract=off",
    "-fno-builtin-memcpy",
    "-fno-builtin-memset",
    "-fno-builtin-memmove",
    "-fno-omit-frame-pointer",
    "-fsanitize=thread",
    "-fsanitize-coverage=trace-pc",
)
_WRAPPED = ("-Wl,--wrap=memcpy", "-Wl,--wrap=memset", "-Wl,--wrap=memmove")


@dataclass(frozen=True)
class Fill:
    """What an array holds: reals in [a, b], or integers: a + b i (`ramp`), or from a to b.

    `matrix`: reals with a heavy diagonal, in rows of a.
    """

    way: str  # "real", "matrix", "ramp", "random"
    a: float
    b: float


@dataclass(frozen=True)
class ArrayTrace:
    """What was touched of an array. `states` are of the elements from `low` to `high`."""

    low: int
    high: int  # -1: nothing was touched
    low_pc: int
    high_pc: int
    states: NDArray[np.uint8]

    @property
    def length(self) -> int:
        return self.high + 1


@dataclass(frozen=True)
class Trace:
    """One call."""

    arrays: Mapping[str, ArrayTrace]
    blocks: Mapping[int, int]  # place in the program -> how often


@dataclass(frozen=True)
class Crash:
    """A call that a signal ended; the array that lies nearest to the address, and how far from its start."""

    signal: int
    array: str
    bytes: int


@dataclass(frozen=True)
class Run:
    """Values of scalars as bytes, and fills of arrays."""

    scalars: Mapping[str, bytes]
    fills: Mapping[str, Fill]


class Tracer:
    """The reference, instrumented."""

    def __init__(self, found: Found, *, within: Sandbox | None = None) -> None:
        self.found = found
        self._program = Program(found, "tracer.c", FLAGS, _WRAPPED, within=within)
        self.operations = operations_of(self._program.box)
        self._lines: dict[int, int] = {}

    def close(self) -> None:
        self._program.__exit__(None, None, None)

    def trace(self, runs: Sequence[Run]) -> list[Trace | Crash]:
        """One result a run; none after a crash. Raises WrongUse if the reference doesn't come to an end."""
        ended, data = self._program.run(self._plan(runs), wall_s=TRACE_S, output="trace")
        if ended.timed_out:
            raise WrongUse(
                f"{self.found.function} does not come to an end within {TRACE_S:.0f} s on small arrays",
                where=str(self.found.path),
                allowed="sizes by --range",
            )
        return self._results(data, len(runs))

    def line(self, pc: int) -> int:
        """The line of the reference that an address belongs to; 0 if it is unknown."""
        if pc not in self._lines:
            self._lines[pc] = 0
            asked = ["addr2line", "-e", str(self._program.box / "program"), hex(pc - 1)]
            try:
                said = subprocess.run(asked, capture_output=True, text=True, timeout=20).stdout
                file, _, line = said.split()[0].rpartition(":")
                if file.endswith("reference") and line.isdigit():
                    self._lines[pc] = int(line)
            except (OSError, subprocess.SubprocessError, IndexError):
                pass
        return self._lines[pc]

    def _plan(self, runs: Sequence[Run]) -> bytes:
        parts = [struct.pack("<2q", len(runs), len(self.found.parameters))]
        for run in runs:
            for parameter in self.found.parameters:
                kind = parameter.type
                fill = run.fills.get(parameter.name)
                if fill is None:
                    value = run.scalars[parameter.name]
                    parts.append(
                        struct.pack("<2q", 1, len(value)) + value.ljust((len(value) + 7) // 8 * 8, b"\0")
                    )
                    continue
                if fill.way == "real":
                    single = kind.members[0].dtype if kind.members else kind.dtype
                    way = 3 if single in ("float32", "complex64") else 0
                    bounds = struct.pack("<2d", fill.a, fill.b)
                elif fill.way == "matrix":
                    way = 5 if kind.dtype == "float32" else 4
                    bounds = struct.pack("<2q", int(fill.a), 0)
                else:
                    way = 1 if fill.way == "ramp" else 2
                    bounds = struct.pack("<2q", int(fill.a), int(fill.b))
                parts.append(struct.pack("<3q", 2, kind.bytes, way) + bounds + struct.pack("<q", FILLED))
        return b"".join(parts)

    def _results(self, data: bytes, runs: int) -> list[Trace | Crash]:
        names = [p.name for p in self.found.parameters if p.name in self.arrays]
        found: list[Trace | Crash] = []
        at = 0
        while at < len(data) and len(found) < runs:
            (done,) = struct.unpack_from("<q", data, at)
            at += 8
            if not done:
                signal, slot, far = struct.unpack_from("<3q", data, at)
                name = self.found.parameters[slot].name if slot >= 0 else ""
                found.append(Crash(signal, name, far))
                break
            arrays = {}
            for name in names:
                low, high, low_pc, high_pc = struct.unpack_from("<4q", data, at)
                at += 32
                count = high - low + 1 if high >= low else 0
                states = np.frombuffer(data, np.uint8, count, at)
                at += count
                arrays[name] = ArrayTrace(low, high, low_pc, high_pc, states)
            (used,) = struct.unpack_from("<q", data, at)
            pairs = np.frombuffer(data, np.int64, 2 * used, at + 8).reshape(-1, 2)
            at += 8 + 16 * used + 64
            found.append(Trace(arrays, {int(pc): int(n) for pc, n in pairs}))
        return found

    @property
    def arrays(self) -> frozenset[str]:
        """Names of parameters that are arrays."""
        return frozenset(array_names(self.found))


def array_names(found: Found) -> list[str]:
    """Pointers to numbers, one const struct of numbers left out."""
    return [p.name for p in found.parameters if p.type.pointer and not p.type.single]

"""Runs of the traced reference at small shapes, and what integer arrays turn out to be for."""

from __future__ import annotations

import random
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hayate.errors import WrongUse
from hayate.new.read import Found
from hayate.new.running import Crash, Fill, Trace, Tracer
from hayate.new.running.traces import FILLED, READ_FIRST, WRITTEN, Run, array_names
from hayate.new.sizes import Sizes
from hayate.sandbox import Sandbox

PACKED = {
    "int8": "b", "int16": "h", "int32": "i", "int64": "q",
    "uint8": "B", "uint16": "H", "uint32": "I", "uint64": "Q",
    "float32": "f", "float64": "d", "complex64": "2f", "complex128": "2d",
}  # fmt: skip
ZEROS = Fill("ramp", 0, 0)
_CRASHES_MOST = 8
_FAR = 3  # the value that all elements of an array of integers get, to see where it leads


@dataclass
class Role:
    """What the values of an array of integers do."""

    kind: str  # "data", "index", "offsets", "counts", "mask"
    targets: list[str] = field(default_factory=list)  # arrays that it leads into
    width: dict[str, int] = field(default_factory=dict)  # elements of a target from one value to the next
    of: str = ""  # the offsets under which alone it is read
    scatters: bool = False  # what it leads into is only written there
    reads: int = 0


class Probe:
    """The tracer with values for all arguments."""

    def __init__(
        self, found: Found, sizes: Sizes, ranges: Mapping[str, tuple[int, int]], within: Sandbox | None
    ) -> None:
        self.found, self.sizes, self.ranges = found, sizes, ranges
        self.tracer = Tracer(found, within=within)
        self.arrays = array_names(found)
        self.fills: dict[str, Fill] = {}
        self._random = random.Random(7)
        for parameter in found.parameters:
            if parameter.name in self.arrays:
                integer = parameter.type.dtype.startswith(("int", "uint"))
                self.fills[parameter.name] = ZEROS if integer else Fill("real", 0.5, 2.0)
                if parameter.type.spelled in ("_Bool", "bool"):
                    self.fills[parameter.name] = Fill("ramp", 1, 0)

    def close(self) -> None:
        self.tracer.close()

    def shapes(self, count: int) -> list[dict[str, int]]:
        """Small sizes, different from each other where that is possible."""
        free = self.sizes.sizes
        top = 13 if len(free) <= 3 else 10 if len(free) <= 5 else 7
        found = []
        for _ in range(count):
            shape = {}
            for name in free:
                low, high = self.ranges.get(name, (1, 1 << 30))
                first = max(low, min(4, high))
                shape[name] = self._random.randint(first, max(first, min(high, first + top - 4)))
                if name in self.sizes.logs and len(free) == 1:
                    shape[name] = self._random.randint(first, max(first, min(high, 100)))
                if name in self.sizes.powers:
                    shape[name] = 1 << self._random.randint(2, 7 if len(free) == 1 else 5)
                elif name not in self.sizes.subscripts and name not in self.sizes.declared:
                    shape[name] = max(low, min(high, self._random.randint(2, top)))
            for at, name in enumerate(self.sizes.strides):
                small = name.lower().startswith("inc")
                shape[name] = (
                    self._random.randint(2, 4) if small else 40 + 7 * at + self._random.randint(0, 6)
                )
            for name in self.sizes.unused:
                shape[name] = self._random.randint(3, 9)
            found.append(shape)
        return found

    def trace(
        self,
        shapes: Sequence[Mapping[str, int]],
        fills: Mapping[str, Fill] | Sequence[Mapping[str, Fill]] | None = None,
    ) -> list[Trace | None]:
        """One trace a shape; None where the call crashed. `fills` overrule, the same for all runs or one each.

        Raises WrongUse if it crashes again and again.
        """
        each = [fills or {}] * len(shapes) if fills is None or isinstance(fills, Mapping) else list(fills)
        runs = [Run(self._scalars(s), {**self.fills, **f}) for s, f in zip(shapes, each, strict=True)]
        found: list[Trace | None] = []
        crashes: list[Crash] = []
        while len(found) < len(runs):
            got = self.tracer.trace(runs[len(found) :])
            for one in got:
                found.append(one if isinstance(one, Trace) else None)
                if isinstance(one, Crash):
                    crashes.append(one)
            if not got:
                found.append(None)
                crashes.append(Crash(0, "", 0))
            if len(crashes) > _CRASHES_MOST and not any(t is not None for t in found):
                last = crashes[-1]
                near = f" near {last.array}" if last.array else ""
                raise WrongUse(
                    f"{self.found.function} crashes on small arrays (signal {last.signal}{near}), tried at "
                    + ", ".join(f"{n} = {v}" for n, v in shapes[0].items()),
                    where=str(self.found.path),
                    allowed="sizes by --range, values by --values",
                )
            if len(crashes) > 3 * _CRASHES_MOST:
                found += [None] * (len(runs) - len(found))
        return found

    def _scalars(self, shape: Mapping[str, int]) -> dict[str, bytes]:
        found = {}
        by_member = {(i.argument, i.member): n for n, i in self.sizes.integers.items()}
        for parameter in self.found.parameters:
            if parameter.name in self.arrays:
                continue
            kind = parameter.type
            if kind.members:
                data = bytearray(kind.bytes)
                for member in kind.members:
                    name = by_member.get((parameter.name, member.name))
                    value = shape[name] if name else None
                    packed = self._pack(member.dtype, value)
                    data[member.offset : member.offset + len(packed)] = packed
                found[parameter.name] = bytes(data)
            else:
                name = by_member.get((parameter.name, ""))
                found[parameter.name] = self._pack(kind.dtype, shape[name] if name else None)
        return found

    def _pack(self, dtype: str, value: int | None) -> bytes:
        form = "<" + PACKED[dtype]
        if value is not None:
            return struct.pack(form, value)
        reals = [self._random.uniform(0.5, 2.0) for _ in range(2 if dtype.startswith("complex") else 1)]
        return struct.pack(form, *reals)

    def roles(self) -> dict[str, Role]:
        """Classify each array of integers that is read, by what its values change."""
        shapes = self.shapes(4)
        found: dict[str, Role] = {}
        names = [
            p.name
            for p in self.found.parameters
            if p.name in self.arrays and p.type.dtype.startswith(("int", "uint")) and not p.type.members
            if p.type.spelled not in ("_Bool", "bool")
        ]
        base = self.trace(shapes)
        waiting = [n for n in names if _read(base, n)]
        late = [n for n in names if n not in waiting]
        for name in waiting:
            role = self._offsets(name, shapes, base)
            if role is not None:
                found[name] = role
                self.fills[name] = Fill("ramp", 0, 2)
        if found:
            base = self.trace(shapes)
            for name in late:
                if _read(base, name):
                    waiting.append(name)
        for name in waiting:
            if name not in found:
                found[name] = self._leads(name, shapes, base)
                if name in late:
                    found[name].of = next(
                        (n for n, r in found.items() if r.kind == "offsets" and name in r.targets), ""
                    )
                if found[name].kind == "counts":
                    self.fills[name] = Fill("ramp", 2, 0)
                elif found[name].kind == "mask":
                    self.fills[name] = Fill("ramp", 1, 0)
        return found

    def _offsets(
        self, name: str, shapes: Sequence[dict[str, int]], base: Sequence[Trace | None]
    ) -> Role | None:
        """Row pointers: twice the number of the row leads to twice as many elements, and equal ones to none."""
        ramped = self.trace(shapes, {name: Fill("ramp", 0, 2)})
        level = self.trace(shapes, {name: Fill("ramp", _FAR, 0)})
        targets = []
        for other in self.arrays:
            if other == name:
                continue
            rows = [
                (
                    b.arrays[other].length,
                    t.arrays[other].length,
                    e.arrays[other].length,
                    b.arrays[name].length,
                )
                for b, t, e in zip(base, ramped, level, strict=True)
                if b is not None and t is not None and e is not None
            ]
            if rows and all(b == 0 and e == 0 and t == 2 * (own - 1) for b, t, e, own in rows):
                targets.append(other)
        return Role("offsets", targets) if targets else None

    def _leads(self, name: str, shapes: Sequence[dict[str, int]], base: Sequence[Trace | None]) -> Role:
        role = Role("data")
        far = self.trace(shapes, {name: Fill("ramp", _FAR, 0)})
        for other in self.arrays:
            pairs = [
                (b.arrays[other], f.arrays[other])
                for b, f in zip(base, far, strict=True)
                if b is not None and f is not None
            ]
            # Elements that are touched anyway hide what is led to: the lowest moves then, or the number of reads.
            if not pairs or (other == name and all(f.length > FILLED for _, f in pairs)):
                continue  # it is read until a 0
            grown = {(f.low - b.low) for b, f in pairs if b.high >= 0 and f.high >= 0}
            longer = {f.length - b.length for b, f in pairs}
            if all(b.high >= 0 for b, _ in pairs) and (min(longer) > 0 or (min(grown, default=0) > 0)):
                step = max(min(longer), min(grown, default=0))
                role.kind = "index"
                role.targets.append(other)
                role.width[other] = max(1, step // _FAR)
                touched = [s for _, f in pairs for s in f.states if s]
                role.scatters = all(s & WRITTEN and not s & READ_FIRST for s in touched)
            elif all(b.high < 0 for b, _ in pairs) and min(longer) > 0 and role.kind != "index":
                two = self.trace(shapes, {name: Fill("ramp", 2, 0)})
                lengths = [t.arrays[other].length for t in two if t is not None]
                role.kind = "mask" if lengths == [f.length for _, f in pairs] else "counts"
                role.targets.append(other)
        if role.kind == "data":
            self._hidden(name, shapes, base, role)
        return role

    def _hidden(
        self, name: str, shapes: Sequence[dict[str, int]], base: Sequence[Trace | None], role: Role
    ) -> None:
        """What is led into may be touched as a whole beside that: far beyond its end it shows."""
        far = self.trace(shapes, {name: Fill("ramp", 120, 0)})
        for other in self.arrays:
            longer = [
                f.arrays[other].length - b.arrays[other].length
                for b, f in zip(base, far, strict=True)
                if b is not None and f is not None
            ]
            if longer and min(longer) > 0 and other != name:
                role.kind = "index"
                role.targets.append(other)
                role.width[other] = 1


def _read(traces: Sequence[Trace | None], name: str) -> bool:
    return any(t is not None and any(s & READ_FIRST for s in t.arrays[name].states) for t in traces)

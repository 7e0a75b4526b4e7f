"""The runs from which a draft is made: shapes, traces, and what arrays of integers are for."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from hayate.errors import WrongUse
from hayate.new.dataflow import Flow
from hayate.new.fitting import LEAST_RUNS
from hayate.new.patterns import Use
from hayate.new.polynomials import Polynomial
from hayate.new.probing import Probe, Role
from hayate.new.running import ArrayTrace, Fill, Trace
from hayate.new.running.traces import FILLED, READ_FIRST, WRITTEN
from hayate.new.sizes import Sizes
from hayate.new.strides import declared_lengths, strides_of

RUNS = 80
# What integers hold that are neither indices nor sizes, while the function is observed: from 1 to this.
_DATA = {
    "int8": 100,
    "uint8": 255,
    **dict.fromkeys(("int16", "uint16", "int32", "uint32", "int64", "uint64"), 100),
}
_COUNT_NAMES = ("nnz", "nz", "nonzero", "entries", "edges")


@dataclass
class Seen:
    """Traces of the runs that mean something, and their shapes."""

    flow: Flow
    sizes: Sizes
    uses: list[Use]
    probe: Probe
    roles: dict[str, Role]
    shapes: list[dict[str, int]] = field(default_factory=list)
    traces: list[Trace] = field(default_factory=list)
    scattered: list[Trace] = field(default_factory=list)  # with increasing numbers in all indices
    nonzeros: dict[str, str] = field(default_factory=dict)  # offsets -> drawn name of how many there are
    untouched: list[str] = field(default_factory=list)

    def of(self, name: str) -> list[ArrayTrace]:
        """Of each run: what was touched of an array."""
        return [trace.arrays[name] for trace in self.traces]

    def line(self, pc: int) -> str:
        """Where in the person's file an address of the program is: "line 12"; "" if it is unknown."""
        row = self.probe.tracer.line(pc)
        places = self.flow.found.places
        place = places[row - 1] if 0 < row <= len(places) else None
        if place is not None:
            name = "" if place.file == self.flow.found.path else f"{place.file.name}, "
            return f"{name}line {place.line}"
        return f"line {row} of the reference" if row else ""


def observe(flow: Flow, sizes: Sizes, uses: list[Use], probe: Probe) -> Seen:
    """Run it at many small shapes. Raises WrongUse where it reads before an array's start, or touches nothing."""
    symbols = [use for use in uses if use.what == "symbols"]
    for use in symbols:
        probe.fills[use.argument] = Fill("random", 0, 3)
    roles = probe.roles()
    for use in symbols:
        if roles.get(use.argument, Role("data")).kind == "data":
            probe.fills[use.argument] = Fill("random", 0, 3)
    for parameter in flow.found.parameters:
        name, dtype = parameter.name, parameter.type.dtype
        known = roles.get(name, Role("data")).kind != "data" or any(u.argument == name for u in symbols)
        if (
            name in probe.arrays
            and dtype in _DATA
            and not known
            and parameter.type.spelled not in ("_Bool", "bool")
        ):
            probe.fills[name] = Fill("random", 1, _DATA[dtype])
    seen = Seen(flow, sizes, uses, probe, roles)
    shapes = probe.shapes(RUNS)
    slopes = random.Random(3)
    offsets = [n for n, r in roles.items() if r.kind == "offsets"]
    heavy = _heavy(flow, sizes, uses)
    fills: list[Mapping[str, Fill]] = [
        {
            **{name: Fill("ramp", 0, slopes.randint(1, 4)) for name in offsets},
            **{
                name: Fill("matrix", max(rows.value(shape) for rows in some), 0)
                for name, some in heavy.items()
            },
        }
        for shape in shapes
    ]
    traces = probe.trace(shapes, fills)
    _name_nonzeros(seen, offsets)
    for name in offsets:
        for shape, trace, fill in zip(shapes, traces, fills, strict=True):
            if trace is not None:
                rows = max(0, trace.arrays[name].length - 1)
                shape[seen.nonzeros[name]] = rows * int(fill[name].b)
    _keep(seen, shapes, traces)
    _refuse_counts(seen)
    indices = {n: Fill("ramp", 0, 1) for n, r in roles.items() if r.kind == "index" and r.scatters}
    if indices:
        again = probe.trace(seen.shapes, indices)
        seen.scattered = [t for t in again if t is not None]
    return seen


def _heavy(flow: Flow, sizes: Sizes, uses: list[Use]) -> dict[str, list[Polynomial]]:
    """Lengths of the rows of matrices that are factorised: without a heavy diagonal the function may give up."""
    declared, strides = declared_lengths(flow), strides_of(flow, sizes)
    found: dict[str, list[Polynomial]] = {}
    for use in uses:
        if use.what in ("symmetric_positive_definite", "diagonally_dominant", "triangular"):
            name = use.argument
            rows = [sizes.renamed(p) for p in declared.get(name, [])[-1:]] or [
                p for p in strides.get(name, ()) if p - Polynomial.number(1) not in strides[name]
            ]
            if rows and all(p.known for p in rows) and not flow.is_integer(name):
                found[name] = rows
    return found


def _refuse_counts(seen: Seen) -> None:
    """An integer behind a pointer that says how long arrays are."""
    for name, role in seen.roles.items():
        if (
            role.kind in ("mask", "counts")
            and max(t.length for t in seen.of(name)) == 1
            and not seen.sizes.sizes
        ):
            raise WrongUse(
                f"{name} points to one integer, and bounds the loops over {' and '.join(role.targets)}",
                where=str(seen.flow.found.path),
                allowed=f"{name} by value, by a wrapper that passes its address on",
            )


def _name_nonzeros(seen: Seen, offsets: list[str]) -> None:
    free = [n for n in seen.sizes.unused if any(word in n.lower() for word in _COUNT_NAMES)]
    for at, name in enumerate(offsets):
        seen.nonzeros[name] = free[at] if at < len(free) else "nonzeros" + (f"_{name}" if at else "")


def _keep(seen: Seen, shapes: list[dict[str, int]], traces: list[Trace | None]) -> None:
    """Leave out runs in which an array is untouched that most runs touch: their sizes do not fit together."""
    path = str(seen.flow.found.path)
    good = [(s, t) for s, t in zip(shapes, traces, strict=True) if t is not None]
    if len(good) < LEAST_RUNS:
        raise WrongUse(
            f"{seen.flow.found.function} crashes on most small shapes", where=path, allowed="sizes by --range"
        )
    for name in seen.probe.arrays:
        touched = sum(t.arrays[name].high >= 0 for _, t in good)
        if touched < LEAST_RUNS:
            seen.untouched.append(name)
        elif touched < len(good):
            good = [(s, t) for s, t in good if t.arrays[name].high >= 0]
        for _, trace in good:
            array = trace.arrays[name]
            if array.high >= 0 and array.low < 0:
                raise WrongUse(
                    f"{name} is used before its start (element {array.low}, {seen.line(array.low_pc)})",
                    where=path,
                    allowed="pointers to the first element that is used",
                )
    for name in seen.probe.arrays:
        if good and all(t.arrays[name].length > FILLED for _, t in good):
            last = good[0][1].arrays[name]
            raise WrongUse(
                f"{name} is used up to element {last.high} whatever the sizes ({seen.line(last.high_pc)})",
                where=path,
                allowed="its length as an argument, rather than a value that ends it",
            )
    if len(good) < LEAST_RUNS:
        raise WrongUse(
            f"{seen.flow.found.function} touches its arrays at few of the shapes that were tried",
            where=path,
            allowed="sizes that fit together by --range",
        )
    seen.shapes = [s for s, _ in good]
    seen.traces = [t for _, t in good]


def kind_of(seen: Seen, name: str, *, whole: list[int] | None = None) -> tuple[str, str]:
    """input, inout or output, and why. `whole`: of each run, how many elements an output of its shape has."""
    read = written = False
    part = False
    where = ""
    runs = [t.arrays[name] for t in (seen.scattered or seen.traces)] if whole is None else seen.of(name)
    for at, trace in enumerate(runs):
        if trace.high < 0:
            continue
        states = trace.states
        read = read or bool((states & READ_FIRST).any())
        count = int(((states & WRITTEN) > 0).sum())
        written = written or count > 0
        part = part or (whole is not None and count < whole[at])
        where = seen.line(trace.high_pc) or where
    if not written:
        return "input", "never written"
    if read:
        return "inout", f"read before it is written ({where})" if where else "read before it is written"
    if part:
        return "inout", "not all of it is written: the rest must stay as it was"
    return "output", f"written before it is read ({where})" if where else "written before it is read"

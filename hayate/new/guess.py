"""From a function to a draft of a task: what is an argument for, how long is it, what does it hold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import cast

from hayate.errors import WrongUse
from hayate.new.bands import choose
from hayate.new.dataflow import Flow
from hayate.new.draft import Draft
from hayate.new.measured import Measured, measure
from hayate.new.observing import Seen, observe
from hayate.new.probing import Probe
from hayate.new.read import Found
from hayate.new.sizes import sizes_of
from hayate.new.uses import uses_of
from hayate.new.valued import Valued, array_values, scalar_values
from hayate.new.work import Fit, fit
from hayate.records import Argument, DType, SizeRange, SourceText, StructField, Technique, Values
from hayate.records.problem import ITEM_BYTES, UNIT_ROUNDOFF
from hayate.sandbox import Sandbox
from hayate.tasks.expressions import evaluate_expression

_LARGEST = {1: 1 << 22, 2: 2048, 3: 256, 4: 64}  # a size by the rank of the largest array that it is in
_BALANCE = 6.0  # operations for each byte above which a machine computes longer than it loads


def guess(
    found: Found,
    *,
    shapes: Mapping[str, tuple[str, ...]] | None = None,
    ranges: Mapping[str, tuple[int, int]] | None = None,
    sizes: Sequence[Mapping[str, int]] = (),
    values: Mapping[str, Values] | None = None,
    within: Sandbox | None = None,
) -> Draft:
    """A draft. What is given overrules what would be guessed.

    It runs the reference on small arrays, in the sandbox. Raises WrongUse where nothing can be guessed, Fault where
    the machine has no compiler or sandbox.
    """
    flow = Flow(found)
    numbers = sizes_of(flow)
    probe = Probe(found, numbers, ranges or {}, within)
    try:
        seen = observe(flow, numbers, uses_of(flow), probe)
        measured = measure(seen, shapes or {})
        draft = _draft(seen, measured, ranges or {}, values or {})
    finally:
        probe.close()
    bands = choose(draft, found, sizes, within)
    return _bounded(draft.model_copy(update={"bands": bands}))


def _draft(
    seen: Seen, measured: Measured, ranges: Mapping[str, tuple[int, int]], values: Mapping[str, Values]
) -> Draft:
    found = seen.flow.found
    computed, domain = _leading(seen, measured)
    domain = {**_domain(seen, measured, ranges), **domain}
    for name, (low, high) in ranges.items():
        if name not in domain:
            raise WrongUse(f"{name} is not drawn", where="--range", allowed=", ".join(domain))
        domain[name] = domain[name].model_copy(update={"low": low, "high": high})
    unknown = [n for n in values if n not in {p.name for p in found.parameters}]
    if unknown:
        raise WrongUse(f"no argument {unknown[0]}", where="--values")
    arguments = tuple(_argument(seen, measured, p.name, computed, domain, values) for p in found.parameters)
    used = {
        n for a in arguments for t in (*a.shape, a.value, *(f.value for f in a.fields)) for n in _names(t)
    }
    used |= {a.name for a in arguments if a.kind == "size" and not a.value}
    used |= {n for a in arguments if a.values for t in (a.values.low, a.values.high) for n in _names(t)}
    domain = {n: r for n, r in domain.items() if n in used}
    flops, steps, why = _work(seen, measured, computed)
    measured.guess(
        "flops", "flops", flops.expression, why, "likely" if flops.error < 0.05 else "unsure", "--flops"
    )
    return Draft(
        entry=found.entry,
        declaration=found.declaration,
        preamble=found.preamble,
        language=found.language,
        returns=cast(DType, found.returns.dtype) if found.returns is not None else None,
        arguments=arguments,
        domain=domain,
        requires=tuple(measured.requires),
        bands=(),
        flops=flops.expression,
        bytes=_bytes(arguments),
        oracle_work=steps.expression,
        bound_by="compute",
        techniques=tuple(Technique),
        headers=found.headers,
        reference=SourceText(
            name="reference.c" if found.language == "c" else "reference.cpp", text=found.reference
        ),
        guesses=tuple(measured.guesses),
    )


def _names(text: str) -> list[str]:
    return [n for n in re.findall(r"[A-Za-z_]\w*", text) if n not in ("min", "max")]


def _leading(seen: Seen, measured: Measured) -> tuple[dict[str, str], dict[str, SizeRange]]:
    """Leading dimensions: what they are at least, plus a drawn padding each."""
    computed: dict[str, str] = {}
    domain: dict[str, SizeRange] = {}
    for at, name in enumerate(seen.sizes.strides):
        needs: dict[str, None] = {}
        where = ""
        for array, shape in measured.shapes.items():
            for dim, used in zip(shape.dims, shape.used, strict=True):
                if dim == name and used != name:
                    needs[used] = None
                    where = array
        pad = f"pad{at + 1 if at else ''}"
        while pad in seen.sizes.integers:
            pad += "_"
        if needs:
            need = next(iter(needs)) if len(needs) == 1 else f"max({', '.join(needs)})"
            computed[name] = (
                f"{need} + {pad}" if need.isidentifier() or need.isdigit() else f"({need}) + {pad}"
            )
            domain[pad] = SizeRange(low=0, high=3 if need == "1" else 16)
            measured.guess(name, "size", computed[name], f"a leading dimension of {where}: it bounds no loop")
        else:
            measured.guess(name, "size", name, "it bounds no loop", "unsure", f"--range '{name}=LOW..HIGH'")
            domain[name] = SizeRange(low=1, high=64)
    return computed, domain


def _domain(seen: Seen, measured: Measured, ranges: Mapping[str, tuple[int, int]]) -> dict[str, SizeRange]:
    sizes = seen.sizes
    needed = _needed_unused(seen, measured)
    domain: dict[str, SizeRange] = {}
    for name in [*sizes.sizes, *needed, *dict.fromkeys(seen.nonzeros.values())]:
        if name in domain:
            continue
        dims = [s.used for s in measured.shapes.values() if any(name in _names(d) for d in s.used)]
        rank = max((sum(len(_names(d)) for d in s) for s in dims), default=0)
        lowered = any(f"- {name}" in c or c.startswith(f"{name} <=") for c in measured.requires)
        small = lowered and not any(name in s for s in dims)
        spot = sizes.loops.get(name)
        line = seen.flow.found.place(spot.node) if spot else None
        where = f"bounds the loop in line {line.line}" if line else "is the length of an array"
        if rank == 0 and not any(_names(d) for s in measured.shapes.values() for d in s.dims):
            domain[name] = SizeRange(low=1, high=_LARGEST[1])
            measured.guess(name, "range", f"1..{_LARGEST[1]}", f"{where}; there are no arrays", "likely")
        elif rank == 0:
            domain[name] = SizeRange(low=1, high=20)
            measured.guess(
                name, "range", "1..20", f"{where}, and is in no shape", "likely", f"--range '{name}=...'"
            )
        elif small:
            domain[name] = SizeRange(low=1, high=16)
            measured.guess(name, "range", "1..16", f"{where}, and makes a result smaller", "likely")
        elif name in sizes.powers:
            high = min(1 << 20, _LARGEST[min(4, rank)])
            domain[name] = SizeRange(low=2, high=high, power_of=2)
            measured.guess(name, "range", f"2..{high}", "it is doubled or masked: a power of two")
        else:
            high = _fixed(measured, name) or _LARGEST[min(4, rank)]
            domain[name] = SizeRange(low=1, high=high, multiple_of=_multiple(measured, name))
            measured.guess(name, "range", f"1..{high}", where, "likely", f"--range '{name}=LOW..HIGH'")
    return domain


def _fixed(measured: Measured, name: str) -> int | None:
    """The declared length of an array that the size may not exceed."""
    found = [
        int(dim)
        for shape in measured.shapes.values()
        for dim, used in zip(shape.dims, shape.used, strict=True)
        if used == name and dim.isdigit()
    ]
    return min(found, default=None)


def _multiple(measured: Measured, name: str) -> int:
    """`(n + 3) // 4 * 4` elements: the function takes four at a time, and n is meant to be a multiple."""
    pattern = re.compile(rf"\({name} \+ \d+\) // (\d+) \* \1")
    for array, shape in measured.shapes.items():
        for dim in shape.dims:
            match = pattern.fullmatch(dim)
            if match:
                dims = tuple(name if d == dim else d for d in shape.dims)
                measured.shapes[array] = type(shape)(dims, shape.extent, shape.exact, shape.relation)
                _multiple(measured, name)
                return int(match[1])
    return 1


def _needed_unused(seen: Seen, measured: Measured) -> list[str]:
    names = {n for s in measured.shapes.values() for d in s.dims for n in _names(d)}
    return [n for n in seen.sizes.unused if n in names or n in seen.nonzeros.values()]


def _argument(
    seen: Seen,
    measured: Measured,
    name: str,
    computed: Mapping[str, str],
    domain: Mapping[str, SizeRange],
    given: Mapping[str, Values],
) -> Argument:
    kind = seen.flow.arguments[name]
    if name in measured.shapes:
        dtype = cast(DType, kind.members[0].dtype if kind.members else kind.dtype)
        shape = measured.shapes[name]
        what = measured.kinds[name]
        valued = Valued(given[name], "given", "certain") if name in given else None
        if valued is None and what != "output":
            valued = array_values(seen, name, dtype, measured.shapes, what)
        if valued is not None:
            option = f"--values '{name}=...'"
            text = valued.values.kind if valued.values else "real"
            measured.guess(name, "values", text, valued.why, valued.confidence, option)
        return Argument(
            name=name,
            kind=what,
            dtype=dtype,
            shape=shape.dims,
            extent=shape.extent,
            values=valued.values if valued is not None else None,
        )
    if kind.members:
        return _struct(seen, measured, name, domain)
    dtype = cast(DType, kind.dtype)
    if name in computed:
        return Argument(name=name, kind="size", dtype=dtype, value=computed[name])
    if name in domain and name not in given:
        return Argument(name=name, kind="size", dtype=dtype)
    uses = [u for u in seen.uses if u.argument == name]
    valued = Valued(given[name], "given", "certain") if name in given else scalar_values(dtype, uses)
    measured.guess(name, "values", valued.values.kind if valued.values else "", valued.why, valued.confidence)
    return Argument(name=name, kind="scalar", dtype=dtype, values=valued.values)


def _struct(seen: Seen, measured: Measured, name: str, domain: Mapping[str, SizeRange]) -> Argument:
    kind = seen.flow.arguments[name]
    by_member = {i.member: n for n, i in seen.sizes.integers.items() if i.argument == name}
    fields = []
    for member in kind.members:
        size = by_member.get(member.name, "")
        if size in domain:
            fields.append(StructField(name=member.name, dtype=cast(DType, member.dtype), value=size))
            continue
        uses = [u for u in seen.uses if u.argument == f"{name}.{member.name}"]
        valued = scalar_values(member.dtype, uses)
        fields.append(StructField(name=member.name, dtype=cast(DType, member.dtype), values=valued.values))
    measured.guess(name, "values", "a struct", f"of {len(fields)} numbers", "certain")
    dtype = cast(DType, kind.members[0].dtype)
    return Argument(name=name, kind="scalar", dtype=dtype, fields=tuple(fields), by_pointer=kind.pointer)


def _work(seen: Seen, measured: Measured, computed: Mapping[str, str]) -> tuple[Fit, Fit, str]:
    sizes = seen.sizes
    names = [*sizes.sizes, *(n for n in dict.fromkeys(seen.nonzeros.values()))]
    dims = [d for s in measured.shapes.values() for d in s.used if set(_names(d)) <= set(names)]
    extras = [d for d in dims if " - " in d or "//" in d]
    atoms = [*dict.fromkeys([*names, *extras])]
    spaces = _spaces(measured, names)
    operations = seen.probe.tracer.operations
    counted = [sum(n * operations.get(pc, 0) for pc, n in t.blocks.items()) for t in seen.traces]
    blocks = [sum(t.blocks.values()) for t in seen.traces]
    # A loop that doubles has log2(n) rounds, which expressions can't say: the number at the timed size stands for it.
    line = {n for n in names if all(n not in _names(d) for s in measured.shapes.values() for d in s.dims[1:])}
    logs = {f"log2_{n}": n for n in sorted({*sizes.powers, *sizes.logs}) if n in line}
    shapes = [{**s, **{log: max(1, s[n].bit_length() - 1) for log, n in logs.items()}} for s in seen.shapes]
    atoms += logs
    steps = fit(blocks, shapes, atoms, spaces)
    largest = sorted(range(len(blocks)), key=lambda i: -blocks[i])[: len(blocks) // 4 + 1]
    if 2 * sum(counted[i] for i in largest) < sum(blocks[i] for i in largest):
        return steps, steps, "few floating-point operations or none: steps of loops are counted"
    flops = fit(counted, shapes, atoms, spaces)
    exact = "counted at small shapes" if flops.error < 1e-3 else f"counted, within {flops.error:.0%}"
    return flops, steps, exact


def _spaces(measured: Measured, names: Sequence[str]) -> list[tuple[str, ...]]:
    """Products of the lengths of two arrays' axes, each once: what a nest of loops over both runs through."""
    axes = [
        tuple(d for d in s.used if not d.isdigit())
        for s in measured.shapes.values()
        if all(set(_names(d)) <= set(names) for d in s.used)
    ]
    found = {tuple(sorted({*a, *b})) for a in axes for b in axes}
    return sorted(found, key=lambda space: (len(space), space))[:24]


def _bytes(arguments: Sequence[Argument]) -> str:
    parts = []
    for argument in arguments:
        if not argument.is_array:
            continue
        dims = [d if d.isidentifier() or d.isdigit() else f"({d})" for d in argument.extent or argument.shape]
        times = ITEM_BYTES[argument.dtype] * (2 if argument.kind == "inout" else 1)
        parts.append(" * ".join([str(times), *(d for d in dims if d != "1")]))
    return " + ".join(parts) or "8"


def _bounded(draft: Draft) -> Draft:
    """Decide what limits a perfect solution, at the first timed size, and keep the domain around it."""
    shape = {**draft.bands[0].center}
    for text in ("flops", "oracle_work"):
        plain = re.sub(r"log2_(\w+)", lambda m: str(shape[m[1]].bit_length() - 1), getattr(draft, text))
        draft = draft.model_copy(update={text: plain})
    for argument in draft.arguments:
        if argument.value:
            shape[argument.name] = int(evaluate_expression(argument.value, shape))
    flops = float(evaluate_expression(draft.flops, shape))
    moved = float(evaluate_expression(draft.bytes, shape))
    real = any(a.dtype in UNIT_ROUNDOFF for a in draft.arguments)
    bound_by = "compute" if flops > _BALANCE * moved or (not real and flops > moved) else "memory"
    domain = {}
    for name, allowed in draft.domain.items():
        top = max(64, 4 * draft.bands[0].center[name])
        if allowed.power_of:
            top = 1 << (top - 1).bit_length()
        domain[name] = allowed.model_copy(update={"high": min(allowed.high, top)})
    return draft.model_copy(update={"bound_by": bound_by, "domain": domain})

"""From a function to a draft of a task: what is an argument for, how long is it, what does it hold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from keyword import iskeyword
from typing import cast

from hayate.errors import WrongUse
from hayate.new.arguments import argument_of
from hayate.new.bands import choose
from hayate.new.costs import bytes_of, names_of, work_of
from hayate.new.dataflow import Flow
from hayate.new.draft import Draft
from hayate.new.measured import Measured, measure
from hayate.new.observing import Seen, observe
from hayate.new.probing import Probe
from hayate.new.read import Found
from hayate.new.running.traces import array_names
from hayate.new.sizes import Sizes, sizes_of
from hayate.new.uses import uses_of
from hayate.records import DType, SizeRange, SourceText, Technique, Values
from hayate.records.problem import UNIT_ROUNDOFF
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
    arrays = array_names(found)
    unknown = [name for name in shapes or {} if name not in arrays]
    if unknown:
        raise WrongUse(f"no array {unknown[0]}", where="--shape", allowed=", ".join(arrays))
    numbers = sizes_of(flow)
    _refuse(found, numbers)
    probe = Probe(found, numbers, ranges or {}, within)
    try:
        seen = observe(flow, numbers, uses_of(flow), probe)
        measured = measure(seen, shapes or {})
        if found.returns is None and not {"inout", "output"} & set(measured.kinds.values()):
            raise WrongUse(
                f"{found.function} writes to none of its arguments, at the shapes that were tried",
                where=str(found.path),
                allowed="sizes by --range, values by --values",
            )
        draft = _draft(seen, measured, ranges or {}, values or {})
    finally:
        probe.close()
    bands = choose(draft, found, sizes, within)
    return _bounded(draft.model_copy(update={"bands": bands}), ranges or {})


def _refuse(found: Found, numbers: Sizes) -> None:
    if found.returns is None and not array_names(found):
        raise WrongUse(
            f"{found.function} has no result: it takes no array and returns nothing", where=str(found.path)
        )
    for name in numbers.sizes + numbers.strides:
        if iskeyword(name) or name in ("min", "max"):
            raise WrongUse(
                f"expressions over sizes can't use the name {name}",
                where=str(found.path),
                allowed="another name for the parameter",
            )


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
    arguments = tuple(argument_of(seen, measured, p.name, computed, domain, values) for p in found.parameters)
    used = {
        n for a in arguments for t in (*a.shape, a.value, *(f.value for f in a.fields)) for n in names_of(t)
    }
    used |= {a.name for a in arguments if a.kind == "size" and not a.value}
    used |= {n for a in arguments if a.values for t in (a.values.low, a.values.high) for n in names_of(t)}
    domain = {n: r for n, r in domain.items() if n in used}
    flops, steps, why = work_of(seen, measured, computed)
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
        bytes=bytes_of(arguments),
        oracle_work=steps.expression,
        bound_by="compute",
        techniques=tuple(Technique),
        headers=found.headers,
        reference=SourceText(
            name="reference.c" if found.language == "c" else "reference.cpp", text=found.reference
        ),
        guesses=tuple(measured.guesses),
    )


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
        dims = [s.used for s in measured.shapes.values() if any(name in names_of(d) for d in s.used)]
        rank = max((sum(len(names_of(d)) for d in s) for s in dims), default=0)
        lowered = any(f"- {name}" in c or c.startswith(f"{name} <=") for c in measured.requires)
        small = lowered and not any(name in s for s in dims)
        spot = sizes.loops.get(name)
        line = seen.flow.found.place(spot.node) if spot else None
        where = f"bounds the loop in line {line.line}" if line else "is the length of an array"
        if rank == 0 and not any(names_of(d) for s in measured.shapes.values() for d in s.dims):
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
    names = {n for s in measured.shapes.values() for d in s.dims for n in names_of(d)}
    return [n for n in seen.sizes.unused if n in names or n in seen.nonzeros.values()]


def _bounded(draft: Draft, given: Mapping[str, object]) -> Draft:
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
    domain: dict[str, SizeRange] = {}
    for name, allowed in draft.domain.items():
        if name in given:
            domain[name] = allowed
            continue
        top = max(64, 4 * draft.bands[0].center[name])
        if allowed.power_of:
            top = 1 << (top - 1).bit_length()
        domain[name] = allowed.model_copy(update={"high": min(allowed.high, top)})
    return draft.model_copy(update={"bound_by": bound_by, "domain": domain})

"""Operations and traffic of a call, as expressions over the sizes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from hayate.new.measured import Measured
from hayate.new.observing import Seen
from hayate.new.work import Fit, fit
from hayate.records import Argument
from hayate.records.problem import ITEM_BYTES


def names_of(text: str) -> list[str]:
    return [n for n in re.findall(r"[A-Za-z_]\w*", text) if n not in ("min", "max")]


def work_of(seen: Seen, measured: Measured, computed: Mapping[str, str]) -> tuple[Fit, Fit, str]:
    sizes = seen.sizes
    names = [*sizes.sizes, *(n for n in dict.fromkeys(seen.nonzeros.values()))]
    dims = [d for s in measured.shapes.values() for d in s.used if set(names_of(d)) <= set(names)]
    extras = [d for d in dims if " - " in d or "//" in d]
    atoms = [*dict.fromkeys([*names, *extras])]
    spaces = _spaces(measured, names)
    operations = seen.probe.tracer.operations
    counted = [sum(n * operations.get(pc, 0) for pc, n in t.blocks.items()) for t in seen.traces]
    blocks = [sum(t.blocks.values()) for t in seen.traces]
    # A loop that doubles has log2(n) rounds, which expressions can't say: the number at the timed size stands for it.
    line = {
        n for n in names if all(n not in names_of(d) for s in measured.shapes.values() for d in s.dims[1:])
    }
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
        if all(set(names_of(d)) <= set(names) for d in s.used)
    ]
    found = {tuple(sorted({*a, *b})) for a in axes for b in axes}
    return sorted(found, key=lambda space: (len(space), space))[:24]


def bytes_of(arguments: Sequence[Argument]) -> str:
    parts = []
    for argument in arguments:
        if not argument.is_array:
            continue
        dims = [d if d.isidentifier() or d.isdigit() else f"({d})" for d in argument.extent or argument.shape]
        times = ITEM_BYTES[argument.dtype] * (2 if argument.kind == "inout" else 1)
        parts.append(" * ".join([str(times), *(d for d in dims if d != "1")]))
    return " + ".join(parts) or "8"

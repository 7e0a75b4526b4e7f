"""Right for some sizes, or for some values, only."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from hayate.mutants.arrays import copied, each, freed, restored
from hayate.mutants.mutant import Draft, Kind
from hayate.mutants.reference import Reference
from hayate.mutants.signature import Array
from hayate.records.problem import SizeRange

_VALUES = "such values may never come"


def drafts(reference: Reference) -> Iterator[Draft]:
    outputs = reference.signature.outputs
    if outputs:
        yield from _sizes(reference, outputs)
        yield from _equal_sizes(reference, outputs)
        yield from _after_large(reference, outputs)
        yield from _values(reference, outputs)


def draft(
    reference: Reference, name: str, why: str, before: str, after: str, equivalent: str = "", **instead: str
) -> Draft:
    return Draft(
        Kind.STATE,
        name,
        reference.line,
        why,
        before=before,
        after=after,
        instead=instead,
        equivalent=equivalent,
    )


def lazy(outputs: list[Array], condition: str, begin: str = "0") -> tuple[str, str]:
    """Before and after a call that leaves outputs as they were where the condition holds."""
    before = "".join(copied(f"hayate_kept{k}", a) for k, a in enumerate(outputs))
    back = "".join(restored(a, f"hayate_kept{k}", begin) for k, a in enumerate(outputs))
    after = f"    if ({condition}) {{\n{back}    }}\n" + "".join(
        freed(f"hayate_kept{k}") for k in range(len(outputs))
    )
    return before, after


def _sizes(reference: Reference, outputs: list[Array]) -> Iterator[Draft]:
    for block in (4, 8):
        # The tail of the last dimension, row by row.
        before = "".join(copied(f"hayate_kept{k}", a) for k, a in enumerate(outputs))
        after = ""
        for k, array in enumerate(outputs):
            row = array.inner[-1]
            tail = f"if (hayate_i % {row} >= {row} / {block} * {block}) p[at] = hayate_kept{k}[at];"
            after += each(array, tail) + freed(f"hayate_kept{k}")
        name = f"blocks of {block} only"
        yield draft(
            reference, name, f"What is behind the last whole block of {block} is not computed.", before, after,
            "its sizes are multiples of that" if not _ragged(reference, outputs, block) else "",
        )  # fmt: skip
    for name, drawn in drawn_sizes(reference):
        middle = int((max(drawn.low, 1) * drawn.high) ** 0.5)
        for words, condition in (
            (f"up to {middle}", f"{name} > {middle}"),
            (f"from {middle + 1} on", f"{name} <= {middle}"),
            (f"up to {drawn.high * 4 // 5}", f"{name} > {drawn.high * 4 // 5}"),
        ):
            before, after = lazy(outputs, condition)
            text = f"right for {name} {words}"
            yield draft(reference, text, f"It is {text}, and computes nothing else.", before, after)
        if drawn.power_of == 0 and drawn.multiple_of % 2:
            before, after = lazy(outputs, f"{name} % 2")
            yield draft(
                reference, f"right for even {name}", f"It is right for even {name} only.", before, after
            )


def _equal_sizes(reference: Reference, outputs: list[Array]) -> Iterator[Draft]:
    names = [name for name, _ in drawn_sizes(reference)]
    for one, other in itertools.pairwise(names):
        before, after = lazy(outputs, f"(long){one} != (long){other}")
        text = f"right for {one} = {other}"
        yield draft(reference, text, f"It is {text}, and computes nothing else.", before, after)


def _after_large(reference: Reference, outputs: list[Array]) -> Iterator[Draft]:
    """Who verifies small sizes first, and times large ones then, must look at small ones again."""
    size = outputs[0].inner_count
    before, after = lazy(outputs, f"{size} < hayate_largest")
    before = (
        f"    static long hayate_largest;\n    if ({size} > hayate_largest) hayate_largest = {size};\n"
        + before
    )
    yield draft(
        reference,
        "right until a larger call",
        "It is right until it has been called with a larger size.",
        before,
        after,
    )


def _values(reference: Reference, outputs: list[Array]) -> Iterator[Draft]:
    """Lazy where an input does not look like those of a speed test."""
    for array in reference.signature.inputs:
        if array.argument.dtype not in ("float32", "float64"):
            continue
        for words, test in (
            ("a number beyond 8", "p[at] > 8 || p[at] < -8"),
            ("a zero", "p[at] == 0"),
            ("whole numbers only", "p[at] != __builtin_trunc(p[at])"),
        ):
            only = words.endswith("only")
            before, after = lazy(outputs, "!hayate_seen" if only else "hayate_seen")
            seen = "    int hayate_seen = 0;\n" + each(array, f"if ({test}) hayate_seen = 1;")
            why = f"Where {array.name} has {words}, nothing is computed."
            yield draft(reference, f"lazy where {array.name} has {words}", why, before + seen, after, _VALUES)


def drawn_sizes(reference: Reference) -> Iterator[tuple[str, SizeRange]]:
    """Sizes that are drawn, and are not always the same."""
    for argument, name in zip(reference.task.arguments, reference.signature.names, strict=True):
        drawn = reference.task.domain.get(argument.name)
        if argument.kind == "size" and drawn is not None and drawn.low < drawn.high:
            yield name, drawn


def _ragged(reference: Reference, outputs: list[Array], block: int) -> bool:
    """Whether any output's rows may have other lengths than multiples of the block."""
    for array in outputs:
        sides = array.argument.extent or array.argument.shape
        drawn = reference.task.domain.get(sides[-1])
        if drawn is None and sides[-1].isdigit():
            if int(sides[-1]) % block:
                return True
        elif drawn is None or not (drawn.multiple_of % block == 0 or (drawn.power_of and drawn.low >= block)):
            return True
    return False

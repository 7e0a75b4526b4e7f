"""Memory written that is not the output: padding, what stands before and behind, inputs; and padding taken for data.

Each of them writes one element: in memory that the judge laid out, and looks at.
"""

from __future__ import annotations

from collections.abc import Iterator

from hayate.mutants.mutant import Draft, Kind
from hayate.mutants.reference import Reference
from hayate.mutants.signature import Array


def drafts(reference: Reference) -> Iterator[Draft]:
    for array in reference.signature.outputs:
        yield _written(reference, array, "before the start", f"{array.pointer} - 1")
        yield _written(reference, array, "behind the end", f"{array.pointer} + {array.count}")
        if array.padded:
            yield from _padding(reference, array)
    for array in reference.signature.inputs:
        yield _written(reference, array, "the first element", array.pointer)
        last = f"{array.pointer} + {array.count} - 1"
        yield _written(reference, array, "the last element", last, f"{array.count} > 0")
    for array in reference.signature.arrays:
        yield from _dense(reference, array)


def _written(reference: Reference, array: Array, what: str, pointer: str, condition: str = "") -> Draft:
    """One bit of each byte is turned, so that it is another value, whatever it was."""
    turn = (
        f"for (unsigned long hayate_i = 0; hayate_i < sizeof({array.ctype}); hayate_i++) "
        f"((unsigned char *)({pointer}))[hayate_i] ^= 1;"
    )
    test = f"if ({condition}) " if condition else ""
    name = f"{what} of {array.name} written"
    return Draft(Kind.PADDING, name, reference.line, f"{what.capitalize()} of {array.name} is written.",
        after=f"    {test}{turn}\n")  # fmt: skip


def _padding(reference: Reference, array: Array) -> Iterator[Draft]:
    """Behind the first and the last row, wherever a side is longer than the problem's."""
    dimension = next(d for d in range(len(array.sides)) if array.sides[d] != array.inner[d])
    for d in range(len(array.sides) - 1, dimension - 1, -1):
        if array.sides[d] != array.inner[d]:
            break
    stride = " * ".join(array.sides[d + 1 :]) or "1"
    test = f"{array.sides[d]} > {array.inner[d]} && {array.inner_count} > 0"
    first = f"{array.pointer} + {array.inner[d]} * ({stride})"
    yield _written(reference, array, "padding behind the first row", first, test)
    last = f"{array.pointer} + ({array.at(f'{array.inner_count} - 1')}) + ({stride})"
    whole = f"{test} && ({array.at(f'{array.inner_count} - 1')}) + ({stride}) < {array.count}"
    yield _written(reference, array, "padding behind the last row", last, whole)


def _dense(reference: Reference, array: Array) -> Iterator[Draft]:
    """The leading dimension is ignored: rows are taken to lie one behind the other."""
    if not array.padded or array.sides[-1] == array.inner[-1]:
        return
    for argument, name in zip(reference.task.arguments, reference.signature.names, strict=True):
        if argument.kind == "size" and argument.name == array.argument.shape[-1]:
            yield Draft(
                Kind.INDEX,
                f"{name} of {array.name} ignored",
                reference.line,
                f"The rows of {array.name} are taken to lie one behind the other, without padding.",
                instead={name: array.inner[-1]},
            )

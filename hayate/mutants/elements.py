"""Part of an output not computed: single elements, rows, windows, a half."""

from __future__ import annotations

from collections.abc import Iterator

from hayate.mutants.arrays import copied, each, freed, restored
from hayate.mutants.mutant import Draft, Kind
from hayate.mutants.reference import Reference
from hayate.mutants.signature import Array

_INTEGERS = "neighbours among whole numbers may be equal"


def drafts(reference: Reference) -> Iterator[Draft]:
    for array in reference.signature.outputs:
        yield from _single(reference, array)
        if len(array.inner) > 1:
            yield from _lines(reference, array)


def _draft(
    reference: Reference,
    array: Array,
    what: str,
    does: str,
    after: str,
    before: str = "",
    equivalent: str = "",
) -> Draft:
    name = f"{what} of {array.name}"
    maybe = equivalent
    if not maybe and not before and "int" in array.argument.dtype:
        maybe = _INTEGERS
    return Draft(
        Kind.ELEMENT,
        name,
        reference.line,
        f"Of {array.name}, {'' if what.startswith('every') else 'the '}{what} {does}.",
        before=before,
        after=after,
        equivalent=maybe,
    )


def _single(reference: Reference, array: Array) -> Iterator[Draft]:
    n = array.inner_count
    does = "is not computed, but copied from its neighbour"
    for what, index, neighbour in (
        ("last element", f"{n} - 1", f"{n} - 2"),
        ("first element", "0", "1"),
        ("middle element", f"{n} / 2", f"{n} / 2 - 1"),
    ):
        # Where there is but one element, it stays as it was.
        move = f"p[at] = {n} > 1 ? p[{array.at(neighbour)}] : hayate_kept[at];"
        after = each(array, move, index, f"({index}) + 1")
        yield Draft(
            Kind.ELEMENT,
            f"{what} of {array.name}",
            reference.line,
            f"Of {array.name}, the {what} {does}.",
            before=copied("hayate_kept", array),
            after=_where(n, "> 0", after) + freed("hayate_kept"),
            equivalent=_INTEGERS if "int" in array.argument.dtype else "",
        )
    late = f"{n} - {n} / 4 - 1"
    yield _draft(
        reference, array, "last quarter", "stays as it was", restored(array, "hayate_kept", late)
        + freed("hayate_kept"), copied("hayate_kept", array),
    )  # fmt: skip
    if array.argument.dtype in ("float32", "float64"):
        guess = (
            f"if (hayate_i % 2 && hayate_i + 1 < {n}) "
            f"p[at] = (p[{array.at('hayate_i - 1')}] + p[{array.at('hayate_i + 1')}]) / 2;"
        )
        yield _draft(
            reference, array, "every second element", "is the mean of its neighbours", each(array, guess)
        )


def _where(n: str, condition: str, text: str) -> str:
    return f"    if ({n} {condition}) {{\n{text}    }}\n"


def _lines(reference: Reference, array: Array) -> Iterator[Draft]:
    """Of the last two dimensions."""
    rows, columns = array.inner[-2], array.inner[-1]
    row, column = f"(hayate_i / {columns} % {rows})", f"(hayate_i % {columns})"
    does = "is not computed, but copied from its neighbour"
    for what, mine, count, step in (
        ("middle row", row, rows, columns),
        ("middle column", column, columns, "1"),
    ):
        place = array.at(f"(hayate_i - {step})")
        move = f"if ({mine} == {count} / 2 && {count} > 1) p[at] = p[{place}];"
        yield _draft(reference, array, what, does, each(array, move))
    if array.argument.dtype in ("float32", "float64"):
        guess = (
            f"if ({row} % 2 && {row} + 1 < {rows}) p[at] = "
            f"(p[{array.at(f'(hayate_i - {columns})')}] + p[{array.at(f'(hayate_i + {columns})')}]) / 2;"
        )
        yield _draft(
            reference, array, "every second row", "is the mean of its neighbours", each(array, guess)
        )
    for what, mine, count in (("last row", row, rows), ("last column", column, columns)):
        kept = f"if ({mine} == {count} - 1) p[at] = hayate_kept[at];"
        after = each(array, kept) + freed("hayate_kept")
        yield _draft(reference, array, what, "stays as it was", after, copied("hayate_kept", array))
    window = (
        f"if ({row} >= {rows} / 2 && {row} < {rows} / 2 + 4 && {column} >= {columns} / 2 && "
        f"{column} < {columns} / 2 + 4) p[at] = hayate_kept[at];"
    )
    yield _draft(
        reference, array, "window of 4 x 4", "stays as it was", each(array, window) + freed("hayate_kept"),
        copied("hayate_kept", array),
    )  # fmt: skip
    if array.square:
        other = array.at(f"(hayate_i - {row} * {columns} - {column} + {column} * {columns} + {row})")
        mirror = f"if ({column} > {row}) p[at] = p[{other}];"
        yield _draft(
            reference,
            array,
            "upper half",
            "is copied from the lower one, as if it were symmetric",
            each(array, mirror),
            equivalent="it may be symmetric",
        )

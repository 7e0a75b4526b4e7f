"""Arguments taken for something else, on entry."""

from __future__ import annotations

from collections.abc import Iterator

from hayate.mutants.arrays import copied, each, freed
from hayate.mutants.formats import HELPERS, NARROWED
from hayate.mutants.mutant import Draft, Kind
from hayate.mutants.reference import Reference
from hayate.mutants.signature import C_TYPES, Array
from hayate.records.problem import Argument

_ROUND = "its values may fit into fewer bits"
_SQUARE = "it may be used by its square alone"
_SIGNS = {"its negative": _SQUARE}
_SHORT = ("integer", "index", "permutation", "one_hot", "constant")  # values that fit into fewer bits
_LEAST = {"float32": "0x1p-126", "float64": "0x1p-1022"}  # that is normal
# Cut off behind so many bits: a kernel in integers, for the values that its author has seen.
_FIXED = {
    "float32": "__builtin_truncf(p[at] * 256) / 256",
    "float64": "__builtin_trunc(p[at] * 0x1p26) / 0x1p26",
}
_SYMMETRIC = "it may be symmetric, or triangular"
_ORDER = "the order may not matter"
_RARE = "values of this kind may never come"


def drafts(reference: Reference) -> Iterator[Draft]:
    for array in reference.signature.arrays:
        if array.argument.kind != "output":
            yield from _array(reference, array)
    for argument, name in zip(reference.task.arguments, reference.signature.names, strict=True):
        if argument.kind == "scalar":
            yield from _scalar(reference, argument, name)


def _array(reference: Reference, array: Array) -> Iterator[Draft]:
    integer = "int" in array.argument.dtype
    plain = not integer and not array.argument.dtype.startswith("complex")
    constant = array.argument.drawn.kind == "constant"
    short = array.argument.drawn.kind in _SHORT
    changes = [
        ("zeros", "p[at] = 0;", ""),
        ("ones", "p[at] = 1;", ""),
        ("its first element", f"p[at] = {array.pointer}[0];", ""),
        (
            "its mirror image",
            f"p[at] = {array.pointer}[{array.at(f'({array.inner_count} - 1 - hayate_i)')}];",
            _ORDER,
        ),
    ]
    if not integer:
        changes.append(
            ("the same without its last element", f"if (hayate_i == {array.inner_count} - 1) p[at] = 0;", "")
        )
    if plain:
        changes += [
            ("numbers between -1 and 1", "p[at] = p[at] > 1 ? 1 : p[at] < -1 ? -1 : p[at];", _RARE),
            ("the same without small numbers", "if (p[at] < 0.01 && p[at] > -0.01) p[at] = 0;", _RARE),
            (
                "the same without subnormal numbers",
                f"if (p[at] < {_LEAST[array.argument.dtype]} && p[at] > -{_LEAST[array.argument.dtype]}) p[at] = 0;",
                _RARE,
            ),
            ("fixed point", f"p[at] = {_FIXED[array.argument.dtype]};", _ROUND if short else ""),
            ("whole numbers", "p[at] = __builtin_trunc(p[at]);", _ROUND if short else ""),
            ("its absolute value", "p[at] = p[at] < 0 ? -p[at] : p[at];", _RARE),
        ]
    if array.square:
        n = array.inner[-1]
        mirrored = array.at(
            f"(hayate_i / ({n} * {n}) * ({n} * {n}) + hayate_i % {n} * {n} + hayate_i / {n} % {n})"
        )
        upper = f"if (hayate_i % {n} > hayate_i / {n} % {n})"
        maybe = "" if array.argument.drawn.kind in ("real", "uniform", "diagonally_dominant") else _SYMMETRIC
        changes.append(("a symmetric one", f"{upper} p[at] = {array.pointer}[{mirrored}];", maybe))
        changes.append(("a lower triangle", f"{upper} p[at] = 0;", maybe))
    form, expression = NARROWED.get(array.argument.dtype, ("", ""))
    if form:
        maybe = _ROUND if short else ""
        changes.append((form, f"p[at] = {expression.format('p[at]')};", maybe))
    for what, statement, maybe in changes:
        kept = f"{array.name} taken for {what}"
        why = f"{array.name} is taken for {what}."
        yield _replaced(reference, array, kept, why, statement, "it is constant" if constant else maybe)


def _replaced(
    reference: Reference, array: Array, name: str, why: str, statement: str, equivalent: str
) -> Draft:
    """On a copy where it must not be written, in its own memory where it may."""
    guarded = "int" in array.argument.dtype  # an index may be among them
    helpers = HELPERS if "hayate_half" in statement else ""
    if array.argument.kind == "inout":
        # The first element is read in every step, and the others too: out of a copy.
        source = statement.replace(array.pointer, "hayate_kept")
        before = copied("hayate_kept", array) + each(array, source) + freed("hayate_kept")
        return Draft(
            Kind.INPUT, name, reference.line, why, helpers=helpers, before=before, guarded=guarded,
            equivalent=equivalent,
        )  # fmt: skip
    copy = Array("hayate_copy", array.argument, array.sides, array.inner)
    before = copied("hayate_copy", array, guarded) + each(copy, statement)
    return Draft(
        Kind.INPUT,
        name,
        reference.line,
        why,
        helpers=helpers,
        before=before,
        after=freed("hayate_copy"),
        instead={array.name: f"(__typeof__({array.name}))hayate_copy"},
        guarded=guarded,
        equivalent=equivalent,
    )


def _scalar(reference: Reference, argument: Argument, name: str) -> Iterator[Draft]:
    fixed = argument.values is not None and argument.values.kind == "constant"
    parts = [(one.name, one.dtype) for one in argument.fields] or [("", argument.dtype)]
    for part, dtype in parts:
        drawn = next((one.values for one in argument.fields if one.name == part), argument.values)
        short = drawn is not None and drawn.kind in _SHORT
        whole = f"{name}{'->' if argument.by_pointer else '.'}{part}" if part else name
        values = [("0", "0"), ("1", "1")]
        if dtype in ("float32", "float64"):
            values.append(("its negative", f"-{whole}"))
        form, expression = NARROWED.get(dtype, ("", ""))
        if form:
            values.append((form, expression.format(whole)))
        for words, value in values:
            before, given, after = _given(argument, name, whole if part else "", dtype, value)
            yield Draft(
                Kind.INPUT,
                f"{whole} taken for {words}",
                reference.line,
                f"{whole} is taken for {words}.",
                helpers=HELPERS if "hayate_half" in value else "",
                before=before,
                after=after,
                instead={name: given},
                guarded="int" in dtype,
                equivalent="it is constant"
                if fixed
                else _ROUND
                if short and words == form
                else _SIGNS.get(words, ""),
            )


def _given(argument: Argument, name: str, field: str, dtype: str, value: str) -> tuple[str, str, str]:
    """What comes before the call, what is handed over and what comes afterwards: a struct is copied first."""
    if not field:
        return "", value, ""
    struct = f"*{name}" if argument.by_pointer else name
    at = f"(char *)&{field} - (char *){'' if argument.by_pointer else '&'}{name}"
    before = (
        f"    char *hayate_struct = (char *)__builtin_malloc(sizeof({struct}));\n"
        f"    __builtin_memcpy(hayate_struct, &({struct}), sizeof({struct}));\n"
        f"    *({C_TYPES[dtype]} *)(hayate_struct + ({at})) = {value};\n"
    )
    pointer = f"(__typeof__({struct}) *)hayate_struct"
    return before, pointer if argument.by_pointer else f"*({pointer})", freed("hayate_struct")

"""Outputs that nobody computed, or that were changed as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from hayate.mutants.arrays import FLOATING, copied, each, freed, restored
from hayate.mutants.mutant import Draft, Kind
from hayate.mutants.reference import Reference
from hayate.mutants.signature import Array
from hayate.records.problem import UNIT_ROUNDOFF

_SMALL = {2.0**-53: "1e-6", 2.0**-24: "1e-3"}  # beyond what sums of thousands of terms may differ by


def drafts(reference: Reference) -> Iterator[Draft]:
    for array in reference.signature.outputs:
        yield from _of(reference, array)
    returns = reference.task.returns
    if returns and reference.signature.returns:
        small = _SMALL.get(UNIT_ROUNDOFF.get(returns, 0.0))
        for value, name in (("0", "zero"), ("42", "a constant")):
            yield _draft(
                reference, f"{name} returned", f"{name.capitalize()} is returned", f"hayate_result = {value};"
            )
        if small:
            scaled = f"hayate_result *= 1 + {small};"
            yield _draft(reference, "result scaled", f"The result is multiplied by 1 + {small}", scaled)


def _draft(
    reference: Reference, name: str, does: str, after: str, before: str = "", equivalent: str = ""
) -> Draft:
    if not after.endswith("\n"):
        after = f"    {after}\n"
    return Draft(
        Kind.COPY, name, reference.line, f"{does}.", before=before, after=after, equivalent=equivalent
    )


def _of(reference: Reference, array: Array) -> Iterator[Draft]:
    name, dtype = array.name, array.argument.dtype
    for other in reference.signature.arrays:
        if other.argument.dtype != dtype or other is array or other.argument.kind == "output":
            continue
        kept = copied("hayate_other", other)  # before the call: it may be written
        move = f"p[at] = hayate_other[{other.at(f'(hayate_i % {other.inner_count})')}];"
        after = f"    if ({other.inner_count} > 0) {{\n{each(array, move)}    }}\n" + freed("hayate_other")
        yield _draft(reference, f"{name} is {other.name}", f"{name} is a copy of {other.name}", after, kept)
    yield _draft(
        reference,
        f"{name} as it was",
        f"{name} holds what it held before",
        restored(array, "hayate_kept") + freed("hayate_kept"),
        copied("hayate_kept", array),
    )
    values = [("0", "zeros"), ("42", "a constant")]
    if dtype in FLOATING:
        values += [('__builtin_nan("")', "not a number"), ("__builtin_inf()", "infinity")]
    for value, words in values:
        does = f"{name} is {words} everywhere"
        yield _draft(reference, f"{name} is {words}", does, each(array, f"p[at] = {value};"))
    if dtype in FLOATING:
        small = _SMALL[UNIT_ROUNDOFF[dtype]]
        scaled = each(array, f"p[at] *= 1 + {small};")
        yield _draft(reference, f"{name} scaled", f"{name} is multiplied by 1 + {small}", scaled)
        yield _draft(
            reference, f"{name} negated", f"{name} has the other sign", each(array, "p[at] = -p[at];")
        )
    else:
        yield _draft(reference, f"{name} plus 1", f"{name} is 1 too large", each(array, "p[at] += 1;"))

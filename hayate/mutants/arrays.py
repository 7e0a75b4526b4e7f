"""Pieces of C that the changes around a call are made of. Names of their own begin with `hayate_`."""

from __future__ import annotations

import re

from hayate.mutants.signature import Array

FLOATING = ("float32", "float64", "complex64", "complex128")


def fresh(name: str, ctype: str, count: str, guarded: bool) -> str:
    """Declares memory on the heap; never of no bytes."""
    text = f"    {ctype} *{name} = ({ctype} *)__builtin_malloc(sizeof({ctype}) * (unsigned long)({count} + 1));\n"
    if guarded:
        text += f"    hayate_hold({name}, sizeof({ctype}) * (unsigned long){count});\n"
    return text


def copied(name: str, array: Array, guarded: bool = False) -> str:
    """Declares `name`: what the array holds, all of its memory."""
    return fresh(name, array.ctype, array.count, guarded) + (
        f"    __builtin_memcpy({name}, {array.pointer}, {array.bytes});\n"
    )


def freed(name: str) -> str:
    return f"    __builtin_free({name});\n"


_NAMES = re.compile(r"\b(?:p|at)\b(?=\[|\])")


def each(array: Array, statement: str, begin: str = "0", end: str = "") -> str:
    """A loop over the elements of the problem: `statement` has `p[at]`, the element, and `hayate_i`, its number."""
    statement = _NAMES.sub(lambda m: f"hayate_{m[0]}", statement)
    return (
        f"    for (long hayate_i = {begin}; hayate_i < {end or array.inner_count}; hayate_i++) {{\n"
        f"        {array.ctype} *hayate_p = {array.pointer};\n"
        f"        long hayate_at = {array.at('hayate_i')};\n"
        f"        {statement}\n"
        "    }\n"
    )


def restored(array: Array, name: str, begin: str = "0", end: str = "") -> str:
    """Puts back what `copied` kept."""
    return each(array, f"p[at] = {name}[at];", begin, end)

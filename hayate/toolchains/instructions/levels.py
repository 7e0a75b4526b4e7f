"""What each level of a machine has: how wide its vectors are, and in which forms it encodes instructions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hayate.toolchains.instructions.facts import CodeFacts


@dataclass(frozen=True)
class Level:
    """One level, as the compiler's -march names it."""

    vector_bytes: int  # the widest register
    forms: frozenset[str]  # of those in CodeFacts.forms


LEVELS: Mapping[str, Level] = {
    "x86-64-v2": Level(16, frozenset()),
    "x86-64-v3": Level(32, frozenset({"AVX"})),
    "x86-64-v4": Level(64, frozenset({"AVX", "AVX-512"})),
    "armv8-a": Level(16, frozenset()),
}


def beyond(code: CodeFacts, arch: str) -> list[str]:
    """A sentence for each form that a level lacks: what is wider can't be compared with the peak of the level.

    Nothing is asked of an `arch` that is not in the table.
    """
    level = LEVELS.get(arch)
    if level is None:
        return []
    found = [
        f"the object has {form} instructions ({first}), and kernels are compiled for {arch} here: leave out the"
        " attribute or pragma that asks the compiler for them"
        for form, first in code.forms.items()
        if form not in level.forms
    ]
    return found + [
        f"{count} {form} instructions stand in constants, and kernels are compiled for {arch} here"
        for form, count in code.hidden_packed.items()
        if form and form not in level.forms
    ]

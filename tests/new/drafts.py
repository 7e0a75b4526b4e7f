"""What is expected of the kernels in this folder: `expected.txt`, one block for each, written by people who read them.

A line is `name: kind type [shape] used [extent] values`, as `brief` writes it.
"""

from __future__ import annotations

from pathlib import Path

from hayate.new import Draft
from hayate.records import Argument, Values

HERE = Path(__file__).parent
KERNELS = HERE / "kernels"


def brief(argument: Argument) -> str:
    parts = [f"{argument.name}:", argument.kind, "struct" if argument.fields else argument.dtype]
    if argument.is_array:
        parts.append(f"[{', '.join(argument.shape)}]")
        if argument.extent:
            parts.append(f"used [{', '.join(argument.extent)}]")
    if argument.value:
        parts.append(f"= {argument.value}")
    if argument.values is not None:
        parts.append(_values(argument.values))
    parts += [f"{f.name} {f.value or (_values(f.values) if f.values else '')}," for f in argument.fields]
    return " ".join(parts).rstrip(",")


def _values(values: Values) -> str:
    bounds = f" {values.low or ''}..{values.high}" if values.high else ""
    return f"{values.kind}{bounds}{' of ' + values.of if values.of else ''}"


def described(draft: Draft) -> list[str]:
    """The arguments, and what is drawn beside them."""
    lines = [brief(a) for a in draft.arguments]
    drawn = [n for n in draft.domain if n not in {a.name for a in draft.arguments}]
    powers = [f"{n}: powers of {r.power_of}" for n, r in draft.domain.items() if r.power_of]
    multiples = [f"{n}: multiples of {r.multiple_of}" for n, r in draft.domain.items() if r.multiple_of > 1]
    return [
        *lines,
        *(f"{n}: drawn" for n in drawn),
        *powers,
        *multiples,
        *(f"requires {r}" for r in draft.requires),
    ]


def expected() -> dict[tuple[str, str], list[str]]:
    """(file, function) -> lines."""
    found: dict[tuple[str, str], list[str]] = {}
    for block in (HERE / "expected.txt").read_text().split("\n\n"):
        head, *lines = block.strip().split("\n")
        file, function = head.split()
        found[file, function] = lines
    return found

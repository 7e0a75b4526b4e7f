"""What a surrogate sees of a candidate: figures by name, from its source and, where it is at hand, its object.

Names: "token for" (how often), "permitted simd", "uses simd", "parameter MC", "loops ..." (the nests that the
entry reaches), "object_..." (the object code's). What is not named counts 0, except the object's: unknown.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from hayate.records import Language, Task, Technique
from hayate.toolchains.source.macros import expand
from hayate.toolchains.source.nests import Loop, loops_of
from hayate.toolchains.source.tokens import read
from hayate.toolchains.source.tree import Tangled, parse

Features = dict[str, float]

_TOKEN_CHARACTERS = 40  # longer names are nobody else's


def source_features(
    task: Task,
    source: str,
    *,
    permitted: Iterable[Technique],
    techniques: Iterable[Technique],
    language: Language = "c",
    parameters: Mapping[str, int | str] | None = None,
) -> Features:
    """Of any text, in the language or not; never raises. `techniques` are those detected."""
    tokens = read(source, language)
    words = [t.text for t in (*tokens.body, *tokens.macros) if t.kind in ("name", "number")]
    found: Features = {"bytes": math.log1p(len(source)), "tokens": math.log1p(len(tokens.body))}
    for text, count in Counter(words).items():
        if len(text) <= _TOKEN_CHARACTERS:
            found[f"token {text}"] = math.log1p(count)
    found |= {f"permitted {name}": 1.0 for name in permitted}
    found |= {f"uses {name}": 1.0 for name in techniques}
    found[f"language {language}"] = 1.0
    for name, value in (parameters or {}).items():
        if isinstance(value, str):
            found[f"parameter {name}={value}"] = 1.0
        else:
            found[f"parameter {name}"] = float(value)
    try:
        return found | _loops(loops_of(parse(expand(tokens).text, language), task))
    except Tangled:
        return found


def _loops(loops: Sequence[Loop]) -> Features:
    """How the nests go: depth, order, steps, and the rounds of loops that the compiler can unroll."""
    found: Counter[str] = Counter()
    deepest = 0
    for loop in loops:
        path = loop.path()
        deepest = max(deepest, len(path))
        found["loops"] += 1
        found["loops short"] += loop.short
        if not loop.children:
            found["loops innermost"] += 1
            long = [outer for outer in path if not outer.short]
            order = " ".join("".join(sorted(outer.dims)) or "-" for outer in long)
            found[f"loops order {order}"] += 1
            tile = math.prod(outer.trip or 1 for outer in path if outer.short)
            found["loops tile"] = max(found["loops tile"], min(tile, 1 << 20))
        for name, value in (("step", loop.step), ("trip", loop.trip)):
            if value is not None and value > 1:
                found[f"loops {name} {'over' if loop.dims else 'of'} {min(value, 1 << 20)}"] += 1
                most = f"loops most {name}"
                found[most] = max(found[most], min(value, 1 << 20))
    return {name: float(value) for name, value in found.items()} | {"loops depth": float(deepest)}

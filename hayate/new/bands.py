"""Sizes at which speed is measured, chosen by trying: the reference takes some milliseconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hayate.new.draft import Draft
from hayate.new.drawing import arguments_at, fits, length
from hayate.new.read import Found
from hayate.new.running import Call, Caller, Result
from hayate.records import Band, Shape
from hayate.records.problem import ITEM_BYTES
from hayate.sandbox import Sandbox
from hayate.tasks.expressions import evaluate_condition

TARGET_S = 0.010  # of one call of the reference
_ENOUGH_S = 0.004
_BYTES_MOST = 64 << 20  # of all arrays together
_STEPS_MOST = 24
_SCALE_FIRST = 16
_SPREAD = 0.04


def center(draft: Draft, scale: int) -> Shape:
    """A shape with sizes near `scale`, as the domain and its conditions allow."""
    shape: Shape = {}
    for name, allowed in draft.domain.items():
        value = scale
        if name.startswith("pad"):
            value = min(4, allowed.high)
        elif name.startswith("nonzeros"):
            value = 8 * scale
        elif allowed.high <= 32:
            value = min(8, allowed.high) if not allowed.power_of else allowed.high
        value = max(allowed.low, min(allowed.high, value))
        if allowed.power_of:
            value = allowed.power_of ** round(np.log(value) / np.log(allowed.power_of))
        shape[name] = max(allowed.low, value - value % allowed.multiple_of)
    for _ in range(64):
        broken = [c for c in draft.requires if not evaluate_condition(c, shape)]
        if not broken:
            break
        # The names that are subtracted, or on the left of <=, give way.
        for name in shape:
            if any(c.startswith(f"{name} <") or f"- {name}" in c for c in broken):
                shape[name] = max(draft.domain[name].low, shape[name] * 3 // 4)
    return shape


def total_bytes(draft: Draft, shape: Shape) -> int:
    return sum(length(a, shape, draft) * ITEM_BYTES[a.dtype] for a in draft.arguments if a.is_array)


def choose(
    draft: Draft, found: Found, sizes: Sequence[Mapping[str, int]], within: Sandbox | None
) -> tuple[Band, ...]:
    """One band for each given size; without any, one that is found by trying."""
    if sizes:
        bands: list[Band] = []
        for size in sizes:
            shape = {**center(draft, max(size.values())), **size}
            bands.append(_band(draft, shape, size, training=not bands))
        return tuple(bands)
    caller = Caller(found, sanitized=False, within=within)
    try:
        best = _search(draft, found, caller)
    finally:
        caller.close()
    return (_band(draft, best, best, training=True),)


def _band(draft: Draft, shape: Shape, named: Mapping[str, int], *, training: bool) -> Band:
    dims = [v for n, v in named.items() if not n.startswith(("pad", "nonzeros"))] or list(named.values())
    fixed = any(allowed.power_of for allowed in draft.domain.values())
    spread = 0.0 if fixed else _SPREAD
    # What is drawn around the centre stays in the domain.
    inside = {}
    for name, value in shape.items():
        allowed = draft.domain[name]
        most = max(allowed.low, int(allowed.high / (1 + spread)))
        value = min(value, most)
        inside[name] = max(allowed.low, value - value % allowed.multiple_of)
    return Band(name=str(max(dims, default=1)), center=inside, spread=spread, training=training)


def _search(draft: Draft, found: Found, caller: Caller) -> Shape:
    scale = float(_SCALE_FIRST)
    rng = np.random.default_rng(1)
    best = center(draft, int(scale))
    for _ in range(_STEPS_MOST):
        shape = center(draft, int(scale))
        if total_bytes(draft, shape) > _BYTES_MOST or not fits(draft, shape):
            break
        got = caller.call([Call(arguments_at(draft, found, shape, rng), timed=2)], wall_s=30.0)[0]
        if not isinstance(got, Result):
            break
        if got.best_s > 5 * TARGET_S and scale > _SCALE_FIRST:
            break
        best = shape
        if got.best_s >= _ENOUGH_S:
            break
        grown = 4.0 if got.best_s < TARGET_S / 300 else 2.0 if got.best_s < TARGET_S / 12 else 1.25
        scale *= grown
        if all(v >= draft.domain[n].high or draft.domain[n].high <= 32 for n, v in shape.items()):
            break
    return best

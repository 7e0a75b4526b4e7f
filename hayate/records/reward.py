"""A number with its parts."""

from __future__ import annotations

from hayate.records.base import Record


class Reward(Record):
    """What a trainer gets for a verdict. `parts` says how the number came about."""

    value: float
    parts: dict[str, float] = {}

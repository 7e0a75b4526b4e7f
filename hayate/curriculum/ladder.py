"""The sizes of permitted sets on the way up, and how long each level may take."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from hayate.curriculum.settings import CurriculumSettings
from hayate.records import WITHHOLDABLE, Technique

# Packing copies into scratch that is larger than the compiler's guard lets a local array be.
COMPANIONS: dict[Technique, Technique] = {Technique.PACKING: Technique.ALLOC}


def key(techniques: Iterable[Technique | str]) -> str:
    """A set of techniques as one word, as in `Verdict.niche`: "blocking+simd", or "plain"."""
    return "+".join(sorted(str(t) for t in set(techniques))) or "plain"


def completed(chosen: Iterable[Technique], available: Iterable[Technique]) -> frozenset[Technique]:
    """`chosen` with what its members can't do without, as far as it is available."""
    chosen = frozenset(chosen)
    return chosen | ({COMPANIONS[t] for t in chosen if t in COMPANIONS} & frozenset(available))


def gated(techniques: Iterable[Technique]) -> frozenset[Technique]:
    """Those whose use without permission is a violation."""
    return frozenset(techniques) & WITHHOLDABLE


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast one task's curriculum goes: settings, or what follows from the expected number of groups."""

    sizes: tuple[int, ...]  # of the permitted sets, level by level; the last is all of them
    sets_per_level: int
    window: int
    stall_groups: int
    patience: int

    def level(self, size: int) -> int:
        """The lowest level whose sets have at least `size` members."""
        return next((i for i, s in enumerate(self.sizes) if s >= size), len(self.sizes) - 1)


def pace(settings: CurriculumSettings, techniques: int, tasks: int) -> Pace:
    """The pace for a task with that many techniques in a run of that many tasks.

    With B = expected_groups / tasks * climb_share groups for the way up, sizes grow one by one if each level
    then gets four groups, else they double. A level's groups are divided among its sets so that both their
    number and the groups that each gets grow like a square root.
    """
    budget = settings.expected_groups / tasks * settings.climb_share
    one = tuple(range(1, techniques + 1)) or (0,)
    double = tuple(dict.fromkeys([2**i for i in range(techniques) if 2**i < techniques] + [techniques]))
    short = budget < 4 * (len(one) - 1)
    sizes = double if settings.growth == "double" or (settings.growth == "auto" and short) else one
    per_level = budget / max(1, len(sizes) - 1)
    stall = settings.stall_groups or max(1, min(4, int(math.sqrt(per_level)) - 1))
    return Pace(
        sizes=sizes,
        sets_per_level=settings.sets_per_level or max(1, min(6, int(per_level // (stall + 1)))),
        window=settings.window or min(stall + 1, max(1, int(per_level // 2))),
        stall_groups=stall,
        patience=settings.patience or max(2, 2 * (stall + 1)),
    )

"""What a prompt says of each technique, the order in which it lists them, and what it can permit.

The order is fixed, so that two prompts of one task differ only by whole lines.
"""

from __future__ import annotations

from collections.abc import Iterable

from hayate.records import WITHHOLDABLE, Task, Technique

DESCRIPTIONS: dict[Technique, str] = {
    Technique.LOOP_ORDER: "reorder loops so that the innermost one runs along memory",
    Technique.BLOCKING: "tile loops so that the data in use fits a cache",
    Technique.REGISTER_BLOCKING: "keep a small tile of the output in local variables",
    Technique.PACKING: "copy tiles into contiguous scratch before use",
    Technique.UNROLLING: "unroll inner loops",
    Technique.TIME_BLOCKING: "advance several sweeps on a tile before leaving it",
    Technique.SIMD: "vector types and intrinsics; the compiler vectorises too",
    Technique.THREADS: "OpenMP threads",
    Technique.PREFETCH: "software prefetch",
    Technique.ALLOC: "scratch memory: malloc, alloca, large or static arrays",
    Technique.FASTMATH: "the compiler may reorder sums",
}

ORDER: tuple[Technique, ...] = tuple(DESCRIPTIONS)


def in_order(techniques: Iterable[Technique]) -> tuple[Technique, ...]:
    """The techniques without repetition, as a prompt lists them."""
    wanted = set(techniques)
    return tuple(t for t in ORDER if t in wanted)


def span(task: Task, *, threads: bool) -> tuple[Technique, ...]:
    """The techniques that stages of a task can permit, in the task's order.

    Withholdable ones gate: outside the permitted set they are violations. Structural ones (loop order,
    blocking, ...) can't be withheld; in the set they are suggestions, outside it they are not mentioned.
    """
    unique = dict.fromkeys(task.techniques)
    return tuple(t for t in unique if threads or t is not Technique.THREADS)


def needed(task: Task) -> frozenset[Technique]:
    """What even the reference can't do without, and so is permitted in every stage: scratch memory, say."""
    return frozenset(task.reference.techniques) & frozenset(task.techniques) & WITHHOLDABLE

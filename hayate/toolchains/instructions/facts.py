"""What decoding finds, whatever the machine."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Piece:
    """Bytes that are mapped as code, and where."""

    address: int
    data: bytes


@dataclass(frozen=True)
class CodeFacts:
    """`violations` are sentences; what is a violation only where a technique is withheld is counted instead."""

    instructions: int = 0
    packed: int = 0  # of several floating-point numbers at once
    registers: frozenset[str] = frozenset()  # that these work on: "xmm", "ymm", "zmm"
    # The same within constants of other instructions, for who jumps there: how many in each form, "" the oldest.
    hidden_packed: Mapping[str, int] = field(default_factory=dict)
    prefetches: int = 0
    hidden_prefetches: int = 0  # within constants
    # Of encodings that not every such machine knows ("AVX", "AVX-512", "SVE") the first instruction, and where.
    forms: Mapping[str, str] = field(default_factory=dict)
    frame_bytes: int = 0  # the largest piece of stack that is taken at once
    taken: tuple[tuple[int, int], ...] = ()  # each piece of stack: the address of the instruction, bytes
    entries: frozenset[int] = frozenset()  # addresses that are called, or that the code takes
    variable_frames: int = 0  # pieces of stack whose size is computed
    starts: frozenset[int] = frozenset()  # addresses of instructions
    violations: tuple[str, ...] = ()

    def stack_bytes(self, entries: Iterable[int] = ()) -> int:
        """What one function takes of the stack, at most, in all its pieces together.

        A function goes from one entry to the next; `entries`: those that are not in the code.
        """
        starts = sorted({*self.entries, *entries})
        sums: dict[int, int] = {}
        for address, size in self.taken:
            function = bisect_right(starts, address)
            sums[function] = sums.get(function, 0) + size
        return max(sums.values(), default=0)

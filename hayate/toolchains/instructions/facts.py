"""What decoding finds, whatever the machine."""

from __future__ import annotations

from dataclasses import dataclass


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
    hidden_packed: int = 0  # the same within constants of other instructions, for who jumps there
    prefetches: int = 0
    frame_bytes: int = 0  # the largest piece of stack that is taken at once
    variable_frames: int = 0  # pieces of stack whose size is computed
    starts: frozenset[int] = frozenset()  # addresses of instructions
    violations: tuple[str, ...] = ()

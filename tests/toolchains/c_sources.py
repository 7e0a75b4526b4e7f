"""What the tests of this room share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hayate.records import Technique

ALL = frozenset(Technique)
SIGNATURE = (
    "void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)"
)


@dataclass(frozen=True)
class Made:
    """What a build left."""

    returncode: int
    stderr: str
    elf: bytes = b""
    preprocessed: str = ""  # what comes after the boundary
    headers: bytes = b""  # what comes before


Build = Callable[..., Made]


def entry(body: str, before: str = "") -> str:
    """A dgemm with the given body."""
    return f"{before}\n{SIGNATURE}\n{{\n{body}\n}}\n"

"""What the machine code of an object does, decoded byte by byte: every byte that could run is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hayate.toolchains.instructions import aarch64, x86
from hayate.toolchains.instructions.facts import CodeFacts, Piece
from hayate.toolchains.instructions.levels import LEVELS, beyond

__all__ = ["LEVELS", "CodeFacts", "Piece", "beyond", "read_code"]

_DECODERS: dict[str, Callable[[tuple[Piece, ...]], CodeFacts]] = {
    "EM_X86_64": x86.read,
    "EM_AARCH64": aarch64.read,
}


def read_code(machine: str, pieces: Iterable[Piece]) -> CodeFacts:
    """The facts of an object's code; of a machine that nobody here can decode, a violation that says so."""
    decoder = _DECODERS.get(machine)
    if decoder is None:
        return CodeFacts(violations=(f"code of {machine} can't be decoded here",))
    return decoder(tuple(pieces))

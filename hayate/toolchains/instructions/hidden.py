"""x86-64: instructions within the bytes of others, for code that computes where it jumps.

Such a jump needs nothing that shows: a return address that an index reaches will do. So the bytes are searched.

What can be found without accusing honest code was counted in 660 honest objects (gcc and clang, three levels) and in
55 MB of foreign libraries. Outside of distances between code and data, those of _NOWHERE stood in none of it, and
random bytes would have one in 150,000 places; so they are refused wherever they start. The others have two bytes of
opcode, and honest code is full of those (`and eax, 15; xor ecx, ecx` holds rdtsc, as 1.5% of the objects do;
`add rdi, 504` holds xbegin). They are looked for only in constants, which a source can choose freely: none of the 660
objects and of the libraries has one there. The objects have 1.4 large constants each, most of them round; a random
one of eight bytes would have one of these once in 2,500. That is no end of them; docs/measurement.md says what is left.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from hayate.toolchains.instructions.decoding import LONGEST, constants_of, name_of
from hayate.toolchains.instructions.facts import Piece
from hayate.toolchains.instructions.kinds import kind
from hayate.toolchains.instructions.prefixes import FIRST, PREFIXES, REX, form

_LEAD = re.compile(rb"[\x0f\x62\xc4\xc5]")  # before the opcode of each packed instruction
_SHORT = re.compile(
    rb"\x0f(?=[\x01\x0d\x18\x1c\x31\x33\xa2\xae\xc7])|\xc5(?=[\x78\xf8]\xae)|\xc4(?=.[\x78\xf8]\xae)", re.S
)
# System calls are not among them: whatever way there is to one, the filter decides.
_NOWHERE = re.compile(r"clflush(?:opt)?|clwb|rdrand|rdseed|rdpid|v?ldmxcsr|(?:rd|wr)[fg]sbase|f?xrstor\w*")
_NOT_BY_CHOICE = re.compile(r"rdtscp?|rdpmc|cpuid|cldemote")


@dataclass(frozen=True)
class Hidden:
    """`refused` are names and addresses; of packed arithmetic and prefetch, what is withheld is asked elsewhere."""

    packed: dict[str, int]  # by form
    prefetches: int
    refused: tuple[tuple[str, int], ...]


def hidden(pieces: tuple[Piece, ...], starts: set[int]) -> Hidden:
    """What stands within other instructions."""
    prefetches = 0
    packed: Counter[str] = Counter()
    refused: list[tuple[str, int]] = []
    for piece in pieces:
        packed += _packed(piece, starts)
        for name, at in _short(piece, starts):
            if kind(name) == "prefetch":
                prefetches += 1
            else:
                refused.append((name, piece.address + at))
    return Hidden(dict(packed), prefetches, tuple(refused))


def _short(piece: Piece, starts: set[int]) -> Iterator[tuple[str, int]]:
    """Names and places of prefetches, and of what no kernel needs, that are not there by chance."""
    data = piece.data
    for match in _SHORT.finditer(data):
        lead = match.start()
        begin = _begin(piece, starts, lead)
        if not data[begin:lead].strip(PREFIXES + REX):  # the opcode itself
            continue
        for at in _entries(data, begin, lead):
            name = name_of(data[at : at + LONGEST]).rpartition(" ")[2]
            anywhere = _NOWHERE.fullmatch(name)
            if not (anywhere or _NOT_BY_CHOICE.fullmatch(name) or kind(name) == "prefetch"):
                continue
            code = data[begin : begin + LONGEST]
            if not _is_minus_14577(code, lead - begin) if anywhere else _is_chosen(code, lead - begin):
                yield name, at
            break


def _is_chosen(code: bytes, lead: int) -> bool:
    """Whether both bytes of an opcode stand in one constant, neither a distance nor small.

    A bound of a loop may be 6160, and the second byte may be the next instruction's.
    """
    return any(
        lead in one.place and lead + 1 in one.place and not (one.distance or one.small)
        for one in constants_of(code).each
    )


def _is_minus_14577(code: bytes, lead: int) -> bool:
    """Whether it is this number, a distance like any other, of which three bytes are those of rdseed."""
    return code[lead : lead + 4] == b"\x0f\xc7\xff\xff" and any(
        one.place.start == lead for one in constants_of(code).each
    )


def _packed(piece: Piece, starts: set[int]) -> Counter[str]:
    """By form, how many instructions of packed arithmetic start within the constants of others, or with their operands.

    A constant of two bytes has room for one's start, and what follows may be part of it. What names the registers
    (ModRM, SIB) may be the byte before.
    """
    data = piece.data
    count: Counter[str] = Counter()
    near: Counter[str] = Counter()
    for match in _LEAD.finditer(data):
        lead = match.start()
        begin = _begin(piece, starts, lead)
        if not data[begin:lead].strip(PREFIXES + REX):  # the opcode itself
            continue
        for at in _entries(data, begin, lead):
            if kind(name_of(data[at : at + LONGEST])) == "packed":
                found = constants_of(data[begin : begin + LONGEST])
                if at - begin in found.place:
                    is_near = all(one.distance and one.small for one in found.each)
                    (near if is_near else count)[form(data[at : lead + 1])] += 1
                break
    # Among thousands of honest distances one may look like an instruction; for a product and a sum it takes two.
    return count + near if near.total() > 1 else count


def _begin(piece: Piece, starts: set[int], lead: int) -> int:
    """Where the instruction starts that holds the byte at `lead`."""
    begin = lead
    while piece.address + begin not in starts and begin and lead - begin < LONGEST:
        begin -= 1
    return begin


def _entries(data: bytes, begin: int, lead: int) -> Iterator[int]:
    """Where the instruction with that opcode may start: at it, or at prefixes before it."""
    yield lead
    for at in range(lead - 1, begin, -1):
        if data[at] not in FIRST:
            return
        yield at

"""x86-64: bytes to instructions, by capstone and by the table of what is too recent for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from capstone import CS_ARCH_X86, CS_MODE_64, Cs

from hayate.toolchains.instructions.kinds import kind
from hayate.toolchains.instructions.recent import recent

LONGEST = 15  # bytes of an instruction
_SMALL = 1 << 16  # a constant below it has room for two bytes of an instruction

Decoded = tuple[int, int, str, str]  # address, size, mnemonic, operands


@cache
def _plain() -> Cs:
    return Cs(CS_ARCH_X86, CS_MODE_64)


@cache
def _detailed() -> Cs:
    decoder = Cs(CS_ARCH_X86, CS_MODE_64)
    decoder.detail = True
    return decoder


def decoded(data: bytes, base: int) -> Iterator[Decoded]:
    """The instructions one after another, until the end or what is none."""
    at = 0
    while at < len(data):
        for address, size, mnemonic, operands in _plain().disasm_lite(data[at:], base + at):
            yield address, size, mnemonic, operands
            at = address + size - base
        before = at
        while (found := recent(data[at : at + LONGEST])) is not None:
            yield base + at, found.size, found.mnemonic, found.width
            at += found.size
        if at == before:
            return


def name_of(code: bytes) -> str:
    """The mnemonic of the first instruction, "" where it is none."""
    for _, _, mnemonic, _ in _plain().disasm_lite(code, 0, 1):
        return str(mnemonic)
    found = recent(code)
    return found.mnemonic if found else ""


@dataclass(frozen=True)
class Constant:
    """A displacement, or what is no operand's address, of two bytes or more."""

    place: range  # within the instruction
    distance: bool  # from the instruction itself: its value depends on how long the code in between is
    small: bool


@dataclass(frozen=True)
class Constants:
    """Where an instruction has constants, and which bytes around them can be chosen, too."""

    place: range = range(0)  # from its operands on
    each: tuple[Constant, ...] = ()


def constants_of(code: bytes) -> Constants:
    """Those of the first instruction."""
    for found in _detailed().disasm(code, 0, 1):
        each: list[Constant] = []
        if found.disp_size > 1:
            relative = code[found.modrm_offset] & 0xC7 == 0x05
            each.append(_constant(code, found.disp_offset, 4, relative))
        if found.imm_size > 1:
            each.append(_constant(code, found.imm_offset, found.imm_size, kind(found.mnemonic) == "branch"))
        if not each:
            return Constants()
        first = found.modrm_offset or each[0].place.start
        return Constants(range(first, found.size - (found.imm_size == 1)), tuple(each))
    new = recent(code)
    if new is None or not new.offset:
        return Constants()
    offset = _constant(code, new.offset, 4, code[new.modrm] & 0xC7 == 0x05)
    return Constants(range(new.modrm, offset.place.stop), (offset,))


def _constant(code: bytes, first: int, width: int, distance: bool) -> Constant:
    value = int.from_bytes(code[first : first + width], "little", signed=True)
    return Constant(range(first, first + width), distance, -_SMALL <= value < _SMALL)

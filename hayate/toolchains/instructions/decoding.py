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
        found = recent(data[at : at + LONGEST])
        if found is None:
            return
        yield base + at, found.size, found.mnemonic, found.width
        at += found.size


def name_of(code: bytes) -> str:
    """The mnemonic of the first instruction, "" where it is none."""
    for _, _, mnemonic, _ in _plain().disasm_lite(code, 0, 1):
        return str(mnemonic)
    found = recent(code)
    return found.mnemonic if found else ""


@dataclass(frozen=True)
class Constants:
    """Where an instruction has constants of two bytes or more, and which bytes around them can be chosen, too."""

    place: range = range(0)  # from its operands on
    distance: bool = (
        False  # from the instruction itself: its value depends on how long the code in between is
    )
    small: bool = False


def constants_of(code: bytes) -> Constants:
    """Those of the first instruction."""
    for found in _detailed().disasm(code, 0, 1):
        wide = found.disp_size > 1, found.imm_size > 1
        if not any(wide):
            return Constants()
        first = found.disp_offset if wide[0] else found.imm_offset
        place = range(found.modrm_offset or first, found.size - (found.imm_size == 1))
        alone = wide[0] != wide[1]
        relative = code[found.modrm_offset] & 0xC7 == 0x05 if wide[0] else kind(found.mnemonic) == "branch"
        width = 4 if wide[0] else found.imm_size
        value = int.from_bytes(code[first : first + width], "little", signed=True)
        return Constants(place, relative and alone, alone and -_SMALL <= value < _SMALL)
    new = recent(code)
    return Constants(range(new.modrm, new.size)) if new and new.wide else Constants()

"""How many floating-point operations a block of the instrumented program holds, read from its machine code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import capstone
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection

_X86 = re.compile(r"v?(?:add|sub|mul|div|sqrt|min|max)[sp][sdh]$")
_X86_FUSED = re.compile(r"vfn?m(?:add|sub)\w*[sp][sdh]$")
_ARM = re.compile(r"f(?:add|sub|mul|nmul|div|sqrt|min|max|minnm|maxnm)$")
_ARM_FUSED = re.compile(r"fn?m(?:add|sub|la|ls)$")
# A function of the library counts as so many: what an honest implementation costs, roughly.
_LIBRARY = {
    **dict.fromkeys(
        ["sqrt", "fabs", "fmin", "fmax", "floor", "ceil", "round", "trunc", "rint", "lrint", "lround"], 1
    ),
    **dict.fromkeys(
        [
            "exp",
            "exp2",
            "expm1",
            "log",
            "log2",
            "log10",
            "log1p",
            "sin",
            "cos",
            "tan",
            "tanh",
            "atan",
            "asin",
            "acos",
        ],
        20,
    ),
    **dict.fromkeys(
        [
            "pow",
            "atan2",
            "hypot",
            "cbrt",
            "sinh",
            "cosh",
            "asinh",
            "acosh",
            "atanh",
            "erf",
            "erfc",
            "sincos",
            "fmod",
        ],
        40,
    ),
    **dict.fromkeys(["tgamma", "lgamma"], 80),
}
_HOOK = "__sanitizer_cov_trace_pc"


def operations_of(box: Path) -> dict[int, int]:
    """Address after the hook at the head of a block -> operations of that block. Of `program` and `reference.o`."""
    with (box / "program").open("rb") as file:
        program = ELFFile(file)
        where = {
            s.name: s["st_value"]
            for s in _symbols(program)
            if s["st_info"]["type"] == "STT_FUNC" and s["st_value"]
        }
    found: dict[int, int] = {}
    with (box / "reference.o").open("rb") as file:
        reference = ELFFile(file)
        engine = _engine(reference.get_machine_arch())
        if engine is None:
            return {}
        symbols = list(_symbols(reference))
        for symbol in symbols:
            section = symbol["st_shndx"]
            if symbol["st_info"]["type"] != "STT_FUNC" or not isinstance(section, int):
                continue
            if symbol.name in where:
                code = reference.get_section(section).data()
                first, size = symbol["st_value"], symbol["st_size"]
                calls = _calls(reference, section, symbols)
                _count(engine, code[first : first + size], where[symbol.name], first, calls, found)
    return found


def _engine(machine: str) -> Any:
    if machine == "x64":
        return capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    if machine == "AArch64":
        return capstone.Cs(capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM)
    return None


def _symbols(file: ELFFile) -> list[Any]:
    table = file.get_section_by_name(".symtab")
    return list(table.iter_symbols()) if table is not None else []


def _calls(file: ELFFile, section: int, symbols: list[Any]) -> dict[int, str]:
    """Offset of each relocation in a section -> the symbol's name."""
    found = {}
    for candidate in file.iter_sections():
        if isinstance(candidate, RelocationSection) and candidate["sh_info"] == section:
            for relocation in candidate.iter_relocations():
                found[relocation["r_offset"]] = symbols[relocation["r_info_sym"]].name
    return found


def _lanes(mnemonic: str, operands: str) -> int:
    """How many numbers an instruction works on; of Arm's, one."""
    if not mnemonic.endswith(("ps", "pd")):
        return 1
    bytes_wide = 64 if "zmm" in operands else 32 if "ymm" in operands else 16
    return bytes_wide // (4 if mnemonic.endswith("ps") else 8)


def _count(
    engine: Any, code: bytes, address: int, offset: int, calls: dict[int, str], found: dict[int, int]
) -> None:
    block = 0
    for at, size, mnemonic, operands in engine.disasm_lite(code, 0):
        called = next((calls[offset + at + i] for i in range(size) if offset + at + i in calls), "")
        if mnemonic in ("call", "bl", "jmp") and called:
            if called == _HOOK:
                block = address + at + size
                found.setdefault(block, 0)
                continue
            plain = called if called in _LIBRARY else called.removesuffix("f")
            found[block] = found.get(block, 0) + _LIBRARY.get(plain, 0)
        elif _X86.match(mnemonic) or _ARM.match(mnemonic):
            found[block] = found.get(block, 0) + _lanes(mnemonic, operands)
        elif _X86_FUSED.match(mnemonic) or _ARM_FUSED.match(mnemonic):
            found[block] = found.get(block, 0) + 2 * _lanes(mnemonic, operands)

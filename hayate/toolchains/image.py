"""What the loader would make of a shared object: memory, relocations, libraries. Lists of what is allowed."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import Section, SymbolTableSection
from elftools.elf.segments import Segment

from hayate.toolchains.instructions import CodeFacts, Piece, read_code
from hayate.toolchains.source.names import words

SECTIONS_MAX = 256
SEGMENTS_MAX = 32
SYMBOLS_MAX = 10_000
RELOCATIONS_MAX = 50_000
CODE_MAX_BYTES = 1 << 20  # the largest of 700 real kernels has 31 KB
_PAGE = 4096
_EXECUTES, _WRITES = 1, 2  # p_flags
_SHF_WRITE, _SHF_ALLOC, _SHF_EXECINSTR = 1, 2, 4
_SEGMENTS = frozenset(
    {
        "PT_NULL", "PT_LOAD", "PT_DYNAMIC", "PT_GNU_STACK", "PT_GNU_RELRO", "PT_TLS", "PT_NOTE", "PT_PHDR",
        "PT_GNU_EH_FRAME", "PT_GNU_PROPERTY", "PT_GNU_SFRAME", 0x6474E554,
    }
)  # fmt: skip
# Where the linker put its table of calls: newer linkers say so, and put its addresses beside relocations.
_MARKED_PLT = frozenset(
    {"DT_X86_64_PLT", "DT_X86_64_PLTSZ", "DT_X86_64_PLTENT", 0x70000000, 0x70000001, 0x70000003}
)
_TAGS = frozenset(
    f"DT_{name}"
    for name in words(
        """
        NULL NEEDED SONAME HASH GNU_HASH STRTAB SYMTAB STRSZ SYMENT PLTGOT PLTRELSZ PLTREL JMPREL RELA RELASZ
        RELAENT RELACOUNT FLAGS FLAGS_1 BIND_NOW VERNEED VERNEEDNUM VERSYM VERDEF VERDEFNUM TLSDESC_PLT
        TLSDESC_GOT AARCH64_BTI_PLT AARCH64_PAC_PLT AARCH64_VARIANT_PCS
        """
    )
)
_AT_LOAD = frozenset({"DT_INIT", "DT_FINI", "DT_PREINIT_ARRAY"})
_AT_LOAD_SIZES = frozenset({"DT_INIT_ARRAYSZ", "DT_FINI_ARRAYSZ", "DT_PREINIT_ARRAYSZ"})
_AT_LOAD_PLACES = frozenset({"DT_INIT_ARRAY", "DT_FINI_ARRAY"})
_LIBRARIES = re.compile(
    r"(?:libc|libm|libpthread|libgomp|libomp|libiomp5|ld-linux[\w.-]*?|libc\.musl-\w+)\.so(?:\.\d+)*"
)
# By type: a symbol's address, the same in a table of the linker's, an address of the object, thread-local offsets.
_SYMBOLIC = {"EM_X86_64": frozenset({1, 6, 7}), "EM_AARCH64": frozenset({257, 1025, 1026})}
# Those to which the loader adds an offset.
_WITH_ADDEND = {"EM_X86_64": frozenset({1}), "EM_AARCH64": frozenset({257, 1025, 1026})}
_RELATIVE = {"EM_X86_64": 8, "EM_AARCH64": 1027}
_THREAD_LOCAL = {"EM_X86_64": frozenset({16, 17, 18, 36}), "EM_AARCH64": frozenset({1028, 1029, 1030, 1031})}
_INDIRECT = {"EM_X86_64": 37, "EM_AARCH64": 1032}  # a resolver runs while the object is loaded


class Unreadable(Exception):
    """The file is no shared object that the compiler here would make."""


@dataclass(frozen=True)
class Image:
    """The facts of a shared object. `violations` are sentences that need no permission to be wrong."""

    loaded: tuple[tuple[str, bytes], ...]  # of each section: name, address, flags and size; contents
    imports: tuple[str, ...]
    exports: tuple[str, ...]
    libraries: tuple[str, ...]
    runs_at_load: bool
    writable_bytes: int  # for as long as the process or a thread lives, gaps between variables included
    frame_bytes: int  # of the function that takes the most stack
    code: CodeFacts
    violations: tuple[str, ...]


def read_image(elf: bytes) -> Image:
    """Raises Unreadable, and whatever pyelftools raises over a damaged file."""
    file = ELFFile(io.BytesIO(elf))
    if file.elfclass != 64 or not file.little_endian or file["e_type"] != "ET_DYN":
        raise Unreadable("it is no shared object of 64 bits")
    if file.num_sections() > SECTIONS_MAX or file.num_segments() > SEGMENTS_MAX:
        raise Unreadable("it has too many parts")
    sections, segments = list(file.iter_sections()), list(file.iter_segments())
    machine = str(file["e_machine"])
    found = list(_memory(segments))
    code = read_code(machine, _pieces(elf, sections, segments, found))
    libraries, runs = _dynamic(sections, segments, found)
    pointed: set[int] = set()
    runs |= _relocations(machine, sections, segments, code, found, pointed)
    imports, exports = _symbols(sections)
    return Image(
        loaded=tuple(_loaded(sections)),
        imports=imports,
        exports=exports,
        libraries=libraries,
        runs_at_load=runs or any(section.name in (".ctors", ".dtors") for section in sections),
        writable_bytes=_writable(segments),
        frame_bytes=code.stack_bytes(pointed | _addresses(sections)),
        code=code,
        violations=(*found, *code.violations),
    )


def _loaded(sections: list[Section]) -> Iterator[tuple[str, bytes]]:
    for section in sections:
        if section["sh_flags"] & _SHF_ALLOC:
            head = f"{section.name} {section['sh_addr']:x} {section['sh_flags']:x} {section['sh_size']}"
            yield head, b"" if section["sh_type"] == "SHT_NOBITS" else section.data()


def _memory(segments: list[Segment]) -> Iterator[str]:
    """What is wrong with the segments: the loader knows nothing else."""
    for segment in segments:
        if segment["p_type"] not in _SEGMENTS:
            yield f"the object has a segment of type {segment['p_type']}"
        if segment["p_type"] == "PT_LOAD" and segment["p_flags"] & 3 == _EXECUTES | _WRITES:
            yield "the object has memory that can be written and run"
    if sum(segment["p_type"] == "PT_GNU_RELRO" for segment in segments) > 1:
        yield "the object has several segments to be guarded"
    stacks = [segment for segment in segments if segment["p_type"] == "PT_GNU_STACK"]
    if len(stacks) != 1 or stacks[0]["p_flags"] & _EXECUTES:
        yield "the object wants a stack that can be run"


def _pieces(
    elf: bytes, sections: list[Section], segments: list[Segment], found: list[str]
) -> Iterator[Piece]:
    """Everything that is mapped as code, whole pages: sections of code, and between them nothing but padding."""
    total = 0
    for segment in segments:
        if segment["p_type"] != "PT_LOAD" or not segment["p_flags"] & _EXECUTES:
            continue
        start, size = segment["p_offset"], segment["p_filesz"]
        total += size
        if total > CODE_MAX_BYTES:
            raise Unreadable(f"it has more than {CODE_MAX_BYTES} bytes of code")
        if segment["p_memsz"] != size or start + size > len(elf):
            raise Unreadable("its code is not all there")
        shift = segment["p_vaddr"] - start
        at, end = start // _PAGE * _PAGE, -(-(start + size) // _PAGE) * _PAGE
        within = [s for s in sections if s["sh_flags"] & _SHF_EXECINSTR and s["sh_type"] == "SHT_PROGBITS"]
        for section in sorted(within, key=lambda s: int(s["sh_offset"])):
            offset, length = section["sh_offset"], section["sh_size"]
            if not start <= offset <= offset + length <= start + size:
                continue
            if section["sh_addr"] != offset + shift or offset < at:
                raise Unreadable("its sections lie one over another")
            _is_padding(elf[at:offset], at + shift, found)
            yield Piece(section["sh_addr"], elf[offset : offset + length])
            at = offset + length
        _is_padding(elf[at:end], at + shift, found)


def _is_padding(data: bytes, address: int, found: list[str]) -> None:
    if data.strip(b"\x00\x90\xcc"):
        found.append(f"the bytes after {address:#x} can be run and belong to no code")


def _writable(segments: list[Segment]) -> int:
    """Memory that stays writable once the loader is done, thread-local storage included."""
    # The loader guards whole pages, of the last segment that asks for it; more than one is refused.
    guarded = [
        (s["p_vaddr"], (s["p_vaddr"] + s["p_memsz"]) // _PAGE * _PAGE)
        for s in segments
        if s["p_type"] == "PT_GNU_RELRO"
    ]
    total = 0
    for segment in segments:
        if segment["p_type"] == "PT_TLS":
            total += segment["p_memsz"]
        elif segment["p_type"] == "PT_LOAD" and segment["p_flags"] & _WRITES:
            start, end = segment["p_vaddr"], segment["p_vaddr"] + segment["p_memsz"]
            total += end - start
            total -= sum(max(0, min(end, last) - max(start, first)) for first, last in guarded[:1])
    return int(total)


def _dynamic(
    sections: list[Section], segments: list[Segment], found: list[str]
) -> tuple[tuple[str, ...], bool]:
    """Libraries needed, and whether anything runs at load by a table of initialisers."""
    libraries: list[str] = []
    runs = False
    tables = {section["sh_addr"] for section in sections if section["sh_type"] == "SHT_DYNSYM"}
    for segment in segments:
        if segment["p_type"] != "PT_DYNAMIC":
            continue
        for count, tag in enumerate(segment.iter_tags()):
            name, value = tag.entry.d_tag, tag.entry.d_val
            if count > SECTIONS_MAX:
                raise Unreadable("it has too many parts")
            if name == "DT_NEEDED":
                libraries.append(tag.needed)
                if not _LIBRARIES.fullmatch(tag.needed):
                    found.append(f"the object needs the library {tag.needed}")
            elif name in _AT_LOAD or (name in _AT_LOAD_SIZES and value > 0):
                runs = True
            elif name == "DT_SYMTAB" and value not in tables:
                found.append("the object's symbols are not where its sections say")
            elif name not in _TAGS | _AT_LOAD_SIZES | _AT_LOAD_PLACES | _MARKED_PLT:
                found.append(f"the object asks the loader for {name}")
    return tuple(libraries), runs


def _relocations(
    machine: str,
    sections: list[Section],
    segments: list[Segment],
    code: CodeFacts,
    found: list[str],
    pointed: set[int],
) -> bool:
    """Whether a resolver runs at load. What the loader writes must go into data, and point at what starts.

    Where in the code it points is added to `pointed`.
    """
    writable = [s for s in segments if s["p_type"] == "PT_LOAD" and s["p_flags"] & _WRITES]
    runnable = [s for s in segments if s["p_type"] == "PT_LOAD" and s["p_flags"] & _EXECUTES]
    runs = False
    total = 0
    for section in sections:
        if not isinstance(section, RelocationSection):
            continue
        total += section.num_relocations()
        if total > RELOCATIONS_MAX:
            raise Unreadable("it has too many relocations")
        for relocation in section.iter_relocations():
            kind, place = relocation["r_info_type"], relocation["r_offset"]
            addend = relocation["r_addend"] if relocation.is_RELA() else 0
            if kind == _INDIRECT.get(machine):
                runs = True
            elif kind in _SYMBOLIC.get(machine, ()):
                if addend and kind in _WITH_ADDEND[machine]:
                    found.append(f"the object points {addend} bytes beside an imported symbol")
            elif kind == _RELATIVE.get(machine):
                if _within(runnable, addend):
                    pointed.add(addend)
                if addend in pointed and addend not in code.starts:
                    found.append(f"the object points at {addend:#x}, where no instruction starts")
            elif kind not in _THREAD_LOCAL.get(machine, ()):
                found.append(f"the object has a relocation of type {kind}")
            if not _within(writable, place):
                found.append(f"the loader would write to {place:#x}, which is no data")
    return runs


def _within(segments: list[Segment], address: int) -> bool:
    return any(s["p_vaddr"] <= address < s["p_vaddr"] + s["p_memsz"] for s in segments)


def _addresses(sections: list[Section]) -> set[int]:
    """Where the symbols are that others see."""
    tables = (section for section in sections if isinstance(section, SymbolTableSection))
    return {int(symbol["st_value"]) for table in tables for symbol in table.iter_symbols()}


def _symbols(sections: list[Section]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    imports: set[str] = set()
    exports: set[str] = set()
    for section in sections:
        if isinstance(section, SymbolTableSection):
            if section.num_symbols() > SYMBOLS_MAX:
                raise Unreadable("it has too many symbols")
            for symbol in section.iter_symbols():
                if symbol.name and symbol["st_info"]["bind"] != "STB_LOCAL":
                    (imports if symbol["st_shndx"] == "SHN_UNDEF" else exports).add(symbol.name)
    return tuple(sorted(imports)), tuple(sorted(exports))

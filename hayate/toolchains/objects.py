"""What the compiler made of a source: identity, imports, initialisers, packed arithmetic. Runs nothing."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass

from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import Section, SymbolTableSection

from hayate.records import Technique, content_hash
from hayate.toolchains.source.buffers import STACK_MAX_BYTES
from hayate.toolchains.source.names import words

_SHF_ALLOC = 0x2
# Writable sections that the linker makes; all others, those of threads included, are the source's.
_LINKERS = re.compile(r"\.(?:got|got\.plt|dynamic|data\.rel\.ro(?:\..*)?|(?:init|fini|preinit)_array)")
_LIBC = words(
    """
    memcpy memmove memset memcmp bcmp mempcpy malloc calloc realloc free aligned_alloc posix_memalign
    memalign reallocarray abs labs llabs qsort bsearch _ITM_deregisterTMCloneTable
    _ITM_registerTMCloneTable __cxa_finalize __gmon_start__ __stack_chk_fail __tls_get_addr __cpu_model
    __cpu_indicator_init __memcpy_chk __memset_chk __memmove_chk
    """
)
_ALLOCATORS = words(
    """
    malloc calloc realloc aligned_alloc posix_memalign memalign reallocarray
    """
)
_LIBM = words(
    """
    acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp10 exp2 expm1 fabs fdim
    floor fma fmax fmin fmod frexp hypot ilogb ldexp lgamma llrint llround log log10 log1p log2 logb
    lrint lround modf nearbyint nextafter pow remainder remquo rint round scalbln scalbn sin sincos sinh
    sqrt tan tanh tgamma trunc
    """
)
_THREADS = re.compile(
    r"GOMP_\w+|omp_\w+|__kmpc_\w+|pthread_(?:create|join|self|once|exit|mutex_\w+|cond_\w+|barrier_\w+|spin_\w+|attr_\w+)"
)
_NOT_THREADS = frozenset({"omp_get_wtime", "omp_get_wtick", "omp_display_env", "omp_capture_affinity"})
# Of a vector: several numbers at once. Moves, logic and integer work are left out: the compiler uses them for
# memcpy, zeroing and fabs in scalar code too.
_PACKED = re.compile(
    r"v?(?:add|sub|mul|div|min|max|sqrt|hadd|hsub|addsub|dp|round|rndscale|scalef|rcp\w*|rsqrt\w*|f?n?m(?:add|sub)\d+"
    r"|fmaddsub\d+|fmsubadd\d+|fn?m(?:add|sub)\d+|reduce)p[ds]"
)
_MNEMONIC = re.compile(
    r"^[ \t]*[0-9a-f]+:[ \t]+(?:\{\w+\}\s+)?(?:(?:notrack|bnd|rep\w*|lock|data16|cs|ds)\s+)*(\S+)(.*)$",
    re.MULTILINE,
)
_AARCH64_PACKED = re.compile(r"f(?:add|sub|mul|mla|mls|madd|max|min|div|sqrt)\w*")
_AARCH64_VECTOR = re.compile(r"\s[vz]\d+\.")
_REGISTER = re.compile(r"%([xyz]mm)\d+")


@dataclass(frozen=True)
class ObjectFacts:
    """What a shared object shows. `violations` are sentences; empty means that it may be loaded."""

    object_hash: str  # 32 hex digits over what would be loaded
    imports: tuple[str, ...]
    exports: tuple[str, ...]
    libraries: tuple[str, ...]  # DT_NEEDED
    forbidden_imports: tuple[str, ...]
    has_constructors: bool
    static_bytes: int  # writable data that lives as long as the process or a thread
    vector_registers: frozenset[str] = (
        frozenset()
    )  # "xmm", "ymm", "zmm" of packed arithmetic; from a disassembly
    packed_instructions: int = 0
    violations: tuple[str, ...] = ()


def object_facts(
    elf: bytes, entry: str, permitted: Iterable[Technique] = (), disassembly: str | None = None
) -> ObjectFacts:
    """The facts of a shared object made by `plan`. A file that is none has a violation."""
    allowed = frozenset(permitted)
    try:
        return _facts(elf, entry, allowed, disassembly or "")
    # pyelftools raises any kind over a damaged file, and this one comes out of a candidate's box.
    except Exception as error:
        said = f"the shared object can't be read: {type(error).__name__}"
        return ObjectFacts(content_hash(elf), (), (), (), (), False, 0, violations=(said,))


def _facts(elf: bytes, entry: str, allowed: frozenset[Technique], disassembly: str) -> ObjectFacts:
    file = ELFFile(io.BytesIO(elf))
    sections = list(file.iter_sections())
    imports, exports = _symbols(sections)
    libraries, constructors = _dynamic(file)
    forbidden = tuple(name for name in imports if not _may_import(name, allowed))
    registers, packed = _packed(disassembly)
    static_bytes = sum(
        s["sh_size"] for s in sections if s["sh_flags"] & 3 == 3 and not _LINKERS.fullmatch(s.name)
    )
    found: list[str] = []
    if exports != (entry,):
        found.append(f"the object exports {', '.join(exports) or 'nothing'} instead of {entry}")
    if forbidden:
        found.append(f"the object calls {', '.join(forbidden[:5])}, which is not allowed")
    if constructors:
        found.append("the object runs code when it is loaded")
    if static_bytes > STACK_MAX_BYTES and Technique.ALLOC not in allowed:
        found.append(f"alloc is not permitted, and the object sets {static_bytes} bytes of memory aside")
    return ObjectFacts(
        object_hash=_hash(sections),
        imports=imports,
        exports=exports,
        libraries=libraries,
        forbidden_imports=forbidden,
        has_constructors=constructors,
        static_bytes=static_bytes,
        vector_registers=registers,
        packed_instructions=packed,
        violations=tuple(found),
    )


def _hash(sections: list[Section]) -> str:
    """Over name, address and contents of each section that is loaded."""
    parts: list[str | bytes] = []
    for section in sections:
        if section["sh_flags"] & _SHF_ALLOC:
            parts.append(
                f"{section.name} {section['sh_addr']:x} {section['sh_flags']:x} {section['sh_size']}"
            )
            parts.append(b"" if section["sh_type"] == "SHT_NOBITS" else section.data())
    return content_hash(*parts)


def _symbols(sections: list[Section]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    imports: set[str] = set()
    exports: set[str] = set()
    for section in sections:
        if isinstance(section, SymbolTableSection):
            for symbol in section.iter_symbols():
                if symbol.name and symbol["st_info"]["bind"] != "STB_LOCAL":
                    (imports if symbol["st_shndx"] == "SHN_UNDEF" else exports).add(symbol.name)
    return tuple(sorted(imports)), tuple(sorted(exports))


def _dynamic(file: ELFFile) -> tuple[tuple[str, ...], bool]:
    """Libraries needed, and whether anything runs at load: initialisers, resolvers of indirect functions."""
    libraries: list[str] = []
    runs = False
    for segment in file.iter_segments("PT_DYNAMIC"):
        for tag in segment.iter_tags():
            if tag.entry.d_tag == "DT_NEEDED":
                libraries.append(tag.needed)
            runs = runs or tag.entry.d_tag in ("DT_INIT", "DT_FINI", "DT_PREINIT_ARRAY")
            if tag.entry.d_tag in ("DT_INIT_ARRAYSZ", "DT_FINI_ARRAYSZ"):
                runs = runs or tag.entry.d_val > 0
    for section in file.iter_sections():
        if section.name in (".ctors", ".dtors"):
            runs = True
        if isinstance(section, RelocationSection):
            indirect = {37: "EM_X86_64", 1032: "EM_AARCH64"}
            runs = runs or any(
                indirect.get(r["r_info_type"]) == file["e_machine"] for r in section.iter_relocations()
            )
    return tuple(libraries), runs


def _may_import(name: str, allowed: frozenset[Technique]) -> bool:
    if name in _ALLOCATORS:
        return Technique.ALLOC in allowed
    if _THREADS.fullmatch(name):
        return Technique.THREADS in allowed and name not in _NOT_THREADS
    stem = name.removeprefix("__").removesuffix("_finite") if name.endswith("_finite") else name
    return name in _LIBC or stem in _LIBM or (stem[-1:] in ("f", "l") and stem[:-1] in _LIBM)


def _packed(disassembly: str) -> tuple[frozenset[str], int]:
    registers: set[str] = set()
    count = 0
    for match in _MNEMONIC.finditer(disassembly):
        name, operands = match.group(1), match.group(2)
        if _PACKED.fullmatch(name):
            count += 1
            registers.update(_REGISTER.findall(operands))
        elif _AARCH64_VECTOR.search(operands) and _AARCH64_PACKED.fullmatch(name):
            count += 1
    return frozenset(registers), count


def packed_arithmetic(disassembly: str) -> int:
    """How many instructions of `objdump -d` text compute on several floating-point numbers at once."""
    return _packed(disassembly)[1]

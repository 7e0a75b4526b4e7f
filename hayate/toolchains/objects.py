"""What the compiler made of a source: identity, imports, initialisers, decoded code. Runs nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hayate.records import Technique, content_hash
from hayate.toolchains.c import FRAME_MAX_BYTES
from hayate.toolchains.image import Image, Unreadable, read_image
from hayate.toolchains.imports import may_import
from hayate.toolchains.instructions import beyond
from hayate.toolchains.source.buffers import STACK_MAX_BYTES

OBJECT_MAX_BYTES = 8 << 20
_SAID_MAX = 20  # sentences: each byte of an object can be wrong in a way of its own


@dataclass(frozen=True)
class ObjectFacts:
    """What a shared object shows. `violations` are sentences; empty means that it may be loaded."""

    object_hash: str  # 32 hex digits over what would be loaded
    imports: tuple[str, ...] = ()
    exports: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()  # DT_NEEDED
    forbidden_imports: tuple[str, ...] = ()
    has_constructors: bool = False
    static_bytes: int = 0  # writable memory that lives as long as the process or a thread
    vector_registers: frozenset[str] = frozenset()  # "xmm", "ymm", "zmm" of packed arithmetic
    packed_instructions: int = 0  # arithmetic on several floating-point numbers at once
    violations: tuple[str, ...] = ()


def object_facts(elf: bytes, entry: str, permitted: Iterable[Technique] = (), arch: str = "") -> ObjectFacts:
    """The facts of a shared object made by `plan`. A file that is none has a violation; never raises.

    `arch`: the level that it was compiled for, which it must keep to; "" where that does not matter.
    """
    said = f"the shared object has {len(elf)} bytes, at most {OBJECT_MAX_BYTES} are allowed"
    if len(elf) <= OBJECT_MAX_BYTES:
        try:
            return _facts(read_image(elf), entry, frozenset(permitted), arch)
        except Unreadable as error:
            said = f"the shared object can't be read: {error}"
        # pyelftools raises any kind over a damaged file, and this one comes out of a candidate's box.
        except Exception as error:
            said = f"the shared object can't be read: {type(error).__name__}"
    return ObjectFacts(content_hash(elf), violations=(said,))


def _facts(image: Image, entry: str, allowed: frozenset[Technique], arch: str) -> ObjectFacts:
    forbidden = tuple(name for name in image.imports if not may_import(name, allowed))
    found: list[str] = []
    if image.exports != (entry,):
        found.append(f"the object exports {', '.join(image.exports) or 'nothing'} instead of {entry}")
    if forbidden:
        found.append(f"the object calls {', '.join(forbidden[:5])}, which is not allowed")
    if image.runs_at_load:
        found.append("the object runs code when it is loaded")
    found += _withheld(image, allowed)
    found += beyond(image.code, arch)
    found += image.violations
    return ObjectFacts(
        object_hash=content_hash(*(part for both in image.loaded for part in both)),
        imports=image.imports,
        exports=image.exports,
        libraries=image.libraries,
        forbidden_imports=forbidden,
        has_constructors=image.runs_at_load,
        static_bytes=image.writable_bytes,
        vector_registers=image.code.registers,
        packed_instructions=image.code.packed,
        violations=tuple(found[:_SAID_MAX]),
    )


def _withheld(image: Image, allowed: frozenset[Technique]) -> list[str]:
    """A sentence for each technique that the object shows and that is not permitted."""
    code = image.code
    found: list[str] = []
    if Technique.SIMD not in allowed and code.packed:
        found.append(
            f"simd is not permitted, and the object code has {code.packed} packed floating-point instructions"
        )
    hidden = sum(code.hidden_packed.values())
    if Technique.SIMD not in allowed and hidden:
        found.append(
            f"simd is not permitted, and {hidden} packed floating-point instructions stand in constants"
        )
    if Technique.PREFETCH not in allowed and code.prefetches:
        found.append(f"prefetch is not permitted, and the object code has {code.prefetches} of it")
    if Technique.PREFETCH not in allowed and code.hidden_prefetches:
        found.append(f"prefetch is not permitted, and {code.hidden_prefetches} of it stand in constants")
    if Technique.ALLOC not in allowed:
        if image.writable_bytes > STACK_MAX_BYTES:
            found.append(
                f"alloc is not permitted, and the object sets {image.writable_bytes} bytes of memory aside"
            )
        if code.variable_frames:
            found.append("alloc is not permitted, and the object takes stack of a variable length")
        elif image.frame_bytes > FRAME_MAX_BYTES:
            found.append(
                f"alloc is not permitted, and a function's frame has {image.frame_bytes} bytes on the stack"
            )
    return found

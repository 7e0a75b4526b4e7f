"""What C++ adds to the toolchain: a subset that needs no run-time library, and what stands in for its allocator.

No exceptions, no type information at run time, no guards of static locals: what would need libstdc++ does not
link. Templates, lambdas, classes and the headers below are all there; `new` and `std::vector` where scratch memory
is permitted.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hayate.toolchains.base import Compiler

SUPPORT = "support.cpp"
SUPPORT_OBJECT = "support.o"

# The keyword of the task's declaration, which C++ lacks; no header of the library uses it as a name.
FRONTEND = ("-std=gnu++20", "-Drestrict=__restrict")
# Header-only, without objects that are made at load.
_HEADERS = (
    "algorithm",
    "array",
    "atomic",
    "bit",
    "complex",
    "concepts",
    "experimental/simd",
    "functional",
    "initializer_list",
    "iterator",
    "limits",
    "memory",
    "new",
    "numbers",
    "numeric",
    "optional",
    "ranges",
    "span",
    "tuple",
    "type_traits",
    "utility",
    "valarray",
    "vector",
)
# Headers of C that have a C++ form: <math.h> is <cmath>.
_TWINS = ("assert", "float", "limits", "math", "stddef", "stdint", "stdlib", "string")


def headers(allowed: Sequence[str]) -> tuple[str, ...]:
    """What a C++ candidate may include where a C one may include `allowed`."""
    return (*allowed, *(f"c{twin}" for twin in _TWINS if f"{twin}.h" in allowed), *_HEADERS)


def flags(compiler: Compiler) -> tuple[str, ...]:
    own = ("-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics", "-fvisibility-inlines-hidden")
    return (*own, "-fno-gnu-unique") if compiler.name == "gcc" else own


def support() -> str:
    """The source of the allocator: new and delete by malloc and free, running out of memory by a trap."""
    return (Path(__file__).parent / SUPPORT).read_text()

"""The toolchain of C and C++: flags belong to the task and to the permitted techniques, never to the candidate."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from hayate.errors import Fault, FaultKind, WrongUse
from hayate.records import Language, Task, Technique
from hayate.toolchains import cxx, headers
from hayate.toolchains.base import BuildPlan, Compiler
from hayate.toolchains.source.buffers import STACK_MAX_BYTES

SOURCES: dict[Language, str] = {"c": "candidate.c", "c++": "candidate.cpp"}
ENTRY = "entry.h"
HEADERS = "headers.h"
ASKED = "asked.h"
BOUNDARY = "boundary.h"
PREPROCESSED = "candidate.i"
OBJECT = "candidate.o"
EXPORTS = "exports.map"
OUTPUT = "candidate.so"
SCRIPT = "build.sh"
# What the compiler is told to take a text for: as written, and after the preprocessor.
_KINDS: dict[Language, tuple[str, str]] = {"c": ("c", "cpp-output"), "c++": ("c++", "c++-cpp-output")}

_BASE = (
    "-O3",
    "-fPIC",
    "-fvisibility=hidden",
    "-fno-math-errno",
    "-ffp-contract=fast",  # a fused multiply-add rounds once instead of twice: within any bound of ours
    "-fno-semantic-interposition",
    # Distributions differ in these; fixed, so that one source gives one object everywhere.
    "-fno-stack-protector",
    "-fno-asynchronous-unwind-tables",
    "-fno-ident",
)
# The hour of the build must leave no trace: else one source gives another object, and another try, each time.
_PREPROCESSOR = (
    "-U_FORTIFY_SOURCE",
    "-Wno-builtin-macro-redefined",
    '-D__DATE__="0"',
    '-D__TIME__="0"',
    '-D__TIMESTAMP__="0"',
)
# Never -ffast-math itself: with it gcc links crtfastmath.o, which sets flush-to-zero for the whole process.
_FASTMATH = ("-fassociative-math", "-fno-signed-zeros", "-fno-trapping-math", "-freciprocal-math")
_NO_VECTORS = {
    "gcc": ("-fno-tree-vectorize", "-fno-tree-slp-vectorize"),
    "clang": ("-fno-vectorize", "-fno-slp-vectorize"),
}
_ERRORS = ("-Werror=implicit-function-declaration",)
# Scratch memory on the stack that reading the source has missed: twice what one function may have, since the
# compiler puts the frames of inlined functions together, and some slack for spilled registers.
FRAME_MAX_BYTES = 2 * STACK_MAX_BYTES + 8192
_SMALL_FRAMES = {
    "gcc": (f"-Werror=frame-larger-than={FRAME_MAX_BYTES}",),
    "clang": (f"-Wframe-larger-than={FRAME_MAX_BYTES}", "-Werror=frame-larger-than="),
}
# In C a pointer to rows of variable length is one, too, and takes no memory; arrays are found in the source.
_FIXED_LENGTHS = ("-Wvla", "-Werror=vla")
# Addresses of the object's own parts, which the linker gives to whoever asks for them. With --wrap each asks for a
# name that nobody defines; what a source itself gives such a name to is another thing, and stays. By __real_ and the
# name --wrap itself would give it out, hence those are wrapped, too.
_LINKERS = (
    "_end", "end", "_edata", "edata", "_etext", "etext", "__etext", "__bss_start", "__ehdr_start",
    "__executable_start", "__init_array_start", "__init_array_end", "__fini_array_start", "__fini_array_end",
    "__preinit_array_start", "__preinit_array_end", "__end__", "__bss_start__", "__bss_end__", "_bss_end__",
)  # fmt: skip
_WRAPPED = ",".join(f"--wrap={name},--wrap=__real_{name}" for name in _LINKERS)
_ARCH = re.compile(r"(x86-64-v[234]|armv[89](\.\d)?-a(\+[a-z0-9]+)*|native)")


def _frontend(permitted: frozenset[Technique], language: Language) -> tuple[str, ...]:
    """Flags that preprocessing and compilation must share."""
    standard = ("-std=gnu17",) if language == "c" else cxx.FRONTEND
    if Technique.THREADS in permitted:
        return (*standard, "-fopenmp")
    if Technique.SIMD in permitted:
        return (*standard, "-fopenmp-simd")
    return standard


def _machine(arch: str, permitted: frozenset[Technique]) -> tuple[str, ...]:
    flags: tuple[str, ...] = (f"-march={arch}",)
    if arch.startswith("x86-64"):
        flags += ("-mtune=generic", "-fcf-protection=none", "-fno-stack-clash-protection")
        if arch == "x86-64-v4" and Technique.SIMD in permitted:
            flags += ("-mprefer-vector-width=512",)
    return flags


def compile_flags(
    permitted: Iterable[Technique],
    arch: str,
    compiler: Compiler,
    extra_flags: Iterable[str] = (),
    language: Language = "c",
) -> tuple[str, ...]:
    """The flags with which a source is compiled on `arch` when `permitted` is permitted."""
    allowed = frozenset(permitted)
    flags = (*_frontend(allowed, language), *_BASE, *_machine(arch, allowed))
    if language == "c++":
        flags += cxx.flags(compiler)
    if Technique.SIMD not in allowed:
        flags += _NO_VECTORS[compiler.name]
    if Technique.FASTMATH in allowed:
        flags += _FASTMATH
    if Technique.ALLOC not in allowed:
        flags += _SMALL_FRAMES[compiler.name] + (() if language == "c" else _FIXED_LENGTHS)
    return (*flags, *(_ERRORS if language == "c" else ()), *extra_flags)


def plan(
    task: Task,
    source: str,
    permitted: Iterable[Technique],
    arch: str,
    compiler: Compiler,
    extra_flags: Iterable[str] = (),
    language: Language = "c",
) -> BuildPlan:
    """The build of `source` as a shared object that exports the task's entry and nothing else.

    The object is canonical: comments, white space and the names of static functions leave no trace in it. A
    wrong signature, a missing entry or an undeclared function fails the build. `extra_flags` are of trusted
    baselines only, e.g. ("-Ofast",). Raises WrongUse for an `arch` that can't be given to -march, and
    Fault(DEPENDENCY_MISSING) where threads are permitted and the compiler's OpenMP run time is missing, or
    the language is C++ and the compiler has only C here.
    """
    if not _ARCH.fullmatch(arch):
        raise WrongUse(
            f"{arch!r} is no architecture",
            where="arch",
            allowed="x86-64-v2, x86-64-v3, x86-64-v4, armv8-a, armv9-a, native",
        )
    allowed = frozenset(permitted)
    if Technique.THREADS in allowed and not compiler.openmp:
        raise Fault(
            FaultKind.DEPENDENCY_MISSING,
            f"{compiler.label} has no OpenMP run time here",
            remedy="apt install libomp-dev" if compiler.name == "clang" else "install libgomp, e.g. with gcc",
        )
    if language == "c++" and not compiler.cxx:
        raise Fault(
            FaultKind.DEPENDENCY_MISSING,
            f"{compiler.label} does not compile C++ here",
            remedy="apt install g++, or dnf install gcc-c++",
        )
    flags = compile_flags(allowed, arch, compiler, extra_flags, language)
    cc = compiler.path
    file, (kind, preprocessed_kind) = SOURCES[language], _KINDS[language]
    parted = headers.part(source, headers.allowed_headers(task, language), language)
    # The machine's flags matter to the preprocessor too: headers ask for __AVX512F__ and its kin.
    before = (cc, "-E", *flags, *_PREPROCESSOR, "-include", ENTRY, "-include", HEADERS)
    after = ("-include", BOUNDARY, "-o", PREPROCESSED, "-x", kind, file)
    # Compiling and linking apart keeps a baseline's -Ofast away from the link, hence from crtfastmath.o.
    compile_ = (cc, "-c", *flags, "-x", preprocessed_kind, "-o", OBJECT, PREPROCESSED)
    files: dict[str, str | bytes] = {
        file: parted.text,
        ENTRY: _header(task, language),
        HEADERS: parted.headers,
        BOUNDARY: headers.BOUNDARY + "\n",
        EXPORTS: "{ global: " + task.entry + "; local: *; };\n",
    }
    lines = ["set -e", shlex.join((*before, *after))]
    if parted.asked:
        # Which conditions hold is known now; then the headers under them come before the text, too.
        pick = f's/^{headers.ASKED} \\([0-9]*\\)$/#include "asked_\\1.h"/p'
        again = shlex.join((*before, "-include", ASKED, *after))
        lines.append(f"sed -n {shlex.quote(pick)} {PREPROCESSED} > {ASKED}")
        lines.append(f"if test -s {ASKED}; then {again}; fi")
        files |= {f"asked_{n}.h": f"#include <{name}>\n" for n, name in enumerate(parted.asked)}
    lines.append(shlex.join(compile_))
    objects: tuple[str, ...] = (OBJECT,)
    if language == "c++":
        files[cxx.SUPPORT] = cxx.support()
        apart = ("-ffunction-sections", "-fdata-sections")
        memory = ("-DPERMITTED",) if Technique.ALLOC in allowed else ()
        lines.append(shlex.join((cc, "-c", *flags, *apart, *memory, "-o", cxx.SUPPORT_OBJECT, cxx.SUPPORT)))
        objects = (*objects, cxx.SUPPORT_OBJECT)
    lines.append(shlex.join(_link(task, allowed, cc, objects)))
    files[SCRIPT] = "\n".join(lines) + "\n"
    return BuildPlan(
        files=files,
        script=("/bin/sh", SCRIPT),
        output=OUTPUT,
        preprocessed=PREPROCESSED,
        flags=flags,
    )


def _link(task: Task, allowed: frozenset[Technique], cc: str, objects: tuple[str, ...]) -> tuple[str, ...]:
    # Without start files there are no initialisers but the candidate's own, and those are refused.
    command = [cc, "-shared", "-nostartfiles", "-o", OUTPUT, *objects]
    command += [f"-Wl,--version-script={EXPORTS}", f"-Wl,--require-defined={task.entry}"]
    command += [
        "-Wl,-z,defs,-z,now,-z,relro,-z,noexecstack,-z,separate-code",
        f"-Wl,{_WRAPPED}",
        "-Wl,--build-id=none",
        "-Wl,--as-needed",
        "-s",
    ]
    if len(objects) > 1:
        command.append("-Wl,--gc-sections")  # of the support, what is not used leaves no trace
    if Technique.THREADS in allowed:
        command.append("-fopenmp")
    return (*command, "-lm")


def _header(task: Task, language: Language) -> str:
    """The declaration in default visibility; the definition inherits it, or conflicts with it."""
    declared = f'__attribute__((visibility("default"))) {task.declaration.strip().rstrip(";")};\n'
    preamble = f"{task.preamble.strip()}\n" if task.preamble.strip() else ""
    return preamble + (declared if language == "c" else f'extern "C" {declared}')

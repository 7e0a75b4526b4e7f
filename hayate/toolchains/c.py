"""The C toolchain: flags belong to the task and to the permitted techniques, never to the candidate."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterable

from hayate.errors import Fault, FaultKind, WrongUse
from hayate.records import Task, Technique
from hayate.toolchains.base import BuildPlan, Compiler

SOURCE = "candidate.c"
HEADER = "entry.h"
PREPROCESSED = "candidate.i"
OBJECT = "candidate.o"
EXPORTS = "exports.map"
OUTPUT = "candidate.so"
DISASSEMBLY = "candidate.s"
SCRIPT = "build.sh"

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
_PREPROCESSOR = ("-U_FORTIFY_SOURCE",)
# Never -ffast-math itself: with it gcc links crtfastmath.o, which sets flush-to-zero for the whole process.
_FASTMATH = ("-fassociative-math", "-fno-signed-zeros", "-fno-trapping-math", "-freciprocal-math")
_NO_VECTORS = {
    "gcc": ("-fno-tree-vectorize", "-fno-tree-slp-vectorize"),
    "clang": ("-fno-vectorize", "-fno-slp-vectorize"),
}
_ERRORS = ("-Werror=implicit-function-declaration",)
_ARCH = re.compile(r"(x86-64-v[234]|armv[89](\.\d)?-a(\+[a-z0-9]+)*|native)")


def _frontend(permitted: frozenset[Technique]) -> tuple[str, ...]:
    """Flags that preprocessing and compilation must share."""
    if Technique.THREADS in permitted:
        return ("-std=gnu17", "-fopenmp")
    if Technique.SIMD in permitted:
        return ("-std=gnu17", "-fopenmp-simd")
    return ("-std=gnu17",)


def _machine(arch: str, permitted: frozenset[Technique]) -> tuple[str, ...]:
    flags: tuple[str, ...] = (f"-march={arch}",)
    if arch.startswith("x86-64"):
        flags += ("-mtune=generic", "-fcf-protection=none")
        if arch == "x86-64-v4" and Technique.SIMD in permitted:
            flags += ("-mprefer-vector-width=512",)
    return flags


def compile_flags(
    permitted: Iterable[Technique], arch: str, compiler: Compiler, extra_flags: Iterable[str] = ()
) -> tuple[str, ...]:
    """The flags with which a source is compiled on `arch` when `permitted` is permitted."""
    allowed = frozenset(permitted)
    flags = (*_frontend(allowed), *_BASE, *_machine(arch, allowed))
    if Technique.SIMD not in allowed:
        flags += _NO_VECTORS[compiler.name]
    if Technique.FASTMATH in allowed:
        flags += _FASTMATH
    return (*flags, *_ERRORS, *extra_flags)


def plan(
    task: Task,
    source: str,
    permitted: Iterable[Technique],
    arch: str,
    compiler: Compiler,
    extra_flags: Iterable[str] = (),
) -> BuildPlan:
    """The build of `source` as a shared object that exports the task's entry and nothing else.

    The object is canonical: comments, white space and the names of static functions leave no trace in it. A
    wrong signature, a missing entry or an undeclared function fails the build. `extra_flags` are of trusted
    baselines only, e.g. ("-Ofast",). Raises WrongUse for an `arch` that can't be given to -march, and
    Fault(DEPENDENCY_MISSING) where threads are permitted and the compiler's OpenMP run time is missing.
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
    flags = compile_flags(allowed, arch, compiler, extra_flags)
    cc = compiler.path
    # The machine's flags matter to the preprocessor too: headers ask for __AVX512F__ and its kin.
    preprocess = (cc, "-E", *flags, *_PREPROCESSOR, "-include", HEADER, "-o", PREPROCESSED, SOURCE)
    # Compiling and linking apart keeps a baseline's -Ofast away from the link, hence from crtfastmath.o.
    compile_ = (cc, "-c", *flags, "-x", "cpp-output", "-o", OBJECT, PREPROCESSED)
    commands = (preprocess, compile_, _link(task, allowed, cc))
    # With SIMD withheld the object is looked at for packed arithmetic; else nobody reads the disassembly.
    objdump = shutil.which("objdump") if Technique.SIMD not in allowed else None
    lines = ["set -e", *(shlex.join(command) for command in commands)]
    if objdump:
        lines.append(shlex.join((objdump, "-d", "--no-show-raw-insn", OUTPUT)) + f" > {DISASSEMBLY}")
    return BuildPlan(
        files={
            SOURCE: source,
            HEADER: _header(task.declaration),
            EXPORTS: "{ global: " + task.entry + "; local: *; };\n",
            SCRIPT: "\n".join(lines) + "\n",
        },
        commands=commands,
        script=("/bin/sh", SCRIPT),
        output=OUTPUT,
        preprocessed=PREPROCESSED,
        disassembly=DISASSEMBLY if objdump else "",
        flags=flags,
    )


def _link(task: Task, allowed: frozenset[Technique], cc: str) -> tuple[str, ...]:
    # Without start files there are no initialisers but the candidate's own, and those are refused.
    command = [cc, "-shared", "-nostartfiles", "-o", OUTPUT, OBJECT]
    command += [f"-Wl,--version-script={EXPORTS}", f"-Wl,--require-defined={task.entry}"]
    command += ["-Wl,-z,defs,-z,now,-z,relro,-z,noexecstack", "-Wl,--build-id=none", "-Wl,--as-needed", "-s"]
    if Technique.THREADS in allowed:
        command.append("-fopenmp")
    return (*command, "-lm")


def _header(declaration: str) -> str:
    """The declaration in default visibility; the definition inherits it, or conflicts with it."""
    return f'__attribute__((visibility("default"))) {declaration.strip().rstrip(";")};\n'

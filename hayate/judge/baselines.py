"""What a best kernel is held against: the reference at its best flags, and vendor libraries of matrix products.

These are hayate's own or installed libraries, run in the same sandbox and launches as candidates.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

from hayate.errors import Fault, FaultKind
from hayate.judge.build import build
from hayate.judge.results import Rejection
from hayate.records import Built, HostProfile, Task, Technique, content_hash
from hayate.sandbox import Command, Sandbox, new_box
from hayate.toolchains import compilers

# OpenBLAS picks its kernels by CPU model and often not the fastest: a fair baseline tries the core types.
CORE_TYPES = ("SkylakeX", "Cooperlake", "SapphireRapids", "Haswell", "Zen", "Sandybridge")
_ARM_CORE_TYPES = ("NEOVERSEN1", "NEOVERSEV1", "ARMV8")

_FLAG_SETS: tuple[tuple[str, ...], ...] = (
    (),
    ("-funroll-loops",),
    ("-fno-tree-vectorize",),
    ("-mprefer-vector-width=256",),
    ("-funroll-loops", "-fpeel-loops", "-ftree-loop-distribution", "-floop-interchange"),
    ("-floop-nest-optimize",),
)


def reference_best_flags(task: Task, *, host: HostProfile, sandbox: Sandbox) -> Iterator[Built]:
    """The reference under several sets of flags, with everything permitted that a single core can use.

    Which is best is for the caller to measure. Sets that the compiler does not know are left out.
    """
    permitted = tuple(t for t in task.techniques if t is not Technique.THREADS)
    permitted = tuple(dict.fromkeys((*permitted, Technique.SIMD, Technique.FASTMATH)))
    for flags in _FLAG_SETS:
        made = build(
            task,
            task.reference.text,
            permitted,
            host=host,
            sandbox=sandbox,
            name=f"reference {' '.join(flags)}".strip(),
            extra_flags=flags,
        )
        if not isinstance(made, Rejection):
            yield made


def _openblas() -> tuple[Path, str] | None:
    """The library's path and the name of its cblas_dgemm: the wheel scipy-openblas64, else Debian's."""
    found = importlib.util.find_spec("scipy_openblas64")
    if found is not None and found.submodule_search_locations:
        for folder in found.submodule_search_locations:
            for name in sorted(Path(folder).glob("lib/libscipy_openblas64_*.so")):
                return name, "scipy_cblas_dgemm64_"
    for name in sorted(Path("/usr/lib").glob("*/openblas-pthread/libopenblas.so.0")):
        return name, "cblas_dgemm"
    return None


def blas_baselines(task: Task, *, host: HostProfile, sandbox: Sandbox) -> Iterator[Built]:
    """OpenBLAS for the task `dgemm`, one per core type; nothing for other tasks or where it isn't installed."""
    library = _openblas()
    if task.entry != "dgemm" or library is None:
        return
    path, symbol = library
    integer = "long" if symbol.endswith("64_") else "int"
    source = f"""#include <stddef.h>
#include <stdlib.h>
void *dlopen(const char *, int);
void *dlsym(void *, const char *);
typedef {integer} blasint;
typedef void product(int, int, int, blasint, blasint, blasint, double, const double *, blasint, const double *,
                     blasint, double, double *, blasint);
static product *call;
__attribute__((visibility("default")))
{task.declaration}
{{
    if (!call) call = (product *)dlsym(dlopen("{path}", 2), "{symbol}");
    call(101, 111, 111, M, N, K, 1.0, A, K, B, N, 0.0, C, N);
}}
"""
    core_types = CORE_TYPES if host.arch.startswith("x86") else _ARM_CORE_TYPES
    made = _shim(source, host, sandbox)
    for core in core_types:
        # A core type whose instructions the machine lacks would crash: AVX-512 ones need level 4.
        if core in CORE_TYPES[:3] and host.arch != "x86-64-v4":
            continue
        if core in CORE_TYPES[1:3] and not _flag("avx512_bf16"):
            continue
        yield made.model_copy(
            update={
                "name": f"OpenBLAS {core}",
                "libraries": tuple(str(p) for p in [path.parent, *_companions(path)]),
                "environment": {"OPENBLAS_CORETYPE": core, "OPENBLAS_NUM_THREADS": "1"},
            }
        )


def _companions(path: Path) -> list[Path]:
    """Folders with libraries that the wheel brings along (its Fortran runtime)."""
    return [p for p in (path.parent.parent.parent / "scipy_openblas64.libs",) if p.is_dir()]


def _flag(name: str) -> bool:
    try:
        return name in Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return False


def _shim(source: str, host: HostProfile, sandbox: Sandbox) -> Built:
    """Trusted code, so the guard that forbids dlopen to candidates is not asked."""
    compiler = compilers()[0]
    with new_box() as box:
        (box / "shim.c").write_text(source)
        argv = (str(compiler.path), "-O2", "-fPIC", "-shared", "-o", "shim.so", "shim.c", "-ldl")
        ended = sandbox.run(Command(argv=argv, box=box, profile="build"))
        if not ended.ok:
            said = ended.stderr.decode(errors="replace")[-300:]
            raise Fault(FaultKind.INTERNAL, f"the vendor library's shim does not compile: {said}")
        code = (box / "shim.so").read_bytes()
    return Built(name="OpenBLAS", object_code=code, object_hash=content_hash(code), arch=host.arch)

"""What the loader would make of an object: whatever is not on a list is refused, and no damaged file is an error."""

from __future__ import annotations

import io
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from c_sources import ALL, Build, entry
from elftools.elf.elffile import ELFFile

from hayate.records import Technique
from hayate.toolchains import Compiler, compilers, object_facts
from hayate.toolchains.image import CODE_MAX_BYTES
from hayate.toolchains.imports import may_import
from hayate.toolchains.objects import OBJECT_MAX_BYTES

PROGRAM, SECTION = 56, 64  # bytes of a header
BODY = "memset(C, 0, M * 8); C[0] = *keep + (double)(long)jump;"
BEFORE = """#include <string.h>
static int own(void) { return 1; }
static int (*volatile jump)(void) = own;
static double x;
static double *volatile keep = &x;"""


@pytest.fixture(scope="module")
def elf(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A shared object with imports and relocations that has nothing wrong."""
    box = tmp_path_factory.mktemp("object")
    (box / "a.c").write_text(entry(BODY, BEFORE))
    flags = [
        "-O2",
        "-shared",
        "-fPIC",
        "-fvisibility=default",
        "-nostartfiles",
        "-s",
        "-Wl,-z,now,-z,separate-code",
    ]
    subprocess.run([compilers()[0].path, *flags, "-o", "a.so", "a.c"], cwd=box, check=True)
    made = (box / "a.so").read_bytes()
    assert object_facts(made, "dgemm", ALL).violations == ()
    return made


def segments(elf: bytes, kind: int, flags: int | None = None) -> list[int]:
    """Offsets of the headers of segments."""
    (table,) = struct.unpack_from("<Q", elf, 32)
    (count,) = struct.unpack_from("<H", elf, 56)
    places = [table + n * PROGRAM for n in range(count)]
    found = [at for at in places if struct.unpack_from("<I", elf, at)[0] == kind]
    return [at for at in found if flags is None or struct.unpack_from("<I", elf, at + 4)[0] == flags]


def write(elf: bytes, at: int, form: str, value: int) -> bytes:
    data = bytearray(elf)
    struct.pack_into(form, data, at, value)
    return bytes(data)


def place(elf: bytes, name: str) -> int:
    """The offset of a section's contents."""
    section = ELFFile(io.BytesIO(elf)).get_section_by_name(name)
    assert section is not None
    return int(section["sh_offset"])


def a_relocation(elf: bytes, kind: int) -> int:
    """The offset of a relocation of that type in .rela.dyn."""
    file = ELFFile(io.BytesIO(elf))
    section = file.get_section_by_name(".rela.dyn")
    assert section is not None
    for n, relocation in enumerate(section.iter_relocations()):
        if relocation["r_info_type"] == kind:
            return int(section["sh_offset"]) + 24 * n
    raise AssertionError("none of that type")


def a_tag(elf: bytes, tag: int) -> int:
    at = place(elf, ".dynamic")
    while struct.unpack_from("<q", elf, at)[0] != tag:
        at += 16
    return at


LOAD, DYNAMIC, INTERP, STACK, RELRO = 1, 2, 3, 0x6474E551, 0x6474E552
SYMBOLIC, RELATIVE, INDIRECT, COPY = 1, 8, 37, 5
DAMAGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "stack that runs": (lambda e: write(e, segments(e, STACK)[0] + 4, "<I", 7), "stack that can be run"),
    "no word about the stack": (lambda e: write(e, segments(e, STACK)[0], "<I", 0), "stack that can be run"),
    "code that can be written": (lambda e: write(e, segments(e, LOAD, 5)[0] + 4, "<I", 7), "written and run"),
    "data that runs": (lambda e: write(e, segments(e, LOAD, 6)[0] + 4, "<I", 7), "not all there"),
    "constants that run": (
        lambda e: write(e, segments(e, LOAD, 4)[-1] + 4, "<I", 5),
        "can be run and belong to no code",
    ),
    "an interpreter": (lambda e: write(e, segments(e, STACK)[0], "<I", INTERP), "segment of type PT_INTERP"),
    "more memory than code": (
        lambda e: write(e, segments(e, LOAD, 5)[0] + 40, "<Q", 1 << 20),
        "not all there",
    ),
    "two guarded parts": (lambda e: write(e, segments(e, DYNAMIC)[0], "<I", RELRO), "several segments"),
    "a resolver": (
        lambda e: write(e, a_relocation(e, RELATIVE) + 8, "<Q", INDIRECT),
        "runs code when it is loaded",
    ),
    "a copy": (lambda e: write(e, a_relocation(e, RELATIVE) + 8, "<Q", COPY), "relocation of type 5"),
    "into code": (lambda e: write(e, a_relocation(e, RELATIVE), "<Q", 0x1000), "which is no data"),
    "nowhere": (lambda e: write(e, a_relocation(e, RELATIVE), "<Q", 1 << 40), "which is no data"),
    "within an instruction": (
        lambda e: write(e, a_relocation(e, RELATIVE) + 16, "<q", _text(e) + 1),
        "where no instruction starts",
    ),
    "initialiser": (lambda e: write(e, a_tag(e, 10), "<q", 12), "runs code when it is loaded"),  # DT_INIT
    "search path": (lambda e: write(e, a_tag(e, 10), "<q", 15), "DT_RPATH"),
    "auditor": (lambda e: write(e, a_tag(e, 10), "<q", 0x6FFFFEFC), "asks the loader for"),
    "writes into text": (lambda e: write(e, a_tag(e, 10), "<q", 22), "DT_TEXTREL"),
    "other symbols": (lambda e: write(e, a_tag(e, 6) + 8, "<Q", 0x2000), "symbols are not where"),
    "another library": (lambda e: e.replace(b"libc.so.6\0", b"libx.so.6\0"), "needs the library libx.so.6"),
    "not of 64 bits": (lambda e: write(e, 4, "<B", 1), "can't be read"),
    "a program": (lambda e: write(e, 16, "<H", 2), "no shared object"),
    "another machine": (lambda e: write(e, 18, "<H", 243), "can't be decoded here"),
    "many sections": (lambda e: write(e, 60, "<H", 60_000), "can't be read"),
    "unknown instruction": (lambda e: write(e, place(e, ".text"), "<B", 0x06), "no instruction"),
    "something behind the code": (lambda e: write(e, _code_end(e) + 2, "<B", 0x41), "belong to no code"),
}


def _text(elf: bytes) -> int:
    section = ELFFile(io.BytesIO(elf)).get_section_by_name(".text")
    assert section is not None
    # An instruction of several bytes, the last ones being the return.
    return int(section["sh_addr"])


def _code_end(elf: bytes) -> int:
    (at,) = segments(elf, LOAD, 5)
    offset, _, _, size = struct.unpack_from("<QQQQ", elf, at + 8)
    return int(offset + size)


@pytest.mark.parametrize("name", DAMAGES)
def test_what_no_linker_makes_here_is_refused(name: str, elf: bytes) -> None:
    damage, said = DAMAGES[name]
    damaged = damage(elf)
    assert damaged != elf
    facts = object_facts(damaged, "dgemm", ALL)
    assert any(said in sentence for sentence in facts.violations), facts.violations


def test_a_pointer_beside_an_import_is_refused(build: Build, compiler: Compiler) -> None:
    before = "#include <string.h>\nstatic void *volatile p = (char *)memcpy + {};"
    beside = build(entry("C[0] = (double)(long)p;", before.format(64)), compiler)
    at = build(entry("C[0] = (double)(long)p;", before.format(0)), compiler)
    assert any(
        "64 bytes beside an imported symbol" in said for said in object_facts(beside.elf, "dgemm").violations
    )
    assert object_facts(at.elf, "dgemm").violations == ()


@pytest.mark.parametrize(
    "before",
    [
        "static _Alignas(1 << 20) volatile double a, b;",
        "static _Thread_local _Alignas(1 << 16) volatile double a, b;",
        "static volatile double c[3000]; static _Alignas(64) volatile double a, b;",
        "double a, b; static volatile double c[3000] = {1};",
        "static volatile struct { double x, y[3000]; } c; static volatile double a, b;",
    ],
)
def test_writable_memory_is_counted_with_its_gaps(before: str, build: Build, compiler: Compiler) -> None:
    tail = "c[K] = a;" if " c[" in before else "c.y[K] = a;" if "} c" in before else ""
    made = build(entry(f"a += A[0]; b += a; C[0] = b; {tail}", before), compiler)
    assert made.returncode == 0, made.stderr
    facts = object_facts(made.elf, "dgemm", ())
    assert facts.static_bytes > 20_000
    assert any("alloc is not permitted" in said for said in facts.violations)
    assert object_facts(made.elf, "dgemm", {Technique.ALLOC}).violations == ()


def test_tables_of_constants_and_of_functions_are_no_memory(build: Build, compiler: Compiler) -> None:
    before = """static const double table[4000] = {1, 2, 3};
static double f(double x) { return x + 1; }
static double g(double x) { return x * 3; }
static double (*const steps[])(double) = {f, g, f, g, g, f, g, f};"""
    made = build(entry("C[0] = steps[M & 7](table[N % 4000]);", before), compiler)
    facts = object_facts(made.elf, "dgemm", ())
    assert facts.violations == ()
    assert facts.static_bytes < 4096


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("volatile char *p = __builtin_alloca(K); p[0] = 1;", "stack of a variable length"),
        ("volatile char x[K]; x[0] = 1;", "stack of a variable length"),
        ("volatile char x[60000]; x[K] = 1;", "bytes on the stack"),
    ],
)
def test_stack_is_seen_in_the_code(body: str, said: str, build: Build, compiler: Compiler) -> None:
    made = build(entry(body), compiler, {Technique.ALLOC})
    assert made.returncode == 0, made.stderr
    assert any(said in sentence for sentence in object_facts(made.elf, "dgemm", ()).violations)
    assert object_facts(made.elf, "dgemm", {Technique.ALLOC}).violations == ()


def test_nested_functions_ask_for_no_stack_that_runs(build: Build, compiler: Compiler) -> None:
    if compiler.name == "clang":
        pytest.skip("clang has none")
    before = "#include <stdlib.h>\ntypedef int compare(const void *, const void *);"
    body = "int by(const void *a, const void *b) { return a < b ? M : K; } qsort(C, M, 8, by);"
    facts = object_facts(build(entry(body, before), compiler, {Technique.ALLOC}).elf, "dgemm", ALL)
    assert not any("stack that can be run" in said for said in facts.violations)


def test_imports_are_a_list_of_what_is_allowed() -> None:
    everything = frozenset(Technique)
    for name in (
        "__cxa_finalize", "_ITM_registerTMCloneTable", "__gmon_start__", "__stack_chk_fail", "syscall", "dlsym",
        "omp_alloc", "omp_target_alloc", "omp_get_wtime", "omp_display_env", "omp_pause_resource", "GOMP_alloc",
        "GOMP_target_ext", "GOMP_offload_register", "kmp_malloc", "__kmpc_alloc", "pthread_attr_setaffinity_np",
        "pthread_attr_setschedparam", "pthread_setaffinity_np", "pthread_kill", "pthread_sigmask", "signal", "x",
        "pthread_attr_setstack", "pthread_getattr_np", "__libc_start_main", "_exit", "memfrob", "strfry",
    ):  # fmt: skip
        assert not may_import(name, everything), name
    for name in ("malloc", "qsort", "aligned_alloc"):
        assert may_import(name, frozenset({Technique.ALLOC}))
        assert not may_import(name, everything - {Technique.ALLOC})
    for name in (
        "GOMP_parallel",
        "omp_get_thread_num",
        "__kmpc_fork_call",
        "pthread_create",
        "GOMP_loop_dynamic_next",
    ):
        assert may_import(name, frozenset({Technique.THREADS}))
        assert not may_import(name, everything - {Technique.THREADS})
    for name in ("memcpy", "sinf", "sqrtl", "__exp_finite", "free", "bsearch", "sincos"):
        assert may_import(name, frozenset())


def test_large_objects_are_refused_unread(elf: bytes) -> None:
    (said,) = object_facts(elf + bytes(OBJECT_MAX_BYTES), "dgemm", ALL).violations
    assert "at most" in said


def test_much_code_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.s").write_text(f".text\n.fill {CODE_MAX_BYTES + 1}, 1, 0x90\n")
    argv = [compilers()[0].path, "-shared", "-nostartfiles", "-o", "a.so", "a.s"]
    subprocess.run(argv, cwd=tmp_path, check=True)
    (said,) = object_facts((tmp_path / "a.so").read_bytes(), "dgemm", ALL).violations
    assert "bytes of code" in said

"""Plans carried out with real compilers: what builds, what must not, and that the object is canonical."""

from __future__ import annotations

import ctypes
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from c_sources import ALL, SIGNATURE, Build, entry
from capstone import CS_ARCH_X86, CS_MODE_64, Cs
from elftools.elf.elffile import ELFFile

from hayate.errors import Fault, FaultKind, WrongUse
from hayate.records import Task, Technique
from hayate.toolchains import Compiler, compile_flags, compilers, object_facts, plan

SUM = "for (int i = 0; i < M * K; i++) C[0] += A[i] * B[i];"
WITHOUT_THREADS = ALL - {Technique.THREADS}


def test_the_object_exports_the_entry_alone(build: Build, compiler: Compiler) -> None:
    helper = "int shared = 3;\ndouble helper(double x) { return x * shared; }"
    made = build(entry("C[0] = helper(A[0]);", helper), compiler)
    assert made.returncode == 0, made.stderr
    facts = object_facts(made.elf, "dgemm")
    assert facts.exports == ("dgemm",)
    assert facts.violations == ()
    assert not facts.has_constructors


def test_names_comments_and_space_leave_no_trace(build: Build, compiler: Compiler) -> None:
    one = entry(
        "C[0] = first(A[0]);", "static __attribute__((noinline)) double first(double x) { return x * 3; }"
    )
    other = "/* other */\n\n" + one.replace("first", "quite_another").replace(" * 3", "*3 // times three\n")
    changed = one.replace("* 3", "* 5")
    hashes = [object_facts(build(text, compiler).elf, "dgemm").object_hash for text in (one, other, changed)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_two_builds_give_the_same_bytes(build: Build, compiler: Compiler) -> None:
    assert build(entry(SUM), compiler).elf == build(entry(SUM), compiler).elf


@pytest.mark.parametrize(
    "source",
    [
        entry("C[0] = 1;").replace("int M", "long M"),
        "static " + entry("C[0] = 1;").lstrip(),
        entry("C[0] = 1;").replace("dgemm", "gemm"),
        entry("C[0] = nowhere(A[0]);"),
        entry(
            "C[0] = cblas_ddot(K, A, 1, B, 1);",
            "double cblas_ddot(int, const double *, int, const double *, int);",
        ),
        entry("C[0] = ;"),
        "",
    ],
    ids=["signature", "static", "no entry", "undeclared", "unresolved", "syntax", "empty"],
)
def test_what_must_not_build(source: str, build: Build, compiler: Compiler) -> None:
    made = build(source, compiler)
    assert made.returncode != 0
    assert "error" in made.stderr or "undefined" in made.stderr


def test_the_vectoriser_runs_only_where_simd_is_permitted(build: Build, compiler: Compiler) -> None:
    source = entry("for (int i = 0; i < M; i++) C[i] = A[i] * B[i] + C[i];")
    scalar = build(source, compiler)
    assert object_facts(scalar.elf, "dgemm").packed_instructions == 0
    vector = build(source, compiler, {Technique.SIMD})
    assert vector.elf != scalar.elf
    facts = object_facts(vector.elf, "dgemm")
    assert facts.packed_instructions > 0
    assert facts.vector_registers & {"ymm", "zmm"}


def _mnemonics(elf: bytes) -> str:
    file = ELFFile(io.BytesIO(elf))
    text = file.get_section_by_name(".text")
    decoded = Cs(CS_ARCH_X86, CS_MODE_64).disasm_lite(text.data(), text["sh_addr"])
    return " ".join(mnemonic for _, _, mnemonic, _ in decoded)


def test_sums_are_reordered_only_where_fastmath_is_permitted(build: Build, compiler: Compiler) -> None:
    source = entry(f"double s = 0;\n{SUM.replace('C[0]', 's')}\nC[0] = s;")
    strict = build(source, compiler, {Technique.SIMD})
    loose = build(source, compiler, {Technique.SIMD, Technique.FASTMATH})
    partial_sums = re.compile(r"\bv(?:add|fmadd\d+)pd\b")
    assert not partial_sums.search(_mnemonics(strict.elf))
    assert partial_sums.search(_mnemonics(loose.elf))


def test_no_fast_math_start_code_is_linked_in(build: Build, compiler: Compiler, tmp_path: Path) -> None:
    """Loading an object built with -Ofast must leave subnormal numbers alone in the process."""
    made = build(entry(SUM), compiler, WITHOUT_THREADS, extra=("-Ofast",))
    assert made.returncode == 0, made.stderr
    assert not object_facts(made.elf, "dgemm", ALL).has_constructors
    library = tmp_path / "fast.so"
    library.write_bytes(made.elf)
    script = f"import ctypes; ctypes.CDLL({str(library)!r}); print(5e-324 * 1.0 > 0, 2.3e-308 / 2 > 0)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split() == ["True", "True"], done.stderr


def test_threads_link_openmp(build: Build) -> None:
    gcc = next((c for c in compilers() if c.name == "gcc"), None)
    if gcc is None or not gcc.openmp:
        pytest.skip("gcc with libgomp is missing: apt install gcc")
    source = entry("#pragma omp parallel for\nfor (int i = 0; i < M; i++) C[i] = A[i];")
    made = build(source, gcc, {Technique.THREADS})
    facts = object_facts(made.elf, "dgemm", {Technique.THREADS})
    assert any(name.startswith("GOMP_") for name in facts.imports)
    assert facts.violations == ()
    assert object_facts(made.elf, "dgemm", ()).forbidden_imports
    assert b"GOMP" not in build(source, gcc, ()).elf


def test_threads_without_a_run_time_are_a_fault(task: Task) -> None:
    bare = Compiler("clang", "/usr/bin/clang", "14.0.6", openmp=False)
    with pytest.raises(Fault) as caught:
        plan(task, entry(""), ALL, "x86-64-v3", bare)
    assert caught.value.kind is FaultKind.DEPENDENCY_MISSING
    assert "libomp" in caught.value.remedy
    assert plan(task, entry(""), WITHOUT_THREADS, "x86-64-v3", bare).script


def test_flags_follow_the_techniques() -> None:
    gcc, clang = Compiler("gcc", "/usr/bin/gcc", "12.2.0"), Compiler("clang", "/usr/bin/clang", "14.0.6")
    none = compile_flags((), "x86-64-v4", gcc)
    assert {"-fno-tree-vectorize", "-fno-tree-slp-vectorize", "-march=x86-64-v4"} <= set(none)
    assert not any("openmp" in flag or "512" in flag or "associative" in flag for flag in none)
    assert {"-fno-vectorize", "-fno-slp-vectorize"} <= set(compile_flags((), "x86-64-v4", clang))
    simd = compile_flags({Technique.SIMD}, "x86-64-v4", gcc)
    assert {"-mprefer-vector-width=512", "-fopenmp-simd"} <= set(simd)
    assert "-fopenmp" in compile_flags({Technique.THREADS}, "x86-64-v4", gcc)
    assert "-fassociative-math" in compile_flags({Technique.FASTMATH}, "x86-64-v4", gcc)
    assert "-mtune=generic" not in compile_flags((), "armv8-a", gcc)
    assert compile_flags((), "x86-64-v2", gcc, ("-Ofast",))[-1] == "-Ofast"


@pytest.mark.parametrize("arch", ["", "x86-64-v9", "native -O0", "x86-64-v4;reboot"])
def test_a_wrong_architecture_is_refused(arch: str, task: Task) -> None:
    with pytest.raises(WrongUse, match="architecture"):
        plan(task, "", (), arch, Compiler("gcc", "/usr/bin/gcc", "12.2.0"))


def test_the_built_kernel_computes(build: Build, compiler: Compiler, task: Task, tmp_path: Path) -> None:
    made = build(task.reference.text, compiler, arch="x86-64-v2")
    path = tmp_path / "reference.so"
    path.write_bytes(made.elf)
    library = ctypes.CDLL(str(path))
    four = ctypes.c_double * 4
    c = four()
    library.dgemm(2, 2, 2, four(1, 2, 3, 4), four(5, 6, 7, 8), c)
    assert list(c) == [19, 22, 43, 50]
    assert SIGNATURE.startswith(task.declaration.rstrip(";"))


def test_compilers_say_their_version(compiler: Compiler) -> None:
    assert compiler.path.startswith("/")
    assert compiler.version.split(".")[0].isdigit()
    said = subprocess.run([compiler.path, "--version"], capture_output=True, text=True).stdout
    assert compiler.version in said.splitlines()[0]


def test_no_compiler_is_a_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Fault) as caught:
        compilers()
    assert caught.value.kind is FaultKind.COMPILER_MISSING
    assert "install" in caught.value.remedy


def test_a_compiler_that_does_not_run_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "gcc"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Fault):
        compilers()

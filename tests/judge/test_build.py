"""Guard and build, with the real compilers in the real sandbox."""

from __future__ import annotations

import errno
import shutil
import sys
from pathlib import Path

import pytest

from hayate.errors import Fault, FaultKind
from hayate.hosts import Slot
from hayate.judge import Rejection, build, measure
from hayate.judge.calibrate import reference
from hayate.judge.native import natives
from hayate.records import Built, HostProfile, MeasurePlan, Outcome, Task, Technique
from hayate.sandbox import Sandbox
from hayate.tasks import folder, load
from hayate.toolchains import compilers
from hayate.toolchains.reading import Tangled

HEAD = (
    "void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)"
)
HONEST = (
    HEAD
    + """
{
    for (long i = 0; i < M; i++)
        for (long j = 0; j < N; j++) {
            double s = 0;
            for (long k = 0; k < K; k++) s += A[i * K + k] * B[k * N + j];
            C[i * N + j] = s;
        }
}
"""
)


def outcome(result: Built | Rejection) -> Outcome | None:
    return result.outcome if isinstance(result, Rejection) else None


@pytest.mark.parametrize("compiler", compilers(), ids=lambda c: c.name)
def test_every_compiler_makes_a_right_kernel(
    task: Task, host: HostProfile, slot: Slot, best: Sandbox, compiler: object
) -> None:
    made = build(task, HONEST, (), host=host, sandbox=best, compiler=compiler)  # type: ignore[arg-type]
    assert isinstance(made, Built), made
    plan = MeasurePlan(purpose="check", launches=0)
    assert measure(task, made, plan, host=host, slot=slot, sandbox=best).outcome is Outcome.ACCEPTED


def test_the_object_is_canonical(task: Task, host: HostProfile, best: Sandbox) -> None:
    first = build(task, HONEST, (), host=host, sandbox=best)
    renamed = HONEST.replace("double s ", "double total_of_it ").replace("s +=", "total_of_it +=")
    renamed = "/* a comment */\n" + renamed.replace("= s;", "= total_of_it;")
    second = build(task, renamed, (), host=host, sandbox=best)
    third = build(task, HONEST.replace("s = 0", "s = 1"), (), host=host, sandbox=best)
    assert isinstance(first, Built)
    assert isinstance(second, Built)
    assert isinstance(third, Built)
    assert first.object_hash == second.object_hash != third.object_hash


REJECTED = {
    "syntax": (HEAD + "{ int }", Outcome.BUILD_FAILED, "does not compile"),
    "no entry": ("int f(void) { return 1; }", Outcome.BUILD_FAILED, ""),
    "other signature": (HONEST.replace("int M", "long M"), Outcome.BUILD_FAILED, "conflicting"),
    "undeclared function": (HONEST.replace("double s = 0", "double s = nothing()"), Outcome.BUILD_FAILED, ""),
    "include of a file": ('#include "/etc/passwd"\n' + HONEST, Outcome.VIOLATION, "include"),
    "inline assembly": (
        HONEST.replace("double s = 0;", 'double s = 0; __asm__("nop");'),
        Outcome.VIOLATION,
        "",
    ),
    "vectors": ("typedef double v __attribute__((vector_size(32)));\n" + HONEST, Outcome.VIOLATION, "simd"),
    "hidden vectors": (
        "#define Q(a, b) a##b\ntypedef double v __attribute__((Q(vector_, size)(32)));\n" + HONEST,
        Outcome.VIOLATION,
        "",
    ),
    "allocation": (
        "#include <stdlib.h>\n" + HONEST.replace("{\n", "{ free(malloc(9));\n", 1),
        Outcome.VIOLATION,
        "",
    ),
    "constructor": (
        "static int x;\n__attribute__((constructor)) static void f(void) { x = 1; }\n" + HONEST,
        Outcome.VIOLATION,
        "",
    ),
    "input and output": (
        "#include <stdio.h>\n" + HONEST.replace("{\n", '{ puts("9999 GFLOPS");\n', 1),
        Outcome.VIOLATION,
        "",
    ),
    "library": (
        "void cblas_dgemm(void);\n" + HONEST.replace("{\n", "{ cblas_dgemm();\n", 1),
        None,
        "",
    ),
}


@pytest.mark.parametrize("name", REJECTED)
def test_rejected(task: Task, host: HostProfile, best: Sandbox, name: str) -> None:
    source, expected, word = REJECTED[name]
    made = build(task, source, (), host=host, sandbox=best)
    assert isinstance(made, Rejection), name
    if expected is not None:
        assert made.outcome is expected, made.reason
    assert word in made.reason


ODD = {
    "lone surrogate": "\ud800" + HONEST,
    "byte that is no text": "/* \udc80 */\n" + HONEST,
    "zero byte": "\0" + HONEST,
    "nothing": "",
    "one carriage return": "\r",
    "very deep": HEAD + "{ int a = " + "(" * 9000 + "1" + ")" * 9000 + "; }",
    "unclosed comment": "/*" + HONEST,
}


@pytest.mark.parametrize("name", ODD)
def test_no_text_that_a_model_may_write_is_a_fault(
    task: Task, host: HostProfile, best: Sandbox, name: str
) -> None:
    assert isinstance(build(task, ODD[name], (), host=host, sandbox=best), (Rejection, Built))


def test_a_full_disk_is_a_fault(
    task: Task, host: HostProfile, best: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(Fault) as fault:
        build(task, HONEST, (), host=host, sandbox=best)
    assert fault.value.kind is FaultKind.DISK_FULL


def test_the_judges_programs_are_made_again_if_a_part_of_them_is_missing(
    task: Task, host: HostProfile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HAYATE_STATE", str(tmp_path))
    made = natives(task, host)
    made.clock.unlink()
    assert natives(task, host) == made
    assert made.clock.exists()
    assert not [
        p for p in made.clock.parent.parent.iterdir() if p not in (made.clock.parent, made.runner.parent)
    ]


def test_what_is_permitted_is_not_a_violation(task: Task, host: HostProfile, best: Sandbox) -> None:
    source = "typedef double v __attribute__((vector_size(32)));\n" + HONEST
    made = build(task, source, (Technique.SIMD,), host=host, sandbox=best)
    assert isinstance(made, Built), made
    assert Technique.SIMD in made.techniques


def test_what_is_too_tangled_to_be_read_is_the_candidates(
    task: Task, host: HostProfile, best: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise Tangled("it is too tangled to be looked through")

    monkeypatch.setattr(sys.modules["hayate.judge.build"], "read_source", never)
    first = build(task, HONEST, (), host=host, sandbox=best)
    monkeypatch.undo()
    monkeypatch.setattr(sys.modules["hayate.judge.build"], "read_object", never)
    second = build(task, HONEST, (), host=host, sandbox=best)
    for made in (first, second):
        assert isinstance(made, Rejection)
        assert made.outcome is Outcome.VIOLATION
        assert "too tangled to be looked through" in made.reason


SAYINGS = {
    "the disk is full": "No space left on device",
    "a long frame": "frame size 1 [-Werror " * 2500,
    "frames without end": "frame size of " * 4000,
    "many errors": "error: " * 8000,
}


@pytest.mark.parametrize("name", SAYINGS)
def test_a_source_that_makes_the_compiler_talk_is_no_fault(
    task: Task, host: HostProfile, best: Sandbox, name: str
) -> None:
    made = build(task, f"#error {SAYINGS[name]}\n{HONEST}", (), host=host, sandbox=best)
    assert isinstance(made, Rejection)
    assert made.outcome is Outcome.BUILD_FAILED
    assert len(made.reason) <= 600


def test_what_the_compiler_says_last_is_heard(task: Task, host: HostProfile, best: Sandbox) -> None:
    warnings = "".join(f"#warning {n} {'x' * 60}\n" for n in range(700))
    made = build(task, warnings + HONEST.replace("= s;", "= nowhere;"), (), host=host, sandbox=best)
    assert isinstance(made, Rejection)
    assert "nowhere" in made.reason


@pytest.mark.slow
def test_a_compile_time_bomb_ends_at_its_limit(task: Task, host: HostProfile, best: Sandbox) -> None:
    bomb = "#define A(x) x x x x x x x x x x\n#define B(x) A(A(x))\n#define C(x) B(B(x))\n" + HONEST.replace(
        "double s = 0;", "double s = 0; C(C(s += 1; s *= 2;))"
    )
    made = build(task, bomb, (), host=host, sandbox=best)
    assert isinstance(made, Rejection)
    assert made.outcome in (Outcome.BUILD_FAILED, Outcome.VIOLATION)


def test_a_kernel_keeps_to_the_level_of_the_host(task: Task, host: HostProfile, best: Sandbox) -> None:
    if host.arch not in ("x86-64-v2", "x86-64-v3", "x86-64-v4"):
        pytest.skip("levels are those of x86-64")
    # As HAYATE_ARCH makes it; whether the processor has more does not matter: nothing runs.
    lower = host.model_copy(update={"arch": "x86-64-v3"})
    wide = '__attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,prefer-vector-width=512"))) ' + HONEST
    made = build(task, wide, (Technique.SIMD, Technique.FASTMATH), host=lower, sandbox=best)
    assert isinstance(made, Rejection)
    assert made.outcome is Outcome.VIOLATION
    assert "the object has AVX-512 instructions (" in made.reason
    assert "compiled for x86-64-v3 here: leave out the attribute" in made.reason
    narrow = wide.replace("avx512f,avx512dq,avx512vl,avx512bw,prefer-vector-width=512", "avx2,fma")
    permitted = (Technique.SIMD, Technique.FASTMATH)
    assert isinstance(build(task, narrow, permitted, host=lower, sandbox=best), Built)


def test_a_broken_yardstick_of_a_folder_is_looked_for_there(
    task: Task, host: HostProfile, best: Sandbox, tmp_path: Path
) -> None:
    """A name is no task that `hayate tasks check` knows, where the folder lies outside the package."""
    mine = tmp_path / "mine"
    shutil.copytree(folder("dgemm"), mine)
    (mine / "reference.c").write_text(task.reference.text + "\n#error broken\n")
    own = load(mine)
    assert own.model_dump().keys() == task.model_dump().keys()
    with pytest.raises(Fault) as fault:
        reference(own, host=host, sandbox=best)
    assert fault.value.remedy == f"hayate tasks check {mine}"
    assert task.where == "dgemm"
    assert load(folder("dgemm")).hash == task.hash  # where it lies makes no other task of it

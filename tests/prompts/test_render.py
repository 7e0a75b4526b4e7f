"""Prompts: complete, constant but for their lists, and short enough for a small model."""

from __future__ import annotations

from itertools import combinations

import pytest

from hayate import tasks
from hayate.errors import WrongUse
from hayate.prompts import DESCRIPTIONS, ORDER, Exemplar, render
from hayate.records import (
    WITHHOLDABLE,
    Argument,
    Assignment,
    Band,
    Bound,
    Language,
    SizeRange,
    SourceText,
    Task,
    Technique,
)

REFERENCE = """\
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            double sum = 0.0;
            for (int k = 0; k < K; k++)
                sum += A[(long)i * K + k] * B[(long)k * N + j];
            C[(long)i * N + j] = sum;
        }
}
"""


def matrix_product() -> Task:
    """A task like the built-in one, made here so that the texts under test don't depend on its folder."""
    return Task(
        name="dgemm",
        title="Matrix product",
        bound_by="compute",
        entry="dgemm",
        declaration="void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, "
        "double *restrict C)",
        description="Compute the matrix product C = A B in double precision.",
        arguments=(
            Argument(name="M", kind="size", dtype="int"),
            Argument(name="N", kind="size", dtype="int"),
            Argument(name="K", kind="size", dtype="int"),
            Argument(name="A", kind="input", dtype="double", shape=("M", "K")),
            Argument(name="B", kind="input", dtype="double", shape=("K", "N")),
            Argument(name="C", kind="output", dtype="double", shape=("M", "N")),
        ),
        domain={name: SizeRange(low=1, high=2048) for name in ("M", "N", "K")},
        bands=tuple(Band(name=str(n), center={"M": n, "N": n, "K": n}) for n in (256, 480, 960)),
        flops="2*M*N*K",
        bytes="8*(M*K+K*N+M*N)",
        oracle_work="M*N*K",
        bound=Bound(terms="K"),
        techniques=(
            Technique.SIMD,
            Technique.THREADS,
            Technique.PREFETCH,
            Technique.ALLOC,
            Technique.LOOP_ORDER,
            Technique.BLOCKING,
            Technique.REGISTER_BLOCKING,
            Technique.PACKING,
            Technique.UNROLLING,
        ),
        headers=("stddef.h", "immintrin.h"),
        reference=SourceText(name="reference.c", text=REFERENCE),
        oracle=SourceText(name="oracle.c", text=""),
        yardsticks=(),
    )


TASK = matrix_product()


def _ask(*techniques: Technique, language: Language = "c") -> Assignment:
    return Assignment(task="dgemm", permitted=techniques, language=language)


def test_every_technique_has_one_line() -> None:
    assert set(DESCRIPTIONS) == set(Technique)
    assert len(ORDER) == len(set(ORDER))
    assert all("\n" not in text and text for text in DESCRIPTIONS.values())


def test_staged_says_everything_and_stays_short() -> None:
    prompt = render("staged", TASK, _ask(*TASK.techniques))
    assert len(prompt.user) < 2500
    for text in (TASK.description, TASK.declaration, REFERENCE.strip(), "<immintrin.h>", "1 <= K <= 2048"):
        assert text in prompt.user
    assert "A: input, double, M x K, row-major" in prompt.user
    assert "M=480, N=480, K=480" in prompt.user
    assert "inline assembly" in prompt.user
    assert prompt.opening == "```c\n"
    assert render("staged", TASK, _ask(language="c++")).opening == "```cpp\n"
    assert "\n\n\n" not in prompt.user
    assert prompt.user.endswith("nothing after it.\n")


def test_staged_lists_what_is_permitted_and_what_is_not() -> None:
    text = render("staged", TASK, _ask(Technique.SIMD, Technique.BLOCKING)).user
    permitted, withheld = text.split("Permitted techniques:")[1].split("Not permitted:")
    assert permitted.split("\n")[1:3] == [
        f"- blocking: {DESCRIPTIONS[Technique.BLOCKING]}",
        f"- simd: {DESCRIPTIONS[Technique.SIMD]}",
    ]
    assert all(f"- {t.value}:" in withheld for t in WITHHOLDABLE - {Technique.SIMD})
    assert "- packing" not in text


def test_prompts_of_one_task_differ_by_lines_of_the_lists_alone() -> None:
    lists = {f"- {t.value}: {d}" for t, d in DESCRIPTIONS.items()} | {
        "- none: plain loops",
        "Not permitted:",
    }
    constant = {
        tuple(line for line in render("staged", TASK, _ask(*chosen)).user.split("\n") if line not in lists)
        for size in range(len(TASK.techniques) + 1)
        for chosen in combinations(TASK.techniques, size)
    }
    assert len(constant) == 1


def test_the_order_of_the_assignment_does_not_show() -> None:
    one = render("staged", TASK, _ask(Technique.SIMD, Technique.PACKING))
    two = render("staged", TASK, _ask(Technique.PACKING, Technique.SIMD))
    assert one.hash == two.hash


def test_plain_names_only_the_exceptions() -> None:
    every = render("plain", TASK, _ask(*Technique)).user
    assert "Every technique is permitted.\n" in every
    assert "- simd" not in every
    assert "- threads" not in every
    some = render("plain", TASK, _ask(*set(Technique) - {Technique.THREADS})).user
    assert "Every technique is permitted but:\n- threads: OpenMP threads\n" in some
    assert "- simd" not in some


def test_exemplars_come_with_their_speedup() -> None:
    text = render("staged", TASK, _ask(), [Exemplar(source="void dgemm(void);\n", speedup=12.345)]).user
    assert "12.35 times as fast as the reference:\n```c\nvoid dgemm(void);\n```\n" in text


def test_shapes_that_are_expressions_read_well() -> None:
    grid = Argument(name="u", kind="input", dtype="double", shape=("N + 2", "M"))
    task = TASK.model_copy(update={"arguments": (*TASK.arguments, grid)})
    assert "u: input, double, (N + 2) x M, row-major" in render("plain", task, _ask()).user


def test_marks_for_the_loader_are_left_out() -> None:
    marked = TASK.reference.model_copy(update={"text": "// permitted: alloc\n" + REFERENCE})
    task = TASK.model_copy(update={"reference": marked})
    assert render("plain", task, _ask()).user == render("plain", TASK, _ask()).user


def test_wrong_style_and_wrong_task() -> None:
    with pytest.raises(WrongUse, match="plain, staged"):
        render("fancy", TASK, _ask())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="jacobi2d"):
        render("plain", TASK, Assignment(task="jacobi2d", permitted=()))


def test_built_in_tasks_render_in_both_styles() -> None:
    for name in tasks.builtin_names():
        task = tasks.builtin(name)
        ask = Assignment(task=name, permitted=task.techniques)
        for text in (render("plain", task, ask).user, render("staged", task, ask).user):
            assert task.declaration.rstrip(";") in text
            assert "\n\n\n" not in text
            assert len(text) < 3000
        if name == "dgemm":
            assert len(render("staged", task, ask).user) < 2500


def test_an_answer_in_cxx_is_asked_for_in_its_own_words() -> None:
    shown = [Exemplar(source="void x();", language="c++", speedup=2), Exemplar(source="void y();", speedup=3)]
    prompt = render("staged", TASK, _ask(language="c++"), shown)
    assert "kernels in C++." in prompt.system
    assert "of this C function, in C++20." in prompt.user
    assert "<vector>" in prompt.user
    assert "one ```cpp block" in prompt.user
    assert "```cpp\nvoid x();" in prompt.user
    assert "```c\nvoid y();" in prompt.user
    in_c = render("staged", TASK, _ask())
    assert "C++" not in in_c.system + in_c.user
    only_c = TASK.model_copy(update={"languages": ("c",)})
    with pytest.raises(WrongUse, match="c"):
        render("staged", only_c, _ask(language="c++"))

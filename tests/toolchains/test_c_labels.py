"""Structural labels: small kernels of each kind, and the built-in tasks' own solutions."""

from __future__ import annotations

import pytest
from c_sources import ALL, entry

from hayate.records import WITHHOLDABLE, Task, Technique
from hayate.tasks import builtin, folder, templates
from hayate.toolchains import inspect
from hayate.toolchains.source.labels import reference_order

DGEMM, JACOBI = builtin("dgemm"), builtin("jacobi2d")
ROWS = "void jacobi2d(int H, int W, int sweeps, const double *restrict u0, double *restrict u)"


def labels(task: Task, source: str) -> set[str]:
    """The structural techniques found, as words."""
    facts = inspect(task, source, ALL)
    assert facts.violations == ()
    return {technique.value for technique in facts.techniques if technique not in WITHHOLDABLE}


KERNELS: dict[str, tuple[str, set[str]]] = {
    "reference": (
        """for (int i = 0; i < M; i++)
             for (int j = 0; j < N; j++) {
               double s = 0;
               for (int k = 0; k < K; k++) s += A[i * K + k] * B[k * N + j];
               C[i * N + j] = s;
             }""",
        set(),
    ),
    "while loops in the same order": (
        """int i = 0;
           while (i < M) {
             for (int j = 0; j < N; ++j) {
               double s = 0;
               for (int k = 0; k < K; k += 1) s += A[i * K + k] * B[k * N + j];
               C[i * N + j] = s;
             }
             i++;
           }""",
        set(),
    ),
    "another order": (
        """for (int i = 0; i < M; i++)
             for (int k = 0; k < K; k++)
               for (int j = 0; j < N; j++)
                 C[i * N + j] += A[i * K + k] * B[k * N + j];""",
        {"loop_order"},
    ),
    "blocks by minimum": (
        """for (int k0 = 0; k0 < K; k0 += 128) {
             int k1 = k0 + 128 < K ? k0 + 128 : K;
             for (int i = 0; i < M; i++)
               for (int j = 0; j < N; j++)
                 for (int k = k0; k < k1; k++) C[i * N + j] += A[i * K + k] * B[k * N + j];
           }""",
        {"blocking"},
    ),
    "blocks by index": (
        """int blocks = (N + 63) / 64;
           for (int b = 0; b < blocks; b++) {
             int from = b * 64, to = from + 64 < N ? from + 64 : N;
             for (int i = 0; i < M; i++)
               for (int j = from; j < to; j++)
                 for (int k = 0; k < K; k++) C[i * N + j] += A[i * K + k] * B[k * N + j];
           }""",
        {"blocking"},
    ),
    "tile of scalars": (
        """for (int i = 0; i + 2 <= M; i += 2)
             for (int j = 0; j + 2 <= N; j += 2) {
               double c00 = 0, c01 = 0, c10 = 0, c11 = 0;
               for (int k = 0; k < K; k++) {
                 double a0 = A[i * K + k], a1 = A[(i + 1) * K + k];
                 double b0 = B[k * N + j], b1 = B[k * N + j + 1];
                 c00 += a0 * b0; c01 += a0 * b1; c10 += a1 * b0; c11 += a1 * b1;
               }
               C[i * N + j] = c00; C[i * N + j + 1] = c01;
               C[(i + 1) * N + j] = c10; C[(i + 1) * N + j + 1] = c11;
             }""",
        {"register_blocking"},
    ),
    "unrolled sum": (
        """for (int i = 0; i < M; i++)
             for (int j = 0; j < N; j++) {
               double s0 = 0, s1 = 0;
               for (int k = 0; k + 1 < K; k += 2) {
                 s0 += A[i * K + k] * B[k * N + j];
                 s1 += A[i * K + (k + 1)] * B[(k + 1) * N + j];
               }
               C[i * N + j] = s0 + s1;
             }""",
        {"unrolling"},
    ),
    "unrolled by pragma": (
        """for (int i = 0; i < M; i++)
             for (int j = 0; j < N; j++) {
               double s = 0;
               #pragma GCC unroll 4
               for (int k = 0; k < K; k++) s += A[i * K + k] * B[k * N + j];
               C[i * N + j] = s;
             }""",
        {"unrolling"},
    ),
    "not unrolled by pragma": (
        """for (int i = 0; i < M; i++)
             for (int j = 0; j < N; j++) {
               double s = 0;
               #pragma GCC unroll 1
               for (int k = 0; k < K; k++) s += A[i * K + k] * B[k * N + j];
               C[i * N + j] = s;
             }""",
        set(),
    ),
    "packed columns": (
        """double *column = malloc(K * sizeof(double));
           for (int j = 0; j < N; j++) {
             for (int k = 0; k < K; k++) column[k] = B[k * N + j];
             for (int i = 0; i < M; i++) {
               double s = 0;
               for (int k = 0; k < K; k++) s += A[i * K + k] * column[k];
               C[i * N + j] = s;
             }
           }
           free(column);""",
        {"loop_order", "packing"},
    ),
}


@pytest.mark.parametrize("name", KERNELS)
def test_labels_of_a_kernel(name: str) -> None:
    body, expected = KERNELS[name]
    assert labels(DGEMM, entry(body, "#include <stdlib.h>")) == expected


def test_macros_and_helpers_are_seen_through() -> None:
    source = entry(
        """for (int j0 = 0; j0 < N; j0 += BLOCK)
             for (int i = 0; i + MR <= M; i += MR) tile(j0, MIN(j0 + BLOCK, N), N, K, A + i * K, B, C + i * N);""",
        """#define MR 4
           #define BLOCK (MR * 48)
           #define MIN(a, b) ((a) < (b) ? (a) : (b))
           #define EACH(r) for (int r = 0; r < MR; r++)
           #define ADD(r) c[r] += A[(r) * K + k] * b
           static void tile(int from, int to, int ld, int K, const double *A, const double *B, double *C) {
             for (int j = from; j < to; j++) {
               double c[MR] = {0};
               for (int k = 0; k < K; k++) { double b = B[k * ld + j]; EACH(r) ADD(r); }
               EACH(r) C[r * ld + j] = c[r];
             }
           }""",
    )
    # BLOCKING by the macro's 192, REGISTER_BLOCKING by the shared b.
    assert labels(DGEMM, source) == {"blocking", "register_blocking"}


SWEEP = """for (int j = 1; j < W - 1; j++)
  to[i * W + j] = 0.5 * from[i * W + j] + 0.125 * (from[(i - 1) * W + j] + from[(i + 1) * W + j]);"""


def stencil(body: str) -> str:
    return f"#include <stdlib.h>\n{ROWS}\n{{\ndouble *to = u, *from = malloc(8l * H * W);\n{body}\n}}\n"


def test_a_plain_stencil_has_no_label() -> None:
    source = stencil(f"for (int s = 0; s < sweeps; s++)\nfor (int i = 1; i < H - 1; i++)\n{SWEEP}")
    assert labels(JACOBI, source) == set()


def test_columns_first_is_another_order() -> None:
    swapped = (
        "for (int j = 1; j < W - 1; j++)\nfor (int i = 1; i < H - 1; i++)\nto[i * W + j] = from[i * W + j];"
    )
    assert labels(JACOBI, stencil(f"for (int s = 0; s < sweeps; s++)\n{swapped}")) == {"loop_order"}


def test_sweeps_within_a_block_of_rows_are_time_blocking() -> None:
    source = stencil(
        f"""for (int b = 0; b < H; b += 64)
              for (int s = 0; s < sweeps; s++) {{
                int last = b + 64 - s < H - 1 ? b + 64 - s : H - 1;
                for (int i = b + 1; i < last; i++)
                  {SWEEP}
              }}"""
    )
    assert labels(JACOBI, source) >= {"time_blocking", "blocking"}


def test_two_sweeps_in_one_pass_are_time_blocking_and_two_passes_are_not() -> None:
    fused = f"for (int s = 0; s + 1 < sweeps; s += 2)\nfor (int i = 1; i < H - 1; i++) {{ {SWEEP} {SWEEP} }}"
    one = f"for (int i = 1; i < H - 1; i++) {SWEEP}"
    assert "time_blocking" in labels(JACOBI, stencil(fused))
    assert "time_blocking" not in labels(
        JACOBI, stencil(f"for (int s = 0; s < sweeps; s += 2) {{ {one} {one} }}")
    )


def test_labels_are_those_that_the_task_names() -> None:
    body, _ = KERNELS["packed columns"]
    narrow = DGEMM.model_copy(update={"techniques": (Technique.SIMD, Technique.ALLOC)})
    assert labels(narrow, entry(body, "#include <stdlib.h>")) == set()


def test_the_references_orders() -> None:
    assert reference_order(DGEMM) == ("M", "N", "K")
    assert reference_order(JACOBI) == ("sweeps", "H", "W")


def test_the_fastest_yardstick_shows_what_it_does() -> None:
    found = labels(DGEMM, DGEMM.yardsticks[-1].text)
    assert found >= {"blocking", "register_blocking", "packing"}


@pytest.mark.parametrize("name", ["dgemm", "jacobi2d"])
def test_labels_agree_with_the_variants_of_the_task(name: str) -> None:
    """A template says which techniques it shows; detection must find most of them, and never one withheld."""
    import random

    task = builtin(name)
    variants = templates.load(folder(name))
    rng = random.Random(7)
    agreed = said = 0
    for _ in range(40):
        variant = variants.sample(rng, held_out=None)
        facts = inspect(task, variant.text, set(variant.techniques) | (ALL - WITHHOLDABLE))
        assert facts.violations == (), (variant.name, variant.parameters)
        said += len(set(variant.techniques) | set(facts.techniques))
        agreed += len(set(variant.techniques) & set(facts.techniques))
    assert agreed >= 0.8 * said

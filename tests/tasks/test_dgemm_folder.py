"""The folder of the built-in task dgemm: it loads, variants compile and are right, the oracle is exact."""

from __future__ import annotations

import ctypes
import random
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hayate.errors import Fault
from hayate.records import Technique
from hayate.tasks import TemplateSet, Variant, builtin, correct, evaluate_expression, folder, templates, wrong
from hayate.toolchains import compilers, plan

# Every size below, at and above a tile's edge somewhere; the last crosses the blocks of all templates.
SHAPES = [
    (1, 1, 1),
    (1, 5, 3),
    (7, 1, 9),
    (3, 3, 1),
    (8, 24, 16),
    (37, 53, 71),
    (49, 241, 241),
    (101, 130, 330),
]
GUARD = 64  # doubles on either side of the output


@pytest.fixture(scope="module")
def variants() -> TemplateSet:
    return templates.load(folder("dgemm"))


def build(
    source: str, name: str, box: Path, *, techniques: Iterable[Technique] | None = None, fast: bool = False
) -> Any:
    """The function `dgemm` of a source, built by the real toolchain; `fast` spares the optimiser's time."""
    task = builtin("dgemm")
    try:
        compiler = compilers()[0]
    except Fault as fault:
        pytest.skip(str(fault))
    permitted = task.techniques if techniques is None else techniques
    made = plan(task, source, permitted, "native", compiler, extra_flags=("-O1",) if fast else ())
    box = box / name
    box.mkdir()
    for file, text in made.files.items():
        (box / file).write_bytes(text if isinstance(text, bytes) else text.encode())
    done = subprocess.run(made.script, cwd=box, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{name}: {done.stderr}"
    return ctypes.CDLL(str(box / made.output)).dgemm


def faults(entry: Any, shapes: Iterable[tuple[int, int, int]] = SHAPES) -> list[tuple[int, int, int]]:
    """The shapes for which `entry` is wrong, or writes beside the output. Integers: sums are exact."""
    found = []
    for m, n, k in shapes:
        rng = np.random.default_rng((m, n, k))
        a = rng.integers(-(2**20), 2**20, (m, k)).astype(np.float64)
        b = rng.integers(-(2**20), 2**20, (k, n)).astype(np.float64)
        c = np.full(m * n + 2 * GUARD, np.nan)
        pointers = (ctypes.c_void_p(a.ctypes.data), ctypes.c_void_p(b.ctypes.data))
        entry(m, n, k, *pointers, ctypes.c_void_p(c.ctypes.data + 8 * GUARD))
        inside = c[GUARD : GUARD + m * n].reshape(m, n)
        beside = np.concatenate([c[:GUARD], c[GUARD + m * n :]])
        if not np.array_equal(inside, a @ b) or not np.isnan(beside).all():
            found.append((m, n, k))
    return found


def test_folder_loads() -> None:
    task = builtin("dgemm")
    assert task.entry == "dgemm"
    assert [b.name for b in task.bands if b.training] == ["480"]
    assert {b.name for b in task.bands} == {"256", "480", "960"}
    assert len(task.yardsticks) >= 5
    assert len(correct(folder("dgemm"))) >= 8
    assert len(wrong(folder("dgemm"))) >= 14


def test_minimal_work_of_a_shape() -> None:
    task = builtin("dgemm")
    shape = {"M": 3, "N": 5, "K": 7}
    assert evaluate_expression(task.flops, shape) == 2 * 3 * 5 * 7
    assert evaluate_expression(task.bytes, shape) == 8 * (3 * 7 + 7 * 5 + 3 * 5)


def test_exact_test_stays_exact_at_the_largest_shape() -> None:
    task = builtin("dgemm")
    largest = {name: limits.high for name, limits in task.domain.items()}
    bits = evaluate_expression(task.bound.integer_bits, largest)
    assert largest["K"] * 2 ** (2 * bits) <= 2**53


def test_there_are_enough_variants_of_moderate_length(variants: TemplateSet) -> None:
    texts = {v.text for v in variants.all(held_out=False)}
    assert len(texts) >= 3000
    lines = [len(t.splitlines()) for t in texts]
    assert max(lines) <= 110
    assert all(len(line) <= 120 for t in texts for line in t.splitlines())


def test_held_out_combinations_can_be_pieced_together(variants: TemplateSet) -> None:
    pools = [(t, p) for t in variants.templates for p in t.combinations]
    every = {frozenset(t.techniques_of(p)) for t, p in pools}
    hidden = {used for used in every if any(c <= used for c in variants.held_out)}
    known = every - hidden
    assert len(variants.held_out) == 2
    assert not variants.sample(random.Random(1), held_out=False).held_out
    for combination in variants.held_out:
        assert not any(combination <= techniques for techniques in known)
        assert any(combination <= techniques for techniques in hidden)
        for technique in combination:
            assert any(technique in techniques for techniques in known)


@pytest.mark.parametrize("held_out", [False, True])
def test_a_sample_of_variants_is_right(variants: TemplateSet, held_out: bool, tmp_path: Path) -> None:
    rng = random.Random(20)
    for i in range(12):
        variant = variants.sample(rng, held_out)
        assert not faults(build(variant.text, str(i), tmp_path, fast=True)), described(variant)


def test_yardsticks_and_reference_are_right(tmp_path: Path) -> None:
    task = builtin("dgemm")
    for source in (task.reference, *task.yardsticks):
        assert not faults(build(source.text, source.name, tmp_path, techniques=source.techniques)), (
            source.name
        )


def test_oracle_agrees_with_its_scales(tmp_path: Path) -> None:
    """The exact result of integers is exact; the cheap scale is never below |A||B|."""
    source = tmp_path / "oracle.c"
    source.write_text(builtin("dgemm").oracle.text)
    try:
        compiler = compilers()[0]
    except Fault as fault:
        pytest.skip(str(fault))
    command = [compiler.path, "-O2", "-shared", "-fPIC", "oracle.c", "-o", "oracle.so", "-lm"]
    subprocess.run(command, cwd=tmp_path, check=True)
    oracle = ctypes.CDLL(str(tmp_path / "oracle.so"))
    for m, n, k in SHAPES:
        rng = np.random.default_rng((k, m, n))
        a = rng.integers(-(2**20), 2**20, (m, k)).astype(np.float64)
        b = rng.integers(-(2**20), 2**20, (k, n)).astype(np.float64)
        exact, scale, cheap = (np.full((m, n), np.nan) for _ in range(3))
        pa, pb, pe, ps, pc = (ctypes.c_void_p(x.ctypes.data) for x in (a, b, exact, scale, cheap))
        oracle.dgemm_exact(m, n, k, pa, pb, pe, ps)
        oracle.dgemm_scale(m, n, k, pa, pb, pc)
        assert np.array_equal(exact, a @ b)
        assert np.array_equal(scale, np.abs(a) @ np.abs(b))
        assert np.all(cheap >= scale * (1 - 1e-12))


@pytest.mark.slow
def test_many_variants_are_right_as_they_are_shipped(variants: TemplateSet, tmp_path: Path) -> None:
    rng = random.Random(3)
    for i in range(300):
        variant = variants.sample(rng, None if i % 3 else True)
        techniques = builtin("dgemm").techniques if i % 2 else variant.techniques
        assert not faults(build(variant.text, str(i), tmp_path, techniques=techniques)), described(variant)


def described(variant: Variant) -> str:
    return f"{variant.name} {variant.parameters}"

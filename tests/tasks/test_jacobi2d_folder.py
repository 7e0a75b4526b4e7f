"""The folder of the built-in task jacobi2d: variants and solutions are right on ragged shapes, bounds hold."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from hayate.errors import Fault
from hayate.records import WITHHOLDABLE, SourceText
from hayate.tasks import TemplateSet, builtin, correct, evaluate_expression, folder, templates
from hayate.toolchains import compilers, inspect

DRIVER = Path(__file__).parent / "driver.c"
# One and two rows or columns, below and beyond each block, vector and strip; the longest of each side.
SIDES = [
    (1, 1), (1, 7), (7, 1), (2, 2), (2, 9), (9, 2), (3, 3), (3, 40), (40, 3), (17, 33), (33, 18), (64, 64), (65, 66),
    (100, 131), (5, 300), (300, 5), (31, 1000), (4096, 3), (3, 4096), (9, 2049),
]  # fmt: skip


@pytest.fixture(scope="module")
def variants() -> TemplateSet:
    return templates.load(folder("jacobi2d"))


def shapes(seed: int, each: int) -> list[str]:
    """Sides, each with 0, 1 and 16 sweeps and some others, as the driver's arguments."""
    rng = random.Random(seed)
    found: list[str] = []
    for high, wide in SIDES:
        for sweeps in (0, 1, 16, *rng.sample(range(2, 16), each)):
            found += [str(high), str(wide), str(sweeps)]
    return found


def compare(texts: Sequence[str], box: Path, flags: Sequence[str], arguments: Sequence[str]) -> None:
    """Build the texts into one program beside the reference, and have it compare all results bit by bit."""
    try:
        compiler = compilers()[0].path
    except Fault as fault:
        pytest.skip(str(fault))
    # Static scratch of many variants in one program goes beyond what the small code model can address.
    base = [compiler, "-std=gnu17", "-w", "-march=native", "-fno-pic", "-mcmodel=large", *flags]
    names = [f"v{i}" for i in range(len(texts))]
    (box / "table.h").write_text("".join(f"V({name})\n" for name in names))
    sources = {"reference": builtin("jacobi2d").reference.text, **dict(zip(names, texts, strict=True))}
    for name, text in sources.items():
        (box / f"{name}.c").write_text(text)
        subprocess.run([*base, f"-Djacobi2d={name}", "-c", f"{name}.c"], cwd=box, check=True, timeout=120)
    objects = [f"{name}.o" for name in sources]
    program = [*base, "-no-pie", "-I.", str(DRIVER), *objects, "-o", "driver"]
    subprocess.run(program, cwd=box, check=True, timeout=120)
    done = subprocess.run(
        [str(box / "driver"), *arguments],
        capture_output=True,
        text=True,
        timeout=280,
        env={"ASAN_OPTIONS": "detect_leaks=0"},
    )
    if done.returncode:
        first = done.stdout.split(" ")[0]
        text = texts[names.index(first)] if first in names else ""
        pytest.fail(f"{done.stdout}{done.stderr[-2000:]}\n{text}")


def test_a_sample_of_variants_is_right(variants: TemplateSet, tmp_path: Path) -> None:
    rng = random.Random()
    texts = [
        variants.render(t.name, p).text for t in variants.templates for p in rng.sample(t.combinations, 2)
    ]
    compare(texts, tmp_path, ["-O1"], shapes(rng.randrange(1 << 30), 2))


def test_honest_solutions_and_yardsticks_are_right(tmp_path: Path) -> None:
    sources: tuple[SourceText, ...] = (*correct(folder("jacobi2d")), *builtin("jacobi2d").yardsticks)
    compare([s.text for s in sources], tmp_path, ["-O1"], shapes(1, 2))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_many_variants_are_right(variants: TemplateSet, tmp_path: Path, part: int) -> None:
    template = variants.templates[part]
    chosen = random.Random().sample(template.combinations, min(60, len(template.combinations)))
    compare([variants.render(template.name, p).text for p in chosen], tmp_path, ["-O2"], shapes(part, 4))


@pytest.mark.slow
def test_variants_stay_within_their_memory(variants: TemplateSet, tmp_path: Path) -> None:
    rng = random.Random()
    texts = [
        variants.render(t.name, p).text for t in variants.templates for p in rng.sample(t.combinations, 4)
    ]
    compare(
        texts, tmp_path, ["-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover"], shapes(3, 2)
    )


def test_labels_are_what_the_toolchain_sees(variants: TemplateSet) -> None:
    task, rng = builtin("jacobi2d"), random.Random()
    for template in variants.templates:
        for parameters in rng.sample(template.combinations, 3):
            variant = variants.render(template.name, parameters)
            facts = inspect(task, variant.text, set(variant.techniques) & WITHHOLDABLE)
            assert not facts.violations, variant.text
            assert facts.techniques == variant.techniques, variant.text


def test_variants_are_short(variants: TemplateSet) -> None:
    rng = random.Random(1)
    for template in variants.templates:
        lines = variants.render(template.name, rng.choice(template.combinations)).text.splitlines()
        assert 20 <= len(lines) <= 75
        assert max(map(len, lines)) <= 110


def sweep(u: np.ndarray, form: int) -> np.ndarray:
    """One Jacobi sweep in the type of u, its sum grouped in one of five ways. u, result: (H, W)."""
    half, eighth, four = u.dtype.type(0.5), u.dtype.type(0.125), u.dtype.type(4)
    n, s, w, e, c = u[:-2, 1:-1], u[2:, 1:-1], u[1:-1, :-2], u[1:-1, 2:], u[1:-1, 1:-1]
    out = u.copy()
    out[1:-1, 1:-1] = (
        half * c + eighth * (n + s + w + e),
        eighth * (four * c + ((n + s) + (w + e))),
        (((n + w) + s) + four * c + e) * eighth,
        eighth * n + eighth * s + half * c + eighth * w + eighth * e,
        eighth * (n + c) + eighth * (s + c) + (eighth * (w + c) + eighth * (e + c)),
    )[form]
    return out


@pytest.mark.parametrize("sweeps", range(17))
def test_the_exact_test_is_exact_in_double_and_not_in_float(sweeps: int) -> None:
    bound = builtin("jacobi2d").bound
    shape = {"H": 40, "W": 40, "sweeps": sweeps}
    bits = int(evaluate_expression(bound.integer_bits, shape))
    scale = int(evaluate_expression(bound.integer_scale, shape))
    assert 2**bits * scale <= 2**53
    rng = np.random.default_rng(sweeps)
    integers = [
        rng.integers(-(2**bits) + 1, 2**bits, (40, 40)),
        np.full((40, 40), 2**bits - 1),
        np.where(rng.integers(0, 2, (40, 40)) > 0, 2**bits - 1, 1 - 2**bits),
    ]
    for values in integers:
        exact = (
            values.astype(object) * scale
        )  # Python's integers: no rounding, and division must come out even
        for _ in range(sweeps):
            inner = (
                4 * exact[1:-1, 1:-1]
                + exact[:-2, 1:-1]
                + exact[2:, 1:-1]
                + exact[1:-1, :-2]
                + exact[1:-1, 2:]
            )
            assert not (inner % 8).any()
            exact = exact.copy()
            exact[1:-1, 1:-1] = inner // 8
        for form in range(5):
            u = values.astype(np.float64) * scale
            for _ in range(sweeps):
                u = sweep(u, form)
            assert (u.astype(object) == exact).all()
    single = (integers[0].astype(np.float64) * scale).astype(np.float32)
    for _ in range(sweeps):
        single = sweep(single, 0)
    exact = integers[0].astype(np.float64) * scale
    for _ in range(sweeps):
        exact = sweep(exact, 0)
    assert (single.astype(np.float64) != exact).mean() > 0.1


def test_rounding_stays_within_the_bound_and_float_does_not() -> None:
    bound = builtin("jacobi2d").bound
    for sweeps in (1, 2, 7, 16):
        u0 = np.random.default_rng(sweeps).uniform(-1, 1, (60, 70))
        terms = float(evaluate_expression(bound.terms, {"H": 60, "W": 70, "sweeps": sweeps})) * 2.0**-53
        limit = bound.factor * terms / (1 - terms)
        exact, scale, single = u0.astype(np.longdouble), np.abs(u0), u0.astype(np.float32)
        doubles = [u0] * 5
        for _ in range(sweeps):
            exact, scale, single = sweep(exact, 0), sweep(scale, 0), sweep(single, 0)
            doubles = [sweep(u, form) for form, u in enumerate(doubles)]
        for u in doubles:
            assert (np.abs(u - exact) <= limit * scale).all()
        assert (np.abs(single - exact) > limit * scale).mean() > 0.9
        assert (scale <= np.abs(u0).max()).all()

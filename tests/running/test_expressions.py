"""Random expressions over all operations and functions: no honest build is beyond the bound, on any kind of inputs."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmarks.margins.build import Drawn, ask, call, oracle, shared, worst
from benchmarks.margins.kernels import Kernel, array, size
from benchmarks.margins.variants import BUILDS

ONE = (
    "exp",
    "sin",
    "cos",
    "tanh",
    "log",
    "atan",
    "erf",
    "cbrt",
    "floor",
    "expm1",
    "log1p",
    "sinh",
    "asinh",
    "acos",
)
TWO = ("hypot", "fmod", "atan2", "fmax", "copysign")
COUNT = 40  # expressions in a function


def expression(rng: random.Random, depth: int, f: str) -> str:
    """In C, of x[0] to x[7]; `f` ends the names of functions and literals."""

    def below() -> str:
        return expression(rng, depth - 1, f)

    if depth == 0 or rng.random() < 0.1:
        return rng.choice([f"x[{rng.randrange(8)}]"] * 4 + [f"0.5{f}", "3", f"0.1{f}", f"-1.25{f}"])
    kind = rng.random()
    if kind < 0.5:
        return f"({below()} {rng.choice('+-*')} {below()})"
    if kind < 0.6:
        return f"({below()} / {below()})"
    if kind < 0.7:
        return f"({below()} > {below()} ? {below()} : {below()})"
    if kind < 0.75:
        return f"sqrt{f}(fabs{f}({below()}))"
    if kind < 0.8:
        return f"pow{f}(fabs{f}({below()}), {rng.choice(['2', '-3', f'0.5{f}', f'1.7{f}'])})"
    if kind < 0.9:
        return f"{rng.choice(TWO)}{f}({below()}, {below()})"
    return f"{rng.choice(ONE)}{f}({below()})"


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "seed", [0, pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)]
)
def test_no_honest_build_is_beyond_the_bound(seed: int, dtype: str, tmp_path: Path) -> None:
    if not (shutil.which("g++") and shutil.which("gcc")):
        pytest.skip("no g++: apt install g++")
    rng = random.Random(seed)
    name, f = ("float", "f") if dtype == "float32" else ("double", "")
    lines = "\n".join(f"y[{i}] = {expression(rng, rng.randrange(2, 5), f)};" for i in range(COUNT))
    text = f"#include <math.h>\nvoid f(int n, const {name} *x, {name} *y)\n{{\n{lines}\n}}\n"
    arguments = (size("n"), array("input", "x", "8", dtype), array("output", "y", str(COUNT), dtype))
    kernel = Kernel("f", "", text, arguments, {"n": 8})
    library = oracle(kernel, tmp_path)
    builds = {b: shared(text, ".c", BUILDS[b], tmp_path) for b in ("-O0", "-O3, FMA")}
    known = 0
    for draw in range(200):
        values = np.random.default_rng(draw)
        x = (
            values.uniform(-2, 2, 8),
            values.integers(-4, 5, 8).astype(float),
            values.uniform(-1, 1, 8) * 2.0 ** values.integers(-20, 21, 8),
        )[draw % 3]
        drawn = Drawn([8, x.astype(dtype), np.zeros(COUNT, dtype)], [])
        right = ask(kernel, library, drawn)
        assert right.near == 0  # every choice here is one between numbers
        for build, built in builds.items():
            assert worst(right, call(kernel, built, drawn)) < 1, (draw, build, lines)
        known += int((right.bound[0] < 1e-3 * np.abs(right.want[0])).sum())
    assert known > 0.7 * 200 * COUNT

"""Honest builds and rewritings stay within the bounds of the automatic oracle; cheats and half the precision do not.

The kernels, and the table of docs/any-kernel.md, are in benchmarks/margins.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmarks.margins.__main__ import KERNELS, margins
from benchmarks.margins.build import ask, call, draw, oracle, worst
from benchmarks.margins.kernels import Kernel
from benchmarks.margins.variants import honest

pytestmark = pytest.mark.skipif(
    not (shutil.which("g++") and shutil.which("gcc")), reason="no g++: apt install g++"
)

QUICK = ("axpby", "lu", "softmax", "mandelbrot", "int8_dot")
# Of what can be argued about, what is refused.
REFUSED = {"three products", "Winograd F(2, 3)", "expanded squares"}
# Of the values of a call, how many are special: one that overflows leaves nothing to compare of a sum, or of a branch.
RARE = {"dot": 0.0003, "normalise": 0.002}
SPECIAL = (0.0, -0.0, 5e-324, 1e-310, 1e-300, 1e-40, 1e-30, 1.0, -1.0, 3.0, 1e30, 3e38, 1e300, 1.7e308)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("built")


@pytest.mark.parametrize(
    "kernel",
    [pytest.param(k, id=k.name, marks=[] if k.name in QUICK else [pytest.mark.slow]) for k in KERNELS],
)
def test_the_honest_are_within_the_bound_and_cheats_are_not(kernel: Kernel, folder: Path) -> None:
    found = margins(kernel, folder, draws=2)
    print({name: max(by.values(), default=0) for name, by in found.items()})
    assert (sum(found["near"].values()) > 0) == kernel.near
    for name, by in found.items():
        kind, _, rest = name.partition(": ")
        if kind == "honest":
            assert max(by.values()) < 1, name
        elif kind == "cheat":
            assert max(by.values()) > 1, name
        elif kind == "disputed":
            assert (max(by.values()) > 1) == (rest in REFUSED), name


@pytest.mark.parametrize("name", ["dot", "normalise", "softmax", "axpby"])
@pytest.mark.parametrize(
    "values", [SPECIAL, (*SPECIAL, np.inf, -np.inf, np.nan)], ids=["finite", "with infinities"]
)
def test_no_value_makes_a_bound_nan_or_an_honest_build_wrong(
    name: str, values: tuple[float, ...], folder: Path
) -> None:
    kernel = next(k for k in KERNELS if k.name == name)
    library, builds = oracle(kernel, folder), dict(honest(kernel, folder))
    compared = 0
    for seed in range(20):
        drawn = draw(kernel, "wide", seed)
        rng = np.random.default_rng(seed)
        for i, value in enumerate(drawn.values):
            if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                odd = rng.uniform(size=value.shape) < RARE.get(name, 0.2)
                with np.errstate(over="ignore"):
                    drawn.values[i] = np.where(odd, rng.choice(values, value.shape), value).astype(
                        value.dtype
                    )
        known = ask(kernel, library, drawn)  # `worst` raises where a bound is NaN
        if known.near:
            continue
        for build in ("-O0", "-O3, FMA", "-O3, no FMA"):
            assert worst(known, call(kernel, builds[build], drawn)) < 1, (seed, build)
        compared += sum(int(np.isfinite(bound).sum()) for bound in known.bound)
    assert compared > 0

"""A reference and its oracle, built and called."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.margins.build import Drawn, Known, ask, call, oracle, shared, worst
from benchmarks.margins.kernels import Kernel, array, size

Compare = Callable[..., Known]


@pytest.fixture
def compare(tmp_path: Path) -> Compare:
    """Of a C function `void f(int n, <type> *x, <type> *y)`: x is read, y written; the build is within the bound."""
    if not (shutil.which("g++") and shutil.which("gcc")):
        pytest.skip("no g++: apt install g++")

    def run(text: str, x: Any, *, dtype: Any = "float64", out: Any = None, n: int | None = None) -> Known:
        x = np.asarray(x, dtype)
        length = x.size if n is None else n
        result: Any = out or dtype
        kernel = Kernel(
            "f",
            "void f()",
            text,
            (size("n"), array("input", "x", str(x.size), dtype), array("output", "y", str(x.size), result)),
            {"n": length},
        )
        drawn = Drawn([length, x, np.zeros(x.size, result)], [])
        known = ask(kernel, oracle(kernel, tmp_path), drawn)
        for flags in ("-O0", "-O3"):
            built = shared(text, ".c", ("gcc", flags, "-march=haswell", "-w"), tmp_path)
            assert known.near or worst(known, call(kernel, built, drawn)) < 1, (flags, known)
        return known

    return run

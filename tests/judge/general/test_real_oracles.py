"""Tasks whose oracle hayate.running makes, from end to end: honest variants pass, what is less exact does not."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from folders import array, size
from make import make

from benchmarks.margins import doubles, floats
from benchmarks.margins.kernels import Kernel
from hayate import sandbox
from hayate.errors import Fault, FaultKind
from hayate.judge import Rejection, native
from hayate.judge.library import Library
from hayate.judge.results import Measurement
from hayate.mutants import mutants
from hayate.records import HostProfile, MeasurePlan, Outcome
from hayate.tasks import load
from hayate.toolchains import compilers

Judge = Callable[..., Rejection | Measurement]
TIMED = MeasurePlan(verify_shapes=12, max_launches=1, pairs=2)
DOT = "double dot(int n, const double *x, const double *y)"


def test_a_reduction_is_held_to_the_oracle_where_it_is_timed(
    tmp_path: Path, judged: Judge, tier: sandbox.Sandbox
) -> None:
    """Its sums cancel, so that bounds are no share of them; and the error is beyond what is verified."""
    honest = f"{DOT}\n{{ double s = 0; for (int i = 0; i < n; i++) s += x[i] * y[i]; return s; }}\n"
    said = {
        "entry": "dot",
        "declaration": DOT,
        "returns": "double",
        "argument": [size("n"), array("x", "input", "double", "n"), array("y", "input", "double", "n")],
        "domain": {"n": [1, 40000]},
        "oracle_work_max": 3000,
        "band": [{"name": "timed", "center": {"n": 30000}, "spread": 0.02, "training": True}],
        "correct": "automatic",
    }
    task = load(make(tmp_path / "dot", said, {"reference.c": honest}))
    found = judged(task, honest, tier, TIMED)
    assert found.outcome is Outcome.ACCEPTED, found.reason
    assert found.numbers["pairs_by_reach"] + found.numbers["pairs_against_oracle"] >= 3
    assert found.numbers["widest_reach"] <= 0.01
    for wrong in ("s * (1 + 1e-4 * (n > 20000))", "n > 20000 ? s * 0.5 : s"):
        found = judged(task, honest.replace("return s", f"return {wrong}"), tier, TIMED)
        assert found.outcome is Outcome.WRONG, found.reason


# In the middle, where they are timed, a call takes tens of microseconds: below two, which `tasks check` refuses, it is
# mostly the wake-up of a process, and no launch can be believed.
SIZES: dict[str, dict[str, int]] = {
    "csr": {"m": 6000, "n": 6000, "nonzeros": 60_000},
    "lu": {"n": 160, "pad": 3},
    "gemv": {"m": 3000, "n": 200},
    "dot": {"n": 60_000},
    "softmax": {"m": 300, "n": 200},
    "nbody": {"n": 400},
}


def folder_of(kernel: Kernel) -> tuple[dict[str, Any], dict[str, str]]:
    """What task.toml says of it, and the reference."""
    text = {a.name: a.value for a in kernel.arguments if a.value}
    arguments = [a.model_dump(exclude_defaults=True) for a in kernel.arguments]
    for one in arguments:  # a folder's shapes are of drawn names alone
        if "shape" in one:
            one["shape"] = [text.get(part, part) for part in one["shape"]]
    said: dict[str, Any] = {
        "entry": kernel.name,
        "declaration": kernel.declaration,
        "preamble": kernel.preamble,
        "argument": arguments,
        "domain": {name: [min(most, 3), most] for name, most in SIZES.get(kernel.name, kernel.sizes).items()},
        "correct": "automatic",
        "headers": ["math.h", "string.h", "immintrin.h"],
    }
    if kernel.returns is not None:
        said["returns"] = kernel.returns
    return said, {"reference.c": kernel.text}


KERNELS = [doubles.CSR, doubles.LU, doubles.GEMV, doubles.DOT, floats.SOFTMAX, floats.NBODY]


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_honest_variants_pass_and_a_lower_precision_does_not(
    kernel: Kernel, tmp_path: Path, judged: Judge, tier: sandbox.Sandbox
) -> None:
    """Each honest one is timed, too, where results are held against each other."""
    task = load(make(tmp_path / kernel.name, *folder_of(kernel)))
    honest = {"the reference": kernel.text, **kernel.honest}
    if kernel.reversed[0]:
        honest["reversed"] = kernel.text.replace(*kernel.reversed)
    for name, text in honest.items():
        found = judged(task, text, tier, TIMED)
        assert found.outcome is Outcome.ACCEPTED, f"{name}: {found.reason}"
    lower = [m for m in mutants(kernel.task) if m.kind == "precision" and " in all" in m.name]
    assert len(lower) >= 3
    for mutant in lower:
        found = judged(task, mutant.text, tier)
        assert found.outcome is Outcome.WRONG, f"{mutant.name}: {found.reason}"


def test_the_oracle_has_the_stack_that_running_numbers_need(
    tmp_path: Path, judged: Judge, tier: sandbox.Sandbox
) -> None:
    """Fifteen MiB of doubles are a hundred and more of running numbers, and a process usually has 64."""
    declared = "void smooth(int n, const double *x, double *y)"
    text = f"""{declared}
{{
    double t[2000000];
    for (int i = 0; i < n; i++) t[2000000 - n + i] = x[i] * 3;
    for (int i = 0; i < n; i++) y[i] = t[2000000 - n + i] + x[n - 1 - i];
}}
"""
    said = {
        "entry": "smooth",
        "declaration": declared,
        "techniques": ["alloc"],
        "argument": [size("n"), array("x", "input", "double", "n"), array("y", "output", "double", "n")],
        "domain": {"n": [1, 300]},
        "correct": "automatic",
    }
    found = judged(load(make(tmp_path / "smooth", said, {"reference.c": text})), text, tier)
    assert found.outcome is Outcome.ACCEPTED, found.reason


def test_an_oracle_that_cpp_does_not_compile_names_the_task(
    tmp_path: Path, judged: Judge, tier: sandbox.Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = doubles.DOT
    task = load(make(tmp_path / "dot", *folder_of(kernel)))
    monkeypatch.setattr(native, "oracle_text", lambda task: "int broken(")
    with pytest.raises(Fault, match=r"the code of the task dot \(reference\.c\) does not compile") as told:
        judged(task, kernel.text, tier)
    assert told.value.kind is FaultKind.YARDSTICK_BROKEN


def test_an_infinity_that_is_due_is_right(host: HostProfile) -> None:
    """Its bound is 0, and the difference of two is no number."""
    task = doubles.GEMV.task
    shape = {"m": 2, "n": 3}
    want = np.array([np.inf, -np.inf, 1.0])
    library = Library(host)
    for got, bad in ((want, 0), (-want, 3), (np.array([np.inf, -np.inf, np.nan]), 1)):
        told = library.compare(task, shape, 2, got, want, np.zeros(3), complete=True)
        assert told.bad == bad
        assert bad or told.worst == 0


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_the_lowest_bits_of_64_are_compared(
    dtype: str, tmp_path: Path, judged: Judge, tier: sandbox.Sandbox
) -> None:
    """An array and the returned number, beside a real one that makes the task automatic."""
    declared = f"{dtype}_t mixed(int n, const {dtype}_t *k, const double *x, {dtype}_t *m, double *y)"
    text = f"""{declared}
{{
    {dtype}_t all = 0;
    for (int i = 0; i < n; i++) {{
        m[i] = k[i] ^ 5;
        all ^= k[i];
        y[i] = x[i] * x[i];
    }}
    return all;
}}
"""
    said = {
        "entry": "mixed",
        "preamble": "#include <stdint.h>\n",
        "declaration": declared,
        "returns": dtype,
        "argument": [
            size("n"),
            array("k", "input", dtype, "n"),
            array("x", "input", "double", "n"),
            array("m", "output", dtype, "n"),
            array("y", "output", "double", "n"),
        ],
        "domain": {"n": [1, 60_000]},
        "correct": "automatic",
    }
    task = load(make(tmp_path / "mixed", said, {"reference.c": text}))
    assert judged(task, text, tier, TIMED).outcome is Outcome.ACCEPTED
    for old, new in (("k[i] ^ 5", "k[i] ^ 4"), ("return all", "return all ^ (n > 3)")):
        found = judged(task, text.replace(old, new), tier)
        assert found.outcome is Outcome.WRONG and "not equal to what is right" in found.reason, found.reason


def test_without_a_compiler_of_cpp_the_remedy_is_named(written: Callable[..., Path], tmp_path: Path) -> None:
    """And neither the task nor its oracle is blamed."""
    plain = tmp_path / "gcc"
    plain.write_text("#!/bin/sh\nexit 1\n")
    plain.chmod(0o755)
    compiler = dataclasses.replace(compilers()[0], path=str(plain))
    task = load(written("sums"))
    with pytest.raises(Fault, match=r"sums: its oracle is C\+\+") as found:
        native.require_language(task, native.own_code(task), compiler)
    assert found.value.kind is FaultKind.DEPENDENCY_MISSING and "apt install g++" in found.value.remedy
    with pytest.raises(Fault, match=r"reference\.cpp is C\+\+"):
        native.require_language(task, ["glue.c", "reference.cpp"], compiler)
    native.require_language(task, ["glue.c", "reference.c"], compiler)

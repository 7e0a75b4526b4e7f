"""Builds a kernel's texts and its oracle as shared objects, draws arguments, calls both, and compares."""

from __future__ import annotations

import ctypes
import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.margins.kernels import Kernel
from hayate.running import COMPILER, FLAGS, drawn_beyond, oracle_text
from hayate.tasks.expressions import evaluate_expression

DISTRIBUTIONS = ("uniform", "wide", "integers", "sparse", "graded")


def shared(text: str, suffix: str, command: tuple[str, ...], folder: Path) -> ctypes.CDLL:
    """Of the text, built by the command. What -Ofast does to the whole process is left out: no start files."""
    name = hashlib.sha256("\0".join((text, *command)).encode()).hexdigest()[:20]
    built = folder / f"{name}.so"
    if not built.exists():
        (folder / f"{name}{suffix}").write_text(text)
        done = subprocess.run(
            [
                *command,
                "-shared",
                "-fPIC",
                "-nostartfiles",
                "-o",
                str(built),
                str(folder / f"{name}{suffix}"),
                "-lm",
            ],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(done.stderr[:4000])
    return ctypes.CDLL(str(built))


@dataclass
class Drawn:
    """The values of one call: arrays, numbers, and for a struct a dictionary."""

    values: list[Any]
    beyond: list[int]


def draw(kernel: Kernel, distribution: str, seed: int) -> Drawn:
    rng = np.random.default_rng(seed)
    computed = {a.name: int(evaluate_expression(a.value, kernel.sizes)) for a in kernel.arguments if a.value}
    sizes = kernel.sizes | computed
    values: list[Any] = []
    for a in kernel.arguments:
        if a.kind == "size":
            values.append(sizes[a.name])
        elif a.fields:
            values.append({f.name: float(rng.uniform(-1, 1)) for f in a.fields})
        elif not a.is_array:
            low, high = _range(a.values, kernel.sizes) if a.values else (-2.0, 2.0)
            values.append(float(rng.uniform(low, high)))
        else:
            shape = tuple(int(evaluate_expression(e, sizes)) for e in a.shape)
            values.append(_array(a, shape, sizes, distribution, rng))
    return Drawn(values, [kernel.sizes[name] for name in drawn_beyond(kernel.task)])


def _range(values: Any, sizes: dict[str, int]) -> tuple[float, float]:
    return float(evaluate_expression(values.low, sizes)), float(evaluate_expression(values.high, sizes))


def _array(a: Any, shape: tuple[int, ...], sizes: dict[str, int], distribution: str, rng: Any) -> Any:
    dtype = np.dtype(a.dtype)
    kind = a.drawn.kind
    if kind == "offsets":
        cuts = np.sort(rng.integers(0, int(evaluate_expression(a.drawn.high, sizes)) + 1, shape[0] - 2))
        return np.concatenate([[0], cuts, [int(evaluate_expression(a.drawn.high, sizes))]]).astype(dtype)
    if kind in ("columns", "index"):
        return rng.integers(0, int(evaluate_expression(a.drawn.high, sizes)), shape).astype(dtype)
    if dtype.kind in "iu":
        return rng.integers(-128, 128, shape).astype(dtype)
    x = real(shape, distribution, rng)
    if kind == "uniform":
        low, high = _range(a.drawn, sizes)
        x = rng.uniform(low, high, shape)
        if distribution == "graded":  # towards the upper end
            x = high - (high - low) * 2.0 ** -np.linspace(0, 20, shape[-1]) * rng.uniform(0.5, 1, shape)
        if distribution == "integers":
            x = np.maximum(np.rint(x), np.ceil(low))
    if kind in ("symmetric_positive_definite", "diagonally_dominant"):
        n = shape[0]
        if kind == "symmetric_positive_definite":
            x = x @ x.T + n * np.abs(x).max() ** 2 * np.eye(n)
        else:
            x[:, :n] += np.diag(np.abs(x).sum(axis=1) + 1)
    if dtype.kind == "c":
        x = x + 1j * real(shape, distribution, rng)
    return np.ascontiguousarray(x.astype(dtype))


def real(shape: tuple[int, ...], distribution: str, rng: Any) -> Any:
    """As the judge's: see docs/measurement.md."""
    if distribution == "uniform":
        return rng.uniform(-1, 1, shape)
    if distribution == "wide":
        return rng.uniform(-1, 1, shape) * 2.0 ** rng.integers(-12, 13, shape)
    if distribution == "integers":
        return rng.integers(-8, 9, shape).astype(float)
    if distribution == "sparse":
        return rng.uniform(-1, 1, shape) * (rng.uniform(size=shape) < 0.02)
    ramp = 2.0 ** -np.linspace(
        0, 20, shape[-1]
    )  # graded: increasing, so that the reference adds the largest last
    return rng.uniform(0.5, 1, shape) * ramp[::-1]


def _c(dtype: str) -> Any:
    return {"float32": ctypes.c_float, "float64": ctypes.c_double, "int32": ctypes.c_int32}[dtype]


def _struct(a: Any, value: dict[str, float]) -> Any:
    kind = type("Raw", (ctypes.Structure,), {"_fields_": [(f.name, _c(f.dtype)) for f in a.fields]})
    return kind(**value)


def call(kernel: Kernel, library: ctypes.CDLL, drawn: Drawn, lower: bool = False) -> list[Any]:
    """What is written and returned, as doubles. `lower`: the function takes the type of half the precision."""
    narrower = {"float64": np.float32, "float32": np.float16}
    function = getattr(library, kernel.name)
    function.restype = None
    passed, outputs, keep = [], [], []
    for a, value in zip(kernel.arguments, drawn.values, strict=True):
        if a.is_array:
            copy = np.array(value) if a.kind != "output" else np.full_like(value, 77)
            if lower and a.dtype in narrower:
                with np.errstate(over="ignore"):
                    copy = copy.astype(narrower[a.dtype])
            keep.append(copy)
            passed.append(ctypes.c_void_p(copy.ctypes.data))
            if a.kind != "input":
                outputs.append(copy)
        elif a.fields:
            passed.append(_struct(a, value))
        elif lower and a.dtype == "float64":
            passed.append(ctypes.c_float(value))
        else:
            passed.append(_c(a.dtype)(value))
    if kernel.returns:
        function.restype = ctypes.c_float if lower else _c(kernel.returns)
    result = function(*passed)
    found = [numbers(each) for each in outputs]
    return [*found, np.array([result])] if kernel.returns else found


def numbers(x: Any) -> Any:
    x = x.reshape(-1)
    if x.dtype.kind == "c":
        x = x.view(np.float64 if x.dtype == np.complex128 else np.float32)
    return x.astype(np.float64)


@dataclass
class Known:
    """What is right: of each output the values and the bounds. `near`: comparisons that rounding could turn."""

    want: list[Any]
    bound: list[Any]
    near: int


def oracle(kernel: Kernel, folder: Path) -> ctypes.CDLL:
    return shared(oracle_text(kernel.task), ".cpp", (COMPILER, *FLAGS), folder)


def ask(kernel: Kernel, library: ctypes.CDLL, drawn: Drawn) -> Known:
    keep, pointers, want = [], [], []
    for a, value in zip(kernel.arguments, drawn.values, strict=True):
        if a.is_array:
            pointers.append(value.ctypes.data)
            if a.kind != "input":
                want.append(np.full(value.size * (2 if value.dtype.kind == "c" else 1), np.nan))
        else:
            keep.append(_struct(a, value) if a.fields else _c(a.dtype)(value))
            pointers.append(ctypes.addressof(keep[-1]))
    for name in drawn.beyond:
        keep.append(ctypes.c_int64(name))
        pointers.append(ctypes.addressof(keep[-1]))
    if kernel.returns:
        want.append(np.full(1, np.nan))
    bound = [np.full_like(x, np.nan) for x in want]
    near = getattr(library, f"{kernel.name}_automatic")(
        (ctypes.c_void_p * len(pointers))(*pointers),
        (ctypes.c_void_p * len(want))(*(x.ctypes.data for x in want)),
        (ctypes.c_void_p * len(want))(*(x.ctypes.data for x in bound)),
    )
    if near < 0:
        raise RuntimeError(f"{kernel.name}: the oracle can't be run")
    return Known(want, bound, near)


def worst(known: Known, got: list[Any]) -> float:
    """The largest error in units of the bound; infinite where exactness is missed, or a number is none."""
    found = 0.0
    for want, bound, x in zip(known.want, known.bound, got, strict=True):
        if np.isnan(bound).any():
            raise RuntimeError("a bound is no number")
        with np.errstate(all="ignore"):
            error = np.where(want == x, 0, np.abs(x - want))
            ratio = np.where(error == 0, 0, np.where(bound == np.inf, 0, error / bound))
            ratio = np.where(np.isnan(x) & np.isfinite(bound), np.inf, ratio)
        found = max(found, float(np.nan_to_num(ratio, nan=np.inf, posinf=np.inf).max(initial=0)))
    return found

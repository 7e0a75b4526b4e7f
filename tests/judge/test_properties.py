"""What must hold of the error bound and of the statistics whatever the numbers are.

The bound is the clock's own code, by hayate/judge/library.py. One launch shows that the running judge gives the same
answers.
"""

from __future__ import annotations

import ctypes
import itertools
import math
import random
import statistics
import subprocess
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hayate import hosts, sandbox
from hayate.judge import build, native
from hayate.judge.arguments import gamma
from hayate.judge.failures import CandidateFailed
from hayate.judge.library import Library
from hayate.judge.session import LaunchSession
from hayate.judge.shapes import (
    DISTRIBUTIONS,
    GRADED,
    INTEGERS,
    SPARSE,
    UNIFORM,
    WIDE,
    elements,
    parameters,
)
from hayate.judge.stats import LogRatio, Sequential, log_ratio, metric, sequential_interval, speedup
from hayate.records import Built, HostProfile, Launch, Outcome, Shape, Task, Timing
from hayate.tasks import builtin, builtin_names, evaluate_expression
from hayate.toolchains import compilers

Doubles = NDArray[np.float64]
U = Fraction(1, 2**53)


def _address(array: Doubles) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


KEY = tuple(range(8))


class Clock:
    """The clock's inputs and comparison, and the oracle as the examiner compiles it, for one task with one output."""

    def __init__(self, task: Task, box: Path, host: HostProfile) -> None:
        assert task.oracle is not None
        self.task = task
        self._library = Library(host)
        (box / "oracle.c").write_text(task.oracle.text)
        flags = [
            *native.ORACLE_FLAGS,
            f"-march={host.arch}",
            "-fPIC",
            "-shared",
            "-o",
            "oracle.so",
            "oracle.c",
            "-lm",
        ]
        subprocess.run([compilers()[0].path, *flags], cwd=box, check=True)
        self._oracle = ctypes.CDLL(str(box / "oracle.so"))

    def parameters(self, shape: Shape, distribution: int, seed: int) -> tuple[int, float]:
        """BITS and FACTOR that `inputs` is drawn with."""
        return parameters(self.task, shape, distribution, random.Random(seed))

    def inputs(self, shape: Shape, distribution: int, seed: int) -> list[Doubles]:
        """As `verify` draws them."""
        filled = self._library.fill_all(self.task, shape, distribution, seed, KEY)
        return [array for array in filled.arrays if array is not None]

    def _call(self, function: str, shape: Shape, inputs: Sequence[Doubles], *more: object) -> None:
        given, arrays = [], iter(inputs)
        for argument in self.task.arguments:
            if argument.kind == "size":
                given.append(ctypes.c_int(shape[argument.name]))
            elif argument.kind == "input":
                given.append(_address(next(arrays)))
        words = [_address(x) if isinstance(x, np.ndarray) else x for x in more]
        getattr(self._oracle, f"{self.task.entry}_{function}")(*given, *words)

    def _numbers(self, shape: Shape) -> int:
        return elements(self.task, shape)[-1]

    def oracle(self, shape: Shape, inputs: Sequence[Doubles]) -> tuple[Doubles, Doubles]:
        """The exact result and its scale."""
        n = self._numbers(shape)
        exact, scale = np.full(n, np.nan), np.full(n, np.nan)
        self._call("exact", shape, inputs, exact, scale)
        return exact, scale

    def sampled(self, shape: Shape, inputs: Sequence[Doubles]) -> tuple[Doubles, Doubles]:
        """The same of every element, by the function that gives single ones."""
        n = self._numbers(shape)
        exact, scale = np.full(n, np.nan), np.full(n, np.nan)
        self._call("sample", shape, inputs, 0, n, (ctypes.c_int64 * n)(*range(n)), exact, scale)
        return exact, scale

    def cheap_scale(self, shape: Shape, inputs: Sequence[Doubles]) -> Doubles:
        scale = np.full(self._numbers(shape), np.nan)
        self._call("scale", shape, inputs, scale)
        return scale

    def compare(
        self,
        shape: Shape,
        got: Doubles,
        want: Doubles,
        scale: Doubles,
        gamma: float,
        *,
        exactly: bool = False,
    ) -> tuple[int, float]:
        """How many elements are outside, and the worst error in units of its bound."""
        got = np.ascontiguousarray(got, dtype=np.float64).reshape(-1)
        last = len(self.task.arrays) - 1
        found = self._library.compare(self.task, shape, last, got, want, scale, gamma=gamma, exactly=exactly)
        return found.bad, found.worst

    def verdict(
        self, got: Doubles, shape: Shape, inputs: Sequence[Doubles], distribution: int
    ) -> tuple[int, float]:
        """As `verify` finds it."""
        exact, scale = self.oracle(shape, inputs)
        return self.compare(
            shape, got, exact, scale, gamma(self.task, shape), exactly=distribution == INTEGERS
        )


@pytest.fixture(scope="module")
def clocks(tmp_path_factory: pytest.TempPathFactory, host: HostProfile) -> dict[str, Clock]:
    return {name: Clock(builtin(name), tmp_path_factory.mktemp(name), host) for name in builtin_names()}


SHAPES = {
    "dgemm": st.fixed_dictionaries(
        {"M": st.integers(1, 6), "N": st.integers(1, 6), "K": st.integers(1, 40) | st.integers(41, 400)}
    ),
    "jacobi2d": st.fixed_dictionaries(
        {"H": st.integers(1, 12), "W": st.integers(1, 12), "sweeps": st.integers(0, 16)}
    ),
}
CASES = st.sampled_from(sorted(SHAPES)).flatmap(lambda name: st.tuples(st.just(name), SHAPES[name]))
SEEDS = st.integers(0, 2**62)
ROUNDED = st.sampled_from([UNIFORM, WIDE, SPARSE, GRADED])
EXACT_SETTINGS = settings(max_examples=25, deadline=None, derandomize=True)


# -- where the bound is


@EXACT_SETTINGS
@given(CASES, ROUNDED, SEEDS, st.lists(st.floats(-3, 3), min_size=1, max_size=9))
def test_the_bound_is_what_the_docs_say(
    clocks: dict[str, Clock], case: tuple[str, Shape], distribution: int, seed: int, shares: list[float]
) -> None:
    """|computed - exact| <= factor gamma_n scale + u |exact|, each element by itself; here in exact arithmetic."""
    name, shape = case
    clock = clocks[name]
    bound = clock.task.bound
    inputs = clock.inputs(shape, distribution, seed)
    exact, scale = clock.oracle(shape, inputs)
    nu = Fraction(evaluate_expression(bound.terms, shape)) * U
    exact_gamma = Fraction(bound.factor) * nu / (1 - nu)
    got = exact.copy()
    least = most = 0
    for i in range(len(got)):
        limit = exact_gamma * Fraction(scale[i]) + U * abs(Fraction(exact[i]))
        got[i] += shares[i % len(shares)] * float(limit)
        error = abs(Fraction(got[i]) - Fraction(exact[i]))
        # The clock computes both sides in doubles: a few units in the last place either way.
        least += error > limit * (1 + 16 * U)
        most += error > limit * (1 - 16 * U)
    bad, worst = clock.compare(shape, got, exact, scale, gamma(clock.task, shape))
    assert least <= bad <= most
    assert (worst > 1 + 1e-9) <= (bad > 0) <= (worst > 1 - 1e-9)


@EXACT_SETTINGS
@given(CASES, ROUNDED, SEEDS, st.floats(0, 0.6), st.floats(1.5, 1e9))
def test_within_is_accepted_and_beyond_is_refused(
    clocks: dict[str, Clock],
    case: tuple[str, Shape],
    distribution: int,
    seed: int,
    inside: float,
    beyond: float,
) -> None:
    """With room for the rounding of the result itself, a third of the bound where there is one product."""
    name, shape = case
    clock = clocks[name]
    inputs = clock.inputs(shape, distribution, seed)
    exact, scale = clock.oracle(shape, inputs)
    limit = gamma(clock.task, shape) * scale + 2.0**-53 * np.abs(exact)
    signs = np.where(np.arange(len(exact)) % 2, 1.0, -1.0)
    assert clock.verdict(exact + inside * signs * limit, shape, inputs, distribution)[0] == 0
    bad, _ = clock.verdict(exact + beyond * signs * limit, shape, inputs, distribution)
    assert bad == np.count_nonzero(limit)


@EXACT_SETTINGS
@given(
    CASES,
    st.sampled_from(DISTRIBUTIONS),
    SEEDS,
    st.sampled_from([math.nan, -math.nan, math.inf, -math.inf]),
)
def test_no_nan_and_no_infinity_passes(
    clocks: dict[str, Clock], case: tuple[str, Shape], distribution: int, seed: int, odd: float
) -> None:
    name, shape = case
    clock = clocks[name]
    inputs = clock.inputs(shape, distribution, seed)
    exact, _ = clock.oracle(shape, inputs)
    got = exact.copy()
    got[seed % len(got)] = odd
    assert clock.verdict(got, shape, inputs, distribution)[0] == 1
    # As in a timed call, where the other result is computed, too, and the bound is twice as wide.
    assert (
        clock.compare(shape, got, exact, clock.cheap_scale(shape, inputs), 2 * gamma(clock.task, shape))[0]
        == 1
    )


@pytest.mark.parametrize("name", sorted(SHAPES))
@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_an_opponents_nan_or_infinity_is_noticed(clocks: dict[str, Clock], name: str, odd: float) -> None:
    """In a pair the bound's |exact| is the opponent's own result: infinite, it would excuse any difference.

    A rival that knows its role could write infinities instead of working, and never be beaten.
    """
    clock, shape = clocks[name], {"M": 2, "N": 3, "K": 4, "H": 3, "W": 4, "sweeps": 2}
    shape = {size.name: shape[size.name] for size in clock.task.sizes}
    inputs = clock.inputs(shape, UNIFORM, seed=1)
    exact, _ = clock.oracle(shape, inputs)
    opponent = np.full_like(exact, odd)
    bad, _ = clock.compare(
        shape, exact, opponent, clock.cheap_scale(shape, inputs), 2 * gamma(clock.task, shape)
    )
    assert bad == len(exact)


@EXACT_SETTINGS
@given(CASES, SEEDS)
def test_integers_must_be_exact(clocks: dict[str, Clock], case: tuple[str, Shape], seed: int) -> None:
    name, shape = case
    clock = clocks[name]
    inputs = clock.inputs(shape, INTEGERS, seed)
    exact, _ = clock.oracle(shape, inputs)
    assert clock.verdict(exact, shape, inputs, INTEGERS) == (0, 0.0)
    for towards in (-np.inf, np.inf):
        got = exact.copy()
        got[seed % len(got)] = np.nextafter(got[seed % len(got)], towards)
        assert clock.verdict(got, shape, inputs, INTEGERS)[0] == 1


@EXACT_SETTINGS
@given(CASES, ROUNDED, SEEDS, st.lists(st.integers(-60, 60), min_size=2, max_size=2), st.floats(-3, 3))
def test_powers_of_two_scale_the_bound_exactly(
    clocks: dict[str, Clock],
    case: tuple[str, Shape],
    distribution: int,
    seed: int,
    powers: list[int],
    share: float,
) -> None:
    name, shape = case
    clock = clocks[name]
    inputs = clock.inputs(shape, distribution, seed)
    scaled = [np.ldexp(a, p) for a, p in zip(inputs, powers, strict=False)]
    power = sum(powers[: len(inputs)])
    exact, scale = clock.oracle(shape, inputs)
    for before, after in (
        (exact, clock.oracle(shape, scaled)[0]),
        (scale, clock.oracle(shape, scaled)[1]),
        (clock.cheap_scale(shape, inputs), clock.cheap_scale(shape, scaled)),
    ):
        assert np.array_equal(np.ldexp(before, power), after)
    got = exact + share * (gamma(clock.task, shape) * scale + 2.0**-53 * np.abs(exact))
    assert clock.verdict(got, shape, inputs, distribution) == clock.verdict(
        np.ldexp(got, power), shape, scaled, distribution
    )


@EXACT_SETTINGS
@given(CASES, st.sampled_from(DISTRIBUTIONS), SEEDS)
def test_the_cheap_scale_is_never_smaller(
    clocks: dict[str, Clock], case: tuple[str, Shape], distribution: int, seed: int
) -> None:
    name, shape = case
    inputs = clocks[name].inputs(shape, distribution, seed)
    assert np.all(
        clocks[name].cheap_scale(shape, inputs) >= clocks[name].oracle(shape, inputs)[1] * (1 - 1e-12)
    )


@EXACT_SETTINGS
@given(CASES)
def test_gamma_is_the_formula_and_grows_with_the_terms(case: tuple[str, Shape]) -> None:
    name, shape = case
    task = builtin(name)
    nu = Fraction(evaluate_expression(task.bound.terms, shape)) * U
    meant = Fraction(task.bound.factor) * nu / (1 - nu)
    assert gamma(task, shape) > 0
    assert abs(Fraction(gamma(task, shape)) - meant) <= 8 * U * meant
    for size in shape:
        assert gamma(task, {**shape, size: shape[size] + 1}) >= gamma(task, shape)


# -- honest sums, and sums in single precision


def _forwards(p: Doubles) -> Doubles:
    total = np.zeros(p.shape[:2])
    for k in range(p.shape[2]):
        total = total + p[:, :, k]
    return total


def _blocked(p: Doubles, block: int = 7) -> Doubles:
    parts = [_forwards(p[:, :, i : i + block]) for i in range(0, p.shape[2], block)]
    return _forwards(np.stack(parts, axis=2))


def _pairwise(p: Doubles) -> Doubles:
    half = p.shape[2] // 2
    total: Doubles = p[:, :, 0] if not half else _pairwise(p[:, :, :half]) + _pairwise(p[:, :, half:])
    return total


def _compensated(p: Doubles) -> Doubles:
    total, rest = np.zeros(p.shape[:2]), np.zeros(p.shape[:2])
    for k in range(p.shape[2]):
        term = p[:, :, k]
        new = total + term
        rest += np.where(np.abs(total) >= np.abs(term), (total - new) + term, (term - new) + total)
        total = new
    return total + rest


def _correctly_rounded(p: Doubles) -> Doubles:
    return np.array([[math.fsum(row) for row in rows] for rows in p])


def _fused(a: Doubles, b: Doubles) -> Doubles:
    """One rounding for each product and sum together, as an FMA has."""
    out = np.empty((a.shape[0], b.shape[1]))
    for i, j in np.ndindex(*out.shape):
        total = 0.0
        for x, y in zip(a[i].tolist(), b[:, j].tolist(), strict=True):
            total = float(Fraction(x) * Fraction(y) + Fraction(total))
        out[i, j] = total
    return out


SUMS: dict[str, Callable[[Doubles], Doubles]] = {
    "forwards": _forwards,
    "backwards": lambda p: _forwards(p[:, :, ::-1]),
    "by size": lambda p: _forwards(np.take_along_axis(p, np.argsort(np.abs(p), axis=2), axis=2)),
    "blocked": _blocked,
    "pairwise": _pairwise,
    "interleaved": lambda p: _forwards(np.stack([_forwards(p[:, :, i::4]) for i in range(4)], axis=2)),
    "compensated": _compensated,
    "correctly rounded": _correctly_rounded,
}


def _products(shape: Shape, inputs: Sequence[Doubles]) -> tuple[Doubles, Doubles]:
    return inputs[0].reshape(shape["M"], shape["K"]), inputs[1].reshape(shape["K"], shape["N"])


@EXACT_SETTINGS
@given(SHAPES["dgemm"], st.sampled_from(DISTRIBUTIONS), SEEDS)
def test_every_order_of_summation_passes(
    clocks: dict[str, Clock], shape: Shape, distribution: int, seed: int
) -> None:
    clock = clocks["dgemm"]
    inputs = clock.inputs(shape, distribution, seed)
    a, b = _products(shape, inputs)
    products = a[:, None, :] * b.T[None, :, :]
    for name, add in SUMS.items():
        assert clock.verdict(add(products), shape, inputs, distribution)[0] == 0, name
    assert clock.verdict(a @ b, shape, inputs, distribution)[0] == 0
    if shape["K"] <= 40:
        assert clock.verdict(_fused(a, b), shape, inputs, distribution)[0] == 0


def _sweeps(u: Doubles, sweeps: int, order: Sequence[int], *, joined: bool) -> Doubles:
    u = u.copy()
    for _ in range(sweeps if min(u.shape) > 2 else 0):
        around = [u[:-2, 1:-1], u[2:, 1:-1], u[1:-1, :-2], u[1:-1, 2:]]
        a, b, c, d = (around[i] for i in order)
        inner = (a + b) + (c + d) if joined else ((a + b) + c) + d
        u[1:-1, 1:-1] = 0.5 * u[1:-1, 1:-1] + 0.125 * inner
    return u


@EXACT_SETTINGS
@given(SHAPES["jacobi2d"], st.sampled_from(DISTRIBUTIONS), SEEDS, st.permutations(range(4)), st.booleans())
def test_every_order_of_neighbours_passes(
    clocks: dict[str, Clock], shape: Shape, distribution: int, seed: int, order: list[int], joined: bool
) -> None:
    clock = clocks["jacobi2d"]
    inputs = clock.inputs(shape, distribution, seed)
    got = _sweeps(inputs[0].reshape(shape["H"], shape["W"]), shape["sweeps"], order, joined=joined)
    assert clock.verdict(got, shape, inputs, distribution)[0] == 0


def _single(x: Doubles) -> Doubles:
    return x.astype(np.float32).astype(np.float64)


def _single_sums(p: Doubles) -> Doubles:
    total = np.zeros(p.shape[:2], dtype=np.float32)
    for k in range(p.shape[2]):
        total = (total + p[:, :, k]).astype(np.float32)
    return total.astype(np.float64)


SINGLE: dict[str, Callable[[Doubles, Doubles, Doubles], Doubles]] = {
    "one input": lambda a, b, p: _single(a) @ b,
    "products": lambda a, b, p: _forwards(_single(p)),
    "every tenth product": lambda a, b, p: _forwards(np.where(np.arange(p.shape[2]) % 10, p, _single(p))),
    "sums": lambda a, b, p: _single_sums(p),
    "sums of blocks": lambda a, b, p: _forwards(np.stack([_single_sums(p[:, :, i::8]) for i in range(8)], axis=2)),
    "one sum of eight": lambda a, b, p: _single_sums(p[:, :, ::8]) + _forwards(p[:, :, np.arange(p.shape[2]) % 8 > 0]),
    "the result": lambda a, b, p: _single(_forwards(p)),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "distribution"),
    [(n, d) for n in SINGLE for d in DISTRIBUTIONS if (n, d) != ("one input", INTEGERS)],
)
def test_single_precision_anywhere_is_outside(clocks: dict[str, Clock], name: str, distribution: int) -> None:
    """Integers below 2^20 are exact in single precision: as inputs alone they are right, and should be."""
    clock = clocks["dgemm"]
    for k in (100, 500, 2000):
        shape = {"M": 5, "N": 6, "K": k}
        inputs = clock.inputs(shape, distribution, seed=k)
        a, b = _products(shape, inputs)
        bad, _ = clock.verdict(
            SINGLE[name](a, b, a[:, None, :] * b.T[None, :, :]), shape, inputs, distribution
        )
        assert bad > 0, k


def _pairs_of_singles(a: Doubles, b: Doubles) -> Doubles:
    """Each input as two floats, the product of the second two left out: 48 bits of 53."""
    above, below = a.astype(np.float32), b.astype(np.float32)
    left, right = (a - above).astype(np.float32), (b - below).astype(np.float32)
    rest = above[:, None, :] * right.T[None, :, :] + left[:, None, :] * below.T[None, :, :]
    return _forwards(above.astype(np.float64)[:, None, :] * below.T.astype(np.float64)[None, :, :] + rest)


@pytest.mark.parametrize(
    ("k", "distribution"), [(1, UNIFORM), (1, WIDE), (30, SPARSE), (100, SPARSE), (300, SPARSE)]
)
def test_a_little_less_than_double_is_outside(clocks: dict[str, Clock], k: int, distribution: int) -> None:
    """Where terms are few, and among zeros where only the terms that aren't zero count."""
    clock, shape = clocks["dgemm"], {"M": 20, "N": 30, "K": k}
    inputs = clock.inputs(shape, distribution, seed=k)
    a, b = _products(shape, inputs)
    assert clock.verdict(_pairs_of_singles(a, b), shape, inputs, distribution)[0] > 0


def test_the_scale_counts_the_terms_that_are_not_zero(clocks: dict[str, Clock]) -> None:
    """A sum of two products among 498 zeros has the bound of a sum of two."""
    clock, few, many = clocks["dgemm"], {"M": 1, "N": 1, "K": 2}, {"M": 1, "N": 1, "K": 500}
    a, b = np.array([0.75, 1.25]), np.array([1.5, -0.625])
    long_a, long_b = np.zeros(500), np.ones(500)
    long_a[[3, 410]], long_b[[3, 410]] = a, b
    exact, scale = clock.oracle(few, [a, b])
    long_exact, long_scale = clock.oracle(many, [long_a, long_b])
    assert long_exact == exact
    assert gamma(clock.task, many) * long_scale == pytest.approx(gamma(clock.task, few) * scale, rel=1e-12)
    assert clock.oracle(many, [np.zeros(500), long_b]) == (0.0, 0.0)


PERTURBED = """
void dgemm(int M, int N, int K, const double *restrict A, const double *restrict B, double *restrict C)
{
    const double u = 0x1p-53, share = M % 2 ? 0.9 : 1.1;
    for (long i = 0; i < M; i++)
        for (long j = 0; j < N; j++) {
            long double sum = 0, size = 0, count = 0;
            for (long k = 0; k < K; k++) {
                const long double product = (long double)A[i * K + k] * B[k * N + j];
                sum += product;
                size += product < 0 ? -product : product;
                count += product != 0;
            }
            const double exact = sum, magnitude = exact < 0 ? -exact : exact;
            const double bound = 2 * (u / (1 - K * u)) * (double)(count * size) + u * magnitude;
            C[i * N + j] = exact + (i + j) % 2 * share * bound;
        }
}
"""


def test_the_running_judge_has_the_same_bound(task: Task, host: HostProfile, best: sandbox.Sandbox) -> None:
    """Nine tenths of the bound where M is odd, eleven tenths where it is even; integers must be exact."""
    made = build(task, PERTURBED, (), host=host, sandbox=best)
    assert isinstance(made, Built), made
    programs, slot = native.natives(task, host), hosts.slots()[0]

    def found(*calls: tuple[Shape, int]) -> list[float]:
        with LaunchSession(
            task, made, [made], natives=programs, slot=slot, sandbox=best, shapes=[s for s, _ in calls]
        ) as session:
            return [session.verify(s, d, i, timeout_s=5.0).worst_error for i, (s, d) in enumerate(calls)]

    odd, even = {"M": 7, "N": 9, "K": 200}, {"M": 8, "N": 9, "K": 200}
    for error in found((odd, UNIFORM), (odd, WIDE)):
        assert error == pytest.approx(0.9, abs=0.02)
    # About 20 products are left of 2000: the rounding of the result itself counts.
    assert found(({**odd, "K": 2000}, SPARSE)) == pytest.approx([0.9], abs=0.06)
    for call in ((even, UNIFORM), (odd, INTEGERS)):
        with pytest.raises(CandidateFailed) as failed:
            found(call)
        assert failed.value.outcome is Outcome.WRONG
        assert "outside the error bound" in failed.value.reason


# -- statistics

NS = st.integers(1_000, 10**10)
PAIRS = st.lists(st.tuples(NS, NS), min_size=1, max_size=9)
CONFIDENCES = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99, 0.999])
STATS_SETTINGS = settings(max_examples=30, deadline=None, derandomize=True)


def _launch(pairs: Sequence[tuple[int, int]], band: str = "a", known: float | None = 2.0) -> Launch:
    return Launch(
        band=band,
        yardstick="y",
        shapes=((8, 8, 8),) * len(pairs),
        candidate_ns=tuple(c for c, _ in pairs),
        yardstick_ns=tuple(y for _, y in pairs),
        flops=(1024.0,) * len(pairs),
        yardstick_gflops=known,
        yardstick_speedup=known,
    )


LAUNCHES = st.lists(PAIRS.map(_launch), min_size=1, max_size=7)
TIMINGS = st.lists(
    st.builds(_launch, PAIRS, st.sampled_from("abc"), st.sampled_from([None, 0.5, 20.0])),
    min_size=1,
    max_size=8,
).map(lambda launches: Timing(launches=tuple(launches)))


def _changed(launches: Sequence[Launch], change: Callable[[int, int], tuple[int, int]]) -> list[Launch]:
    return [
        _launch([change(c, y) for c, y in zip(x.candidate_ns, x.yardstick_ns, strict=True)]) for x in launches
    ]


def _close(found: LogRatio, value: float, low: float, high: float) -> bool:
    return [found.value, found.low, found.high] == pytest.approx([value, low, high], rel=1e-9, abs=1e-9)


@STATS_SETTINGS
@given(LAUNCHES, CONFIDENCES, st.integers(2, 1000))
def test_a_machine_of_another_speed_changes_nothing(
    launches: list[Launch], confidence: float, slower: int
) -> None:
    other = _changed(launches, lambda c, y: (c * slower, y * slower))
    assert log_ratio(other, confidence, chained=False) == log_ratio(launches, confidence, chained=False)


@STATS_SETTINGS
@given(LAUNCHES, CONFIDENCES)
def test_swapped_sides_invert_the_interval(launches: list[Launch], confidence: float) -> None:
    one = log_ratio(launches, confidence, chained=False)
    swapped = log_ratio(_changed(launches, lambda c, y: (y, c)), confidence, chained=False)
    assert _close(swapped, -one.value, -one.high, -one.low)


@STATS_SETTINGS
@given(LAUNCHES, CONFIDENCES, st.integers(2, 64))
def test_a_faster_candidate_moves_the_interval_as_it_is(
    launches: list[Launch], confidence: float, times: int
) -> None:
    one = log_ratio(launches, confidence, chained=False)
    moved = log_ratio(_changed(launches, lambda c, y: (c, y * times)), confidence, chained=False)
    by = math.log(times)
    assert _close(moved, one.value + by, one.low + by, one.high + by)


@STATS_SETTINGS
@given(LAUNCHES, CONFIDENCES, st.randoms(use_true_random=False))
def test_neither_the_order_of_launches_nor_of_pairs_matters(
    launches: list[Launch], confidence: float, rng: random.Random
) -> None:
    one = log_ratio(launches, confidence, chained=True)
    mixed = []
    for launch in rng.sample(launches, len(launches)):
        pairs = list(zip(launch.candidate_ns, launch.yardstick_ns, strict=True))
        mixed.append(_launch(rng.sample(pairs, len(pairs))))
    assert _close(log_ratio(mixed, confidence, chained=True), one.value, one.low, one.high)


@STATS_SETTINGS
@given(TIMINGS, CONFIDENCES, st.randoms(use_true_random=False))
def test_what_is_quoted_depends_on_no_order(timing: Timing, confidence: float, rng: random.Random) -> None:
    mixed = Timing(launches=tuple(rng.sample(timing.launches, len(timing.launches))))
    for quote in (speedup, metric):
        one, other = quote(timing, confidence), quote(mixed, confidence)
        assert one.low == pytest.approx(other.low, rel=1e-9)
        assert one.high == pytest.approx(other.high, rel=1e-9)


@STATS_SETTINGS
@given(TIMINGS, CONFIDENCES, st.sampled_from(["reference", "y"]))
def test_an_interval_holds_its_value(timing: Timing, confidence: float, baseline: str) -> None:
    """One launch or many, one pair or many, spread over seven decades."""
    ratio = speedup(timing, confidence, baseline)
    assert 0 <= ratio.low <= ratio.median <= ratio.high
    figure = metric(timing, confidence)
    assert 0 <= figure.low <= figure.value <= figure.high


@STATS_SETTINGS
@given(TIMINGS, CONFIDENCES, CONFIDENCES)
def test_more_confidence_is_a_wider_interval(timing: Timing, one: float, other: float) -> None:
    loose, strict = (speedup(timing, c, "y") for c in sorted((one, other)))
    assert strict.low <= loose.low <= loose.high <= strict.high
    assert strict.median == loose.median


@STATS_SETTINGS
@given(TIMINGS, CONFIDENCES)
def test_a_rival_and_its_rival_agree(timing: Timing, confidence: float) -> None:
    other = Timing(
        launches=tuple(
            x.model_copy(update={"candidate_ns": x.yardstick_ns, "yardstick_ns": x.candidate_ns})
            for x in timing.launches
        )
    )
    mine, its = speedup(timing, confidence, "y"), speedup(other, confidence, "y")
    assert mine.median * its.median == pytest.approx(1, rel=1e-9)
    if math.isfinite(mine.high) and its.low:
        assert mine.high * its.low == pytest.approx(1, rel=1e-9)


@pytest.mark.parametrize("launches", [1, 2, 3, 8])
@pytest.mark.parametrize("pairs", [1, 2, 9])
def test_ties(launches: int, pairs: int) -> None:
    """Calls that all took the same: certain from three launches on, and below that as wide as is assumed."""
    same = [_launch([(3000, 6000)] * pairs)] * launches
    found = log_ratio(same, 0.95, chained=False)
    assert found.value == pytest.approx(math.log(2))
    assert (found.high - found.low < 1e-12) == (launches >= 3)
    assert found.low <= found.value <= found.high


VALUES = st.lists(st.integers(-1000, 1000).map(lambda n: n / 1000), min_size=3, max_size=30)


@STATS_SETTINGS
@given(VALUES, st.randoms(use_true_random=False), st.floats(-2, 2), st.sampled_from([0.25, 2.0, 16.0]))
def test_the_sequential_interval_moves_with_its_values(
    values: list[float], rng: random.Random, by: float, times: float
) -> None:
    """Another order, another sign, another origin, another unit: the same interval in those terms."""
    one = sequential_interval(values, 100)
    assert sequential_interval(rng.sample(values, len(values)), 100) == one
    assert _close(sequential_interval([-v for v in values], 100), -one.value, -one.high, -one.low)
    assert _close(
        sequential_interval([v + by for v in values], 100), one.value + by, one.low + by, one.high + by
    )
    assert _close(
        sequential_interval([v * times for v in values], 100),
        one.value * times,
        one.low * times,
        one.high * times,
    )


STEPS = st.lists(st.integers(-15, 15).map(lambda n: n / 1000), min_size=1, max_size=24)


def _until_decided(values: Sequence[float], confidence: float = 0.95) -> list[tuple[str, LogRatio]]:
    rule, seen = Sequential(confidence), []
    for value in values:
        decision = rule.add(value)
        seen.append((decision.outcome, decision.interval))
        if decision.outcome:
            break
    return seen


@settings(max_examples=80, deadline=None, derandomize=True)
@given(STEPS)
def test_the_head_to_head_is_fair_and_only_narrows(values: list[float]) -> None:
    seen, mirrored = _until_decided(values), _until_decided([-v for v in values])
    swapped = {"faster": "slower", "slower": "faster"}
    assert [swapped.get(outcome, outcome) for outcome, _ in seen] == [outcome for outcome, _ in mirrored]
    for (_, before), (_, after) in itertools.pairwise(seen):
        assert before.low <= after.low
        assert after.high <= before.high
    assert all(outcome == "" for outcome, _ in seen[:2])


DRIFTS = [0.002, 0.004, 0.001, 0.005, 0.003, 0.007, -0.012, -0.011, -0.01]


def test_the_head_to_heads_interval_holds_its_value() -> None:
    """Of launches that drift, the mean leaves the intersection of the intervals before; it is quoted as the median."""
    rng = random.Random(0)
    runs = [DRIFTS, [0.001, 0.001, 0.001], [0.0] * 5]
    runs += [[round(rng.gauss(0.002 * i, 0.01), 3) for i in range(24)] for _ in range(100)]
    runs += [[round(rng.gauss(0, 0.01), 3) for _ in range(24)] for _ in range(100)]
    for values in runs:
        for _, interval in _until_decided(values):
            assert interval.low <= interval.value <= interval.high, values


def test_a_mean_of_few_is_no_decision() -> None:
    for values in ([], [0.1], [0.1, 0.1]):
        found = sequential_interval(values, 100)
        assert (found.low, found.high) == (-math.inf, math.inf)
        assert found.value == (statistics.fmean(values) if values else 0.0)


# -- what inputs are drawn from


@EXACT_SETTINGS
@given(CASES, SEEDS)
def test_sampled_elements_are_the_oracles(
    clocks: dict[str, Clock], case: tuple[str, Shape], seed: int
) -> None:
    name, shape = case
    clock = clocks[name]
    inputs = clock.inputs(shape, GRADED, seed)
    exact, scale = clock.oracle(shape, inputs)
    some, size = clock.sampled(shape, inputs)
    # dgemm's oracle keeps the same two doubles in another order of its additions to the low one.
    np.testing.assert_allclose(some, exact, rtol=1e-15, atol=0)
    np.testing.assert_allclose(size, scale, rtol=1e-12, atol=0)


def test_graded_runs_share_a_magnitude_and_differ_from_each_other(clocks: dict[str, Clock]) -> None:
    clock, shape, seed = clocks["dgemm"], {"M": 64, "N": 4, "K": 64}, 5
    _, run = clock.parameters(shape, GRADED, seed)
    values = np.abs(clock.inputs(shape, GRADED, seed)[0])
    grades = [values[i : i + int(run)].max() for i in range(0, len(values), int(run))]
    assert max(grades) <= 2.0**20
    seen = [
        np.ptp(np.log2([np.abs(a).max() for a in np.array_split(clock.inputs(shape, GRADED, s)[0], 4)]))
        for s in range(40)
    ]
    assert max(seen) > 20  # whole quarters of an input are a million times smaller than others


def test_values_of_different_calls_and_arrays_have_nothing_in_common(clocks: dict[str, Clock]) -> None:
    clock, shape = clocks["dgemm"], {"M": 40, "N": 40, "K": 40}
    first, second = clock.inputs(shape, UNIFORM, 1), clock.inputs(shape, UNIFORM, 2)
    streams = [*first, *second]
    for one, other in itertools.combinations(streams, 2):
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.1
        assert not np.intersect1d(one, other).size
    together = np.concatenate(streams)
    assert abs(together.mean()) < 0.05 and abs(together.var() - 1 / 3) < 0.02

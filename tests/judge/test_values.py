"""What arrays are filled with, of every kind, type and layout, by the clock's own code."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from hayate.judge.arguments import holds
from hayate.judge.library import Library
from hayate.judge.shapes import GRADED, UNIFORM, usable
from hayate.records import DTYPES, UNIT_ROUNDOFF, Argument, HostProfile, Task, Values
from hayate.tasks import builtin

KEY = tuple(range(8))
SHAPE = {"M": 13, "N": 7, "K": 40}


@pytest.fixture(scope="module")
def library(host: HostProfile) -> Library:
    return Library(host)


def task_of(*arguments: Argument) -> Task:
    return builtin("dgemm").model_copy(update={"arguments": arguments, "bound": None, "correct": "exact"})


def array(kind: str = "", dtype: str = "int32", shape: tuple[str, ...] = ("K",), **more: Any) -> Argument:
    values = {name: more.pop(name) for name in ("low", "high", "of") if name in more}
    return Argument(
        name=more.pop("name", "a"),
        kind=more.pop("role", "input"),
        dtype=dtype,
        shape=shape,
        values=Values(kind=kind, **values) if kind else None,
        **more,
    )


def filled(library: Library, *arguments: Argument, seed: int = 1, distribution: int = UNIFORM) -> list[Any]:
    found = library.fill_all(task_of(*arguments), SHAPE, distribution, seed, KEY).arrays
    return [x for x in found if x is not None]


def test_a_few_steps_of_an_iteration_do_not_factorise(library: Library) -> None:
    """A product with the diagonal's inverse, twice refined, solves n I plus noise."""
    for kind in ("symmetric_positive_definite", "diagonally_dominant"):
        (found,) = filled(library, array(kind, "float64", ("K", "K")), seed=5)
        square = found.reshape(40, 40)
        right = square @ np.ones(40)
        x = np.zeros(40)
        for _ in range(6):
            x += (right - square @ x) / np.diag(square)
        assert np.abs(x - 1).max() > 1e-3


INTEGERS = [d for d in DTYPES if d not in UNIT_ROUNDOFF]


@pytest.mark.parametrize("dtype", INTEGERS)
def test_whole_numbers_stay_in_their_range(library: Library, dtype: str) -> None:
    least, most = holds(dtype)  # type: ignore[arg-type]
    for low, high in (("3", "9"), ("-7", "7"), ("-2**70", "2**70"), ("0", "2**31")):
        for seed in range(6):
            (found,) = filled(library, array("integer", dtype, low=low, high=high), seed=seed)
            assert found.dtype == dtype
            asked = max(int(eval(low)), least), min(int(eval(high)), most)
            assert asked[0] <= int(found.min()) <= int(found.max()) <= asked[1]
    assert (
        len(
            {
                int(x)
                for s in range(20)
                for x in filled(library, array("integer", dtype, low="3", high="9"), seed=s)[0]
            }
        )
        == 7
    )


@pytest.mark.parametrize("dtype", INTEGERS)
def test_whole_numbers_without_a_range_have_all_magnitudes(library: Library, dtype: str) -> None:
    bits = 8 * np.dtype(dtype).itemsize
    (found,) = filled(library, array("", dtype, ("4000",)))
    numbers = [int(x) for x in found]
    least, most = holds(dtype)  # type: ignore[arg-type]
    if bits > 16:
        most = 2 ** (bits - 2) - 1
        least = -most if least else 0
    assert (min(numbers), max(numbers)) == (least, most)
    assert {abs(x).bit_length() for x in numbers} >= set(range(most.bit_length() + 1))
    assert sum(abs(x) <= 16 for x in numbers) > 800
    large = [x for x in numbers if most // 4 < abs(x) < most - 1]
    assert 0.4 < sum(x % 2 for x in large) / len(large) < 0.6


def test_all_64_bits_are_drawn(library: Library) -> None:
    for low, high in (("-2**63", "2**63 - 1"), ("2**60", "2**60 + 2**58"), ("2**62 + 1", "2**62 + 3")):
        (found,) = filled(library, array("integer", "int64", ("1000",), low=low, high=high))
        numbers = [int(x) for x in found]
        assert eval(low) <= min(numbers) and max(numbers) <= eval(high)
        assert {x % 2 for x in numbers} == {0, 1}
    (found,) = filled(library, array("sorted", "uint64", ("1000",), low="0", high="2**64 - 1"))
    assert (found[1:] >= found[:-1]).all() and found.max() > 2**63 and {int(x) % 2 for x in found} == {0, 1}


def test_indices_come_in_every_pattern(library: Library) -> None:
    seen = set()
    for seed in range(80):
        (found,) = filled(library, array("index", high="N"), seed=seed)
        assert 0 <= found.min() <= found.max() < SHAPE["N"]
        if len(set(found)) == 1:
            seen.add("same")
        elif set(found) <= {0, SHAPE["N"] - 1}:
            seen.add("ends")
        elif (np.diff(found) >= 0).all():
            seen.add("sorted")
        else:
            seen.add("any")
    assert seen == {"same", "ends", "sorted", "any"}
    (found,) = filled(library, array("index", "uint8", high="1000"))
    assert found.max() <= 255


def test_permutations_and_sorted_ones(library: Library) -> None:
    for seed in range(5):
        (found,) = filled(library, array("permutation", "int64"), seed=seed)
        assert sorted(found) == list(range(40))
        (found,) = filled(library, array("sorted", "float32", low="-2", high="5"), seed=seed)
        assert (np.diff(found) >= 0).all() and -2 <= found.min() < found.max() <= 5
        (found,) = filled(library, array("sorted", "uint16", low="2", high="60000"), seed=seed)
        assert (np.diff(found.astype(int)) >= 0).all() and len(set(found)) > 20


@pytest.mark.parametrize("nonzeros", ["0", "1", "K", "500", "9000"])
def test_rows_of_a_sparse_matrix(library: Library, nonzeros: str) -> None:
    """Increasing columns in each row, different where there is room."""
    count = {"K": 40}.get(nonzeros) or int(nonzeros)
    for seed in range(20):
        offsets, columns = filled(
            library,
            array("offsets", shape=("M + 1",), high=nonzeros, name="start"),
            array("columns", shape=(nonzeros,), high="K", of="start", name="column"),
            seed=seed,
        )
        assert offsets[0] == 0 and offsets[-1] == count and (np.diff(offsets) >= 0).all()
        assert len(columns) == count
        if count:
            assert 0 <= columns.min() <= columns.max() < 40
        for first, end in itertools.pairwise(offsets):
            row = columns[first:end]
            assert (np.diff(row) >= (1 if len(row) <= 40 else 0)).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("padded", [False, True])
def test_matrices(library: Library, dtype: str, padded: bool) -> None:
    shape, extent = ("N", "N + 3" if padded else "N"), ("N", "N") if padded else ()

    def matrix(kind: str) -> Any:
        (found,) = filled(library, array(kind, dtype, shape, extent=extent), seed=3)
        square = found.reshape(7, -1)
        if padded:
            assert np.isnan(square[:, 7:]).all()
        return square[:, :7].astype(np.float64)

    definite = matrix("symmetric_positive_definite")
    assert np.array_equal(definite, definite.T) and (np.diag(definite) > 0).all()
    root = np.sqrt(np.diag(definite))
    correlated = np.linalg.eigvalsh(definite / np.outer(root, root))
    assert 1e-4 < correlated.min() < 0.5
    assert root.max() > 30 * root.min()
    lower = matrix("lower_triangular")
    assert np.array_equal(lower, np.tril(lower)) and np.abs(np.diag(lower)).min() >= 0.5
    dominant = matrix("diagonally_dominant")
    sums = np.abs(dominant).sum(axis=1)
    assert (2 * np.abs(np.diag(dominant)) > sums).all()
    assert sums.max() > 30 * sums.min() and {1.0, -1.0} == set(np.sign(np.diag(dominant)))
    hot = matrix("one_hot")
    assert (hot.sum(axis=1) == 1).all() and set(hot.reshape(-1)) == {0.0, 1.0}


@pytest.mark.parametrize("dtype", DTYPES)
def test_padding_of_an_input_is_seen_in_every_result(library: Library, dtype: str) -> None:
    shape = ("M + 2", "N + 3")
    (found,) = filled(library, array("", dtype, shape, extent=("M", "N")))
    memory = found.reshape(15, 10)
    outside = np.concatenate([memory[:13, 7:].reshape(-1), memory[13:].reshape(-1)])
    if dtype in UNIT_ROUNDOFF:
        assert np.isnan(outside.view(np.float32 if dtype in ("float32", "complex64") else np.float64)).all()
        assert np.isfinite(memory[:13, :7]).all()
    else:
        assert (outside == np.iinfo(dtype).max).all()
    (found,) = filled(library, array("", dtype, shape, extent=("M", "N"), role="inout"))
    assert np.isfinite(found).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [("0",), ("M", "0"), ("0", "M"), ("1",), ("3", "1", "5")])
def test_small_and_empty_arrays(library: Library, dtype: str, shape: tuple[str, ...]) -> None:
    (found,) = filled(library, array("", dtype, shape))
    assert found.size == np.prod([SHAPE.get(x) or int(x) for x in shape])
    (found,) = filled(library, array("", dtype, ("M", "N"), extent=("M", "0")))
    assert found.size == 91


def test_ranges_of_real_numbers(library: Library) -> None:
    ranged = array("real", "float64", ("1000",), low="1", high="1 + K")
    assert usable(task_of(ranged), SHAPE) == (UNIFORM, GRADED)
    for distribution, seed in itertools.product((UNIFORM, GRADED), range(6)):
        (found,) = filled(library, ranged, seed=seed, distribution=distribution)
        assert 1 <= found.min() < found.max() <= 41
    near = [np.median(filled(library, ranged, seed=s, distribution=GRADED)[0]) for s in range(30)]
    assert min(near) < 3 and max(near) > 39


# -- comparisons


def compared(library: Library, a: Argument, got: Any, want: Any, scale: Any = None, **more: Any) -> Any:
    task = task_of(a) if more.pop("exact", False) else task_of(a).model_copy(update={"correct": "analytic"})
    return library.compare(task, SHAPE, 0, got, want, scale, **more)


def test_integers_of_64_bits_are_compared_as_they_are(library: Library) -> None:
    a = array("", "int64", role="output")
    want = np.arange(40, dtype=np.int64) + 2**60
    got = want.copy()
    assert compared(library, a, got, want, native=True, exact=True).bad == 0
    got[7] += 1
    assert compared(library, a, got, want, native=True, exact=True).bad == 1


def test_zeros_of_either_sign_and_any_nan_are_equal(library: Library) -> None:
    a = array("", "float64", role="output")
    want = np.linspace(-1, 1, 40)
    want[:2] = 0.0, np.nan
    got = want.copy()
    got[:2] = np.array([1 << 63, 0xFFF8000000000007], dtype=np.uint64).view(np.float64)
    assert compared(library, a, got, want, native=True, exact=True).bad == 0
    got[1] = np.inf
    assert compared(library, a, got, want, native=True, exact=True).bad == 1
    got[1], got[9] = np.nan, np.nan
    assert compared(library, a, got, want, native=True, exact=True).bad == 1


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
def test_a_bound_is_of_each_number(library: Library, dtype: str) -> None:
    """Padding is not compared, and complex elements are two numbers."""
    a = array("", dtype, ("M", "N + 1"), extent=("M", "N"), role="output")
    parts = 2 if dtype.startswith("complex") else 1
    want = np.ones((13, 8, parts))
    scale = np.full((13, 8, parts), 0.25)
    got = np.ones((13, 8, parts), dtype=np.float32 if dtype in ("float32", "complex64") else np.float64)
    got[:, 7] = np.nan
    got[5, 3, parts - 1] += 0.2
    found = compared(library, a, got.reshape(-1), want, scale)
    assert found.bad == 0
    assert found.worst == pytest.approx(0.8, rel=1e-3)
    got[5, 3, parts - 1] += 0.1
    found = compared(library, a, got.reshape(-1), want, scale)
    assert (found.bad, found.total) == (1, 13 * 7 * parts)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_outside_every_bound_but_an_unknown_one(library: Library, odd: float) -> None:
    a = array("", "float32", role="output")
    got, want, scale = np.ones(40, dtype=np.float32), np.ones(40), np.full(40, np.inf)
    got[11] = odd
    assert compared(library, a, got, want, scale).bad == 1
    found = compared(library, a, got, want, scale, complete=True)
    assert (found.bad, found.skipped) == (0, 40)
    scale[11] = 1.0
    assert compared(library, a, got, want, scale, complete=True).bad == 1
    scale[11] = np.nan
    assert compared(library, a, np.ones(40, dtype=np.float32), want, scale, complete=True).bad == 1
    assert compared(library, a, got, want, None, reach=1e300).bad == 1

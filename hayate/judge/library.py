"""The clock's values and comparison, for Python: what it would fill arrays with, and what it would say of results.

Proofs of a task and tests stand on it, so that none of them has arithmetic of its own. runner/library.c is the C side.
"""

from __future__ import annotations

import ctypes
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hayate.errors import Fault, FaultKind
from hayate.judge import arguments
from hayate.judge.glue import ROLES
from hayate.judge.native import library_path
from hayate.judge.shapes import INTEGERS, dimensions, elements
from hayate.records import DTYPES, UNIT_ROUNDOFF, HostProfile, Shape, Task

Array = NDArray[Any]
Key = tuple[int, ...]  # eight words of 32 bits
GENERATED = 16  # HY_GENERATED of runner/values.h


@dataclass(frozen=True)
class Filled:
    """What one call is given."""

    values: tuple[str, ...]  # numbers by value, in the words of runner/clock.c: i, u or d and a number
    arrays: tuple[
        Array | None, ...
    ]  # of each array of the task, in order, all that lies in memory; None of an output
    exactly: bool  # results of this call must be equal


@dataclass(frozen=True)
class Compared:
    """What the clock found of one array, numbers of complex elements counted one by one."""

    bad: int
    worst: float  # in units of its bound
    total: int  # numbers that were compared; known where one is bad
    skipped: int  # of which nothing is known


class _Expected(ctypes.Structure):  # struct expected of compare.h
    _fields_ = (
        ("want", ctypes.c_void_p),
        ("native", ctypes.c_int),
        ("scale", ctypes.c_void_p),
        ("reach", ctypes.c_double),
        ("gamma", ctypes.c_double),
        ("complete", ctypes.c_int),
        ("exactly", ctypes.c_int),
        ("may_skip", ctypes.c_int),
        ("any_nan", ctypes.c_int),
    )


class _Error(ctypes.Structure):  # struct error of compare.h
    _fields_ = (
        ("worst", ctypes.c_double),
        ("array", ctypes.c_int),
        ("exactly", ctypes.c_int),
        ("bad", ctypes.c_int64),
        ("total", ctypes.c_int64),
        ("at", ctypes.c_int64),
        ("skipped", ctypes.c_int64),
        ("seen", ctypes.c_int64),
        ("got", ctypes.c_double),
        ("want", ctypes.c_double),
        ("bound", ctypes.c_double),
    )


class Library:
    """The clock's code of this host. Safe to use from several threads: one is within at a time."""

    def __init__(self, host: HostProfile) -> None:
        """Compiled on first use. Raises Fault."""
        self._code = ctypes.CDLL(str(library_path(host)))
        for name in ("array", "fill", "compare"):
            getattr(self._code, f"library_{name}").restype = ctypes.c_char_p
        self._code.library_seed.restype = ctypes.c_uint64
        self._lock = threading.Lock()

    def fill_all(
        self,
        task: Task,
        shape: Shape,
        distribution: int,
        seed: int,
        key: Key,
        generate: Callable[[tuple[str, ...], list[Array | None], int], None] | None = None,
    ) -> Filled:
        """What a launch with that key fills the call number `seed` with.

        `generate` is handed the numbers, the arrays and a seed, and fills with the task's own generator those that
        hold `GARBAGE`; without it they stay so.
        """
        rng = random.Random(seed)
        numbers = tuple(arguments.values(task, shape, rng, exactly=distribution == INTEGERS))
        words = iter(arguments.arrays(task, shape, distribution, {}, rng))
        made: list[Array | None] = []
        words_of_key = (ctypes.c_uint32 * 8)(*key)
        generated = []
        with self._lock:
            self._describe(task, shape)
            for i, (a, count) in enumerate(zip(task.arrays, elements(task, shape), strict=True)):
                for _ in range(2 * int(next(words))):
                    next(words)
                made.append(None)
                if a.kind != "output":
                    kind, (low, high), mode = int(next(words)), (next(words), next(words)), int(next(words))
                    made[i] = array = np.empty(count, dtype=a.dtype)
                    array.view(np.uint8).fill(GARBAGE)
                    of = made[mode] if a.drawn.kind == "columns" else None
                    if kind == GENERATED:
                        generated.append(i)
                    self._must(
                        self._code.library_fill(
                            i,
                            _address(array),
                            kind,
                            ctypes.c_double(float(low)),
                            ctypes.c_double(float(high)),
                            ctypes.c_uint64(_whole(low)),
                            ctypes.c_uint64(_whole(high)),
                            mode,
                            words_of_key,
                            ctypes.c_uint64(seed),
                            None if of is None else _address(of),
                        )
                    )
                if a.kind != "input":
                    next(words)
            drawn = self._code.library_seed(words_of_key, ctypes.c_uint64(seed))
        if generated and generate is not None:
            generate(numbers, made, drawn)
            with self._lock:
                self._describe(task, shape)
                for i in generated:
                    left = made[i]
                    assert left is not None
                    self._code.library_spoil(i, _address(left))
        return Filled(numbers, tuple(made), distribution == INTEGERS)

    def compare(
        self,
        task: Task,
        shape: Shape,
        number: int,
        got: Array,
        want: Array,
        scale: Array | None,
        *,
        gamma: float = 1.0,
        exactly: bool = False,
        native: bool = False,
        complete: bool = False,
        reach: float = 0.0,
    ) -> Compared:
        """Array number `number` as the clock compares it. `want` and `scale` are doubles, or `want` is of the array's
        own type (`native`). `complete`: bounds as an automatic oracle gives them."""
        expected = _Expected(
            want.ctypes.data,
            int(native),
            None if scale is None else scale.ctypes.data,
            reach,
            gamma,
            int(complete),
            int(exactly),
            int(complete),
        )
        error = _Error()
        with self._lock:
            self._describe(task, shape)
            self._must(
                self._code.library_compare(number, _address(got), ctypes.byref(expected), ctypes.byref(error))
            )
        return Compared(error.bad, error.worst, error.total, error.skipped)

    def _describe(self, task: Task, shape: Shape) -> None:
        self._code.library_forget()
        for a in task.arrays:
            memory, extent = dimensions(a, shape)
            many = ctypes.c_int64 * len(memory)
            exactly = task.correct == "exact" or a.dtype not in UNIT_ROUNDOFF
            self._must(
                self._code.library_array(
                    DTYPES.index(a.dtype),
                    ROLES.index(a.kind),
                    int(exactly),
                    len(memory),
                    many(*memory),
                    many(*extent),
                )
            )

    def _must(self, said: bytes | None) -> None:
        if said is not None:
            raise Fault(FaultKind.INTERNAL, f"the clock's library: {said.decode()}")


GARBAGE = 0xA5  # each byte of what has not been filled


def _whole(word: str) -> int:
    """As the clock reads it; of a real number it is never used."""
    return int(word) if word.lstrip("-").isdigit() else 0


def _address(array: Array) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)

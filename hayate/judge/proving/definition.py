"""The parts of a task's definition against each other: calls of its own code and of every trusted solution on the same
arguments, all of the judge's kinds of values, and who is to blame where they do not fit."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from hayate.judge.arguments import gamma
from hayate.judge.library import Filled, Key, Library
from hayate.judge.proving.blame import Case, Finding, blame
from hayate.judge.proving.equal import EqualCase, blame_unequal
from hayate.judge.proving.harness import EXACT, SCALE, Answer, Asked, Broken, Harness
from hayate.judge.proving.numbers import joined, padding_written, unequal, units
from hayate.judge.proving.running import RunningCase, blame_running
from hayate.judge.shapes import sample, usable
from hayate.records import Shape, SourceText, Task

KEY: Key = tuple(range(8))  # proofs are the same each time
KINDS = ("uniform", "wide", "integers", "sparse", "graded")  # DISTRIBUTIONS of shapes.py
SHAPES = 12  # on which the parts of a task are held against each other, on every kind of values
GARBAGE, OTHER_GARBAGE = 0xFF, 0x11  # of floating types the first is NaN
# By what is right: the parts that are held against each other.
PARTS: dict[str, tuple[str, ...]] = {
    "analytic": ("oracle.c", "inputs", "bound"),
    "exact": (),
    "automatic": ("values", "branches"),
}
# Where the code is that the examiner has.
OWN_CODE = {task: "oracle.c" if task == "analytic" else "reference.c" for task in PARTS}


@dataclass
class _Calls:
    """Of one shape: what was given, and what came of it."""

    shape: Shape
    kinds: tuple[int, ...]
    given: list[Filled]
    own: list[list[Answer]]  # for each kind of values, by command
    results: dict[str, list[Answer]] = field(default_factory=dict)


class Definition:
    """Of one task; `own` is the program of its own code."""

    def __init__(self, task: Task, harness: Harness, library: Library, own: Path) -> None:
        self.task, self.harness, self.library, self.own = task, harness, library, own

    def given(self, shape: Shape, distribution: int, seed: int) -> Filled:
        """The arguments of one call. Raises Broken where the task's own generator fails."""
        generate = self.harness.generator(self.own, shape) if self.task.generator is not None else None
        return self.library.fill_all(self.task, shape, distribution, seed, KEY, generate)

    def findings(self, trusted: Sequence[tuple[str, SourceText]]) -> list[Finding]:
        """`trusted`: reference and yardsticks, by name. Raises Broken if it is the task's own code that is."""
        programs, found = {}, []
        for name, source in trusted:
            try:
                programs[name] = self.harness.solution(source)
            except Broken as broken:
                found.append(Finding(name, str(broken)))
        rng = random.Random(0)
        calls = [self._calls(shape, rng, programs, found) for shape in sample(self.task, SHAPES, rng)]
        for one in calls:  # who failed once has no opinion
            one.results = {name: answers for name, answers in one.results.items() if name in programs}
        return found + self._blamed(calls)

    def _calls(
        self, shape: Shape, rng: random.Random, programs: dict[str, Path], found: list[Finding]
    ) -> _Calls:
        kinds = usable(self.task, shape)
        given = [self.given(shape, kind, rng.getrandbits(62)) for kind in kinds]
        asked = [one for each in given for one in self._asked(shape, each)]
        answers = self.harness.call(self.own, asked)
        each = len(asked) // len(given)
        own = [answers[i : i + each] for i in range(0, len(answers), each)]
        calls = _Calls(shape, kinds, given, own)
        for name, program in list(programs.items()):
            try:
                solved = [Asked(shape, one, garbage=GARBAGE) for one in given]
                calls.results[name] = self.harness.call(program, solved)
                self._keep_padding(shape, given, calls.results[name])
            except Broken as broken:
                at = min(broken.after, len(kinds) - 1)
                found.append(Finding(name, f"{broken}, on {KINDS[kinds[at]]} values"))
                del programs[name]
        return calls

    def _asked(self, shape: Shape, given: Filled) -> Iterator[Asked]:
        yield Asked(shape, given, EXACT, garbage=GARBAGE)
        if self.task.correct == "analytic":
            yield Asked(shape, given, SCALE, garbage=GARBAGE)
        elif self.task.correct == "exact":
            yield Asked(shape, given, EXACT, garbage=OTHER_GARBAGE)

    def _keep_padding(self, shape: Shape, given: Sequence[Filled], answers: Sequence[Answer]) -> None:
        for i, (before, after) in enumerate(zip(given, answers, strict=True)):
            name = padding_written(self.task, shape, before.arrays, after.arrays, GARBAGE)
            if name:
                raise Broken(f"at {shape} it writes the padding of {name}", i)

    def _blamed(self, calls: Sequence[_Calls]) -> list[Finding]:
        if self.task.correct == "analytic":
            return blame([case for one in calls for case in self._analytic(one)])
        if self.task.correct == "exact":
            return blame_unequal([case for one in calls for case in self._equal(one)])
        return blame_running([case for one in calls for case in self._running(one)])

    def _analytic(self, calls: _Calls) -> Iterator[Case]:
        shape = calls.shape
        joins = partial(joined, self.task, shape)
        for i, (exact, scale) in enumerate(calls.own):
            yield Case(
                shape,
                KINDS[calls.kinds[i]],
                gamma(self.task, shape),
                joins(exact.want),
                joins(exact.bound),
                joins(scale.bound),
                {name: joins(answers[i].arrays) for name, answers in calls.results.items()},
                units(self.task, shape),
            )

    def _equal(self, calls: _Calls) -> Iterator[EqualCase]:
        differs: Callable[..., str] = partial(unequal, self.task, calls.shape)
        for i, (once, again) in enumerate(calls.own):
            results = {name: answers[i].arrays for name, answers in calls.results.items()}
            yield EqualCase(_said(calls, i), once.want, again.want, results, differs)

    def _running(self, calls: _Calls) -> Iterator[RunningCase]:
        joins = partial(joined, self.task, calls.shape)
        for i, (exact,) in enumerate(calls.own):
            yield RunningCase(
                _said(calls, i),
                KINDS[calls.kinds[i]],
                exact.code,
                joins(exact.want),
                joins(exact.bound),
                units(self.task, calls.shape),
                {name: joins(answers[i].arrays) for name, answers in calls.results.items()},
            )


def _said(calls: _Calls, i: int) -> str:
    sizes = ", ".join(f"{k} = {v}" for k, v in calls.shape.items())
    return f"{KINDS[calls.kinds[i]]} values at {sizes}"

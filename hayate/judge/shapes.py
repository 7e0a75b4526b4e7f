"""Shapes and kinds of values, the judge's secret: a seeded sample of the domain with its edges, and shapes near a
band."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from hayate.records import Band, HostProfile, Shape, Task
from hayate.tasks import evaluate_expression

UNIFORM, WIDE, INTEGERS, SPARSE, GRADED = DISTRIBUTIONS = tuple(
    range(5)
)  # runner/values.h says what each holds
# Of a sparse input: few terms of a sum of any length are then not zero.
SHARES = (0.3, 0.1, 0.03)
# Of a graded input: runs so long that an array has a few of them, which are its blocks of rows. The others have any
# length.
LONG_RUNS = 0.75
DRAWS_MOST = 200  # for each shape beyond the oracle; where a domain has none, there is none
GRADED_OF_OTHERS = 2.5  # how much more often a timed call has graded values than each other kind
CORNERED = 0.4  # share of those with one size or more in the upper half of its range


def lengths(task: Task, shape: Shape) -> tuple[int, ...]:
    """Elements of each array argument, inputs first."""
    return tuple(
        math.prod(int(evaluate_expression(e, shape)) for e in a.shape) for a in (*task.inputs, *task.outputs)
    )


def parameters(task: Task, shape: Shape, distribution: int, seed: int) -> tuple[int, float]:
    """BITS and FACTOR of runner/values.h, drawn where they are not the task's."""
    rng = random.Random(seed)
    if distribution == INTEGERS:
        bits = int(evaluate_expression(task.bound.integer_bits, shape))
        return bits, float(evaluate_expression(task.bound.integer_scale, shape))
    if distribution == SPARSE:
        return 1, rng.choice(SHARES)
    if distribution == GRADED:
        longest = max(lengths(task, shape)[: len(task.inputs)], default=1)
        if rng.random() < LONG_RUNS:
            return 1, float(max(1, round(longest / rng.uniform(2.0, 16.0))))
        return 1, float(round(math.exp(rng.uniform(0.0, math.log(max(1, longest))))))
    return 1, 1.0


def everywhere(task: Task, count: int, rng: random.Random) -> list[Shape]:
    """`count` shapes in which each size in turn takes every part of its range: what is wrong in a window of one size is
    met if the window is wider, by its logarithm, than the range's parts of which there are count / sizes."""
    names = [a.name for a in task.sizes]
    parts = -(-count // len(names))
    shapes = []
    for name in names:
        limits = task.domain[name]
        low, span = math.log(max(1, limits.low)), math.log(max(1, limits.high) / max(1, limits.low))
        for i in range(parts):
            shape = {n: _ragged(task, n, rng) for n in names}
            value = round(math.exp(low + span * (i + rng.random()) / parts))
            shape[name] = min(limits.high, max(limits.low, value))
            shapes.append(_afford(task, shape, keep=name))
    rng.shuffle(shapes)
    return shapes[:count]


def usable(task: Task, shape: Shape) -> tuple[int, ...]:
    """The distributions that this shape can be checked on: a task may have no exact integers, or not everywhere."""
    if task.bound.integer_bits and int(evaluate_expression(task.bound.integer_bits, shape)) >= 1:
        return DISTRIBUTIONS
    return tuple(d for d in DISTRIBUTIONS if d != INTEGERS)


def sizes(task: Task, shape: Shape) -> tuple[int, ...]:
    return tuple(shape[a.name] for a in task.sizes)


def near(task: Task, band: Band, rng: random.Random) -> Shape:
    """A shape whose every size is within the band's spread of its centre, and within the domain."""
    shape = {}
    for name, centre in band.center.items():
        reach = int(centre * band.spread)
        limits = task.domain[name]
        shape[name] = min(limits.high, max(limits.low, centre + rng.randint(-reach, reach)))
    return shape


def largest(task: Task, band: Band) -> Shape:
    return {
        name: min(task.domain[name].high, centre + int(centre * band.spread))
        for name, centre in band.center.items()
    }


def sample(task: Task, count: int, rng: random.Random) -> list[Shape]:
    """`count` shapes of the domain in random order: all sizes at their lowest, each alone at its lowest and near
    its highest, sizes beside multiples of the usual blocks, and log-uniform ragged ones; the oracle can afford each.
    """
    names = [a.name for a in task.sizes]
    shapes = [{n: task.domain[n].low for n in names}]
    for edge in ("low", "high"):
        for name in names:
            limits = task.domain[name]
            shape = {n: _ragged(task, n, rng) for n in names}
            shape[name] = (
                limits.low if edge == "low" else rng.randint((limits.low + limits.high) // 2, limits.high)
            )
            shapes.append(_afford(task, shape, keep=name))
    while len(shapes) < count:
        if len(shapes) % 2:
            shape = {n: _beside_block(task, n, rng) for n in names}
        else:
            shape = {n: _ragged(task, n, rng) for n in names}
        shapes.append(_afford(task, shape))
    rng.shuffle(shapes)
    return shapes[:count]


def with_distributions(
    task: Task, shapes: Sequence[Shape], rng: random.Random
) -> tuple[tuple[Shape, int], ...]:
    """Each shape with the distribution of values to verify it on; every distribution as often as the others.

    An error bound is tightest where a result has fewest terms, and there a precision somewhat below double shows best,
    but not in integers, which it may hold exactly, nor among zeros. So the two shapes of fewest terms get the others.
    """
    if len(shapes) < len(DISTRIBUTIONS):
        return tuple((shape, rng.choice(usable(task, shape))) for shape in shapes)
    drawn = [DISTRIBUTIONS[i % len(DISTRIBUTIONS)] for i in range(len(shapes))]
    few, rest = [UNIFORM, WIDE], drawn[:]
    for distribution in few:
        rest.remove(distribution)
    rng.shuffle(few)
    rng.shuffle(rest)
    by_terms = sorted(range(len(shapes)), key=lambda i: evaluate_expression(task.bound.terms, shapes[i]))
    chosen = dict(zip(by_terms, few + rest, strict=True))
    return tuple(
        (shape, chosen[i] if chosen[i] in usable(task, shape) else UNIFORM) for i, shape in enumerate(shapes)
    )


def beyond(
    task: Task, count: int, rng: random.Random, *, host: HostProfile, thorough: bool
) -> tuple[tuple[Shape, int], ...]:
    """`count` shapes that the oracle can't afford, log-uniform over the domain, each with a distribution.

    Up to twice the largest training band's work and half as much again as its memory, since a training verdict waits
    for them; `thorough` ones reach the domain's corners, as far as a sixteenth of the memory holds their arrays.
    """
    bands = [b.center for b in task.bands if b.training] or [b.center for b in task.bands]
    work = [float(evaluate_expression(task.oracle_work, shape)) for shape in bands]
    most_elements = 1.5 * max(sum(lengths(task, shape)) for shape in bands)
    most_work = 2.0 * max(work, default=0.0)
    if thorough:
        most_elements, most_work = host.memory_bytes / 16 / 8, math.inf
    found: list[tuple[Shape, int]] = []
    names = [a.name for a in task.sizes]
    for _ in range(DRAWS_MOST * count):
        if len(found) == count:
            break
        shape = {n: _ragged(task, n, rng) for n in names}
        if rng.random() < CORNERED:
            # Corners, edges and faces: any of the sizes in the upper half of its range, or at its highest.
            for name in rng.sample(names, rng.randint(1, len(names))):
                limits = task.domain[name]
                least = (limits.low + limits.high) // 2
                shape[name] = limits.high if rng.random() < 0.3 else rng.randint(least, limits.high)
        needed = float(evaluate_expression(task.oracle_work, shape))
        if task.oracle_work_max < needed <= most_work and sum(lengths(task, shape)) <= most_elements:
            # One at least is graded: there an algorithm shows whose error is that of the largest element.
            found.append((shape, rng.choice(usable(task, shape)) if found else GRADED))
    rng.shuffle(found)
    return tuple(found)


def timed_on(task: Task, shape: Shape, rng: random.Random) -> int:
    """The distribution of a timed call: none is safe to be lazy on, and graded values come most often."""
    kinds = usable(task, shape)
    return rng.choices(kinds, [GRADED_OF_OTHERS if kind == GRADED else 1.0 for kind in kinds])[0]


def _ragged(task: Task, name: str, rng: random.Random) -> int:
    limits = task.domain[name]
    low = max(1, limits.low)
    value = round(math.exp(rng.uniform(math.log(low), math.log(max(low, limits.high)))))
    return min(limits.high, max(limits.low, value))


def _beside_block(task: Task, name: str, rng: random.Random) -> int:
    limits = task.domain[name]
    value = rng.choice((8, 16, 24, 32, 48, 64, 96, 128)) * rng.randint(1, 3) + rng.choice((-1, 0, 1))
    return min(limits.high, max(limits.low, value))


def _afford(task: Task, shape: Shape, keep: str = "") -> Shape:
    """Shrink the largest size (not `keep`, while others can shrink) until the oracle's work is affordable."""
    shape = dict(shape)
    while evaluate_expression(task.oracle_work, shape) > task.oracle_work_max:
        able = [n for n in shape if shape[n] > max(1, task.domain[n].low)]
        others = [n for n in able if n != keep]
        if not able:
            break
        name = max(others or able, key=lambda n: shape[n])
        shape[name] = max(task.domain[name].low, 1, int(shape[name] * 0.8))
    return shape

"""Shapes and kinds of values, the judge's secret: a seeded sample of the domain with its edges, and shapes near a
band."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Sequence
from functools import partial

from hayate.errors import WrongUse
from hayate.records import ITEM_BYTES, UNIT_ROUNDOFF, Argument, Band, HostProfile, Shape, SizeRange, Task
from hayate.tasks import evaluate_condition, evaluate_expression

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


def dimensions(array: Argument, shape: Shape) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What lies in memory, outermost first, and the part of it that is the problem."""
    sizes = tuple(int(evaluate_expression(text, shape)) for text in array.shape)
    if not array.extent:
        return sizes, sizes
    return sizes, tuple(int(evaluate_expression(text, shape)) for text in array.extent)


def elements(task: Task, shape: Shape) -> tuple[int, ...]:
    """Elements in memory of each array, in order."""
    return tuple(math.prod(dimensions(a, shape)[0]) for a in task.arrays)


def memory_bytes(task: Task, shape: Shape) -> int:
    """Of all arrays."""
    return sum(n * ITEM_BYTES[a.dtype] for n, a in zip(elements(task, shape), task.arrays, strict=True))


def is_real(array: Argument) -> bool:
    """Whether it holds any of the judge's distributions of real numbers."""
    return (
        array.kind != "output"
        and array.dtype in UNIT_ROUNDOFF
        and array.drawn.kind == "real"
        and not (array.drawn.low or array.drawn.high)
    )


def parameters(task: Task, shape: Shape, distribution: int, rng: random.Random) -> tuple[int, float]:
    """BITS and FACTOR of runner/values.h, drawn where they are not the task's."""
    if distribution == INTEGERS and task.bound is not None:
        bits = int(evaluate_expression(task.bound.integer_bits, shape))
        return bits, float(evaluate_expression(task.bound.integer_scale, shape))
    if distribution == SPARSE:
        return 1, rng.choice(SHARES)
    if distribution == GRADED:
        counts = zip(elements(task, shape), task.arrays, strict=True)
        longest = max((n for n, a in counts if is_real(a)), default=1)
        if rng.random() < LONG_RUNS:
            return 1, float(max(1, round(longest / rng.uniform(2.0, 16.0))))
        return 1, float(round(math.exp(rng.uniform(0.0, math.log(max(1, longest))))))
    return 1, 1.0


def everywhere(task: Task, count: int, rng: random.Random) -> list[Shape]:
    """`count` shapes in which each size in turn takes every part of its range: what is wrong in a window of one size is
    met if the window is wider, by its logarithm, than the range's parts of which there are count / sizes."""
    names = list(task.domain)
    parts = -(-count // len(names))
    shapes = []
    for name in names:
        limits = task.domain[name]
        low, span = math.log(max(1, limits.low)), math.log(max(1, limits.high) / max(1, limits.low))
        for i in range(parts):

            def draw(name: str = name, i: int = i, low: float = low, span: float = span) -> Shape:
                shape = {n: _ragged(task, n, rng) for n in names}
                shape[name] = round(math.exp(low + span * (i + rng.random()) / parts))
                return _afford(task, shape, keep=name)

            shapes.append(_made(task, draw, rng))
    rng.shuffle(shapes)
    return shapes[:count]


def usable(task: Task, shape: Shape) -> tuple[int, ...]:
    """The distributions that this shape can be checked on: a task may have no real numbers to distribute, no exact
    integers, or not everywhere."""
    if not any(is_real(a) for a in task.given):
        # Numbers within a range have two: evenly, and most of them near an end.
        ranged = any(a.dtype in UNIT_ROUNDOFF and a.drawn.kind == "real" for a in task.given)
        return (UNIFORM, GRADED) if ranged else (UNIFORM,)
    bound = task.bound
    if bound is not None and bound.integer_bits and int(evaluate_expression(bound.integer_bits, shape)) >= 1:
        return DISTRIBUTIONS
    return tuple(d for d in DISTRIBUTIONS if d != INTEGERS)


def drawn(task: Task, shape: Shape) -> tuple[int, ...]:
    """The values of the drawn names, in the order of the domain."""
    return tuple(shape[name] for name in task.domain)


def _allowed(limits: SizeRange, value: int) -> int:
    """The nearest value of the range that is a multiple, or a power, of what it has to be."""
    value = min(limits.high, max(limits.low, value))
    if limits.power_of > 1:
        power = 1
        while power * limits.power_of <= value:
            power *= limits.power_of
        if power < limits.low:
            power *= limits.power_of
        return power
    step = limits.multiple_of
    if step > 1:
        value = value // step * step
        if value < limits.low:
            value += step
    return value


def _holds(task: Task, shape: Shape) -> bool:
    return all(evaluate_condition(text, shape) for text in task.requires)


def _made(task: Task, draw: Callable[[], Shape], rng: random.Random) -> Shape:
    """A shape that keeps the task's conditions: one that is drawn by `draw`, or where that is no place for them, as an
    edge of the domain may be, any. Raises WrongUse where no draw keeps them."""
    for attempt in range(2 * DRAWS_MOST):
        drawn_now = (
            draw()
            if attempt < DRAWS_MOST
            else _afford(task, {name: _ragged(task, name, rng) for name in task.domain})
        )
        shape = {name: _allowed(task.domain[name], value) for name, value in drawn_now.items()}
        if _holds(task, shape):
            return shape
    lowest = {name: _allowed(limits, limits.low) for name, limits in task.domain.items()}
    if _holds(task, lowest):
        return lowest
    raise WrongUse(
        f"of {2 * DRAWS_MOST} shapes of {task.name} none keeps {' and '.join(task.requires)}",
        where="requires",
        allowed="conditions that a good part of the domain keeps",
    )


def near(task: Task, band: Band, rng: random.Random) -> Shape:
    """A shape whose every size is within the band's spread of its centre, and within the domain."""

    def draw() -> Shape:
        shape = {}
        for name, centre in band.center.items():
            reach = int(centre * band.spread)
            shape[name] = centre + rng.randint(-reach, reach)
        return shape

    for _ in range(DRAWS_MOST):
        shape = {name: _allowed(task.domain[name], value) for name, value in draw().items()}
        if _holds(task, shape):
            return shape
    return dict(band.center)  # which keeps them: tasks/taskfile.py


def corners(task: Task, band: Band) -> list[Shape]:
    """Between them `near` draws: of each array the largest is at one of these, if its sizes rise or fall steadily with
    each name."""
    ends = []
    for name, centre in band.center.items():
        reach, limits = int(centre * band.spread), task.domain[name]
        ends.append({_allowed(limits, centre - reach), _allowed(limits, centre + reach)})
    return [dict(zip(band.center, corner, strict=True)) for corner in itertools.product(*ends)]


def largest(task: Task, band: Band) -> Shape:
    """The corner that takes most memory."""
    return max(corners(task, band), key=lambda shape: memory_bytes(task, shape))


def sample(task: Task, count: int, rng: random.Random) -> list[Shape]:
    """`count` shapes of the domain in random order: all sizes at their lowest, each alone at its lowest and near
    its highest, sizes beside multiples of the usual blocks, and log-uniform ragged ones; the oracle can afford each.
    """
    names = list(task.domain)
    lowest = {n: _allowed(task.domain[n], task.domain[n].low) for n in names}
    shapes = [lowest] if _holds(task, lowest) else []

    def at_edge(name: str, edge: str) -> Shape:
        limits = task.domain[name]
        shape = {n: _ragged(task, n, rng) for n in names}
        shape[name] = (
            limits.low if edge == "low" else rng.randint((limits.low + limits.high) // 2, limits.high)
        )
        return _afford(task, shape, keep=name)

    for edge in ("low", "high"):
        for name in names:
            shapes.append(_made(task, partial(at_edge, name, edge), rng))
    while len(shapes) < count:
        size = _beside_block if len(shapes) % 2 else _ragged

        def anywhere(size: Callable[[Task, str, random.Random], int] = size) -> Shape:
            return _afford(task, {n: size(task, n, rng) for n in names})

        shapes.append(_made(task, anywhere, rng))
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
    few, rest = [UNIFORM, WIDE], [DISTRIBUTIONS[i % len(DISTRIBUTIONS)] for i in range(len(shapes))]
    for distribution in few:
        rest.remove(distribution)
    rng.shuffle(few)
    rng.shuffle(rest)
    terms = task.bound.terms if task.bound is not None else task.oracle_work
    by_terms = sorted(range(len(shapes)), key=lambda i: evaluate_expression(terms, shapes[i]))
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
    most_bytes = 1.5 * max(memory_bytes(task, shape) for shape in bands)
    most_work = 2.0 * max(work, default=0.0)
    if thorough:
        most_bytes, most_work = host.memory_bytes / 16, math.inf
    found: list[tuple[Shape, int]] = []
    names = list(task.domain)
    for _ in range(DRAWS_MOST * count):
        if len(found) == count:
            break
        shape = {n: _ragged(task, n, rng) for n in names}
        if rng.random() < CORNERED:
            # Corners, edges and faces: any of the sizes in the upper half of its range, or at its highest.
            for name in rng.sample(names, rng.randint(1, len(names))):
                limits = task.domain[name]
                least = (limits.low + limits.high) // 2
                shape[name] = _allowed(
                    limits, limits.high if rng.random() < 0.3 else rng.randint(least, limits.high)
                )
        if not _holds(task, shape):
            continue
        needed = float(evaluate_expression(task.oracle_work, shape))
        if task.oracle_work_max < needed <= most_work and memory_bytes(task, shape) <= most_bytes:
            # One at least is graded: there an algorithm shows whose error is that of the largest element.
            kinds = usable(task, shape)
            found.append((shape, rng.choice(kinds) if found or GRADED not in kinds else GRADED))
    rng.shuffle(found)
    return tuple(found)


def timed_on(task: Task, shape: Shape, rng: random.Random) -> int:
    """The distribution of a timed call: none is safe to be lazy on, and graded values come most often."""
    kinds = usable(task, shape)
    return rng.choices(kinds, [GRADED_OF_OTHERS if kind == GRADED else 1.0 for kind in kinds])[0]


def _ragged(task: Task, name: str, rng: random.Random) -> int:
    limits = task.domain[name]
    low = max(1, limits.low)
    return _allowed(limits, round(math.exp(rng.uniform(math.log(low), math.log(max(low, limits.high))))))


def _beside_block(task: Task, name: str, rng: random.Random) -> int:
    value = rng.choice((8, 16, 24, 32, 48, 64, 96, 128)) * rng.randint(1, 3) + rng.choice((-1, 0, 1))
    return _allowed(task.domain[name], value)


def _afford(task: Task, shape: Shape, keep: str = "") -> Shape:
    """Shrink the largest size (not `keep`, while others can shrink) until the oracle's work is affordable."""
    shape = dict(shape)
    while evaluate_expression(task.oracle_work, shape) > task.oracle_work_max:
        able = [n for n in shape if shape[n] > max(1, _allowed(task.domain[n], task.domain[n].low))]
        others = [n for n in able if n != keep]
        if not able:
            break
        name = max(others or able, key=lambda n: shape[n])
        shape[name] = _allowed(task.domain[name], max(1, int(shape[name] * 0.8)))
    return shape

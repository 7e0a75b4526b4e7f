"""Which yardstick a launch is timed against: the nearest in speed, by the lowest of several calls.

The links of yardsticks to the reference are not alike, so who could choose its yardstick would choose its link. One
call that is slow, on purpose or by chance, changes nothing in the lowest of several. Who is slow in all of the calls
that choose, and fast when it counts, is seen in the timed calls, and timed once more with the yardstick that is nearer
by those. The second set counts only if by its own pairs, too, that yardstick is the nearer one, and if the candidate
was not much slower in the first: else calls that were timed could be slow to choose a link, and be thrown away. If it
was, or if the nearer one is another one again, the set that says less for the candidate counts.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from hayate.judge.results import YardstickFigure
from hayate.judge.times import PairTimes

# Pairs that choose, the one that warms up among them: so many, or two where even the lowest call is no cheap one.
CHOOSING_PAIRS = 4
LEAST_CHOOSING_PAIRS = 2
CHEAP_CALL_NS = 20_000_000
# Another yardstick is much nearer if it is nearer by this factor. Where two are about as near, some per cent of noise
# make one or the other the nearest, and it does not matter which.
MUCH_NEARER = 1.15

# The candidate is much slower in one set than in another if it takes this many times as long. A median of five with two
# slow ones among them is the highest of the others.
MUCH_SLOWER = 1.5

Timed = tuple[float, PairTimes]  # the work of the pair's shape, and its calls
Figures = Sequence[YardstickFigure | None]  # None: hopeless on this host, and never chosen


def enough_to_choose(candidate_ns: Sequence[int]) -> bool:
    """Whether these calls of the candidate choose. Never by less than two: a single one could not be a slow one."""
    count = len(candidate_ns)
    if count >= CHOOSING_PAIRS:
        return True
    return count >= LEAST_CHOOSING_PAIRS and min(candidate_ns) >= CHEAP_CALL_NS


def nearest(figures: Figures, used: int, found: Sequence[Timed]) -> int:
    """Index of the yardstick nearest to the candidate, by pairs with the one at index `used`."""
    distances = _distances(figures, used, found)
    return distances.index(min(distances)) if distances else used


def much_nearer(figures: Figures, used: int, found: Sequence[Timed]) -> int | None:
    """Index of a yardstick that is much nearer than the one at `used`, by the pairs with that one; None if none is."""
    distances = _distances(figures, used, found)
    if not distances or distances[used] - min(distances) <= math.log(MUCH_NEARER):
        return None
    return distances.index(min(distances))


def second_counts(
    figures: Figures, first: tuple[int, Sequence[Timed]], second: tuple[int, Sequence[Timed]]
) -> bool:
    """Of two timed sets, each with the index of its yardstick: whether the second is the result, and not the first."""
    (before, slow), (after, quick) = first, second
    confirmed = much_nearer(figures, after, quick) is None
    if confirmed and _typical_ns(slow) <= MUCH_SLOWER * _typical_ns(quick):
        return True
    return _log_speedup(figures[after], quick) < _log_speedup(figures[before], slow)


def _typical_ns(found: Sequence[Timed]) -> float:
    """Of the candidate's calls, for a unit of work."""
    return statistics.median(pair.candidate_ns / work for work, pair in found)


def _log_speedup(figure: YardstickFigure | None, found: Sequence[Timed]) -> float:
    """Over the reference, as the result has it."""
    assert figure is not None  # the one that was used, else no other is nearer
    ratios = [math.log(pair.yardstick_ns / pair.candidate_ns) for _, pair in found]
    return statistics.median(ratios) + math.log(figure.speedup.value)


def _distances(figures: Figures, used: int, found: Sequence[Timed]) -> list[float]:
    """Of each yardstick to the candidate, as logarithms of ratios; none where the one that was used has no figure."""
    known = figures[used]
    if known is None:
        return []
    mine = min(pair.candidate_ns / work for work, pair in found)
    its = min(pair.yardstick_ns / work for work, pair in found)
    expected_ns = known.call_ns * mine / its
    return [abs(math.log(f.call_ns / expected_ns)) if f else math.inf for f in figures]

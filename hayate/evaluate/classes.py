"""A candidate judged on several classes of hosts: a verdict for each. The first class is the run's own.

Each class has an evaluator of its own, with its farm and its archive: what was measured on one kind of machine is
no answer to what another would say, and elites differ between them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from hayate.errors import Fault, FaultKind
from hayate.evaluate.evaluator import Evaluator, OnVerdict
from hayate.records import Candidate, MeasurePlan, Verdict
from hayate.rewards import over_classes, reward

T = TypeVar("T")


class HostClasses:
    """The run's evaluator, and those of further classes of hosts by name."""

    def __init__(self, first: Evaluator, others: Mapping[str, Evaluator]) -> None:
        self.first, self.others = first, dict(others)

    def evaluate(
        self,
        candidates: Sequence[Candidate],
        plan: MeasurePlan | None = None,
        on_verdict: OnVerdict | None = None,
        *,
        rank: bool = True,
    ) -> list[tuple[Verdict | Fault, ...]]:
        """For each candidate its results, the first class's first; all classes work at the same time.

        `on_verdict` hears of the first class's alone. For `rank` and what is raised see Evaluator.evaluate.
        """
        settings = self.first.reward_settings
        if settings.over_classes == "first" or not self.others:
            first = partial(self.first.evaluate, candidates, plan, on_verdict, rank=rank)
            others = [partial(one.evaluate, candidates, plan, rank=rank) for one in self.others.values()]
            return list(zip(*side_by_side([first, *others]), strict=True))
        told = [_Told(one, len(candidates)) for one in self.others.values()]

        def pay(index: int, result: Verdict | Fault) -> float | None:
            return over_classes([result, *(one.result(index) for one in told)], settings)

        first = partial(self.first.evaluate, candidates, plan, on_verdict, rank=rank, pay=pay)
        others = [partial(one.evaluate, candidates, plan, rank=rank) for one in told]
        return list(zip(*side_by_side([first, *others]), strict=True))


class _Told:
    """A further class's evaluation, whose results another thread can wait for one by one.

    The run's own class waits for the others and they for nobody, so that what it records is what is paid.
    """

    def __init__(self, evaluator: Evaluator, count: int) -> None:
        self.evaluator = evaluator
        self._results: list[Future[Verdict | Fault]] = [Future() for _ in range(count)]

    def evaluate(
        self, candidates: Sequence[Candidate], plan: MeasurePlan | None, *, rank: bool
    ) -> list[Verdict | Fault]:
        try:
            return self.evaluator.evaluate(candidates, plan, rank=rank, pay=self._pay)
        finally:
            ended = Fault(FaultKind.NODE_LOST, "the evaluation of this class of hosts ended before")
            for future in self._results:
                if not future.done():
                    future.set_result(ended)

    def result(self, index: int) -> Verdict | Fault:
        return self._results[index].result()

    def _pay(self, index: int, result: Verdict | Fault) -> float | None:
        """In a further class's own archive stands the reward of its own verdict."""
        self._results[index].set_result(result)
        return None if isinstance(result, Fault) else reward(result, self.evaluator.reward_settings).value


def side_by_side(works: Sequence[Callable[[], T]]) -> list[T]:
    """What each class of hosts finds, all at the same time, the first in this thread."""
    first, *others = works
    if not others:
        return [first()]
    pool = ThreadPoolExecutor(len(others), thread_name_prefix="hayate-class")
    try:
        under_way = [pool.submit(work) for work in others]
        return [first(), *(future.result() for future in under_way)]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # after an error or Ctrl-C they end with their farms

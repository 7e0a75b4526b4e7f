"""Which of a batch's new object codes are worth a measurement, as a surrogate guesses.

Of each task's share the best `surrogate_keep` are measured. Of the others each is measured with a chance of
`surrogate_audit`, drawn from the batch's content: those pairs of guess and measurement say what the surrogate
is worth where it is relied on. Until there is enough to learn from, everything is measured.

The model is fitted to the archive's first n * `surrogate_refit` measurements, so that a run that was
interrupted goes on with the very model that it had.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hayate.archive import Archive
from hayate.errors import Fault, FaultKind
from hayate.farm.base import Farm
from hayate.judge.results import Measurement
from hayate.records import Built, Candidate, Task, content_hash
from hayate.surrogate import Learner, ObjectReader, Surrogate, check

if TYPE_CHECKING:
    from hayate.evaluate.claims import EvaluateSettings


@dataclass(frozen=True)
class Choice:
    """What becomes of one object code: measured, or `guess` in place of it."""

    guess: Measurement | None = None
    numbers: dict[str, float] = field(default_factory=dict)  # for the verdict, if it is measured


@dataclass
class _Fitted:
    learner: Learner
    first: int = 0  # measurements that the model learned from
    surrogate: Surrogate | None = None  # None: too few yet


class Ranking:
    """Safe to use from several threads."""

    def __init__(self, farm: Farm, archive: Archive, settings: EvaluateSettings) -> None:
        """Raises Fault(DEPENDENCY_MISSING)."""
        check()
        self.farm, self.archive, self.settings = farm, archive, settings
        self._objects = ObjectReader()
        self._fitted: dict[str, _Fitted] = {}
        self._lock = threading.Lock()

    def choose(
        self, task: Task, cases: Sequence[tuple[Candidate, Built]], batch: Sequence[str]
    ) -> list[Choice]:
        """One for each case, in their order. `batch`: the content hashes that the audit is drawn from."""
        with self._lock:
            fitted = self._fit(task)
            seen = [self._objects.read(built, task.entry) for _, built in cases]
            if fitted.surrogate is None:
                return [Choice(numbers=dict(of_object)) for of_object in seen]
            features = [
                fitted.learner.features(candidate, built.techniques, of_object)
                for (candidate, built), of_object in zip(cases, seen, strict=True)
            ]
            guesses = fitted.surrogate.guess(features, built=True)
        names = [built.object_hash for _, built in cases]
        order = sorted(range(len(cases)), key=lambda i: (-guesses[i].score, names[i]))
        kept = set(order[: math.ceil(self.settings.surrogate_keep * len(cases))])
        choices = []
        for i, guess in enumerate(guesses):
            audited = i not in kept and _drawn(batch, names[i]) < self.settings.surrogate_audit
            if i in kept or audited:
                choices.append(Choice(numbers=guess.numbers(audit=audited) | seen[i]))
            else:
                choices.append(Choice(guess=guess.measurement()))
        return choices

    def _fit(self, task: Task) -> _Fitted:
        version, host_class = self.farm.judge_version(task), self.farm.host.host_class
        fitted = self._fitted.get(task.hash)
        if fitted is None:
            learner = Learner(self.archive, task, judge_version=version, host_class=host_class)
            fitted = self._fitted[task.hash] = _Fitted(learner)
        every = self.settings.surrogate_refit
        first = fitted.learner.count() // every * every
        if first > fitted.first:
            fitted.first = first
            try:
                fitted.surrogate = fitted.learner.fit(first)
            except Fault as fault:
                if fault.kind is not FaultKind.NOT_RECORDED:
                    raise
        return fitted


def _drawn(batch: Sequence[str], object_hash: str) -> float:
    """Even between 0 and 1, and the same for the same batch."""
    return int(content_hash(*batch, object_hash), 16) / 16.0**32

"""From an archive's rows to a fitted surrogate."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

from hayate.archive import Archive, JudgedRow
from hayate.records import Candidate, Outcome, Task, Technique
from hayate.surrogate.features import Features, source_features
from hayate.surrogate.model import Example, Surrogate

_EXAMPLES_MAX = 5000  # the newest; more take longer than what they save


class Learner:
    """Fits surrogates to what `archive` holds of one task, judge version and class of host.

    Features are kept from one fit to the next: reading a source takes milliseconds.
    """

    def __init__(self, archive: Archive, task: Task, *, judge_version: str, host_class: str) -> None:
        self.archive, self.task = archive, task
        self.judge_version, self.host_class = judge_version, host_class
        self._features: dict[str, Features] = {}

    def count(self) -> int:
        """Measurements to learn from."""
        return self.archive.count_measurements(self.task.hash, self.judge_version, self.host_class)

    def fit(self, first: int | None = None) -> Surrogate:
        """To all that is there, or to the first so many measurements. Raises Fault as `Surrogate` does."""
        rows = self.archive.judged(self.task.hash, self.judge_version, self.host_class, first=first)
        return Surrogate(self._examples(rows), name=self.task.name)

    def features(
        self, candidate: Candidate, techniques: Sequence[Technique], of_object: Features | None = None
    ) -> Features:
        """`techniques` are those detected, `of_object` what `ObjectReader` saw."""
        known = self._features.get(candidate.hash) or source_features(
            self.task,
            candidate.source,
            permitted=candidate.permitted,
            techniques=techniques,
            language=candidate.language,
            parameters=candidate.origin.parameters,
        )
        if len(self._features) < 2 * _EXAMPLES_MAX:
            self._features[candidate.hash] = known
        return known | (of_object or {})

    def _examples(self, rows: Sequence[JudgedRow]) -> list[Example]:
        """One for each candidate. What was last found of an object holds; its speed is the mean of all looks."""
        last: dict[str, Outcome] = {}
        looks: dict[str, dict[int, float]] = defaultdict(dict)
        seen: dict[str, Features] = defaultdict(dict)  # what its object showed
        first: dict[str, JudgedRow] = {}
        for row in rows:
            # Refused by the guard: what it refuses, it refuses again, and nothing need be guessed.
            if row.outcome is Outcome.VIOLATION and row.measurement is None:
                continue
            first.setdefault(row.candidate, row)
            if row.measurement is not None:
                last[row.object_hash] = row.outcome
                if row.speedup is not None:
                    looks[row.object_hash][row.measurement] = math.log(row.speedup)
                seen[row.object_hash] |= {n: v for n, v in row.numbers.items() if n.startswith("object_")}
        kept = dict(list(first.items())[-_EXAMPLES_MAX:])
        self._features = {name: self._of(row) for name, row in kept.items()}
        return [
            self._example(
                row, last[row.object_hash], list(looks[row.object_hash].values()), seen[row.object_hash]
            )
            if row.measurement is not None
            else Example(
                row.candidate, row.candidate, self._features[row.candidate], False, row.outcome, None, None
            )
            for row in kept.values()
        ]

    def _of(self, row: JudgedRow) -> Features:
        known = self._features.get(row.candidate)
        return known or source_features(
            self.task,
            row.source,
            permitted=row.permitted,
            techniques=row.techniques,
            language=row.language,
            parameters=row.parameters,
        )

    def _example(
        self, row: JudgedRow, outcome: Outcome, logs: Sequence[float], of_object: Features
    ) -> Example:
        fast = outcome is Outcome.ACCEPTED and bool(logs)
        unit = None
        if row.metric is not None and row.metric_value is not None and row.speedup:
            unit = row.metric, row.metric_value / row.speedup
        return Example(
            candidate=row.candidate,
            group=row.object_hash,
            features=self._features[row.candidate] | of_object,
            built=True,
            outcome=outcome,
            log_speedup=math.fsum(logs) / len(logs) if fast else None,
            unit=unit if fast else None,
        )

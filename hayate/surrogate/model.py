"""Features -> guess: two forests, one for the speed of what is right, one for whether it is right at all.

Extremely randomised trees: as good as boosting on runs of a thousand verdicts, a quarter of its time, and they
need no tuning. Everything is sorted and seeded, so that the same examples in any order give the same model.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hayate.errors import Fault, FaultKind
from hayate.records import Interval, Outcome, content_hash
from hayate.surrogate.correlation import rank_correlation
from hayate.surrogate.features import Features
from hayate.surrogate.guess import Guess

MIN_OBJECTS = 40  # distinct object codes that were right; below it, a split has a handful on one side
FOLDS = 5
_TREES = 100
_COLUMNS_MAX = 500
_RARE = 3  # a feature that fewer examples have says nothing about others
_CLASS_MIN = 10  # of the rarer outcome; below it, its share is all that is known
_OBJECT = "object_"  # features that are unknown, not 0, where they are not named
_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Example:
    """A candidate that was judged. `group`: its object code, or itself if there was none."""

    candidate: str  # hash
    group: str
    features: Features
    built: bool
    outcome: Outcome
    log_speedup: float | None  # if it was accepted and timed
    unit: tuple[str, float] | None  # the metric's name and its value at a speed-up of 1


def check() -> None:
    """Raises Fault(DEPENDENCY_MISSING) if no model can be fitted here."""
    _sklearn()


class Surrogate:
    """Fitted to one task on one class of host."""

    def __init__(self, examples: Sequence[Example], *, name: str = "this task") -> None:
        """Raises Fault: NOT_RECORDED if there is too little to learn from, DEPENDENCY_MISSING."""
        forest = _sklearn()
        examples = sorted(examples, key=lambda e: e.candidate)
        fast = [e for e in examples if e.log_speedup is not None]
        self.objects = len({e.group for e in fast})
        if self.objects < MIN_OBJECTS:
            raise Fault(
                FaultKind.NOT_RECORDED,
                f"{self.objects} object codes of {name} were measured and right, too few for a surrogate",
                remedy=f"measure until there are {MIN_OBJECTS}",
            )
        self._columns = _columns([e.features for e in examples])
        x = self._matrix([e.features for e in fast])
        y = np.array([e.log_speedup for e in fast])
        groups = [e.group for e in fast]
        weights = _even(groups)

        def regressor() -> Any:
            return forest.ExtraTreesRegressor(_TREES, max_features=1 / 3, min_samples_leaf=2, random_state=0)

        held_out = _held_out(regressor, x, y, groups, weights)
        truth, guessed = _by_group(y, groups), _by_group(held_out, groups)
        self.held_out: Interval | None = rank_correlation(guessed, truth)
        self._low, self._high = (float(q) for q in np.quantile(truth - guessed, [0.025, 0.975]))
        self._speed = regressor().fit(x, y, sample_weight=weights)
        self._builds = self._chance(forest, [(e, e.built) for e in examples])
        built = [e for e in examples if e.built]
        self._passes = self._chance(forest, [(e, e.outcome is Outcome.ACCEPTED) for e in built])
        self._failure = _commonest([e.outcome for e in built])
        self._unit = _unit(fast)

    def guess(self, features: Sequence[Features], *, built: bool) -> list[Guess]:
        """Of each. `built`: they are known to compile."""
        if not features:
            return []
        x = self._matrix(features)
        speeds = self._speed.predict(x)
        passes = self._passes.of(x)
        builds = np.ones(len(x)) if built else self._builds.of(x)
        return [
            Guess(
                speedup=math.exp(speed),
                low=math.exp(speed + min(0.0, self._low)),
                high=math.exp(speed + max(0.0, self._high)),
                passes=float(chance * compiles),
                failure=Outcome.BUILD_FAILED if compiles < chance else self._failure,
                objects=self.objects,
                held_out=self.held_out,
                metric=self._unit,
            )
            for speed, chance, compiles in zip(speeds.tolist(), passes, builds, strict=True)
        ]

    def _matrix(self, features: Sequence[Features]) -> _Floats:
        unknown = [math.nan if name.startswith(_OBJECT) else 0.0 for name in self._columns]
        return np.array(
            [[f.get(n, u) for n, u in zip(self._columns, unknown, strict=True)] for f in features],
            dtype=np.float64,
        ).reshape(len(features), len(self._columns))

    def _chance(self, forest: Any, cases: Sequence[tuple[Example, bool]]) -> _Chance:
        hits = sum(hit for _, hit in cases)
        share = (hits + 1) / (len(cases) + 2)
        if min(hits, len(cases) - hits) < _CLASS_MIN:
            return _Chance(share)
        model = forest.ExtraTreesClassifier(_TREES, min_samples_leaf=3, random_state=0)
        x = self._matrix([e.features for e, _ in cases])
        model.fit(x, [hit for _, hit in cases], sample_weight=_even([e.group for e, _ in cases]))
        return _Chance(share, model)


@dataclass(frozen=True)
class _Chance:
    """A probability: learned, or the share where there is too little to learn from."""

    share: float
    model: Any = None

    def of(self, x: _Floats) -> _Floats:
        if self.model is None:
            return np.full(len(x), self.share)
        found: _Floats = self.model.predict_proba(x)[:, list(self.model.classes_).index(True)]
        return found


def _sklearn() -> Any:
    try:
        from sklearn import ensemble
    except ModuleNotFoundError as error:
        raise Fault(
            FaultKind.DEPENDENCY_MISSING,
            "a surrogate needs scikit-learn",
            remedy="pip install 'hayate[surrogate]'",
        ) from error
    return ensemble


def _columns(examples: Sequence[Mapping[str, float]]) -> list[str]:
    """Names of the features that are neither rare nor everywhere the same; of many, the most frequent."""
    seen = Counter(name for features in examples for name in features)
    values: dict[str, set[float]] = {}
    for features in examples:
        for name, value in features.items():
            kinds = values.setdefault(name, set())
            if len(kinds) < 2:
                kinds.add(value)
    everywhere = len(examples)
    useful = [n for n, c in seen.items() if c >= _RARE and (len(values[n]) > 1 or c < everywhere)]
    useful.sort(key=lambda name: (-seen[name], name))
    return sorted(useful[:_COLUMNS_MAX])


def _even(groups: Sequence[str]) -> _Floats:
    """Weights that make an object code count once, however many sources gave it."""
    sizes = Counter(groups)
    return np.array([1 / sizes[group] for group in groups])


def _held_out(make: Any, x: _Floats, y: _Floats, groups: Sequence[str], weights: _Floats) -> _Floats:
    """What each example is guessed to be by a model that saw no example of its group.

    A group's fold follows from its name alone, so that it stays where it is when others come.
    """
    fold = np.array([int(content_hash(group)[:8], 16) % FOLDS for group in groups])
    found = np.full(len(y), float(np.average(y, weights=weights)))
    for one in range(FOLDS):
        out = fold == one
        if out.any() and not out.all():
            found[out] = make().fit(x[~out], y[~out], sample_weight=weights[~out]).predict(x[out])
    return found


def _by_group(values: _Floats, groups: Sequence[str]) -> _Floats:
    """The mean of each group, in the order of their names."""
    names, owner = np.unique(np.array(groups), return_inverse=True)
    found: _Floats = np.bincount(owner, weights=values) / np.bincount(owner, minlength=len(names))
    return found


def _commonest(outcomes: Sequence[Outcome]) -> Outcome:
    failures = [o for o in outcomes if o is not Outcome.ACCEPTED]
    return Counter(sorted(failures)).most_common(1)[0][0] if failures else Outcome.WRONG


def _unit(examples: Sequence[Example]) -> tuple[str, float] | None:
    units = [e.unit for e in examples if e.unit is not None]
    if not units:
        return None
    name = Counter(n for n, _ in units).most_common(1)[0][0]
    return name, float(np.median([value for n, value in units if n == name]))

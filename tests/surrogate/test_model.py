"""The model: what it learns, how it is held out, that it repeats itself, and when it refuses."""

from __future__ import annotations

import builtins
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from record_examples import HOST
from scripted_judge import BLOCKS, TASK, UNROLLS, ScriptedFarm, candidate, evaluator, fill, source, speed

from hayate.archive import Archive
from hayate.errors import Fault, FaultKind
from hayate.judge import JUDGE_VERSION
from hayate.records import Outcome
from hayate.surrogate import Learner, Surrogate, check, rank_correlation
from hayate.surrogate.model import MIN_OBJECTS, Example, _held_out

pytest.importorskip("sklearn", reason="no scikit-learn: pip install 'hayate[surrogate]'")


def _example(i: int, log_speedup: float | None = None, **features: float) -> Example:
    outcome = Outcome.WRONG if log_speedup is None else Outcome.ACCEPTED
    unit = None if log_speedup is None else ("gflops", 3.0)
    return Example(f"c{i}", f"o{i}", {"x": float(i % 17), **features}, True, outcome, log_speedup, unit)


def _learnable(count: int = 120) -> list[Example]:
    rng = random.Random(0)
    found = []
    for i in range(count):
        y = rng.uniform(0, 3)
        found.append(_example(i, y + rng.gauss(0, 0.1), y=y, noise=rng.random()))
    return found


def test_it_learns_and_says_how_well() -> None:
    one = Surrogate(_learnable())
    assert one.objects == 120
    assert one.held_out is not None
    assert one.held_out.low <= one.held_out.value <= one.held_out.high
    assert one.held_out.value > 0.9
    slow, fast = one.guess([{"x": 3.0, "y": 0.3}, {"x": 3.0, "y": 2.7}], built=True)
    assert slow.low < slow.speedup < slow.high < fast.speedup
    assert fast.metric == ("gflops", 3.0)
    assert fast.score > slow.score


def test_noise_has_no_rank_correlation() -> None:
    """Held out by object code: many sources of one object code must not leak."""
    rng = random.Random(0)
    examples = []
    for group in range(60):
        y = rng.uniform(0, 3)
        for copy in range(4):
            features = {f"only {group}": 1.0, "noise": rng.random()}
            examples.append(
                Example(f"c{group}-{copy}", f"o{group}", features, True, Outcome.ACCEPTED, y, None)
            )
    one = Surrogate(examples)
    assert one.objects == 60
    assert one.held_out is None or abs(one.held_out.value) < 0.35


def test_no_object_code_is_on_both_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    class Spy:
        def fit(self, x: Any, y: Any, sample_weight: Any) -> Spy:
            self.seen = {row[0] for row in x}
            return self

        def predict(self, x: Any) -> Any:
            assert not self.seen & {row[0] for row in x}
            return np.zeros(len(x))

    groups = [f"o{i % 20}" for i in range(100)]
    x = np.array([[float(i % 20)] for i in range(100)])
    _held_out(Spy, x, np.ones(100), groups, np.ones(100))


def test_the_order_of_the_examples_does_not_matter() -> None:
    examples = _learnable()
    shuffled = random.Random(1).sample(examples, len(examples))
    asked = [{"x": 1.0, "y": i / 10} for i in range(30)]
    one, two = Surrogate(examples), Surrogate(shuffled)
    assert one.guess(asked, built=True) == two.guess(asked, built=True)
    assert one.held_out == two.held_out
    assert [one.guess([a], built=True)[0] for a in asked] == one.guess(asked, built=True)


def test_failures_are_learned_apart_from_speed() -> None:
    examples = _learnable()
    examples += [_example(1000 + i, None, y=1.0, bad=1.0) for i in range(40)]
    examples += [
        Example(f"b{i}", f"b{i}", {"y": 1.0, "broken": 1.0}, False, Outcome.BUILD_FAILED, None, None)
        for i in range(40)
    ]
    one = Surrogate(examples)
    good, bad = one.guess([{"y": 1.0}, {"y": 1.0, "bad": 1.0}], built=True)
    assert good.passes > 0.8 > 0.5 > bad.passes
    assert bad.measurement().outcome is Outcome.WRONG
    assert bad.measurement().guess
    assert bad.measurement().speedup is None
    (broken,) = one.guess([{"y": 1.0, "broken": 1.0}], built=False)
    assert broken.measurement().outcome is Outcome.BUILD_FAILED
    assert good.score > bad.score


def test_few_failures_give_their_share() -> None:
    one = Surrogate([*_learnable(), _example(999, None, y=1.0)])
    (guess,) = one.guess([{"y": 1.0}], built=True)
    assert guess.passes == pytest.approx(121 / 123)


def test_too_few_are_refused_with_a_remedy() -> None:
    with pytest.raises(Fault, match=rf"{MIN_OBJECTS - 1} object codes .*too few.*measure until") as told:
        Surrogate(_learnable(MIN_OBJECTS - 1))
    assert told.value.kind is FaultKind.NOT_RECORDED
    assert Surrogate(_learnable(MIN_OBJECTS)).objects == MIN_OBJECTS


def test_without_scikit_learn_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("sklearn"):
            raise ModuleNotFoundError(name=name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(Fault, match=r"hayate\[surrogate\]"):
        check()


# From an archive.


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("known") / "archive.db"
    fill(path)
    return path


def _learner(archive: Archive) -> Learner:
    return Learner(archive, TASK, judge_version=JUDGE_VERSION, host_class=HOST.host_class)


def test_it_is_fitted_to_an_archive_and_ranks_what_it_has_not_seen(known: Path) -> None:
    with Archive(known) as archive:
        learner = _learner(archive)
        one = learner.fit()
        assert one.held_out is not None
        assert one.held_out.value > 0.8
        new = [(b, u) for b in (6, 20, 40, 80) for u in (1, 5, 10)]
        features = [learner.features(candidate(source(*choice)), ()) for choice in new]
        guesses = [g.speedup for g in one.guess(features, built=True)]
        found = rank_correlation(guesses, [speed(*choice) for choice in new])
        assert found is not None
        assert found.value > 0.7


def test_a_prefix_of_the_archive_gives_the_model_of_then(known: Path, tmp_path: Path) -> None:
    """What was measured later changes nothing for who learns from the first so many."""
    (tmp_path / "a.db").write_bytes(known.read_bytes())
    asked = [{"token 64": 1.0}, {"token 8": 0.7}]
    with Archive(tmp_path / "a.db") as archive:
        first = _learner(archive).count()
        then = _learner(archive).fit(first - 10)
        with ScriptedFarm(seed=9) as farm:
            more = [candidate(source(b + 1, u + 1)) for b in BLOCKS for u in UNROLLS[:3]]
            evaluator(farm, archive, confirm="always").evaluate(more)
        assert _learner(archive).count() > first
        again = _learner(archive).fit(first - 10)
        assert again.guess(asked, built=True) == then.guess(asked, built=True)
        assert again.held_out == then.held_out
        assert _learner(archive).fit().objects > then.objects
        assert archive.judged(TASK.hash, JUDGE_VERSION, HOST.host_class, first=0) == []
        assert archive.judged(TASK.hash, JUDGE_VERSION, HOST.host_class, first=10**6) == []


def test_guesses_are_not_learned_from(known: Path, tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(known.read_bytes())
    with Archive(tmp_path / "a.db") as archive, ScriptedFarm() as farm:
        rows = len(archive.judged(TASK.hash, JUDGE_VERSION, HOST.host_class))
        one = evaluator(
            farm, archive, surrogate="rank", surrogate_keep=0.01, surrogate_audit=0, confirm="never"
        )
        batch = [candidate(source(b + 1, u), run="r2") for b in BLOCKS for u in UNROLLS[:2]]
        one.ranking.settings = one.settings.model_copy(update={"surrogate_refit": 10})  # type: ignore[union-attr]
        one.evaluate(batch)
        assert archive.counts("r2") == {"guess": 15, "accepted": 1}
        assert len(archive.judged(TASK.hash, JUDGE_VERSION, HOST.host_class)) == rows + 1


# Rank correlation.


def _pairs(count: int, noise: float, seed: int) -> tuple[Sequence[float], Sequence[float]]:
    rng = random.Random(seed)
    x = [rng.random() for _ in range(count)]
    return x, [v + rng.gauss(0, noise) for v in x]


def test_rank_correlation_is_spearmans() -> None:
    stats = pytest.importorskip("scipy.stats")
    for count, noise in ((12, 0.1), (50, 0.5), (200, 2.0)):
        x, y = _pairs(count, noise, 1)
        x = [round(v, 1) for v in x]  # ties
        found = rank_correlation(x, y)
        assert found is not None
        assert found.value == pytest.approx(stats.spearmanr(x, y).statistic)
        assert found.low <= found.value <= found.high
        assert found == rank_correlation(x, y)


def test_its_interval_covers() -> None:
    """Of bivariate normals with correlation r, Spearman's is 6 / pi * asin(r / 2)."""
    import math

    rng = random.Random(3)
    r = 0.6
    truth = 6 / math.pi * math.asin(r / 2)
    hits = 0
    for _ in range(60):
        x = [rng.gauss(0, 1) for _ in range(60)]
        y = [r * v + math.sqrt(1 - r * r) * rng.gauss(0, 1) for v in x]
        found = rank_correlation(x, y)
        assert found is not None
        hits += found.low <= truth <= found.high
    assert hits >= 50


def test_nothing_is_said_of_too_few_or_of_equals() -> None:
    assert rank_correlation([1, 2, 3], [1, 2, 3]) is None
    assert rank_correlation([1.0] * 20, list(range(20))) is None

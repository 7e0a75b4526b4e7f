"""`surrogate = "rank"`: what is measured, what is guessed, and that nothing changes with "off"."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from record_examples import HOST
from scripted_judge import (
    BLOCKS,
    TASK,
    UNROLLS,
    ScriptedFarm,
    candidate,
    evaluator,
    fill,
    replay_farm,
    source,
    speed,
    train,
)

from hayate.archive import Archive
from hayate.errors import Fault, FaultKind
from hayate.evaluate import EvaluateSettings, Evaluator
from hayate.evaluate.ranking import Ranking
from hayate.records import GUESSED, Candidate, MeasurePlan, Outcome, Verdict, encode
from hayate.rewards import reward
from hayate.surrogate import model

pytest.importorskip("sklearn", reason="no scikit-learn: pip install 'hayate[surrogate]'")

RANK = {"surrogate": "rank", "surrogate_refit": 20, "confirm": "never"}
NEW = [(b, u) for b in (6, 12, 20, 28, 40, 56, 72, 88) for u in (5, 10)]  # in no archive that `fill` makes


@pytest.fixture(autouse=True)
def _small_forests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "_TREES", 15)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("known") / "archive.db"
    fill(path)
    return path


@pytest.fixture
def archive(known: Path, tmp_path: Path) -> Archive:
    (tmp_path / "archive.db").write_bytes(known.read_bytes())
    return Archive(tmp_path / "archive.db")


def _batch(choices: Sequence[tuple[int, int]] = NEW, **origin: object) -> list[Candidate]:
    values = {"run": "r2", **origin}
    return [candidate(source(*choice), index=i, **values) for i, choice in enumerate(choices)]


def _verdicts(results: Sequence[Verdict | Fault]) -> list[Verdict]:
    assert all(isinstance(r, Verdict) for r in results)
    return [r for r in results if isinstance(r, Verdict)]


def test_the_better_half_is_measured_and_the_rest_guessed(archive: Archive) -> None:
    before = len(archive.measurement_keys(HOST.host_class))
    with ScriptedFarm() as farm:
        found = _verdicts(evaluator(farm, archive, **RANK, surrogate_audit=0).evaluate(_batch()))
        measured = [v for v in found if not v.guess]
        guessed = [v for v in found if v.guess]
        assert len(measured) == len(guessed) == 8
        assert {name for name, _ in farm.measured} == {v.object_hash for v in measured}
    truth = {v.candidate: speed(*choice) for v, choice in zip(found, NEW, strict=True)}
    assert sum(truth[v.candidate] for v in measured) > sum(truth[v.candidate] for v in guessed)
    for verdict in guessed:
        assert verdict.outcome is Outcome.ACCEPTED
        assert verdict.judge_version.startswith(GUESSED)
        assert verdict.object_hash
        assert verdict.timing is None
        assert reward(verdict).value > 0
    for verdict in measured:
        assert verdict.timing is not None
        assert verdict.numbers["guess_audit"] == 0
        assert verdict.numbers["guessed_speedup"] > 0
    # In the archive: guesses are marked, and are neither measurements nor elites.
    rows = {row.hash: row for row in archive.samples("r2")}
    assert {name for name, row in rows.items() if row.guess} == {v.candidate for v in guessed}
    assert all(rows[v.candidate].reward == reward(v).value for v in found)
    assert archive.counts("r2") == {"accepted": 8, "guess": 8}
    assert len(archive.measurement_keys(HOST.host_class)) == before + 8
    history = {elite.candidate for elite in archive.elite_history("dgemm")}
    assert not history & {v.candidate for v in guessed}
    with archive._read() as connection:
        stored = [text for (text,) in connection.exec_driver_sql("SELECT record FROM measurements")]
    assert not any('"guess":true' in text or "guessed_speedup" in text for text in stored)


def test_a_share_of_the_rest_is_measured_as_an_audit(archive: Archive) -> None:
    settings = {**RANK, "surrogate_keep": 0.1, "surrogate_audit": 0.3}
    counts = []
    with ScriptedFarm() as farm:
        for step in range(5):
            one = evaluator(farm, archive, **settings)
            batch = _batch([(b + step + 100, u) for b, u in NEW], step=step)
            found = _verdicts(one.evaluate(batch))
            audited = [v for v in found if v.numbers.get("guess_audit") == 1]
            kept = [v for v in found if v.numbers.get("guess_audit") == 0]
            assert len(kept) == 2  # rounded up
            assert all(not v.guess for v in audited)
            counts.append(len(audited))
    assert 0 < sum(counts) < 5 * 14
    rows = archive.guessed("r2")
    assert sum(row.numbers.get("guess_audit") == 1 for row in rows) == sum(counts)
    assert len(rows) == 5 * 16


def test_the_audit_follows_from_the_batchs_content(known: Path, tmp_path: Path) -> None:
    def once(name: str) -> list[str]:
        (tmp_path / name).write_bytes(known.read_bytes())
        with Archive(tmp_path / name) as archive, ScriptedFarm() as farm:
            one = evaluator(farm, archive, **RANK, surrogate_audit=0.5)
            return [encode(v) for v in _verdicts(one.evaluate(_batch()))]

    assert once("a.db") == once("b.db")


def test_guessed_first_it_may_be_measured_later(archive: Archive) -> None:
    with ScriptedFarm() as farm:
        one = evaluator(farm, archive, **RANK, surrogate_audit=0)
        guessed = [v for v in _verdicts(one.evaluate(_batch())) if v.guess]
        again = [c for c in _batch() if c.hash == guessed[0].candidate]
        (alone,) = _verdicts(one.evaluate(again))  # the best of its batch
        assert not alone.guess
        assert not alone.reused
        (known,) = _verdicts(one.evaluate(again))
        assert known.reused
        assert not known.guess
        assert "guess_audit" not in known.numbers


def test_the_same_object_code_gets_one_answer(archive: Archive) -> None:
    texts = [source(6, 5, note=f"take {i}") for i in range(3)] + [
        source(88, 10, note=f"take {i}") for i in range(3)
    ]
    batch = [candidate(text, index=i, run="r2") for i, text in enumerate(texts)]
    with ScriptedFarm() as farm:
        found = _verdicts(evaluator(farm, archive, **RANK, surrogate_audit=0).evaluate(batch))
        assert len(farm.measured) == 1
    assert [v.guess for v in found] == [True] * 3 + [False] * 3
    assert [v.reused for v in found] == [False, True, True] * 2
    assert sum(row.numbers.get("guess_audit") == 0 for row in archive.guessed("r2")) == 1


def test_refused_and_known_candidates_are_not_ranked(archive: Archive) -> None:
    batch = [
        *_batch(NEW[:2]),
        candidate(source(6, 5, broken="?"), run="r2"),
        candidate(source(4, 1), run="r2"),
        candidate("", run="r2"),
    ]
    with ScriptedFarm() as farm:
        found = _verdicts(evaluator(farm, archive, **RANK, surrogate_audit=0).evaluate(batch))
    assert [v.guess for v in found].count(True) == 1
    assert [v.outcome for v in found[2:]] == [Outcome.BUILD_FAILED, Outcome.ACCEPTED, Outcome.VIOLATION]
    assert not any(v.guess for v in found[2:])


@pytest.mark.parametrize("plan", [MeasurePlan(purpose="report"), MeasurePlan(launches=0)])
def test_only_trainings_timings_are_guessed(archive: Archive, plan: MeasurePlan) -> None:
    with ScriptedFarm() as farm:
        found = _verdicts(evaluator(farm, archive, **RANK).evaluate(_batch(), plan))
        assert len(farm.measured) == len(NEW)
    assert not any(v.guess for v in found)


def test_until_there_is_enough_all_is_measured(tmp_path: Path) -> None:
    choices = [(b, u) for b in BLOCKS for u in UNROLLS]
    shares = []
    with Archive(tmp_path / "a.db") as archive, ScriptedFarm() as farm:
        one = evaluator(farm, archive, **RANK, surrogate_audit=0)
        for at in range(0, 64, 8):
            found = _verdicts(one.evaluate(_batch(choices[at : at + 8])))
            shares.append(sum(v.guess for v in found) / 8)
    assert shares[:5] == [0] * 5  # 40 object codes
    assert shares[5] == 0.5
    assert set(shares[5:]) == {0.5}


def test_it_is_fitted_anew_when_enough_came_and_a_restart_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits: list[int] = []
    original = model.Surrogate.__init__

    def counted(self: model.Surrogate, examples: Sequence[model.Example], *, name: str = "") -> None:
        fits.append(len({e.group for e in examples if e.built}))
        original(self, examples, name=name)

    monkeypatch.setattr(model.Surrogate, "__init__", counted)
    fill(tmp_path / "known.db", count=44)
    settings = {**RANK, "surrogate_refit": 10}
    batches = [_batch([(b + 7 * n, u) for b, u in NEW], step=n) for n in range(4)]

    def once(name: str, restart: bool) -> list[str]:
        fits.clear()
        (tmp_path / name).write_bytes((tmp_path / "known.db").read_bytes())
        found = []
        with Archive(tmp_path / name) as archive, ScriptedFarm(noise=0) as farm:
            one = evaluator(farm, archive, **settings)
            for batch in batches:
                if restart:
                    one = evaluator(farm, archive, **settings)
                found += [encode(v) for v in _verdicts(one.evaluate(batch))]
        return found

    whole = once("a.db", restart=False)
    assert fits == sorted(fits)
    assert 1 < len(set(fits)) <= len(fits) < len(batches) + 1
    assert once("b.db", restart=True) == whole


def test_a_run_that_ranks_is_repeated_bit_for_bit(known: Path, tmp_path: Path) -> None:
    """Recorded with everything measured, replayed with half of the later ones guessed: twice the same."""
    choices = [(block, unroll) for block in BLOCKS for unroll in UNROLLS]

    def once(name: str) -> list[str]:
        with Archive(tmp_path / name) as archive, replay_farm(known) as farm:
            one = evaluator(farm, archive, **RANK)
            found = [v for at in range(8) for v in _verdicts(one.evaluate(_batch(choices[at::8])))]
        return [f"{encode(v)} {reward(v).value}" for v in found]

    first = once("a.db")
    assert once("b.db") == first
    assert sum('"guess":true' in line for line in first) >= 8


def test_off_changes_nothing(tmp_path: Path) -> None:
    """Neither what is asked of the farm, nor in which order, nor what is recorded."""
    seen = []
    for name, settings in (("plain", None), ("off", EvaluateSettings(surrogate="off", surrogate_keep=0.1))):
        with Archive(tmp_path / f"{name}.db") as archive, ScriptedFarm() as farm:
            one = Evaluator(farm, archive, {"dgemm": TASK}, settings=settings)
            assert one.ranking is None
            results = [r for step in train(one, range(4)) for r, _ in step]
            with archive._read() as connection:
                stored = connection.exec_driver_sql("SELECT record FROM verdicts ORDER BY id").all()
            told = [_timeless(v) for v in _verdicts(results)]
            seen.append((farm.measured, told, len(stored), archive.guessed("r1")))
    assert seen[0] == seen[1]
    assert seen[0][3] == []


def _timeless(verdict: Verdict) -> str:
    """Without what the clock said of a confirmation."""
    return encode(verdict.model_copy(update={"wall_s": 0.0, "steps": ()}))


def test_without_the_library_it_is_told_at_once(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise Fault(FaultKind.DEPENDENCY_MISSING, "a surrogate needs scikit-learn", remedy="pip install it")

    monkeypatch.setattr("hayate.evaluate.ranking.check", missing)
    with ScriptedFarm() as farm, pytest.raises(Fault, match="scikit-learn"):
        evaluator(farm, archive, **RANK)


def test_the_choice_does_not_depend_on_the_order_of_a_batch(archive: Archive) -> None:
    with ScriptedFarm() as farm:
        settings = EvaluateSettings.model_validate({**RANK, "surrogate_audit": 0.2})
        ranking = Ranking(farm, archive, settings)
        cases = []
        for one in _batch():
            built = farm.build(TASK, one.source, one.permitted, one.hash).result()
            cases.append((one, built))
        batch = sorted(c.hash for c, _ in cases)
        forward = ranking.choose(TASK, cases, batch)  # type: ignore[arg-type]
        backward = ranking.choose(TASK, cases[::-1], batch)  # type: ignore[arg-type]
    assert forward == backward[::-1]

"""The same candidates on several classes of hosts, each with its own farm and archive."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from record_examples import HOST, OTHER_HOST, candidate
from scripted_farm import ScriptedFarm

from hayate import farm as farms
from hayate.archive import Archive
from hayate.errors import Fault, FaultKind, WrongUse
from hayate.evaluate import EvaluateSettings, Evaluator, HostClasses
from hayate.farm import Farm, FarmSettings
from hayate.records import Outcome, Verdict
from hayate.rewards import RewardSettings, over_classes, reward
from hayate.tasks import builtin

TASKS = {"dgemm": builtin("dgemm")}
NEVER = EvaluateSettings(confirm="never", fault_share=1)


def evaluator(farm: Farm, **settings: object) -> Evaluator:
    return Evaluator(farm, Archive("sqlite://"), TASKS, settings=NEVER, run="r1")


def classes(**other: object) -> HostClasses:
    first = ScriptedFarm()
    second = ScriptedFarm(host=OTHER_HOST, truth=lambda speed: 9 - speed, **other)  # type: ignore[arg-type]
    return HostClasses(evaluator(first), {"other": evaluator(second)})


def test_each_class_gives_its_own_verdict() -> None:
    both = classes()
    written = [candidate(f"int speed = {speed};") for speed in (1, 9)] + [candidate("no code")]
    told: list[str] = []
    found = both.evaluate(written, on_verdict=lambda one, _: told.append(one.hash))
    verdicts = [[v for v in results if isinstance(v, Verdict)] for results in found]
    assert [[v.outcome for v in row] for row in verdicts] == [
        [Outcome.ACCEPTED, Outcome.ACCEPTED],
        [Outcome.ACCEPTED, Outcome.WRONG],
        [Outcome.BUILD_FAILED, Outcome.BUILD_FAILED],
    ]
    assert [[v.host.host_class for v in row] for row in verdicts] == [
        [HOST.host_class, OTHER_HOST.host_class]
    ] * 3
    assert sorted(told) == sorted(one.hash for one in written)  # of the first class alone
    speeds = [v.speedup.median if v.speedup else None for v in verdicts[0]]
    assert speeds == [1, 8]
    for one in (both.first, both.others["other"]):
        assert len(one.archive.samples("r1")) == 3
        assert {e.host_class for e in one.archive.elites("dgemm")} == {one.farm.host.host_class}


def test_the_classes_work_at_the_same_time() -> None:
    """Neither can end before the other has begun."""
    meet = threading.Barrier(2, timeout=30)

    def wait(speed: int) -> int:
        meet.wait()
        return speed

    first, second = ScriptedFarm(truth=wait), ScriptedFarm(host=OTHER_HOST, truth=wait)
    both = HostClasses(evaluator(first), {"other": evaluator(second)})
    ((one, two),) = both.evaluate([candidate("int speed = 3;")])
    assert isinstance(one, Verdict)
    assert isinstance(two, Verdict)


def test_a_fault_of_one_class_is_none_of_the_others() -> None:
    ((one, two),) = classes(faulty=lambda speed: True).evaluate([candidate("int speed = 3;")])
    assert isinstance(one, Verdict)
    assert isinstance(two, Fault)


def test_too_many_faults_of_one_class_stop_the_batch() -> None:
    both = classes(faulty=lambda speed: True)
    both.others["other"].settings = EvaluateSettings(confirm="never")
    with pytest.raises(Fault) as told:
        both.evaluate([candidate("int speed = 3;")])
    assert told.value.kind is FaultKind.TOO_MANY_FAULTS


def test_rewards_over_classes() -> None:
    ((slow, fast),) = classes().evaluate([candidate("int speed = 1;")])
    assert isinstance(slow, Verdict)
    assert isinstance(fast, Verdict)
    low, high = reward(slow).value, reward(fast).value
    assert low < high
    fault = Fault(FaultKind.NODE_LOST, "gone")
    for how, value, with_fault in (
        ("first", low, low),
        ("worst", low, None),
        ("mean", (low + high) / 2, None),
    ):
        settings = RewardSettings.model_validate({"over_classes": how})
        assert over_classes([slow, fast], settings) == pytest.approx(value)
        assert over_classes([slow, fault], settings) == with_fault
        assert over_classes([fault, fast], settings) is None
    assert over_classes([fast, slow], RewardSettings(over_classes="worst")) == pytest.approx(low)


@pytest.mark.parametrize("how", ["worst", "mean"])
def test_the_rewards_archived_are_those_paid(how: str) -> None:
    """Elsewhere the fast are slow, and the wrong are right; a fault there is no reward here."""
    pay = RewardSettings.model_validate({"over_classes": how})
    first = Evaluator(
        ScriptedFarm(), Archive("sqlite://"), TASKS, reward_settings=pay, settings=NEVER, run="r1"
    )
    there = ScriptedFarm(host=OTHER_HOST, truth=lambda speed: 9 - speed, faulty=lambda speed: speed == 4)
    second = Evaluator(there, Archive("sqlite://"), TASKS, reward_settings=pay, settings=NEVER, run="r1")
    written = [candidate(f"int speed = {speed};") for speed in (1, 3, 4, 9, 3)] + [candidate("no code")]
    found = HostClasses(first, {"other": second}).evaluate(written)
    paid = {one.hash: over_classes(results, pay) for one, results in zip(written, found, strict=True)}
    assert None in paid.values()
    archived = {row.hash: row.reward for row in first.archive.samples("r1")}
    assert archived == pytest.approx(paid)
    own = [result for results in found for result in results[1:] if isinstance(result, Verdict)]
    rows = [row for row in second.archive.samples("r1") if row.outcome is not None]
    assert sorted(row.reward or 0 for row in rows) == pytest.approx(sorted(reward(v, pay).value for v in own))


def test_a_class_that_ends_early_keeps_nobody_waiting() -> None:
    class Broken(Archive):
        def recall(self, *_: object, **__: object) -> None:  # type: ignore[override]
            raise Fault(FaultKind.DISK_FULL, "no space")

    pay = RewardSettings(over_classes="worst")
    first = Evaluator(
        ScriptedFarm(), Archive("sqlite://"), TASKS, reward_settings=pay, settings=NEVER, run="r1"
    )
    farm = ScriptedFarm(host=OTHER_HOST)
    second = Evaluator(farm, Broken("sqlite://"), TASKS, reward_settings=pay, settings=NEVER, run="r1")
    with pytest.raises(Fault, match="no space"):
        HostClasses(first, {"other": second}).evaluate([candidate("int speed = 3;")])
    (row,) = first.archive.samples("r1")
    assert row.outcome is Outcome.ACCEPTED
    assert row.reward is None


def test_two_farms_of_one_class_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    closed: list[str] = []

    class Told(ScriptedFarm):
        def close(self) -> None:
            closed.append(self.host.host_class)

    made = {"http://a": OTHER_HOST, "http://b": HOST}
    monkeypatch.setattr(farms, "open", lambda settings, on_event=None: Told(host=made[settings.http.url]))
    settings = FarmSettings.model_validate({"also": {"a": "http://a", "b": "http://b"}})
    with Told() as first:
        with pytest.raises(WrongUse, match="of the same class of hosts"), farms.also(settings, first):
            pass
        assert sorted(closed) == sorted([HOST.host_class, OTHER_HOST.host_class])  # what had been opened
        only_a = settings.model_copy(update={"also": {"a": settings.also["a"]}})
        with farms.also(only_a, first) as others:
            assert set(others) == {"a"}
        assert closed[2:] == [OTHER_HOST.host_class]


def test_classes_within_classes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"farm\.also\.a has classes of its own"):
        FarmSettings.model_validate({"also": {"a": {"kind": "local", "also": {"b": "http://b"}}}})
    with pytest.raises(ValueError, match="also"):
        FarmSettings.model_validate({"also": {"../a": "http://b"}})

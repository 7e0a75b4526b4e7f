"""From candidate to verdict, with a judge that answers as it is told. The real one: test_evaluate_real.py."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path

import pytest
from record_examples import HOST, candidate, measured, timing

from hayate.archive import Archive
from hayate.errors import Fault, FaultKind, WrongUse
from hayate.evaluate import EvaluateSettings, Evaluator, judge_one
from hayate.farm.base import BuildJob, Farm, MeasureJob
from hayate.judge.results import Measurement, Rejection
from hayate.records import (
    Band,
    Bound,
    Built,
    Candidate,
    MeasurePlan,
    Outcome,
    SourceText,
    Task,
    Technique,
    Verdict,
)

TEXT = SourceText(name="reference.c", text="void dgemm(void) {}")
TASK = Task(
    name="dgemm",
    title="t",
    bound_by="compute",
    entry="dgemm",
    declaration="void dgemm(void)",
    description="d",
    arguments=(),
    domain={},
    bands=(Band(name="480", center={}, training=True),),
    flops="1",
    bytes="1",
    oracle_work="1",
    bound=Bound(terms="1"),
    techniques=(Technique.SIMD,),
    headers=(),
    reference=TEXT,
    oracle=TEXT,
    yardsticks=(TEXT,),
)

Answer = Callable[[MeasurePlan, Built | None], Measurement]


def fast(speedup: float, *, half: float = 0.02, baseline: str = "reference") -> Measurement:
    return measured(speedup, half=half, baseline=baseline, reason="right", wall_s=0.2)


def wrong() -> Measurement:
    return Measurement(outcome=Outcome.WRONG, reason="off by 3", wall_s=0.1)


class ToldFarm(Farm):
    """A farm whose judge says what the source says: `x 3.5` is 3.5 times the reference.

    Source `OBJECT label; NICHE; words`, e.g. "a; simd; x 3.5". Head to head it answers the ratio of both.
    """

    host = HOST
    sandbox_tier = "none"

    def __init__(self) -> None:
        self.built: list[str] = []
        self.measured: list[tuple[str, str, str]] = []  # object, purpose, rival's object
        self.truth: dict[str, list[Measurement]] = {}  # object -> answers in order; the last stays
        self.breaks_as_rival: set[str] = set()
        self.release = threading.Event()
        self.release.set()

    def submit_build(self, job: BuildJob, priority: int) -> Future[Built | Rejection]:
        source, name = job.source, job.name
        self.built.append(source)
        future: Future[Built | Rejection] = Future()
        label, niche, words = (part.strip() for part in source.split(";"))
        if words == "fault":
            future.set_exception(Fault(FaultKind.DISK_FULL, "no space", remedy="free some"))
        elif words == "refused":
            future.set_result(Rejection(outcome=Outcome.BUILD_FAILED, reason="does not compile", wall_s=0.1))
        else:
            future.set_result(
                Built(
                    name=name,
                    object_code=words.encode(),
                    object_hash=label,
                    techniques=(Technique(niche),) if niche else (),
                    compile_wall_s=0.1,
                )
            )
        return future

    def submit_measure(self, job: MeasureJob, priority: int) -> Future[Measurement]:
        built, plan, rival = job.built, job.plan, job.rival
        self.measured.append((built.object_hash, plan.purpose, rival.object_hash if rival else ""))
        future: Future[Measurement] = Future()
        answers = self.truth.get(built.object_hash)
        words = built.object_code.decode()
        if answers:
            future.set_result(answers.pop(0) if len(answers) > 1 else answers[0])
        elif words == "lost":
            future.set_exception(Fault(FaultKind.RUNNER_LOST, "runner gone"))
        elif words == "wrong":
            future.set_result(wrong())
        else:
            speed = float(words.removeprefix("x "))
            if rival is not None and rival.object_hash in self.breaks_as_rival:
                failed = Rejection(outcome=Outcome.TIMED_OUT, reason=f"{rival.object_hash} slept")
                right = Measurement(
                    outcome=Outcome.ACCEPTED, reason="right", decision="undecided", rival=failed
                )
                future.set_result(right)
            elif rival is not None:
                other = float(rival.object_code.decode().removeprefix("x "))
                future.set_result(fast(speed / other, half=0.01, baseline=rival.name))
            else:
                future.set_result(fast(speed))
        return future

    def close(self) -> None:
        pass


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive(tmp_path / "archive.db") as made:
        yield made


@pytest.fixture
def farm() -> ToldFarm:
    return ToldFarm()


def _evaluator(farm: Farm, archive: Archive, **settings: object) -> Evaluator:
    return Evaluator(
        farm, archive, {"dgemm": TASK}, settings=EvaluateSettings.model_validate(settings), run="r9"
    )


def _batch(*sources: str) -> list[Candidate]:
    return [candidate(source, index=index) for index, source in enumerate(sources)]


def _outcomes(results: Sequence[Verdict | Fault]) -> list[str]:
    return [r.kind.value if isinstance(r, Fault) else r.outcome.value for r in results]


def test_verdicts_come_in_the_order_of_the_candidates(farm: ToldFarm, archive: Archive) -> None:
    batch = _batch("a; ; x 2", "b; ; wrong", "", "c; ; refused", "  \n")
    heard: list[tuple[int, str]] = []

    def hear(made: Candidate, result: Verdict | Fault) -> None:
        assert isinstance(result, Verdict)
        heard.append((made.origin.index, result.outcome.value))
        assert any(row.index == made.origin.index for row in archive.samples("r1"))  # recorded before

    results = _evaluator(farm, archive).evaluate(batch, on_verdict=hear)
    assert _outcomes(results) == ["accepted", "wrong", "violation", "build_failed", "violation"]
    assert sorted(heard) == list(enumerate(_outcomes(results)))
    violation = results[2]
    assert isinstance(violation, Verdict)
    assert violation.reason == "no code block in the reply"
    assert len(farm.built) == 3
    first = results[0]
    assert isinstance(first, Verdict)
    assert first.wall_s >= 0.3  # the build's and the measurement's, as the farm said
    assert first.steps[0].name == "build"
    rows = archive.samples("r1", "grpo")
    assert {(row.index, row.reward) for row in rows if row.outcome is Outcome.WRONG} == {(1, -1.0)}
    assert archive.verdict_of(batch[0].hash) == first


def test_the_same_object_code_is_measured_once(farm: ToldFarm, archive: Archive) -> None:
    evaluator = _evaluator(farm, archive, confirm="never")
    results = evaluator.evaluate(_batch("a; ; x 2", "a;; x 2", "a; ; x 2", "b; ; x 2"))
    assert len(farm.built) == 3  # equal text is built once
    assert Counter(name for name, _, _ in farm.measured) == {"a": 1, "b": 1}
    assert [r.reused for r in results if isinstance(r, Verdict)] == [False, True, True, False]
    later = evaluator.evaluate(_batch("a ; ; x 2"))  # another text, known object code
    assert len(farm.measured) == 2
    (verdict,) = later
    assert isinstance(verdict, Verdict)
    assert verdict.reused
    assert verdict.timing == timing()


def test_a_known_candidate_is_not_built_again(farm: ToldFarm, archive: Archive) -> None:
    batch = _batch("a; ; x 2", "b; ; wrong", "c; ; refused")
    first = _evaluator(farm, archive).evaluate(batch)
    asked = len(farm.built), len(farm.measured)
    again = _evaluator(farm, archive).evaluate(batch)  # as after --resume
    assert (len(farm.built), len(farm.measured)) == asked
    assert _outcomes(again) == _outcomes(first)
    assert all(isinstance(r, Verdict) and r.reused and r.wall_s == 0 for r in again)
    assert len(archive.samples("r1")) == 6
    _evaluator(farm, archive).evaluate(batch[:1], MeasurePlan(launches=0))  # another kind of plan
    assert len(farm.built) == asked[0] + 1


def test_reports_are_measured_afresh(farm: ToldFarm, archive: Archive) -> None:
    evaluator = _evaluator(farm, archive, confirm="never")
    for _ in range(2):
        (verdict,) = evaluator.evaluate(_batch("a; ; x 2"), MeasurePlan(purpose="report"))
        assert isinstance(verdict, Verdict)
        assert not verdict.reused
    assert [purpose for _, purpose, _ in farm.measured] == ["report", "report"]


def test_faults_are_recorded_and_are_no_verdicts(farm: ToldFarm, archive: Archive) -> None:
    sources = [f"o{i}; ; wrong" for i in range(18)]
    results = _evaluator(farm, archive).evaluate(_batch("a; ; lost", "b; ; fault", *sources))
    assert _outcomes(results)[:3] == ["runner_lost", "disk_full", "wrong"]
    assert archive.counts("r1") == {"fault": 2, "wrong": 18}
    assert {row.reward for row in archive.samples("r1") if row.fault} == {None}


def test_too_many_faults_stop_with_the_cause_after_recording(farm: ToldFarm, archive: Archive) -> None:
    sources = [f"o{i}; ; wrong" for i in range(10)]
    with pytest.raises(Fault, match=r"3 of 13 .* no space.*free some") as told:
        _evaluator(farm, archive).evaluate(_batch("a; ; lost", "b; ; fault", "c; ; fault", *sources))
    assert told.value.kind is FaultKind.TOO_MANY_FAULTS
    assert isinstance(told.value.__cause__, Fault)
    assert told.value.__cause__.kind is FaultKind.DISK_FULL
    assert archive.counts("r1") == {"fault": 3, "wrong": 10}


def test_an_unknown_task_is_told_before_any_work(farm: ToldFarm, archive: Archive) -> None:
    stray = candidate("a; ; x 2").model_copy(update={"task": "lu"})
    with pytest.raises(WrongUse, match=r"'lu'.*dgemm"):
        _evaluator(farm, archive).evaluate([*_batch("b; ; x 2"), stray])
    assert not farm.built


def test_an_unknown_run_is_filled_in(farm: ToldFarm, archive: Archive) -> None:
    _evaluator(farm, archive).evaluate([candidate("a; ; x 2", run="")])
    assert len(archive.samples("r9")) == 1


def _elites(archive: Archive) -> dict[str, tuple[str, bool]]:
    return {e.niche: (e.object_hash, e.confirmed) for e in archive.elites("dgemm")}


def test_the_best_is_replaced_only_after_a_head_to_head(farm: ToldFarm, archive: Archive) -> None:
    evaluator = _evaluator(farm, archive)
    evaluator.evaluate(_batch("a; ; x 4"))
    assert _elites(archive) == {"plain": ("a", True)}
    evaluator.evaluate(_batch("b; ; x 5"))
    assert farm.measured[-2:] == [("b", "confirm", "a"), ("b", "check", "")]
    assert _elites(archive) == {"plain": ("b", True)}
    asked = len(farm.measured)
    evaluator.evaluate(_batch("c; ; x 4.5"))
    assert farm.measured[asked:] == [("c", "training", "")]  # no claim, no confirmation
    assert _elites(archive) == {"plain": ("b", True)}


def test_an_elite_that_breaks_as_rival_and_alone_loses_its_place(farm: ToldFarm, archive: Archive) -> None:
    evaluator = _evaluator(farm, archive)
    evaluator.evaluate(_batch("a; ; x 4"))
    farm.breaks_as_rival.add("a")
    farm.truth["a"] = [wrong()]
    (verdict,) = evaluator.evaluate(_batch("b; ; x 5"))
    assert isinstance(verdict, Verdict)
    assert "lost its place" in verdict.steps[-1].note
    assert _elites(archive) == {"plain": ("b", True)}
    (again,) = evaluator.evaluate(_batch("a; ; x 4"))
    assert _outcomes([again]) == ["wrong"]


def test_an_elite_that_breaks_whenever_it_is_challenged_loses_its_place(
    farm: ToldFarm, archive: Archive
) -> None:
    evaluator = _evaluator(farm, archive)
    evaluator.evaluate(_batch("a; ; x 4"))
    farm.breaks_as_rival.add("a")
    for name in ("b", "c"):
        (verdict,) = evaluator.evaluate(_batch(f"{name}; ; x 5"))
        assert isinstance(verdict, Verdict)
        assert verdict.outcome is Outcome.ACCEPTED
        assert "not confirmed" in verdict.steps[-1].note
        assert "failed as rival, and keeps its place until it fails again: timed_out: a slept" in (
            verdict.steps[-1].note
        )
        assert _elites(archive) == {"plain": ("a", True)}
    evaluator.evaluate(_batch("d; ; x 5"))
    assert _elites(archive) == {"plain": ("d", True)}


def test_a_lucky_launch_does_not_displace_the_best(farm: ToldFarm, archive: Archive) -> None:
    evaluator = _evaluator(farm, archive)
    evaluator.evaluate(_batch("a; ; x 4"))
    farm.truth["l"] = [fast(5.0), fast(1.0, half=0.02, baseline="a")]  # head to head it is no faster
    (verdict,) = evaluator.evaluate(_batch("l; ; x 4"))
    assert isinstance(verdict, Verdict)
    assert verdict.outcome is Outcome.ACCEPTED
    assert any(step.name == "confirm" and "as fast as the elite" in step.note for step in verdict.steps)
    assert _elites(archive) == {"plain": ("a", True)}


def test_luck_is_cut_back_to_what_the_head_to_head_allows(farm: ToldFarm, archive: Archive) -> None:
    evaluator = _evaluator(farm, archive)
    evaluator.evaluate(_batch("a; ; x 4"))
    farm.truth["l"] = [fast(5.9), fast(1.05, half=0.02, baseline="a")]
    evaluator.evaluate(_batch("l; ; x 4.2"))
    best = archive.best("dgemm")
    assert best is not None
    assert best.object_hash == "l"
    assert best.quality == pytest.approx(4 * 0.98 * 1.05 * 1.02)


def test_an_empty_niche_is_filled_without_a_further_measurement(farm: ToldFarm, archive: Archive) -> None:
    evaluator = _evaluator(farm, archive)
    evaluator.evaluate(_batch("a; simd; x 9"))
    asked = len(farm.measured)
    evaluator.evaluate(_batch("b; ; x 2"))
    assert len(farm.measured) == asked + 1
    assert _elites(archive) == {"simd": ("a", True), "plain": ("b", False)}
    evaluator.evaluate(_batch("c; ; x 3"))  # better in its niche: one fresh launch, no rival
    assert farm.measured[-2:] == [("c", "training", ""), ("c", "confirm", "")]
    assert _elites(archive)["plain"] == ("c", True)
    farm.truth["d"] = [fast(4.0), fast(2.5)]  # the fresh launch disagrees
    evaluator.evaluate(_batch("d; ; x 2.5"))
    assert _elites(archive)["plain"] == ("c", True)


def test_always_confirms_a_niche_head_to_head_and_never_does_not(farm: ToldFarm, archive: Archive) -> None:
    evaluator = _evaluator(farm, archive, confirm="always")
    evaluator.evaluate(_batch("a; simd; x 9"))
    evaluator.evaluate(_batch("b; ; x 2"))
    evaluator.evaluate(_batch("c; ; x 3"))
    assert farm.measured[-1] == ("c", "confirm", "b")
    asked = len(farm.measured)
    _evaluator(farm, archive, confirm="never").evaluate(_batch("d; simd; x 10"))
    assert len(farm.measured) == asked + 1
    assert _elites(archive)["simd"] == ("d", False)


def test_a_jump_far_above_the_best_is_measured_again_and_the_second_counts(
    farm: ToldFarm, archive: Archive
) -> None:
    evaluator = _evaluator(farm, archive)
    evaluator.evaluate(_batch("a; ; x 4"))
    farm.truth["j"] = [fast(40.0), fast(3.0)]
    (verdict,) = evaluator.evaluate(_batch("j; ; x 3"))
    assert isinstance(verdict, Verdict)
    assert verdict.speedup is not None
    assert verdict.speedup.median == 3.0
    (again,) = evaluator.evaluate(_batch("j ; ; x 3"))
    assert isinstance(again, Verdict)
    assert again.speedup == verdict.speedup
    assert _elites(archive) == {"plain": ("a", True)}


def test_a_cheat_found_in_confirmation_is_the_verdict_and_stays_so(farm: ToldFarm, archive: Archive) -> None:
    evaluator = _evaluator(farm, archive)
    evaluator.evaluate(_batch("a; ; x 4"))
    cheated = Measurement(outcome=Outcome.CHEATED, reason="a sentinel was left", wall_s=0.1)
    farm.truth["z"] = [fast(5.0), cheated]
    (verdict,) = evaluator.evaluate(_batch("z; ; x 5"))
    assert isinstance(verdict, Verdict)
    assert verdict.outcome is Outcome.CHEATED
    assert verdict.reason == "in a fresh confirmation: a sentinel was left"
    assert verdict.speedup is None
    assert _elites(archive) == {"plain": ("a", True)}
    for same in ("z; ; x 5", "z ; ; x 5"):
        (again,) = evaluator.evaluate(_batch(same))
        assert isinstance(again, Verdict)
        assert (again.outcome, again.reused) == (Outcome.CHEATED, True)


def test_a_fault_in_confirmation_leaves_verdict_and_elite(farm: ToldFarm, archive: Archive) -> None:
    evaluator = _evaluator(farm, archive)
    evaluator.evaluate(_batch("a; ; x 4"))
    evaluator.claims._rivals.clear()  # as after --resume: the elite's object must be built again
    with archive._write() as connection:
        connection.exec_driver_sql("UPDATE candidates SET source = 'a; ; fault' WHERE source = 'a; ; x 4'")
    (verdict,) = evaluator.evaluate(_batch("b; ; x 5"))
    assert isinstance(verdict, Verdict)
    assert verdict.outcome is Outcome.ACCEPTED
    assert any("not confirmed: no space" in step.note for step in verdict.steps)
    assert _elites(archive) == {"plain": ("a", True)}


def test_the_elites_object_is_built_again_after_a_restart(farm: ToldFarm, archive: Archive) -> None:
    _evaluator(farm, archive).evaluate(_batch("a; ; x 4"))
    _evaluator(farm, archive).evaluate(_batch("b; ; x 5"))
    assert farm.built == ["a; ; x 4", "b; ; x 5", "a; ; x 4"]
    assert farm.measured[-2:] == [("b", "confirm", "a"), ("b", "check", "")]


def test_elites_of_another_version_of_the_task_are_no_rivals(farm: ToldFarm, archive: Archive) -> None:
    _evaluator(farm, archive).evaluate(_batch("a; ; x 4"))
    changed = Task.model_validate({**TASK.model_dump(), "flops": "3"})
    assert changed.hash != TASK.hash
    newer = Evaluator(farm, archive, {"dgemm": changed})
    newer.evaluate(_batch("b; ; x 2"))
    assert _elites(archive) == {"plain": ("b", True)}


def test_words_for_people_make_no_other_task() -> None:
    assert Task.model_validate({**TASK.model_dump(), "title": "u", "description": "v"}).hash == TASK.hash


def test_judge_one_gives_a_verdict_or_raises_the_fault(farm: ToldFarm, archive: Archive) -> None:
    assert judge_one(TASK, "a; ; x 2", farm=farm).outcome is Outcome.ACCEPTED
    assert judge_one(TASK, "", farm=farm, archive=archive).outcome is Outcome.VIOLATION
    assert archive.counts() == {"violation": 1}
    with pytest.raises(Fault, match="no space"):
        judge_one(TASK, "a; ; fault", farm=farm)


def test_the_tasks_best_is_checked_thoroughly_and_refused_where_it_is_wrong(
    farm: ToldFarm, archive: Archive
) -> None:
    """Right in the few shapes of a verdict and of its confirmation is not enough."""
    evaluator = _evaluator(farm, archive)
    evaluator.evaluate(_batch("a; ; x 4"))
    farm.truth["b"] = [fast(5), fast(1.25, half=0.01, baseline="a"), wrong()]
    (verdict,) = evaluator.evaluate(_batch("b; ; x 5"))
    assert farm.measured[-1] == ("b", "check", "")
    assert isinstance(verdict, Verdict)
    assert (verdict.outcome, verdict.reason) == (Outcome.WRONG, "in a thorough check: off by 3")
    assert _elites(archive) == {"plain": ("a", True)}

"""What is recorded comes back, in any database and across threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from record_examples import HOST, accepted, candidate, refused, timing

from hayate.archive import Archive, MeasurementKey, Recalled
from hayate.archive.measurements import bands_key, plan_key
from hayate.errors import Fault, FaultKind
from hayate.judge.results import Measurement
from hayate.records import Assignment, MeasurePlan, Outcome, Prompt, Technique


@pytest.fixture(params=["file", "memory"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Archive]:
    with Archive(tmp_path / "sub" / "archive.db" if request.param == "file" else "sqlite://") as made:
        yield made


def test_a_verdict_comes_back_whole(archive: Archive) -> None:
    made = candidate(parents=("p1", "p2"), prompt_hash="q", group=3, index=7, step=2)
    verdict = accepted(made, techniques=(Technique.SIMD, Technique.BLOCKING))
    number = archive.record_sample(made, verdict, 4.5)
    assert archive.verdict(number) == verdict
    assert archive.verdict_of(made.hash) == verdict
    assert archive.candidate(made.hash) == made
    (row,) = archive.samples("r1", "grpo", 2)
    assert (row.hash, row.group, row.index, row.outcome) == (made.hash, 3, 7, Outcome.ACCEPTED)
    assert (row.niche, row.metric, row.speedup, row.reward) == ("blocking+simd", 50.0, 15.0, 4.5)
    assert row.accepted
    assert not row.abandoned


def test_a_fault_is_a_sample_without_verdict(archive: Archive) -> None:
    made = candidate()
    assert (
        archive.record_sample(made, None, None, fault=Fault(FaultKind.RUNNER_LOST, "gone", remedy="r")) == -1
    )
    (row,) = archive.samples("r1")
    assert (row.outcome, row.fault, row.reason, row.reward) == (None, "runner_lost", "gone. Remedy: r", None)
    assert archive.verdict_of(made.hash) is None
    assert archive.counts("r1") == {"fault": 1}


def test_verdict_of_answers_for_its_keys_only(archive: Archive) -> None:
    made = candidate()
    archive.record_sample(made, refused(made, Outcome.WRONG), -1)
    archive.record_sample(made, accepted(made, task_hash="t2"), 3)
    first = archive.verdict_of(made.hash, task_hash="t1")
    assert first is not None
    assert first.outcome is Outcome.WRONG
    newest = archive.verdict_of(made.hash)
    assert newest is not None
    assert newest.outcome is Outcome.ACCEPTED
    assert archive.verdict_of(made.hash, judge_version="2") is None
    assert archive.verdict_of(made.hash, host_class="other") is None


def test_abandoned_rows_stay_but_off_the_curve(archive: Archive) -> None:
    archive.start_run("r1", {"seed": 1}, host="h")
    archive.start_phase("r1", "grpo")
    for step in range(4):
        made = candidate(f"void f{step}(void) {{}}", step=step)
        archive.record_sample(made, refused(made, Outcome.WRONG), -1)
        archive.record_step("r1", "grpo", step, {"reward": -1.0})
    other = candidate(phase="sft", step=9)
    archive.record_sample(other, refused(other, Outcome.WRONG), -1)
    assert archive.mark_abandoned("r1", "grpo", 2) == 2
    assert archive.mark_abandoned("r1", "grpo", 2) == 0
    archive.record_step("r1", "grpo", 2, {"reward": 5.0})
    assert [row.step for row in archive.samples("r1", "grpo")] == [0, 1]
    assert [row.abandoned for row in archive.samples("r1", "grpo", include_abandoned=True)] == [0, 0, 1, 1]
    assert [(row.step, row.metrics["reward"]) for row in archive.steps("r1", "grpo")] == [
        (0, -1),
        (1, -1),
        (2, 5),
    ]
    assert len(archive.steps("r1", include_abandoned=True)) == 5
    assert len(archive.samples("r1", "sft")) == 1
    archive.end_phase("r1", "grpo")
    (phase,) = archive.phases("r1")
    assert phase.counts == {"wrong": 2}
    assert phase.ended is not None
    archive.start_phase("r1", "grpo")  # gone on with
    assert archive.phases("r1")[0].ended is None
    assert archive.phases("r1")[0].started == phase.started
    run = archive.run("r1")
    assert run is not None
    assert (run.config, run.host) == ({"seed": 1}, "h")


def test_a_run_resumed_keeps_its_start(archive: Archive) -> None:
    archive.start_run("r1", {"a": 1})
    first = archive.run("r1")
    archive.end_run("r1")
    archive.start_run("r1", {"a": 2})
    assert archive.run("r1") == first


OTHER_PLANS = {
    "purpose": "check",
    "launches": 3,
    "max_launches": 4,
    "bands": ("480",),
    "pairs": 1,
    "confidence": 0.5,
    "seed": 1,
    "verify_shapes": 1,
    "wall_s": 1.0,
    "decide_s": 1.0,
    "thorough": True,
    "until_width": 0.02,
}


def test_every_field_of_a_plan_makes_another_key() -> None:
    """Whoever asks with one shape, or gives one second, must not answer the others' questions."""
    assert set(OTHER_PLANS) == set(MeasurePlan.model_fields), "a new field: what may it change?"
    plans = [MeasurePlan(), *(MeasurePlan.model_validate({name: v}) for name, v in OTHER_PLANS.items())]
    assert len({plan_key(plan) for plan in plans}) == len(plans)
    again = MeasurePlan(wall_s=60, verify_shapes=12)
    assert plan_key(again) == plan_key(MeasurePlan())


def test_measurements_are_found_by_every_key(archive: Archive) -> None:
    key = MeasurementKey("o", "t", "1", "h", "-O3", "480", "training", "{}", "landlock", "gcc 12.2.0")
    first = Measurement(outcome=Outcome.ACCEPTED, reason="fine", timing=timing(), wall_s=0.2)
    number = archive.store_measurement(key, first)
    assert archive.find_measurement(key) == (number, first)
    for name in key.__slots__:
        values = {field: getattr(key, field) for field in key.__slots__}
        assert archive.find_measurement(MeasurementKey(**{**values, name: "else"})) is None
    later = Measurement(outcome=Outcome.CHEATED, reason="found out later")
    second = archive.store_measurement(key, later)
    assert archive.find_measurement(key) == (second, later)


def test_a_candidate_is_recalled_for_its_keys_only(archive: Archive) -> None:
    plan = MeasurePlan()
    key = MeasurementKey(
        "o1", "t1", "1", HOST.host_class, "-O3", bands_key(plan), plan.purpose, plan_key(plan), "none", "gcc"
    )
    made = candidate()
    recall = partial(archive.recall, sandbox="none")
    assert recall(made.hash, "t1", "1", HOST, plan) is None
    first = Measurement(outcome=Outcome.ACCEPTED, reason="fine", timing=timing(), wall_s=0.2)
    verdict = accepted(made)
    number = archive.store_measurement(key, first)
    archive.record_sample(made, verdict, 3.0, measurement=number)
    assert recall(made.hash, "t1", "1", HOST, plan) == Recalled(verdict, number, first)
    assert recall(made.hash, "t2", "1", HOST, plan) is None
    assert recall(made.hash, "t1", "2", HOST, plan) is None
    assert recall("other", "t1", "1", HOST, plan) is None
    for other in (
        MeasurePlan(launches=0),
        MeasurePlan(launches=2, max_launches=2),
        MeasurePlan(bands=("480",)),
        MeasurePlan(purpose="report"),
        *(plan.model_copy(update={name: value}) for name, value in OTHER_PLANS.items()),
    ):
        assert recall(made.hash, "t1", "1", HOST, other) is None
    assert archive.recall(made.hash, "t1", "1", HOST, plan, sandbox="landlock") is None
    newer = HOST.model_copy(update={"compiler": "gcc 14.2.0"})
    assert recall(made.hash, "t1", "1", newer, plan) is None
    later = Measurement(outcome=Outcome.CHEATED, reason="found out later")
    second = archive.store_measurement(key, later)
    assert recall(made.hash, "t1", "1", HOST, plan) == Recalled(verdict, second, later)


def test_a_refusal_before_running_is_recalled_for_any_plan(archive: Archive) -> None:
    made = candidate()
    verdict = refused(made, Outcome.BUILD_FAILED)
    archive.record_sample(made, verdict, -3.0)
    recalled = archive.recall(made.hash, "t1", "1", HOST, MeasurePlan(launches=0), sandbox="none")
    assert recalled == Recalled(verdict, None, None)


def test_elites_and_their_history(archive: Archive) -> None:
    for number, (speedup, techniques) in enumerate([(2.0, ()), (3.0, ()), (9.0, (Technique.SIMD,))]):
        made = candidate(f"void f{number}(void) {{}}")
        verdict = accepted(made, speedup=speedup, techniques=techniques)
        archive.put_elite(verdict, archive.record_sample(made, verdict, 1.0), confirmed=number == 2)
    assert [(e.niche, e.speedup, e.confirmed) for e in archive.elites("dgemm")] == [
        ("simd", 9.0, True),
        ("plain", 3.0, False),
    ]
    best = archive.best("dgemm")
    assert best is not None
    assert best.quality == pytest.approx(9.0 * 0.98)
    assert [e.speedup for e in archive.elite_history("dgemm")] == [2.0, 3.0, 9.0]
    assert [e.speedup for e in archive.elite_history("dgemm", niche="plain")] == [2.0, 3.0]
    assert archive.best("dgemm", host_class="other") is None
    assert archive.elites("dgemm", task_hash="t2") == []
    assert archive.best("jacobi2d") is None


def test_lineage_reaches_every_ancestor_once(archive: Archive) -> None:
    grand = candidate("g")
    left, right = candidate("l", parents=(grand.hash,)), candidate("r", parents=(grand.hash, "unknown"))
    child = candidate("c", parents=(left.hash, right.hash))
    for made in (grand, left, right, child):
        archive.record_candidate(made)
    again = candidate("g", parents=(child.hash,))  # the same text found again: a ring
    archive.record_candidate(again)
    found = archive.lineage(child.hash)
    assert {(a.hash, a.generation) for a in found} == {
        (left.hash, 1),
        (right.hash, 1),
        (grand.hash, 2),
        ("unknown", 2),
    }
    assert [a.origin is None for a in found if a.hash == "unknown"] == [True]
    assert archive.sources([left.hash, "none"]) == {left.hash: "l"}


def test_prompts_come_back(archive: Archive) -> None:
    prompt = Prompt(system="s", user="u", assignment=Assignment(task="dgemm", permitted=(Technique.SIMD,)))
    assert archive.record_prompt(prompt) == prompt.hash
    assert archive.record_prompt(prompt) == prompt.hash
    assert archive.prompt(prompt.hash) == prompt
    assert archive.prompt("none") is None


def test_many_threads_write_and_read(archive: Archive) -> None:
    trouble: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for i in range(15):
                made = candidate(f"void f{i}(void) {{}}", index=number)  # the same texts in every thread
                archive.record_sample(made, refused(made, Outcome.WRONG), -1)
                assert archive.samples("r1")
        except BaseException as error:
            trouble.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not trouble
    assert archive.counts() == {"wrong": 90}

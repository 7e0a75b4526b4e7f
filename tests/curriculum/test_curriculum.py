"""What holds for every staging: truthful assignments, turns, determinism, a state that goes on."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from curriculum_learners import DGEMM, drive, learner, task, verdict
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from hayate.curriculum import Curriculum, CurriculumSettings, key
from hayate.errors import WrongUse
from hayate.records import Candidate, Origin, Outcome, Technique

STAGINGS = ("sqd", "off", "fixed", "random")
techniques = st.lists(st.sampled_from(list(Technique)), unique=True, max_size=11)


def _settings(**values: object) -> CurriculumSettings:
    return CurriculumSettings.model_validate(values)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(STAGINGS),
    st.lists(techniques, min_size=1, max_size=3),
    st.integers(1, 300),
    st.floats(0, 1),
    st.booleans(),
    st.integers(0, 99),
)
def test_asks_only_for_what_a_task_has(
    staging: str, have: list[list[Technique]], groups: int, share: float, threads: bool, seed: int
) -> None:
    tasks = {f"t{i}": task(f"t{i}", names) for i, names in enumerate(have)}
    made = _settings(
        staging=staging, expected_groups=groups, threads=threads, seed=seed, revisit_probability=0.3
    )
    for ask in drive(Curriculum(tasks, made), learner(share, 3), 40, seed):
        available = set(tasks[ask.task].techniques) - (set() if threads else {Technique.THREADS})
        assert set(ask.permitted) <= available
        assert len(set(ask.permitted)) == len(ask.permitted)
        assert bool(ask.permitted) == bool(available)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(STAGINGS), st.integers(0, 40), st.floats(0, 1), st.integers(0, 99))
def test_a_saved_state_goes_on_identically(staging: str, before: int, share: float, seed: int) -> None:
    tasks = {"a": task("a", DGEMM), "b": task("b", DGEMM[3:])}
    made = _settings(staging=staging, expected_groups=40, seed=seed, revisit_probability=0.3)
    one = Curriculum(tasks, made)
    drive(one, learner(share), before, seed)
    saved = json.loads(json.dumps(one.state()))
    two = Curriculum(tasks, made)
    two.load_state(saved)
    assert two.state() == saved
    assert drive(one, learner(share), 30, 7) == drive(two, learner(share), 30, 7)
    assert one.state() == two.state()


def test_the_same_seed_asks_the_same() -> None:
    tasks = {"a": task("a", DGEMM)}
    runs = [
        drive(Curriculum(tasks, _settings(seed=seed, expected_groups=30)), learner(0.7), 30)
        for seed in (1, 1, 2)
    ]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_next_may_run_ahead_of_observe() -> None:
    curriculum = Curriculum(
        {"a": task("a", DGEMM)}, _settings(revisit_probability=0, stall_groups=1, window=1)
    )
    asked = [curriculum.next() for _ in range(6)]
    assert len({a.permitted for a in asked}) == 1
    for ask in asked:
        curriculum.observe(ask, learner(1.0)(ask, random.Random(0)))
    assert curriculum.next().permitted != asked[0].permitted
    assert curriculum.stages("a")[key(asked[0].permitted)].groups == 6


def test_tasks_take_turns() -> None:
    tasks = {name: task(name, DGEMM) for name in ("a", "b", "c")}
    asked = drive(Curriculum(tasks, _settings(tasks=("c", "a"))), learner(0.5), 10)
    assert [a.task for a in asked] == ["c", "a"] * 5


def test_off_permits_everything_but_threads() -> None:
    tasks = {"a": task("a", DGEMM)}
    for ask in drive(Curriculum(tasks, _settings(staging="off")), learner(0.5), 5):
        assert set(ask.permitted) == set(DGEMM) - {Technique.THREADS}
        assert ask.reason == "off"
    every = Curriculum(tasks, _settings(staging="off", threads=True)).next()
    assert set(every.permitted) == set(DGEMM)


def test_fixed_follows_its_schedule() -> None:
    schedule = [{"techniques": ["blocking"], "groups": 2}, {"techniques": ["simd", "blocking"], "groups": 3}]
    tasks = {"a": task("a", DGEMM), "b": task("b", [Technique.SIMD])}
    asked = drive(Curriculum(tasks, _settings(staging="fixed", schedule=schedule)), learner(0.5), 14)
    assert [key(a.permitted) for a in asked if a.task == "a"] == ["blocking"] * 2 + ["blocking+simd"] * 5
    assert [key(a.permitted) for a in asked if a.task == "b"] == ["plain"] * 2 + ["simd"] * 5
    assert {a.reason for a in asked} == {"fixed"}


def test_fixed_without_a_schedule_grows_evenly() -> None:
    made = _settings(staging="fixed", expected_groups=24)
    asked = drive(Curriculum({"a": task("a", DGEMM)}, made), learner(0.0), 24)
    sizes = [len(a.permitted) for a in asked]
    assert sizes == sorted(sizes)
    assert sizes.count(8) >= 12
    assert len(set(sizes)) == 4


def test_random_asks_for_every_size() -> None:
    asked = drive(Curriculum({"a": task("a", DGEMM)}, _settings(staging="random")), learner(0.5), 200)
    assert {len(a.permitted) for a in asked} == set(range(1, 9))
    assert len({a.permitted for a in asked}) > 40


def test_exemplars_use_nothing_that_is_withheld(tmp_path: Path) -> None:
    from hayate.archive import Archive

    with Archive(tmp_path / "archive.db") as archive:
        for number, niche in enumerate([[Technique.SIMD], [Technique.BLOCKING], []], start=1):
            candidate = Candidate(
                task="a", source=f"int x{number};", permitted=tuple(niche), origin=Origin(kind="person")
            )
            found = verdict("a", Outcome.ACCEPTED, float(number), niche).model_copy(
                update={"candidate": candidate.hash}
            )
            archive.put_elite(found, archive.record_sample(candidate, found, 1.0), confirmed=True)
        simd, blocking, plain = (
            next(e.candidate for e in archive.elites("a") if e.niche == niche)
            for niche in ("simd", "blocking", "plain")
        )
        schedule = [{"techniques": ["unrolling"], "groups": 1}, {"techniques": ["simd"], "groups": 1}]
        made = _settings(staging="fixed", schedule=schedule, exemplars=3)
        curriculum = Curriculum({"a": task("a", DGEMM)}, made, archive)
        assert curriculum.next().exemplars == (plain, blocking)
        assert set(curriculum.next().exemplars) == {plain, blocking, simd}


def test_wrong_use_is_named() -> None:
    tasks = {"a": task("a", DGEMM[:3])}
    with pytest.raises(WrongUse, match=r"curriculum.tasks: unknown task 'b'. Allowed: a"):
        Curriculum(tasks, _settings(tasks=("b",)))
    with pytest.raises(WrongUse, match="no task"):
        Curriculum({})
    with pytest.raises(WrongUse, match=r"schedule\[0\].*packing"):
        Curriculum(tasks, _settings(staging="fixed", schedule=[{"techniques": ["packing"], "groups": 1}]))
    with pytest.raises(ValidationError):
        _settings(stagging="off")
    with pytest.raises(WrongUse, match="not a saved curriculum"):
        Curriculum(tasks).load_state({"random": 1})
    state = Curriculum({"z": tasks["a"]}).state()
    with pytest.raises(WrongUse, match="of the tasks z"):
        Curriculum(tasks).load_state(state)
    broken = Curriculum(tasks).state() | {"random": [3, [1, 2], None]}
    with pytest.raises(WrongUse, match="random"):
        Curriculum(tasks).load_state(broken)
    with pytest.raises(ValueError, match="no task 'z'"):
        Curriculum(tasks).observe(Curriculum({"z": tasks["a"]}).next(), [])

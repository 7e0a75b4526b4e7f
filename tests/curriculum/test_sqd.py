"""Staged Quality-Diversity against simulated learners."""

from __future__ import annotations

from itertools import combinations

import pytest
from curriculum_learners import DGEMM, drive, learner, task, verdict

from hayate.curriculum import Curriculum, CurriculumSettings, key
from hayate.records import Outcome, Technique

FULL = frozenset(DGEMM) - {Technique.THREADS}


def _dgemm(seed: int = 0, groups: int = 25, **settings: object) -> Curriculum:
    made = CurriculumSettings.model_validate({"seed": seed, "expected_groups": groups, **settings})
    return Curriculum({"dgemm": task("dgemm", DGEMM)}, made)


@pytest.mark.parametrize("groups", [12, 25, 60, 200, 2000])
@pytest.mark.parametrize("seed", range(4))
def test_a_good_learner_climbs_within_its_share(groups: int, seed: int) -> None:
    asked = drive(_dgemm(seed, groups), learner(0.9), groups)
    levels = [a.stage for a in asked if a.reason == "stage"]
    sizes = [len(a.permitted) for a in asked if a.reason == "stage"]
    assert levels == sorted(levels)
    assert (levels[0], sizes[0] <= 2) == (0, True)
    assert frozenset(asked[-1].permitted) == FULL or asked[-1].reason != "stage"
    assert sizes.count(len(FULL)) >= 0.25 * groups
    assert len({a.permitted for a in asked if a.reason == "stage"}) >= min(4, groups // 5)


@pytest.mark.parametrize("seed", range(4))
def test_a_failing_learner_gets_through_by_patience(seed: int) -> None:
    curriculum = _dgemm(seed)
    asked = drive(curriculum, learner(0.0), 60)
    assert frozenset(asked[-1].permitted) == FULL or asked[-1].reason != "stage"
    left = {one.left for one in curriculum.stages("dgemm").values()}
    assert "patience" in left
    assert "mastered" not in left


def test_stays_while_groups_fail_or_the_elite_improves() -> None:
    curriculum = _dgemm(revisit_probability=0, patience=100, stall_groups=2, window=1)
    first = curriculum.next()
    for low in (1.0, 1.1, 1.3, 1.5, 1.7):
        curriculum.observe(first, [verdict("dgemm", Outcome.ACCEPTED, low)])
        assert curriculum.next().permitted == first.permitted
    for _ in range(5):  # no improvement, but they fail
        curriculum.observe(first, [verdict("dgemm", Outcome.WRONG)] * 4)
        assert curriculum.next().permitted == first.permitted
    curriculum.observe(first, [verdict("dgemm", Outcome.ACCEPTED, 1.701)])
    assert curriculum.next().permitted != first.permitted
    assert curriculum.stages("dgemm")[key(first.permitted)].left == "mastered"


def test_faults_move_nothing() -> None:
    curriculum = _dgemm(revisit_probability=0)
    first = curriculum.next()
    for _ in range(30):
        curriculum.observe(first, [None] * 8)
    assert curriculum.next().permitted == first.permitted
    stage = curriculum.stages("dgemm")[key(first.permitted)]
    assert (stage.groups, stage.faulted, stage.samples) == (0, 30, 0)
    curriculum.observe(first, [None, verdict("dgemm", Outcome.ACCEPTED)])
    assert curriculum.stages("dgemm")[key(first.permitted)].shares == [1.0]


def test_growth_keeps_the_best_of_the_smaller_sets() -> None:
    """With speed from SIMD alone, most of the pairs that follow hold it."""
    hits = 0
    for seed in range(40):
        curriculum = _dgemm(seed, sets_per_level=8, revisit_probability=0, stall_groups=1, window=1)
        while True:
            ask = curriculum.next()
            if ask.stage == 1:
                break
            low = 20.0 if Technique.SIMD in ask.permitted else 2.0
            curriculum.observe(ask, [verdict("dgemm", Outcome.ACCEPTED, low)])
        hits += Technique.SIMD in ask.permitted
    assert hits >= 20  # half the weight is on the best of eight; at random it would be about ten


def test_every_combination_can_be_a_stage() -> None:
    four = (Technique.SIMD, Technique.ALLOC, Technique.BLOCKING, Technique.UNROLLING)
    wanted = {key(c) for size in range(1, 5) for c in combinations(four, size)}
    seen: set[str] = set()
    for seed in range(60):
        settings = CurriculumSettings(seed=seed, growth="one", sets_per_level=2, revisit_probability=0)
        asked = drive(Curriculum({"t": task("t", four)}, settings), learner(1.0), 80)
        seen |= {key(a.permitted) for a in asked}
    assert seen == wanted


def test_revisits_go_to_earlier_stages_and_to_empty_niches() -> None:
    curriculum = _dgemm(groups=400, revisit_probability=0.3)
    met: set[Technique] = set()
    stages: set[str] = set()
    reasons = []
    for ask in drive_one_by_one(curriculum, 400):
        reasons.append(ask.reason)
        if ask.reason == "revisit: earlier":
            assert key(ask.permitted) in stages
        elif ask.reason == "revisit: empty niche":
            assert set(ask.permitted) <= met
        else:
            assert ask.reason == "stage"
        stages.add(key(ask.permitted))
        met |= set(ask.permitted)
    assert 60 <= sum(r.startswith("revisit") for r in reasons) <= 180
    assert len(set(reasons)) == 3


def drive_one_by_one(curriculum: Curriculum, groups: int):  # type: ignore[no-untyped-def]
    for seed in range(groups):
        yield from drive(curriculum, learner(0.9), 1, seed)


def test_packing_comes_with_its_scratch_memory() -> None:
    for seed in range(30):
        for ask in drive(_dgemm(seed), learner(0.8), 25, seed):
            assert Technique.PACKING not in ask.permitted or Technique.ALLOC in ask.permitted


def test_statistics_of_a_stage() -> None:
    curriculum = _dgemm(revisit_probability=0)
    ask = curriculum.next()
    group = [
        verdict("dgemm", Outcome.ACCEPTED, 3.0, [Technique.BLOCKING]),
        verdict("dgemm", Outcome.ACCEPTED, 3.0, [Technique.BLOCKING]),
        verdict("dgemm", Outcome.ACCEPTED, 2.0),
        verdict("dgemm", Outcome.CRASHED),
        None,
    ]
    curriculum.observe(ask, group)
    stage = curriculum.stages("dgemm")[key(ask.permitted)]
    assert (stage.asked, stage.groups, stage.samples, stage.accepted) == (1, 1, 4, 3)
    assert (stage.best, len(stage.objects), stage.shares) == (3.0, 2, [0.75])
    assert curriculum.niches("dgemm") == {"blocking": 3.0, "plain": 2.0}


@pytest.mark.parametrize("staging", ["sqd", "off", "fixed", "random"])
def test_what_the_reference_needs_is_always_permitted(staging: str) -> None:
    needy = task("t", DGEMM)
    source = needy.reference.model_copy(update={"techniques": (Technique.ALLOC,)})
    needy = needy.model_copy(update={"reference": source})
    made = CurriculumSettings.model_validate(
        {"staging": staging, "expected_groups": 40, "revisit_probability": 0.3}
    )
    asked = drive(Curriculum({"t": needy}, made), learner(0.9), 40)
    assert all(Technique.ALLOC in a.permitted for a in asked)
    if staging == "sqd":
        assert len(asked[0].permitted) == 2
    assert {len(a.permitted) for a in asked} >= {8}

"""Nothing that a client says about strictness reaches anybody else: archive, elites, rewards, others' answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from served import SlowFarm, verdict

from hayate.archive import Archive
from hayate.evaluate import binds, shortfall
from hayate.records import MeasurePlan, decode
from hayate.serve import ServeSettings, Service
from hayate.serve.models import FreshPlan, OncePlan, VerdictJob, measure_plan
from hayate.tasks import builtin

OWN = MeasurePlan()
# What a client may say that is less than the house's own, or something else.
LESS: list[dict[str, Any]] = [
    {"launches": 0},
    {"bands": ["480"]},
    {"pairs": 3},
    {"pairs": 200},
    {"confidence": 0.8},
    {"verify_shapes": 4},
    {"wall_s": 10},
    {"wall_s": 300},
    {"decide_s": 5},
    {"thorough": True},  # other shapes, of which what is slow is left out
]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with Archive(tmp_path / "a.db") as archive:
        made = Service(SlowFarm(tmp_path), archive, {"dgemm": builtin("dgemm")}, ServeSettings(workers=2))
        made.start()
        yield made
        made.stop()


def ask(service: Service, token: str, source: str, **plan: object) -> dict[str, Any]:
    """The verdict on it by the plan; without one by the house's own."""
    job = verdict(source, **({"plan": {"purpose": "training", **plan}} if plan else {}))
    (found,) = service.submit(token, [VerdictJob.model_validate(job)])
    while not found.over:
        time.sleep(0.01)
        found = service.archive.job(found.key)  # type: ignore[assignment]
    assert found.result is not None, found
    return dict(decode(dict[str, Any], found.result))


def kept(service: Service) -> list[tuple[str, float | None]]:
    return [(str(row.outcome), row.reward) for row in service.archive.samples()]


def test_what_passed_few_shapes_is_wrong_for_everybody_else(service: Service) -> None:
    source = "int speed = 5; // wrong beyond 11 shapes"
    weak = ask(service, "mallory", source, verify_shapes=4)
    assert weak["outcome"] == "accepted"
    assert weak["reward"] is None
    assert weak["below"] == ["verify_shapes 4 for 12"]
    assert kept(service) == []
    due = ask(service, "alice", source)
    assert due["outcome"] == "wrong"
    assert due["reward"] < 0
    assert "below" not in due
    assert ask(service, "mallory", source)["outcome"] == "wrong"
    assert service.archive.elites("dgemm") == []
    assert ask(service, "mallory", source, verify_shapes=64)["outcome"] == "wrong"


def test_what_had_too_little_time_is_accepted_for_everybody_else(service: Service) -> None:
    source = "int speed = 5; // takes 59 s"
    assert ask(service, "mallory", source, wall_s=10)["outcome"] == "timed_out"
    assert kept(service) == []
    assert ask(service, "alice", source)["outcome"] == "accepted"
    assert ask(service, "mallory", source, wall_s=10.5)["outcome"] == "timed_out"
    assert ask(service, "alice", source.replace("5", "6"))["outcome"] == "accepted"
    assert [outcome for outcome, _ in kept(service)] == ["accepted", "accepted"]


@pytest.mark.parametrize("less", LESS, ids=str)
def test_less_or_else_than_the_houses_plan_is_neither_paid_nor_kept(service: Service, less: Any) -> None:
    found = ask(service, "mallory", "int speed = 9;", **less)
    assert found["outcome"] == "accepted"
    assert found["reward"] is None
    assert list(less) == [line.split()[0] for line in found["below"]]
    assert kept(service) == []
    assert service.archive.elites("dgemm") == []
    assert service.archive.measurement_keys(service.farm.host.host_class) == []


@pytest.mark.parametrize("more", [{"launches": 3}, {"verify_shapes": 64}, {"confidence": 0.99}], ids=str)
def test_more_than_the_houses_plan_is_paid_and_kept(service: Service, more: Any) -> None:
    assert ask(service, "alice", "int speed = 9;", **more)["reward"] > 0
    assert len(kept(service)) == 1
    assert len(service.archive.elites("dgemm")) == 1
    before = len(service.archive.measurement_keys(service.farm.host.host_class))
    ask(service, "bob", "int speed = 9;")
    assert len(service.archive.measurement_keys(service.farm.host.host_class)) > before  # measured for bob


def test_a_new_nonce_is_measured_again_and_for_its_asker_alone(service: Service, tmp_path: Path) -> None:
    """Who repeats until the figure suits must not choose the figure that others get."""

    def ran() -> int:
        return (tmp_path / "ran").read_text().count("measure")

    ask(service, "alice", "int speed = 4;")
    once = ran()
    for number, nonce in enumerate(("first", "second", "second", "third")):
        found = ask(service, "mallory", "int speed = 4;", nonce=nonce)
        assert found["reward"] > 0
        assert ran() == once + (1, 2, 2, 3)[number]
    ask(service, "mallory", "int speed = 4;", purpose="report", nonce="12345678")
    assert ran() == once + 4
    ask(service, "bob", "int speed = 4;")
    assert ran() == once + 4
    assert len(kept(service)) == 1  # bob's is alice's job


def test_every_field_of_a_plan_is_looked_at() -> None:
    """A field that is new is in none of the lists: then a plan with it binds nobody, until somebody decides."""
    assert binds(OWN)
    for less in LESS:
        plan = MeasurePlan.model_validate(less)
        assert shortfall(plan), less
        assert not binds(plan), less
    for name in ("report", "confirm", "check"):
        assert not binds(OWN.model_copy(update={"purpose": name}))
    unheard: list[dict[str, Any]] = [{"seed": 1}, {"until_width": 0.02}]  # a client can't say them
    for kept_here in unheard:
        assert not binds(OWN.model_copy(update=kept_here))
    said = {name for less in LESS for name in less}
    assert said == set(MeasurePlan.model_fields) - {"purpose", "max_launches", "seed", "until_width"}
    assert (
        set(OncePlan.model_fields)
        == set(FreshPlan.model_fields)
        == {*said, "purpose", "max_launches", "nonce"}
    )
    assert measure_plan(OncePlan(purpose="training")) == OWN


@pytest.mark.parametrize(
    "floor",
    [{"verify_shapes": 3}, {"pairs": 2}, {"confidence": 0.79}, {"wall_s": 9.9}, {"decide_s": 4}],
    ids=str,
)
def test_there_is_a_least_that_can_be_asked_for(floor: Any) -> None:
    with pytest.raises(ValueError, match=next(iter(floor))):
        VerdictJob.model_validate(verdict("x", plan={"purpose": "training", **floor}))

"""The farms' own benchmark at a small size: jobs whose processes are killed are neither lost nor answered twice."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

pytest.importorskip("psutil", reason="no psutil: pip install 'hayate[bench]'")

from benchmarks import under_load, waiting
from benchmarks.under_load import Load, kills


@pytest.mark.parametrize(
    "kind",
    ["local", pytest.param("parsl", marks=pytest.mark.slow), pytest.param("http", marks=pytest.mark.slow)],
)
def test_nothing_is_lost_or_doubled_while_processes_are_killed(kind: str) -> None:
    if kind != "local":
        pytest.importorskip({"parsl": "parsl", "http": "uvicorn"}[kind], reason=f"no {kind}")
    # A node's workers take ten seconds to start: of a few kills the second is a whole node's.
    seconds, every_s = (0.1, 2.0) if kind == "parsl" else (0.02, 0.5)
    found = kills(kind, object_bytes=2000, jobs=200, seconds=seconds, slots=4, every_s=every_s, seed=0)
    assert found["answered"] == 200
    assert {k: found[k] for k in ("lost", "doubled", "stuck", "mixed_up", "answered_without_a_run")} == {
        "lost": 0, "doubled": 0, "stuck": 0, "mixed_up": 0, "answered_without_a_run": 0,
    }  # fmt: skip
    assert found["settled_twice"] == 0
    if kind != "parsl":  # a killed manager's helpers stay, where no batch scheduler ends them with the block
        assert found["processes_left"] == 0
    assert set(found["killed"]) >= ({"worker", "manager"} if kind == "parsl" else set())
    assert sum(found["killed"].values()) > 0
    assert found["runs"] >= 200
    if kind == "http":
        assert found["recorded"] == {"build done": 200, "measure done": 200}


def test_a_farm_that_does_not_answer_leaves_its_jobs_stuck_and_named() -> None:
    load, done, pending = Load(), Future[str](), Future[str]()
    load.add("done", done)
    load.add("pending", pending)
    done.set_result("done")
    assert load.wait(silence_s=0.05) == {"pending"}
    assert load.answers == {"done": 1}


def test_full_slots_are_told_from_idle_ones() -> None:
    found = under_load.efficiency("local", object_bytes=2000, slots=4, per_slot=10, seconds=0.02)
    assert found["answered"] == 40
    assert 0 < found["whole"] <= 1
    assert found["ceiling"]["verdicts_per_s"] > 0


def test_a_trainer_waits_for_its_verdicts() -> None:
    pytest.importorskip("trl", reason="training needs TRL: pip install 'hayate[train]'")
    found = waiting.waiting(4, 4, steps=1, groups=1, verdict_s=0.01, object_bytes=2000)
    assert 0 < found["waiting_share"] < 1
    assert found["batch"] == 32

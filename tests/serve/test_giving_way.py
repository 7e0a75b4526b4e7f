"""A run of a token that has used more than its share gives way to who has waited too long, and ends all the same."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from served import verdict

from benchmarks import simulated
from hayate.archive import Archive, Job
from hayate.errors import Fault, FaultKind
from hayate.evaluate import EvaluateSettings
from hayate.serve import ServeSettings, Service
from hayate.serve.followed import Kind, Running
from hayate.serve.giving_way import GivingWay
from hayate.serve.models import VerdictJob
from hayate.tasks import builtin

TASK = builtin("dgemm")
WAIT_S = 2.0


class Scene:
    """Runs on a clock of ours."""

    def __init__(self) -> None:
        self.now = 0.0
        self.way = GivingWay(WAIT_S, clock=lambda: self.now)
        self.runs: list[Running] = []

    def run(self, key: str, token: str, *, held: bool, kind: Kind = "measure") -> Running:
        run, future = Running(key, token, len(self.runs)), Future[Any]()
        if held:
            future.set_running_or_notify_cancel()
        run.futures[future] = kind
        self.runs.append(run)
        return run

    def until(self, when: float, queued: dict[str, float] | None = None) -> list[Running]:
        """What was chosen on the way; it ends at once."""
        found: list[Running] = []
        while self.now < when:
            self.now += 0.25
            chosen = self.way.choose(self.runs, queued or {})
            for run in chosen:
                if run.holds:
                    self.way.gave_way(run.key)
                self.runs.remove(run)
            found += chosen
        return found


def test_a_long_run_gives_way_to_who_has_waited() -> None:
    scene = Scene()
    long = scene.run("long", "mallory", held=True)
    assert scene.until(10) == []  # as long as nobody waits
    late = scene.run("short", "alice", held=False)
    assert scene.until(11.5) == []
    assert scene.until(12.5) == [long]
    assert scene.runs == [late]


def test_a_tokens_own_jobs_and_who_used_more_wait() -> None:
    scene = Scene()
    scene.run("long", "mallory", held=True)
    scene.run("another", "mallory", held=False)
    assert scene.until(30) == []
    scene.runs[:] = [scene.run("short", "alice", held=True), scene.run("third", "mallory", held=False)]
    assert scene.until(50) == []  # less than mallory's thirty seconds
    assert [run.key for run in scene.until(62)] == ["short"]


def test_a_job_that_gave_way_holds_on_longer_each_time() -> None:
    scene, lengths = Scene(), []
    scene.run("long", "mallory", held=True)
    scene.until(10)
    for _ in range(17):
        began = scene.now
        scene.runs[:] = []
        scene.run("long", "mallory", held=True)
        scene.run("short", "alice", held=False)
        assert [run.key for run in scene.until(began + 300)][:1] in (["long"], [])
        lengths.append(scene.way.protected_s("long"))
    assert lengths == [2] * 8 + [
        4,
        8,
        16,
        32,
        64,
        128,
        256,
        512,
        512,
    ]  # then it has as long as a job may take
    scene.way.end("long")
    assert scene.way.protected_s("long") == WAIT_S


def test_no_more_runs_end_than_there_are_who_wait() -> None:
    scene = Scene()
    for i in range(4):
        scene.run(f"long-{i}", "mallory", held=True)
    scene.until(10)
    scene.run("short", "alice", held=False)
    chosen: list[Running] = []
    for _ in range(40):  # those that end take their time
        scene.now += 0.25
        for run in scene.way.choose(scene.runs, {}):
            run.ended = True
            chosen.append(run)
    assert len(chosen) == 1


def test_a_build_does_not_take_a_slot_where_builders_are_busy() -> None:
    scene = Scene()
    scene.run("measured", "mallory", held=True)
    build = scene.run("built", "mallory", held=True, kind="build")
    scene.run("short", "alice", held=False, kind="build")
    assert scene.until(2.5) == [build]


def test_for_a_worker_goes_first_what_has_no_place_yet() -> None:
    scene = Scene()
    scene.run("long", "mallory", held=True)
    waiting = scene.run("waiting", "mallory", held=False)
    scene.until(5)
    assert scene.until(5.25, {"alice": 0.25}) == []
    assert scene.until(5.5, {"alice": 0.5}) == [waiting]
    assert scene.until(5.75, {"alice": 0.75}) == []
    assert [run.key for run in scene.until(6, {"alice": WAIT_S})] == ["long"]
    assert scene.way._times == {"long": 1}  # the other lost nothing


def _until_over(archive: Archive, jobs: list[Job], limit_s: float = 120) -> list[Job]:
    deadline = time.monotonic() + limit_s
    while True:
        found = archive.jobs([job.key for job in jobs])
        if all(job.over for job in found) and len(found) == len(jobs):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.01)


@pytest.mark.parametrize("workers", [1, 4], ids=["busy-workers", "busy-slot"])
def test_one_slot_flooded_with_long_plans_serves_another_and_loses_none(
    workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With workers for all the newcomer waits in the farm's queue, else in the server's."""
    monkeypatch.setenv(simulated.FOLDER, str(tmp_path))
    more = 0 if workers == 1 else 1

    def asked(name: str, seconds: float) -> VerdictJob:
        return VerdictJob.model_validate(verdict(simulated.source(name, seconds, 200)))

    with Archive(tmp_path / "a.db") as archive, simulated.local(1, child=True) as farm:
        settings = ServeSettings(workers=workers, more_workers=more, wait_s=0.3)
        never = EvaluateSettings(confirm="never")
        service = Service(farm, archive, {"dgemm": TASK}, settings, evaluate_settings=never)
        service.start()
        try:
            flood = service.submit("mallory", [asked(f"long-{i}", 4) for i in range(2)])
            while not farm.look().running:
                time.sleep(0.01)
            for i in range(2):
                job = service.submit("alice", [asked(f"short-{i}", 0.01)])
                assert _until_over(archive, job)[0].state == "done"
                assert not any(one.over for one in archive.jobs([job.key for job in flood]))
            assert {job.state for job in _until_over(archive, flood)} == {"done"}
        finally:
            service.stop()
        ran = Counter(line.split()[0] for line in simulated.log(tmp_path).read_text().splitlines())
        assert ran == {"long-0": 1, "long-1": 1, "short-0": 1, "short-1": 1}
        counts = service.metrics.text({}, draining=False).decode()
        assert "hayate_jobs_gave_way_total 0.0" not in counts


def test_a_job_put_back_is_its_tokens_last_and_was_not_tried(tmp_path: Path) -> None:
    from hayate.archive.jobs import NewJob

    with Archive(tmp_path / "a.db") as archive:
        archive.submit_jobs([NewJob("one", "build", "{}"), NewJob("two", "build", "{}")], token="a", limit=9)
        for _ in range(4):  # more often than a job may end its server
            first = archive.take_job("w", lease_s=60)
            assert first is not None
            assert not archive.put_back(first.key, "another")
            assert archive.put_back(first.key, "w")
            job = archive.job(first.key)
            assert job is not None
            assert (job.state, job.tries) == ("queued", 0)
            second = archive.take_job("w", lease_s=60)
            assert second is not None
            assert second.key != first.key
            archive.put_back(second.key, "w")
        fault = Fault(FaultKind.NODE_LOST, "")
        assert not archive.fault_job("one", "w", fault)
        assert set(archive.queued_since()) == {"a"}

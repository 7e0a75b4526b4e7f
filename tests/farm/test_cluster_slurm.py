"""A farm on a real Slurm with two virtual nodes: a node that dies, a block that is cancelled, a controller that
restarts. Every job is answered once, and the farm says what happened.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import node_scripted
from cluster_settings import finished, settings
from real_slurm import Slurm, slurm

from hayate.farm import FarmSettings
from hayate.farm.cluster import ParslFarm
from hayate.records import Built
from hayate.report import build as build_report
from hayate.tasks import builtin
from hayate.train import Progress, parse_run, train

pytest.importorskip("parsl", reason="parsl is missing: pip install -e '.[parsl]'")
pytestmark = pytest.mark.slow

TASK = builtin("dgemm")
JOBS = 80


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    with slurm(tmp_path_factory.mktemp("slurm")) as made:
        yield made


def _settings(folder: Path) -> FarmSettings:
    return settings(
        folder,
        provider="slurm",
        init_blocks=2,
        max_blocks=2,
        walltime="00:30:00",
        options="#SBATCH --exclusive",
    )


def _run_through(cluster: Slurm, folder: Path, trouble: Callable[[list[str]], None]) -> list[str]:
    """JOBS builds of 0.2 s with `trouble` in the middle; what the farm said."""
    events: list[str] = []
    with ParslFarm(_settings(folder), on_event=events.append, work=node_scripted) as farm:
        futures = [farm.build(TASK, f"sleep_ms = 200; {i}", ()) for i in range(JOBS)]
        deadline = time.monotonic() + 120
        while len(finished(folder)) < JOBS // 4:
            assert time.monotonic() < deadline, events
            time.sleep(0.05)
        trouble(events)
        names = [future.result(180) for future in futures]
    assert all(isinstance(built, Built) for built in names)
    assert [built.name for built in names if isinstance(built, Built)] == [
        f"sleep_ms = 200; {i}" for i in range(JOBS)
    ]
    return events


def test_a_node_that_dies(cluster: Slurm, tmp_path: Path) -> None:
    def trouble(events: list[str]) -> None:
        deadline = time.monotonic() + 60
        while not any(line.startswith("n2 ") for line in finished(tmp_path)):
            assert time.monotonic() < deadline, (cluster.jobs(), events)
            time.sleep(0.1)
        cluster.kill("n2")

    try:
        events = _run_through(cluster, tmp_path, trouble)
    finally:
        cluster.start("n2")
    assert any("loss of manager" in event and "runs elsewhere" in event for event in events), events


def test_a_block_that_is_cancelled(cluster: Slurm, tmp_path: Path) -> None:
    def trouble(events: list[str]) -> None:
        cluster.run("scancel", next(iter(cluster.jobs())))

    events = _run_through(cluster, tmp_path, trouble)
    ended = [event for event in events if event.startswith("block")]
    assert any("cancelled" in event or "completed" in event or "failed" in event for event in ended), events


def test_a_controller_that_restarts(cluster: Slurm, tmp_path: Path) -> None:
    def trouble(events: list[str]) -> None:
        cluster.kill("slurmctld")
        time.sleep(5)
        cluster.start("slurmctld")

    _run_through(cluster, tmp_path, trouble)


def test_a_training_run_with_real_verdicts_goes_through_it(cluster: Slurm, tmp_path: Path) -> None:
    """Steps of GRPO with the shipped policy; one block is cancelled on the way."""
    farm = _settings(tmp_path).model_dump(exclude_none=True)
    data = {
        "run": {"name": "slurm", "tasks": ["dgemm"], "baselines": False},
        "farm": farm,
        "phases": {"grpo": {"steps": 3, "trl": {"num_generations": 8, "per_device_train_batch_size": 8}}},
    }
    said: list[str] = []

    class Listening(Progress):
        def say(self, text: str) -> None:
            said.append(text)

        def step(self, number: int, metrics: Mapping[str, Any]) -> None:
            super().step(number, metrics)
            if number == 1:
                cluster.run("scancel", next(iter(cluster.jobs())))

    train(parse_run(data), tmp_path / "out", progress=Listening())
    report = build_report(tmp_path / "out")
    assert sum(phase.verdicts for phase in report.phases if phase.name == "grpo") == 24
    assert any("first node" in text for text in said), said
